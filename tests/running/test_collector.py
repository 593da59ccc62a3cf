"""The collector is seldom at work while a backtest runs, and as it was afterwards."""

from __future__ import annotations

import gc
from contextlib import suppress
from typing import Any

import pytest

from sor import backtest
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
    before = gc.get_stats()[0]["collections"]
    backtest(**order)
    assert gc.get_stats()[0]["collections"] - before < 20  # 1; 55 without it
