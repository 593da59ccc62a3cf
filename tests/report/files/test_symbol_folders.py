"""Results of several symbols in one folder: each once and whole, by the first process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sor.errors import InputError
from sor.report.files.symbol_folders import ResultFolders
from sor.report.report import Report

WHOLE = sorted(
    (
        "fills.csv",
        "fills.parquet",
        "orders.csv",
        "orders.parquet",
        "report.html",
        "report.json",
    )
)


@pytest.fixture
def report(made: Callable[..., Report]) -> Report:
    return made(strategy="best_ask")


def incomplete(report: Report) -> Report:
    return replace(report, data={**report.data, "stream": {**report.data["stream"], "complete": False}})


def of_yesterday(folders: ResultFolders, symbol: str) -> None:
    os.utime(folders.place(symbol), (1, 1))


def test_the_first_is_kept_and_not_what_comes_second(tmp_path: Path, report: Report) -> None:
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


@pytest.mark.parametrize("name", ["", "/", "..", ".", "a/../..", "\x1b", "x" * 3000, "é" * 400, "C:\\con", "-rf"])
def test_no_name_leads_out_of_the_folder_or_is_too_long(tmp_path: Path, report: Report, name: str) -> None:
    out = tmp_path / "out"
    (tmp_path / "kept").write_text("mine")
    if not name:
        with pytest.raises(InputError, match="without a name"):
            ResultFolders(out, "r").place(name)
        return
    folders = ResultFolders(out, name)
    assert folders.folder.parent == out
    assert folders.write_failure(name, InputError("no"))
    assert folders.place(name).resolve().is_relative_to(out.resolve())
    assert (tmp_path / "kept").read_text() == "mine"


def test_two_long_names_have_two_folders(tmp_path: Path) -> None:
    folders = ResultFolders(tmp_path, "r")
    assert folders.place("x" * 999 + "a") != folders.place("x" * 999 + "b")


def test_what_was_not_made_by_us_is_neither_moved_nor_deleted(tmp_path: Path, report: Report) -> None:
    folders = ResultFolders(tmp_path, "r")
    theirs = folders.place("A")
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("mine")
    linked = tmp_path / "elsewhere"
    linked.mkdir()
    folders.place("B").symlink_to(linked)
    for symbol in ("A", "B"):
        os.utime(folders.place(symbol), (1, 1))
        with pytest.raises(InputError, match="not made by sor"):
            folders.write(symbol, report)
    assert (theirs / "thesis.tex").read_text() == "mine"
    assert folders.place("B").is_symlink()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"stream": 3}', "\xff"])
def test_a_damaged_result_is_a_problem_and_made_again(tmp_path: Path, report: Report, text: str) -> None:
    folders = ResultFolders(tmp_path, "r")
    folders.place("A").mkdir()
    (folders.place("A") / "report.json").write_text(text)
    os.utime(folders.place("A"), (1, 1))
    assert folders.problem("A") == "its result is damaged"
    assert not folders.has("A")
    assert folders.write("A", report)
    assert folders.problem("A") is None


def test_a_whole_result_takes_the_place_of_an_incomplete_one_and_of_no_other(tmp_path: Path, report: Report) -> None:
    def complete(value: bool) -> Report:
        return replace(report, data={**report.data, "stream": {**report.data["stream"], "complete": value}})

    folders = ResultFolders(tmp_path, "r")
    assert folders.write("A", complete(False))
    assert folders.has("A")
    assert not folders.write("A", complete(False))
    assert folders.write("A", complete(True))
    assert folders.problem("A") is None
    assert not folders.write("A", complete(True))
    assert not folders.write_failure("A", InputError("no"))
    assert folders.problem("A") is None


def before_end(report: Report) -> Report:
    stream = {**report.data["stream"], "complete": False, "expected": None}
    return replace(report, data={**report.data, "stream": stream})


def test_what_was_made_before_the_end_gives_way_to_what_was_made_after_it(tmp_path: Path, report: Report) -> None:
    """Also to what is not whole: members wait until nothing made before the end is left."""
    folders = ResultFolders(tmp_path, "r")
    for symbol in ("A", "B"):
        assert folders.write(symbol, before_end(report))
        assert folders.made_before_end(symbol)
        assert not folders.write(symbol, before_end(report))
    assert folders.write("A", incomplete(report))  # with a gap
    assert folders.write_failure("B", InputError("run r/B is not one tape"))
    assert not any(map(folders.made_before_end, ("A", "B")))
    assert (folders.problem("A"), folders.problem("B")) == ("the run is incomplete", "run r/B is not one tape")
    assert not folders.write("B", before_end(report))
    assert not folders.write("A", incomplete(report))
    assert folders.write("A", report)


def test_what_is_in_the_way_is_waited_for_by_nobody(tmp_path: Path, report: Report) -> None:
    """Each of two members would wait for the other's symbol, that nobody can keep."""
    folders = ResultFolders(tmp_path, "r")
    folders.place("A").mkdir()
    (folders.place("A") / "thesis.tex").write_text("mine")
    assert folders.write("B", before_end(report))
    assert folders.write("C", report)
    for symbol in ("B", "C"):
        (folders.place(symbol) / "notes.txt").write_text("mine")
    for symbol in ("A", "B", "C"):
        os.utime(folders.place(symbol), (1, 1))
        assert folders.has(symbol)
        assert not folders.made_before_end(symbol)
    for symbol in ("A", "B"):
        assert "is in the way and was not made by sor" in (folders.problem(symbol) or "")
    assert folders.problem("C") is None  # whole, and the notes beside it are the user's
    assert not folders.write("C", report)
