"""Estimates of transaction cost analysis on a handful of orders and fills, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sor.core.execution.child_orders import ChildKind, ChildOrder, EndReason
from sor.core.fees import FeeSchedule
from sor.core.order import Fill, ParentOrder, Side
from sor.core.schedule import Schedule
from sor.core.tca.analysis import analyse
from sor.core.tca.costs.improvement import improvement
from sor.core.tca.costs.spreads import spreads
from sor.core.tca.market.fill_quotes import HORIZONS, FillQuotes
from sor.core.tca.market.window_market import MINUTE
from sor.core.tca.minutes import filled_by_minute, target_by_minute
from sor.core.tca.outliers import outliers
from sor.core.tca.own_result import own_result
from sor.core.tca.routing.fill_rates import fill_rates
from sor.core.tca.routing.rule606 import venue_handling
from sor.core.tca.routing.survival import time_to_completion, time_to_first_fill
from sor.core.units import NANO

F = Fraction


def rested(at: int, filled: int | None, ended: int, *, ahead: int | None = None) -> ChildOrder:
    """100 shares rest from `at` on; all are filled at `filled`, or none are until `ended`."""
    done = filled is not None
    return ChildOrder(
        at, ChildKind.REST, 1, 10, 100, at, at, ahead, 100 if done else 0, filled, filled,
        filled if filled is not None else ended, EndReason.FILLED if done else EndReason.EXPIRED,
    )  # fmt: skip


def took(qty: int, filled: int) -> ChildOrder:
    reason = EndReason.FILLED if filled == qty else EndReason.MISSED
    return ChildOrder(0, ChildKind.TAKE, 1, 12, qty, 0, 5, None, filled, 5, 5, 5, reason)


def fill(qty: int, px: int, *, is_maker: bool = False, ts: int = 5, touch: int | None = 12) -> Fill:
    return Fill(ts, 1, px, qty, is_maker, False, 0, 22, 0, None, touch=touch)


def test_an_order_that_ends_at_a_time_is_still_at_risk_there() -> None:
    """Four orders: filled after 1 s and 2 s, cancelled at 2 s and 3 s. At 2 s three are open just before."""
    orders = [rested(0, NANO, 0), rested(0, 2 * NANO, 0), rested(0, None, 2 * NANO), rested(0, None, 3 * NANO)]
    curve = time_to_first_fill(orders)
    assert curve is not None
    at_risk = {point.time: point.at_risk for point in curve.points}
    assert (at_risk[NANO], at_risk[2 * NANO], at_risk[3 * NANO]) == (4, 3, 1)


def test_a_curve_has_each_time_once_and_there_what_was_filled_until_then() -> None:
    """Filled after 1 s, which is a time that curves are written at, and after 3 s, which is the last one."""
    curve = time_to_first_fill([rested(0, NANO, 0), rested(0, 3 * NANO, 0)])
    assert curve is not None
    assert len({point.time for point in curve.points}) == len(curve.points)
    filled = {point.time: point.filled for point in curve.points}
    assert (filled[NANO // 2], filled[NANO], filled[2 * NANO], filled[3 * NANO]) == (0.0, 0.5, 0.5, 1.0)


def test_an_order_that_was_refused_is_counted_and_rested_nowhere() -> None:
    refused = rested(4, None, 4)._replace(reason=EndReason.REFUSED)
    found = fill_rates([rested(0, 2, 0), rested(0, None, 9), refused])
    assert found is not None
    assert (found.all.orders, found.all.refused, found.all.touched) == (2, 1, 1)
    assert (found.venues[1].orders, found.venues[1].refused) == (2, 1)


def test_each_venue_has_the_curve_of_its_own_orders() -> None:
    orders = [rested(0, NANO, 0), rested(0, None, 3 * NANO), rested(0, None, NANO)._replace(venue=2)]
    result = own_result("mine", ParentOrder(Side.BUY, 100, 0, 9), [], FeeSchedule({}), None, None)
    found = analyse(
        result, FillQuotes(), ParentOrder(Side.BUY, 100, 0, 9), FeeSchedule({}),
        decision2=None, arrival2=None, orders=[*orders, took(5, 5)._replace(venue=3)],
    )  # fmt: skip
    assert {venue: (curve.orders, curve.events) for venue, curve in found.first_fill_by_venue.items()} == {
        1: (2, 1),
        2: (1, 0),
    }
    assert found.target_by_minute is None


def test_half_is_enough_for_the_median() -> None:
    curve = time_to_completion([rested(0, NANO, 0), rested(0, None, 3 * NANO)])
    assert curve is not None
    assert curve.median == NANO


def test_the_median_wait_of_an_even_number_is_between_the_middle_two() -> None:
    found = fill_rates([rested(0, wait, 0) for wait in (1, 2, 5, 100)])
    assert found is not None
    assert (found.all.median_wait, found.all.mean_wait) == (F(7, 2), F(27))


@pytest.mark.parametrize(("count", "sizes"), [(3, [1, 1, 1]), (6, [2, 2, 2]), (4, [2, 1, 1]), (5, [2, 2, 1])])
def test_thirds_of_different_queues_are_as_even_as_can_be(count: int, sizes: list[int]) -> None:
    found = fill_rates([rested(0, None, 9, ahead=10 * k) for k in range(count)])
    assert found is not None
    assert [third.rate.orders for third in found.ahead] == sizes
    assert (found.ahead[0].least, found.ahead[-1].most) == (0, 10 * (count - 1))


def test_shares_at_the_mid_are_on_neither_side() -> None:
    """Twice the mid is 22: 11 is the mid itself, 10 the near side, 12 the far one. Waits are of what rested alone."""
    fills = [fill(1, 11), fill(2, 10, is_maker=True), fill(4, 12)]
    quotes = FillQuotes(mid2=[22, 22, 22])
    orders = [rested(0, 3, 0), took(5, 5)._replace(ended=9)]
    (row,) = venue_handling(orders, fills, quotes, FeeSchedule({}))
    assert (row.midpoint, row.near, row.far) == (1, 2, 4)
    assert row.provided_wait == 3
    assert (row.ioc, row.routed) == (5, 105)


def test_takes_against_the_best_at_their_decision() -> None:
    """At 12 when decided: 10 shares at 11, 20 at 12, 30 at 13. Of one instant 30 were at its best, where 25 were shown;
    a resting order that was not filled is not missed."""
    fills = [fill(10, 11), fill(20, 12), fill(30, 13, ts=6)]
    quotes = FillQuotes(touch=[12, 12, 12], depth=[25, 25, 40])
    found = improvement(fills, quotes, [took(70, 60), rested(0, None, 9)])
    assert (found.improved, found.improved_amount, found.at_quote) == (10, 10, 20)
    assert (found.outside, found.outside_amount) == (30, 30)
    assert (found.beyond_displayed, found.missed) == (5, 10)


@pytest.mark.parametrize("sign", [1, -1])
def test_what_made_an_order_stand_out_is_what_moved_its_way(sign: int) -> None:
    """The last one is 100 from the others: by timing, while its fees went 5 the other way."""
    parts = [{"timing": F(k % 3), "fees": F(0)} for k in range(8)]
    parts.append({"timing": F(sign * 105), "fees": F(-sign * 5)})
    (found,) = outliers([part["timing"] + part["fees"] for part in parts], parts)
    assert (found.at, found.reason) == (8, "timing")
    assert (found.score > 0) == (sign > 0)


def test_the_target_of_a_minute_is_that_of_the_slice_in_which_it_ends() -> None:
    """Slices of a minute, of 10 shares each: a minute's last nanosecond is of its own slice, not of the next."""
    order = ParentOrder(Side.BUY, 30, 7, 7 + 3 * MINUTE)
    schedule = Schedule.for_order(order, MINUTE)
    assert target_by_minute(schedule, order) == (10, 20, 30, 30)
    result = replace(own_result("mine", order, [], FeeSchedule({}), None, None), schedule=schedule)
    found = analyse(result, FillQuotes(), order, FeeSchedule({}), decision2=None, arrival2=None)
    assert found.target_by_minute == (10, 20, 30, 30)
    fills = [fill(5, 11, ts=7 + MINUTE - 1), fill(6, 11, ts=7 + MINUTE), fill(7, 11, ts=order.end)]
    assert filled_by_minute(fills, order) == (5, 6, 0, 7)


def test_spreads_after_a_fill_need_the_mid_at_it_and_the_mid_after_it() -> None:
    fills = [fill(1, 12), fill(2, 12), fill(4, 12)]
    quotes = FillQuotes(
        mid2=[None, 22, 22], spread=[None, 2, None], touch=[12] * 3, depth=[9] * 3,
        later=([20, None, 23],) * len(HORIZONS),
    )  # fmt: skip
    whole, venue = spreads(fills, quotes)
    assert (whole.venue, venue.venue) == (None, 1)
    assert (whole.shares, whole.effective_shares, whole.quoted_shares) == (7, 6, 2)
    for after in whole.after:
        assert (after.shares, after.effective, after.realized, after.impact) == (4, 4 * 2, 4 * 1, 4 * 1)
