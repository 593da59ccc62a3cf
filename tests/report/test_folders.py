"""Results of several symbols in one folder: each once and whole, by whoever is first."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sor.errors import InputError
from sor.report.folders import ResultFolders
from sor.report.model import Report

WHOLE = ["fills.csv", "fills.parquet", "overview.png", "overview.svg", "report.json"]


@pytest.fixture
def report(made) -> Report:
    return made(strategy="best_ask")


def incomplete(report: Report) -> Report:
    return replace(report, data={**report.data, "stream": {**report.data["stream"], "complete": False}})


def of_yesterday(folders: ResultFolders, symbol: str) -> None:
    os.utime(folders.place(symbol), (1, 1))


def test_the_first_is_kept_whoever_comes_second(tmp_path: Path, report: Report) -> None:
    one, two = ResultFolders(tmp_path, "r"), ResultFolders(tmp_path, "r")
    assert not one.has("A")
    assert one.write("A", report)
    before = (tmp_path / "r" / "A" / "report.json").stat().st_mtime_ns
    assert two.has("A")
    assert two.problem("A") is None
    assert not two.write("A", report)
    assert not two.write_failure("A", InputError("too late"))
    assert sorted(path.name for path in (tmp_path / "r" / "A").iterdir()) == WHOLE
    assert (tmp_path / "r" / "A" / "report.json").stat().st_mtime_ns == before
    assert [path.name for path in (tmp_path / "r").iterdir()] == ["A"]  # no desk is left behind


def test_what_was_incomplete_is_made_again_by_the_next_process_only(tmp_path: Path, report: Report) -> None:
    folders = ResultFolders(tmp_path, "r")
    assert folders.write("A", incomplete(report))
    assert folders.has("A")  # this process has done what it could
    assert folders.problem("A") == "the run is incomplete"
    of_yesterday(folders, "A")
    later = ResultFolders(tmp_path, "r")
    assert not later.has("A")
    assert later.write("A", report)
    of_yesterday(later, "A")
    assert ResultFolders(tmp_path, "r").has("A")  # whole, however old
    assert later.problem("A") is None


def test_a_failure_says_why_and_is_made_again(tmp_path: Path, report: Report) -> None:
    folders = ResultFolders(tmp_path, "r")
    assert folders.write_failure("A", InputError("no snapshot between"))
    assert folders.problem("A") == "no snapshot between"
    assert folders.has("A")
    of_yesterday(folders, "A")
    assert not folders.has("A")
    assert ResultFolders(tmp_path, "r").write("A", report)


@pytest.mark.parametrize("symbol", ["BRK/B", "..", ".", "a b", "é", "A\\B", "C:", "x" * 80])
def test_any_symbol_has_a_place_of_its_own_inside(tmp_path: Path, symbol: str) -> None:
    folders = ResultFolders(tmp_path, "r")
    assert folders.write_failure(symbol, InputError("x"))
    assert folders.place(symbol).parent == tmp_path / "r"
    assert folders.place(symbol).resolve().parent == (tmp_path / "r").resolve()
    assert len(list((tmp_path / "r").iterdir())) == 1
