"""What --out writes: exact, complete, and all of it or nothing."""

from __future__ import annotations

import builtins
import csv
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from sor.core.units import NANO, parse_time
from sor.errors import InputError, SorError
from sor.report.files import records
from sor.report.files.folder import check_writable, write
from sor.report.report import Report

NAMES = [
    "report.json",
    "report.html",
    "fills.csv",
    "fills.parquet",
    "orders.csv",
    "orders.parquet",
    "overview.png",
    "overview.svg",
]


@pytest.fixture(scope="module")
def folder(static_report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "new" / "folder"
    assert write(static_report, out) == [out / name for name in NAMES]
    return out


def test_everything_is_there_and_nothing_else(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)


def test_the_json_is_the_reports(folder: Path, static_report: Report) -> None:
    assert (folder / "report.json").read_bytes() == static_report.to_json().encode()


def test_fills_csv_reads_back_exactly(folder: Path, static_report: Report) -> None:
    with (folder / "fills.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(static_report.fill_records)
    for row, fill in zip(rows, static_report.fill_records, strict=True):
        assert (row["strategy"], row["kind"], int(row["qty"])) == (fill.strategy, fill.kind, fill.qty)
        assert (Decimal(row["px"]), Decimal(row["fee"])) == (fill.px, fill.fee)
        assert parse_time(row["ts"]) == fill.ts


def test_fills_parquet_reads_back_exactly(folder: Path, static_report: Report) -> None:
    table = pq.read_table(folder / "fills.parquet")
    fills = static_report.fill_records
    for name in ("strategy", "publisher_id", "px", "qty", "kind", "mid", "fee", "queue_ahead"):
        assert table.column(name).to_pylist() == [getattr(fill, name) for fill in fills]
    for name in ("ts", "decided", "joined"):
        assert table.column(name).cast("int64").to_pylist() == [getattr(fill, name) for fill in fills]


def test_cash_can_be_recomputed_from_the_written_fills(folder: Path, static_report: Report) -> None:
    table = pq.read_table(folder / "fills.parquet").to_pylist()
    for name, entry in static_report.data["strategies"].items():
        if entry["kind"] == "strategy":
            fills = [fill for fill in table if fill["strategy"] == name]
            assert sum(fill["px"] * fill["qty"] + fill["fee"] for fill in fills) == entry["total_cash"]


def test_pictures_are_pictures(folder: Path) -> None:
    assert (folder / "overview.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert "<svg" in (folder / "overview.svg").read_text(encoding="utf-8")


def test_writing_again_replaces_and_gives_the_same_bytes(folder: Path, static_report: Report) -> None:
    before = {name: (folder / name).read_bytes() for name in NAMES}
    (folder / "search.png").touch()  # of a run that had a search
    write(static_report, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_failure_leaves_what_was_there(
    static_report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("yesterday")

    def full(*_: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(records, "parquet", full)
    with pytest.raises(SorError, match="No space left on device"):
        write(static_report, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "yesterday"


def test_without_matplotlib_the_rest_is_written(
    static_report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in ("sor.report.pictures.overview", "sor.report.pictures.style"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    written = write(static_report, tmp_path)
    assert [path.name for path in written] == NAMES[:6]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install 'matplotlib>=" in said


# -- check_writable ----------------------------------------------------------------------------------------------------


def test_a_good_place_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "not" / "there" / "yet")
    check_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("below", ["", "below", "below/deeper"])
def test_a_file_in_the_way(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="in the way") as caught:
        check_writable(tmp_path / "file" / below)
    assert "\n" not in str(caught.value)


def test_a_dangling_link_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="in the way"):
        check_writable(tmp_path / "link")


def test_a_folder_where_a_file_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "report.json").mkdir()
    with pytest.raises(InputError, match=r"report\.json is a folder"):
        check_writable(tmp_path)


@pytest.mark.parametrize("name", ["n" * 300, "nul\0name", "new\nline\0"])
def test_names_that_the_system_refuses(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot write there") as caught:
        check_writable(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place that nobody can write to")
def test_a_place_that_nobody_can_write_to() -> None:
    with pytest.raises(InputError, match="cannot write there"):
        check_writable(Path("/proc/self/sor-out"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied"):
        check_writable(tmp_path / "out")


def test_times_in_the_files_are_those_of_the_order(folder: Path, static_report: Report) -> None:
    order = static_report.data["order"]
    start, end = parse_time(order["start"]), parse_time(order["end"])
    stamps = pq.read_table(folder / "fills.parquet").column("ts").cast("int64").to_pylist()
    assert start <= min(stamps) <= max(stamps) <= end < start + 3600 * NANO
