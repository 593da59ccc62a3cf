"""Reports that were kept: read exactly, older ones too, made into pages; what is none is said in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_figures import figures

from sor.cli import run
from sor.errors import InputError
from sor.report.files.folder import write
from sor.report.files.saved import read_saved
from sor.report.pages.report_page import PageContent, page
from sor.report.report import Report


@pytest.fixture(scope="module")
def folder(router_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("kept")
    write(router_report, out, pictures=False)
    return out


def test_a_kept_report_reads_back_exactly(folder: Path, router_report: Report) -> None:
    for place in (folder, folder / "report.json"):
        saved = read_saved(place)
        # What some versions lack is filled in, so a benchmark has its keys with nothing in them.
        kept = {
            name: {key: value for key, value in entry.items() if key in router_report.data["strategies"][name] or value}
            for name, entry in saved.data["strategies"].items()
        }
        assert kept == router_report.data["strategies"]
        assert saved.data["headline"] == router_report.data["headline"]
        assert saved.fills is not None
        for written, fill in zip(saved.fills, router_report.fill_records, strict=True):
            assert all(
                getattr(written, name) == getattr(fill, name) for name in ("strategy", "ts", "px", "qty", "kind", "fee")
            )


def test_its_page_is_the_page_without_the_price_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = (folder / "report.html").read_text(encoding="utf-8")
    out = folder / "again.html"
    assert run(["report", str(folder), "--html", str(out)], "sor") == 0
    assert capsys.readouterr().err == f"wrote {out}\n"
    again = out.read_text(encoding="utf-8")
    assert "The price path: a report&#39;s file does not hold it." in again
    path, rest = _without(made, "price")
    assert path
    assert rest.replace('<a href="#price">Price path</a>', "") == _without(again, "missing")[1]


def _without(text: str, name: str) -> tuple[str, str]:
    section = re.search(rf'<section id="{name}">.*?</section>\n*', text, re.DOTALL)
    assert section is not None
    rest = text[: section.start()] + text[section.end() :]
    return section.group(), "\n".join(line for line in rest.splitlines() if line.strip())


def test_html_alone_is_beside_the_report(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = tmp_path / "kept.json"
    alone.write_bytes((folder / "report.json").read_bytes())
    assert run(["report", str(alone), "--html"], "sor") == 0
    text = (tmp_path / "kept.html").read_text(encoding="utf-8")
    assert "there is no fills.csv beside the report" in text
    assert capsys.readouterr().err == f"wrote {tmp_path / 'kept.html'}\n"


def test_without_html_it_is_printed(folder: Path, router_report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    from sor.report.tables.report_table import print_report

    assert run(["report", str(folder)], "sor") == 0
    again = capsys.readouterr().out
    print_report(router_report.data)
    assert again == capsys.readouterr().out


def test_fills_of_another_run_are_left_out(folder: Path, tmp_path: Path) -> None:
    lines = (folder / "fills.csv").read_text().splitlines(keepends=True)
    for name, text in (("report.json", (folder / "report.json").read_text()), ("fills.csv", "".join(lines[:-1]))):
        (tmp_path / name).write_text(text)
    saved = read_saved(tmp_path)
    assert saved.fills is None
    assert "of another run" in saved.missing[1]
    (tmp_path / "fills.csv").write_text("strategy,ts\ncont_kukanov,yesterday\n")
    assert "cannot be read" in read_saved(tmp_path).missing[1]


def test_an_older_report_opens(folder: Path, tmp_path: Path) -> None:
    """As the first version wrote it: no headline, no files, no request, no labels, no split of timing."""
    data = json.loads((folder / "report.json").read_text(), parse_float=Decimal)
    for key in ("headline", "request", "orders", "router", "warnings", "stream", "tca", "out_of_sample"):
        data.pop(key, None)
    for key in ("files", "form", "off_exchange"):
        data["tape"].pop(key)
    for key in ("asked", "participation"):
        data["order"].pop(key)
    data["rules"].pop("tz")
    for entry in (*data["strategies"].values(), *data["baselines"].values(), data["optimized"]):
        for key in ("schedule_drift_bps", "selection_bps", "label", "forced_beyond_displayed"):
            entry.pop(key, None)
    path = tmp_path / "old.json"
    path.write_text(json.dumps(data, default=float))
    saved = read_saved(path)
    text = page(PageContent(saved.data, saved.fills, None, saved.missing))
    assert "No router was judged in this run" in text
    assert len(figures(text)) > 80
    assert run(["report", str(path)], "sor") == 0


def _write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data, default=float) if not isinstance(data, str) else data)
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not JSON: "),
        ("[1, 2]", "not a report of sor backtest: it is no JSON object"),
        ('{"a": 1}', "not a report of sor backtest: it has no `optimized`"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": ' + "9" * 5_000 + "}", "a whole number of too many digits"),
        ('{"a": 1e9999999999999999999}', "a number whose exponent is beyond any number"),
        ("[" * 100_000, "not a report: not JSON: nested too deeply"),
        ("\x00", "not JSON: "),
    ],
)
def test_what_is_no_report_is_said_in_one_line(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _write(tmp_path / "r.json", content)
    for more in ([], ["--html"]):
        assert run(["report", str(path), *more], "sor") == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_missing_files_and_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(tmp_path / "none.json")], "sor") == 2
    assert "there is no such report" in capsys.readouterr().err
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    assert run(["report", str(tmp_path / "b.json")], "sor") == 2
    assert "not a report: not UTF-8 text" in capsys.readouterr().err
    assert run(["report", str(tmp_path)], "sor") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "key", ["strategies", "order", "tape", "rules", "headline", "out_of_sample", "optimized", "warnings"]
)
@pytest.mark.parametrize("junk", [5, "text", [1], {"a": 1}])
def test_damaged_parts_are_one_line(
    key: str, junk: Any, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = json.loads((folder / "report.json").read_text()) | {key: junk}
    path = _write(tmp_path / "r.json", data)
    for more in ([], ["--html"]):
        code = run(["report", str(path), *more], "sor")
        error = capsys.readouterr().err
        # An object without what it should hold shows dashes; a list of warnings may hold anything.
        assert code == 2 or (code == 0 and (isinstance(junk, dict) or (key, junk) == ("warnings", [1]))), error
        assert error.count("\n") <= 1
        assert "defect" not in error


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data[:2]) if isinstance(data, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _places(value, (*path, key))


JUNK: tuple[object, ...] = (None, "<script>", -1, [], {}, 1e400, True)


@pytest.mark.long
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_whatever_is_wrong_within_is_a_page_or_one_line(folder: Path, draw: st.DataObject) -> None:
    data = json.loads((folder / "report.json").read_text())
    *path, last = draw.draw(st.sampled_from(sorted(_places(data), key=str)))
    inner = data
    for key in path:
        inner = inner[key]
    if draw.draw(st.booleans()):
        del inner[last]
    else:
        inner[last] = draw.draw(st.sampled_from(JUNK))
    file = folder / "fuzzed.json"
    file.write_text(json.dumps(data))
    assert run(["report", str(file), "--html"], "sor") in (0, 2)
    page_of_it = file.with_suffix(".html")
    assert not page_of_it.exists() or "<script" not in page_of_it.read_text(encoding="utf-8")
    assert run(["report", str(file)], "sor") in (0, 2)
    assert run(["compare", str(folder), str(file), "--json"], "sor") in (0, 2)


def test_a_page_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(folder), "--html", str(folder / "no" / "page.html")], "sor") == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_read_saved_is_for_python_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such report"):
        read_saved(tmp_path / "x.json")
