"""`sor data info` and `sor data convert`, as typed."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from thorough import THOROUGH

from sor.cli import run
from sor.core.units import format_time

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "l1_day.csv.gz"
T0 = 1_722_519_392_000_000_000
HEADER = "ts_event,publisher_id,action,side,price,size,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00,symbol"

# (seconds, venue, action, side, price, size, bid, bid size, ask, ask size)
ROWS: list[tuple[Any, ...]] = [
    (0, 2, "A", "N", "10.00", 5, "10.00", 100, "10.02", 300),
    (0, 2, "T", "B", "10.02", 50, "10.00", 100, "10.02", 300),
    (0, 7, "A", "N", "10.00", 5, "10.01", 200, "10.01", 100),
    (1, 2, "T", "A", "10.00", 10, "10.00", 100, "10.02", 250),
    (1, 7, "C", "N", "10.00", 5, "10.03", 200, "10.01", 100),
    (2, 7, "C", "N", "10.00", 5, "", 0, "10.05", 100),
    (100, 2, "C", "N", "10.00", 5, "10.00", 0, "10.04", 250),
]


def line(row: tuple[Any, ...], symbol: str = "XYZ") -> str:
    return ",".join([format_time(T0 + row[0] * 10**9), *map(str, row[1:]), symbol])


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    path.write_text("\n".join([HEADER, *map(line, ROWS)]) + "\n")
    return path


def info(path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    assert run(["data", "info", str(path), "--json"], "sor") == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out, parse_float=Decimal)


def test_info_counts_what_is_there(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = info(tape, capsys)
    assert (found["tape"], found["rows"], found["bad_rows"], found["out_of_order"]) == ("day", 7, 0, 0)
    assert found["symbols"] == {"XYZ": {"rows": 7, "snapshots": 4}}
    assert (found["first"], found["last"]) == ("2024-08-01T13:36:32.000000000Z", "2024-08-01T13:38:12.000000000Z")
    assert found["seconds"] == 100
    assert found["snapshots"] == 4
    assert found["snapshots_per_second"] == {"mean": Decimal("0.04"), "busiest": 1}
    assert found["longest_gap"] == {"seconds": 98, "after": "2024-08-01T13:36:34.000000000Z"}
    assert {letter: seen["rows"] for letter, seen in found["actions"].items()} == {"A": 2, "C": 3, "T": 2}
    assert found["venues"]["2"] == {"rows": 4, "share": Decimal("0.571429"), "trades": 2, "traded": 60}
    # spreads in cents of the rows with both sides: 2, 2, 0, 2, -2
    assert found["spread"] == {
        "count": 5,
        "min": Decimal("-0.02"),
        "median": Decimal("0.02"),
        "mean": Decimal("0.008"),
        "max": Decimal("0.02"),
    }
    assert found["bid_size"]["median"] == 100
    assert found["trade_size"] == {"count": 2, "min": 10, "median": 30, "mean": 30, "max": 50}
    # of the five rows with a row of their venue above, all but the first one differ from it
    assert found["top_changes"] == Decimal("0.8")
    text = "\n".join(found["looks_wrong"])
    for words in ("1 row is crossed", "1 row is locked", "2 rows have no bid", "size of zero"):
        assert words in text
    assert found["worth_knowing"] == ["1 gap is longer than 60 s, the longest after 2024-08-01T13:36:34.000000000Z"]


def test_info_of_the_parquet_form_is_the_same(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = tape.read_text().splitlines()
    lines[3:3] = ["bad", line((0, 2, "T", "B", "9.99", 1, "9.99", 1, "10.10", 1), "ABC")]
    tape.write_text("\n".join(lines) + "\n")
    assert run(["data", "convert", str(tape), str(tape.with_suffix(".parquet"))], "sor") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "8 rows" in err
    assert "1 bad rows were left out, the first: line 4" in err
    old, new = info(tape, capsys), info(tape.with_suffix(".parquet"), capsys)
    assert old == new
    assert old["symbols"] == {"XYZ": {"rows": 7, "snapshots": 4}, "ABC": {"rows": 1, "snapshots": 1}}
    assert "2 symbols" in old["worth_knowing"][-1]


def test_info_counts_snapshots_of_a_shuffled_tape(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line((second, venue, *ROWS[0][2:])) for second in range(200) for venue in (2, 7)]
    random.Random(1).shuffle(lines)
    tape.write_text("\n".join([HEADER, *lines]) + "\n")
    found = info(tape, capsys)
    assert found["symbols"] == {"XYZ": {"rows": 400, "snapshots": 200}}
    assert found["out_of_order"] == sum(a > b for a, b in itertools.pairwise(lines) if a[:30] != b[:30])
    assert found["longest_gap"]["seconds"] == 1


def test_info_for_people(tape: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["data", "info", str(tape)], "sor") == 0
    out, err = capsys.readouterr()
    assert err == ""
    for words in ("XYZ", "Nasdaq", "A 28.6%", "60 shares in 2 trades", "looks wrong:", "1 row is crossed"):
        assert words in out


def test_info_of_an_orderly_tape_has_nothing_to_complain_of(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape.write_text("\n".join([HEADER, line(ROWS[0]), line(ROWS[1])]) + "\n")
    assert info(tape, capsys)["looks_wrong"] == []
    assert run(["data", "info", str(tape)], "sor") == 0
    assert "nothing looks wrong" in capsys.readouterr().out


def test_what_markets_do_is_not_called_wrong(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A venue without a bid now and then, and a break."""
    lines = [line((second + 600 * (second > 50), *ROWS[0][1:])) for second in range(100)]
    lines[7] = line((7, *ROWS[5][1:]))
    tape.write_text("\n".join([HEADER, *lines]) + "\n")
    found = info(tape, capsys)
    [silent] = found["looks_wrong"]
    assert silent.startswith("Venue 7 (Cboe EDGA) sends nothing")  # its one row stands to the end
    assert len(found["worth_knowing"]) == 2
    assert "1 row has no bid (1.00 %)" in found["worth_knowing"]
    assert run(["data", "info", str(tape)], "sor") == 0
    assert "worth knowing:" in capsys.readouterr().out


@pytest.mark.skipif(not REAL.is_file(), reason="the real tape is not part of the project")
def test_info_of_the_real_tape(capsys: pytest.CaptureFixture[str]) -> None:
    found = info(REAL, capsys)
    assert (found["rows"], found["snapshots"], found["looks_wrong"]) == (59_999, 54_540, [])
    assert found["symbols"] == {"AAPL": {"rows": 59_999, "snapshots": 54_540}}
    shares = {letter: round(seen["share"], 2) for letter, seen in found["actions"].items()}
    assert shares == {"A": Decimal("0.45"), "C": Decimal("0.44"), "T": Decimal("0.11")}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["info", "none.csv"], "none.csv: cannot open this tape"),
        (["info", "empty"], "no tape is in this folder"),
        (["info"], "Missing argument 'FILE...'"),
        (["info", "bad.csv", "--strict"], "line 3: has 1 of 11 fields"),
        (["convert", "day.csv", "day.pq"], "ends with .parquet"),
        (["convert", "day.csv", "no/day.parquet"], "there is no folder no"),
        (["convert", "none.csv", "day.parquet"], "none.csv: cannot open this tape"),
        (["convert", "bad.csv", "day.parquet", "--strict"], "line 3: has 1 of 11 fields"),
        (["nothing"], "No such command 'nothing'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(
    tape: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, args: list[str], words: str
) -> None:
    monkeypatch.chdir(tape.parent)
    Path("empty").mkdir(exist_ok=True)
    Path("bad.csv").write_text("\n".join([HEADER, line(ROWS[0]), "x", line(ROWS[1])]) + "\n")
    before = sorted(tape.parent.iterdir())
    assert run(["data", *args], "sor") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert len(err.splitlines()) == 1
    assert sorted(tape.parent.iterdir()) == before


def test_mangled_tapes_never_end_in_a_traceback(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Through the whole command: exit 0 or 2, and at most one line of complaint."""
    dice = random.Random(3)
    whole = tape.read_bytes()
    seen = set()
    for _ in range(75 * THOROUGH):
        data = bytearray(whole)
        for _ in range(dice.choice([1, 2, 20])):
            spot = dice.randrange(len(data))
            match dice.randrange(4):
                case 0:
                    data[spot] = dice.randrange(256)
                case 1:
                    del data[spot : spot + dice.randrange(1, 60)]
                case 2:
                    data[spot:spot] = dice.choice([b"\0", b"\n", b'"', b",", b"-", b"9" * 25, b"\r", b"\xff", b"e"])
                case _:
                    data[spot:spot] = data[: dice.randrange(len(data))]
            data = data or bytearray(b"x")
        tape.write_bytes(data)
        command = dice.choice(
            [["info", str(tape), "--json"], ["info", str(tape)], ["convert", str(tape), f"{tape}.parquet"]]
        )
        code = run(["data", *command], "sor")
        err = capsys.readouterr().err
        assert code in (0, 2)
        assert "Traceback" not in err
        assert code == 0 or len(err.splitlines()) == 1
        seen.add(code)
    assert seen == {0, 2}


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from sor.cli import run; run(['data', '--help'], 'sor');"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'pyarrow', 'pandas', 'rich')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    for words in ("info", "synth", "convert"):
        assert words in done.stdout
