"""Running sums over fills: a point of the path is of the fills until its time, and parts need every mid."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sor.core.backtest.live_ledger import LiveLedger, Marks
from sor.core.backtest.live_view import POINTS, MarkLine
from sor.core.fees import FeeSchedule, VenueFee
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


def test_sums_by_hand_with_a_fee_and_a_rebate_and_what_is_known_is_not_read_again() -> None:
    """10 taken at 105 and a fee of 3, 5 made at 101 less a rebate of 2, then 1 more taken; the mid was 100 at first."""
    fees = FeeSchedule({2: VenueFee(3, 2)})
    run = execution(take(0, 208), Fill(7, 2, 101, 5, True, False, 6, 204, 6, None))
    run.rules.fees = fees
    ledger = LiveLedger()
    assert ledger.read(run, 7, 200) == run.fills
    assert (ledger.seen, ledger.shares, ledger.made, ledger.fees) == (2, 15, 5, 30 - 10)
    assert ledger.cash == 10 * 108 + 5 * 99
    assert ledger.path == [80] * 7 + [75]  # 10 x (108 - 100), and then 5 x (99 - 100)
    assert ledger.shares_path == [10] * 7 + [15]
    assert ledger.parts(200) == (40 + 10, 75 - 50 - 20)
    run.fills.append(take(8, 208))
    assert ledger.read(run, 8, 200) == run.fills[2:]
    assert (ledger.seen, ledger.shares, ledger.cash) == (3, 25, 2 * 1080 + 495)
    assert ledger.shares_path == [10] * 7 + [15, 25]


def test_without_a_mid_at_the_arrival_nothing_is_measured_against_it() -> None:
    ledger = LiveLedger()
    ledger.read(execution(take(3, 208)), 5, None)
    assert (ledger.shares, ledger.cash, ledger.path) == (10, 1_050, [0] * 6)
    assert ledger.parts(None) == (None, None)


def test_the_path_ends_with_the_window() -> None:
    """POINTS steps, and so one point more; of a window of no length all at once."""
    ledger, moment = LiveLedger(), LiveLedger()
    ledger.read(execution(), 2 * POINTS, 200)
    run = execution(take(7, 208))
    run.order.start = run.order.end = 7
    moment.read(run, 8, 200)
    assert (len(ledger.path), len(moment.path)) == (POINTS + 1, POINTS + 1)
    shifted = execution(take(103, 208))
    shifted.order = SimpleNamespace(start=100, end=100 + POINTS)
    later = LiveLedger()
    later.read(shifted, 104, 200)
    assert later.shares_path == [0, 0, 0, 10, 10]


def test_marks_are_the_mean_prices_of_points_and_those_outside_the_window_are_at_its_ends() -> None:
    order: Any = SimpleNamespace(start=100, end=100 + 2 * POINTS)
    marks = Marks()
    for ts, px, qty, is_maker in (
        (90, 10, 1, False), (100, 20, 1, False), (101, 30, 2, False), (102, 40, 1, False), (103, 7, 2, True),
        (99 + 2 * POINTS, 50, 1, False), (105 + 2 * POINTS, 60, 3, False),
    ):  # fmt: skip
        marks.on_fill(Fill(ts, 2, px, qty, is_maker, False, ts, None, ts, None), order)
    assert marks.lines(1) == (
        MarkLine(0, False, (10 + 20 + 60) // 4),
        MarkLine(1, False, 40),
        MarkLine(1, True, 7),
        MarkLine(POINTS - 1, False, 50),
        MarkLine(POINTS, False, 60),
    )
    assert [line.px for line in marks.lines(-1)] == [-23, -40, -7, -50, -60]
    moment = Marks()
    moment.on_fill(Fill(7, 2, 9, 1, False, False, 7, None, 7, None), cast(Any, SimpleNamespace(start=7, end=7)))
    assert moment.lines(1) == (MarkLine(0, False, 9),)
