"""Running sums over fills: a point of the path is of the fills until its time, and parts need every mid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sor.core.backtest.live_ledger import LiveLedger
from sor.core.backtest.live_view import POINTS
from sor.core.fees import FeeSchedule
from sor.core.order import Fill


def execution(*fills: Fill) -> Any:
    order, rules = SimpleNamespace(start=0, end=POINTS), SimpleNamespace(fees=FeeSchedule({}))
    return SimpleNamespace(fills=list(fills), order=order, rules=rules)


def take(ts: int, mid2: int | None) -> Fill:
    return Fill(ts, 2, 105, 10, False, False, ts, mid2, ts, None)


def test_a_fill_is_in_the_point_of_its_own_time() -> None:
    ledger = LiveLedger()
    ledger.read(execution(take(3, 208)), 5, 200)
    assert ledger.shares_path == [0, 0, 0, 10, 10, 10]
    assert ledger.path == [0, 0, 0, 50, 50, 50]


def test_without_a_mid_at_one_decision_the_parts_are_not_known() -> None:
    known, unknown = LiveLedger(), LiveLedger()
    known.read(execution(take(3, 208)), 5, 200)
    unknown.read(execution(take(3, 208), take(4, None)), 5, 200)
    assert known.parts(200) == (40, 10)
    assert unknown.parts(200) == (None, None)
