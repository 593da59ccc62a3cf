"""Nothing that comes from outside commands a terminal or a page, whatever way it takes out of the program."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.cli import run
from sor.paths import bundled_tape
from sor.report.encode import encode, encode_line
from sor.report.pages.figures import Figure
from sor.stream.progress import Lines, StreamProgress
from sor.text import harmless, plain, quoted, shorten, terminal

TITLE = "\x1b]0;stolen\x07"  # renames the window
CLEAR = "\x1b[2J"
C1 = "\x9b31m"  # one byte that begins a command on some terminals
TURNED = "\u202e"  # what follows reads from right to left
HOSTILE = f"A{TITLE}B{CLEAR}C{C1}D{TURNED}E"
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def commands(text: str) -> list[str]:
    """What a terminal would obey; rich's own colours and line feeds are not part of these outputs."""
    return COMMANDS.findall(text)


@given(st.text(st.characters(exclude_categories=())))
def test_plain_text_is_one_printable_line_and_keeps_what_is_printable(text: str) -> None:
    shown = plain(text)
    assert not commands(shown)
    assert "\n" not in shown
    assert plain(shown) == shown
    if text.isprintable():
        assert shown == text
    assert not commands(harmless(text))


@given(st.text(st.characters(exclude_categories=())), st.integers(4, 40))
def test_shortened_and_quoted(text: str, most: int) -> None:
    assert len(shorten(re.sub(r"[^\x20-\x7e]", "", text), most)) <= most
    assert not commands(quoted(text, most))
    assert "<" not in Figure(text, None, "").__html__()


def test_json_means_the_same_and_commands_nothing() -> None:
    for text in (encode({"a": HOSTILE}), encode_line({"a": HOSTILE})):
        assert not commands(text.replace("\n", ""))
        assert json.loads(text) == {"a": HOSTILE}
    assert encode({"a": "Zürich"}) == '{\n  "a": "Zürich"\n}\n'


def test_a_console_shows_no_command_of_a_cell_a_title_or_markup() -> None:
    from rich.table import Table
    from rich.text import Text

    out = io.StringIO()
    table = Table(title=HOSTILE, caption=HOSTILE)
    table.add_column(HOSTILE)
    table.add_row(Text(HOSTILE))
    console = terminal(file=out, width=200, highlight=False)
    console.print(table)
    console.print(HOSTILE, markup=False)
    assert not commands(out.getvalue())
    assert "\\x1b]0;stolen" in out.getvalue()  # rich itself drops the bell


def test_progress_of_a_stream_commands_nothing() -> None:
    out = io.StringIO()
    Lines(out)(StreamProgress("reading", 1, note=f"run {HOSTILE}"))
    assert not commands(out.getvalue())


@pytest.fixture
def hostile_tape(tmp_path: Path) -> Path:
    """The bundled tape with a hostile symbol, name, and a bad cell."""
    import gzip

    text = gzip.decompress(bundled_tape().read_bytes()).decode() if bundled_tape().suffix == ".gz" else ""
    if not text:
        text = bundled_tape().read_text()
    head, *rows = text.splitlines()[:400]
    at = head.split(",").index("symbol")
    changed = [row.split(",") for row in rows]
    for cells in changed:
        cells[at] = HOSTILE.replace(",", "")
    bad = list(changed[10])
    bad[head.split(",").index("ask_px_00")] = HOSTILE
    path = tmp_path / f"tape{TITLE}.csv"
    path.write_text("\n".join([head, *map(",".join, [*changed[:5], bad, *changed[5:]])]) + "\n")
    return path


def _outputs(tape: Path, tmp_path: Path) -> Iterator[list[str]]:
    yield ["data", "info", str(tape)]
    yield ["data", "info", str(tape), "--json"]
    yield ["data", "info", str(tape), "--strict"]
    yield ["data", "convert", str(tape), str(tmp_path / f"out{CLEAR}.parquet")]
    yield ["backtest", "--tape", str(tape), "--quantity", "100", "--strategy", "static"]
    yield ["backtest", "--tape", str(tape), "--quantity", "100", "--strategy", "static", "--json"]
    yield ["backtest", "--tape", str(tape), "--symbol", HOSTILE * 2]
    yield ["backtest", "--tape", str(tmp_path / HOSTILE)]
    yield ["backtest", "--start", HOSTILE]
    yield ["backtest", f"--{HOSTILE}"]
    yield ["backtest", "--fees", str(_file(tmp_path, "fees.json", json.dumps({HOSTILE: {"take": 1}})))]
    yield ["sweep", "--config", str(_file(tmp_path, "s.toml", '"x\\u001b]0;a\\u0007" = 1\n')), "--dry-run"]
    yield ["place", str(_file(tmp_path, "p.json", json.dumps({"S": HOSTILE, HOSTILE: 1})))]
    yield ["produce", "--run-id", HOSTILE, "--bootstrap-servers", "127.0.0.1:1"]
    yield ["produce", "--bootstrap-servers", HOSTILE]
    yield ["kafka", "topics", "--bootstrap-servers", f"{HOSTILE}:1"]
    yield [HOSTILE]


def _file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_output_of_the_command_line(hostile_tape: Path, tmp_path: Path, capsys: Any) -> None:
    for words in _outputs(hostile_tape, tmp_path):
        run(words, "sor")
        out, err = capsys.readouterr()
        assert out + err, words
        assert not commands((out + err).replace("\n", "")), (words, out, err)
        assert "a defect of sor" not in err, (words, err)


def test_the_json_comes_with_standard_error_closed() -> None:
    words = f"{sys.executable} -m sor backtest --json --quantity 100 --strategy static"
    whole = subprocess.run(words.split(), capture_output=True, check=True, text=True)
    closed = subprocess.run(f"{words} 2>&-", shell=True, capture_output=True, check=True, text=True)
    assert closed.stdout == whole.stdout


def test_a_closed_or_full_standard_output_is_one_clear_line() -> None:
    words = f"{sys.executable} -m sor backtest --json --quantity 100 --strategy static"
    for where in (">&-", "> /dev/full"):
        done = subprocess.run(f"{words} {where}", shell=True, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert re.fullmatch(r"sor: standard output: [\w ]+\n", done.stderr), done.stderr
