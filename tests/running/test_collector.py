"""The collector is seldom at work while a backtest runs, as it was afterwards, and not at work at the end."""

from __future__ import annotations

import gc
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest

from sor import backtest, cli
from sor.cli import run
from sor.errors import InputError
from sor.running.collector import SELDOM, seldom_collected


@pytest.mark.parametrize(("before", "during"), [(700, SELDOM), (0, 0), (10 * SELDOM, 10 * SELDOM)])
def test_it_is_as_it_was_afterwards(before: int, during: int) -> None:
    kept = gc.get_threshold()
    try:
        gc.set_threshold(before, 11, 12)
        with seldom_collected():
            assert gc.get_threshold() == (during, 11, 12)
        assert gc.get_threshold() == (before, 11, 12)
        with suppress(ZeroDivisionError), seldom_collected():
            raise ZeroDivisionError
        assert gc.get_threshold() == (before, 11, 12)
    finally:
        gc.set_threshold(*kept)


def test_a_backtest_collects_seldom() -> None:
    order: dict[str, Any] = {"start": "13:31:00", "end": "13:32:00", "quantity": 300}
    backtest(**order)  # imports collect
    kept = gc.get_threshold()
    try:
        gc.set_threshold(700, *kept[1:])  # as Python has it, and our tests have not
        before = gc.get_stats()[0]["collections"]
        backtest(**order)
        assert gc.get_stats()[0]["collections"] - before < 20  # 1; 55 without it
    finally:
        gc.set_threshold(*kept)


def test_the_command_collects_seldom_while_it_loads_and_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def open_none(*_: Any) -> None:
        seen.append(gc.get_threshold()[0])
        raise InputError("none")

    monkeypatch.setattr("sor.running.tape_source.tape_source", open_none)
    before = gc.get_threshold()
    try:
        gc.set_threshold(700, *before[1:])
        assert run(["backtest", "--json"], "sor") == 2
        # And to the end: a look at all when the backtest is over would find nothing either.
        assert (seen, gc.get_threshold()) == ([SELDOM], (SELDOM, *before[1:]))
    finally:
        gc.set_threshold(*before)


def test_the_end_looks_for_no_cycles() -> None:
    code = (
        "import atexit, gc; from sor.running.collector import leave; "
        "atexit.register(lambda: print(gc.get_freeze_count() > 1000)); leave(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "True\n", "")


@pytest.mark.parametrize("name", ["main", "backtest_main", "produce_main", "tui_main"])
def test_every_entry_point_leaves_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(sys, "argv", ["sor", "--version"])
    monkeypatch.setattr("sor.cli.leave", left.append)
    getattr(cli, name)()
    assert left == [0]
