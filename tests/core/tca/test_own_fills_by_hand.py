"""One's own fills by hand: their result, its cost in half-spreads, and markouts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.order import Fill, ParentOrder, Side
from sor.core.tca.costs.half_spreads import HalfSpreads, in_half_spreads
from sor.core.tca.costs.markouts import markout_curves
from sor.core.tca.costs.shortfall import shortfall
from sor.core.tca.market.fill_quotes import HORIZONS, FillQuotes, looked_after
from sor.core.tca.market.window_market import MINUTE
from sor.core.tca.own_result import own_result


def fill(px: int, mid2: int, *, is_maker: bool) -> Fill:
    return Fill(5, 2, px, 10, is_maker, False, 5, mid2, 5, None, touch=102)


def test_one_half_spread_is_what_crossing_costs() -> None:
    """Shares at 102 and at 100 about a mid of 101, which was 100 on arrival; a fee of 3 and a rebate of 2."""
    order, fees = ParentOrder(Side.BUY, 20, 0, 9), FeeSchedule({2: VenueFee(3, 2)})
    fills = [fill(102, 202, is_maker=False), fill(100, 202, is_maker=True)]
    found = in_half_spreads(own_result("mine", order, fills, fees, 200, None))
    assert found == HalfSpreads(Fraction(1), Fraction(1), Fraction(0), Fraction(1, 2))
    locked = [fill(102, 204, is_maker=False)]
    assert in_half_spreads(own_result("mine", order, locked, fees, 200, 0)) is None


def test_without_a_best_price_at_each_decision_there_is_no_half_spread() -> None:
    """The mid is carried on where nobody offers; the price to take is not."""
    order, fees = ParentOrder(Side.BUY, 20, 0, 9), FeeSchedule({})
    fills = [fill(102, 202, is_maker=False), fill(100, 202, is_maker=True)._replace(touch=None)]
    assert in_half_spreads(own_result("mine", order, fills, fees, 200, None)) is None


def test_mids_are_looked_at_for_as_long_as_the_order_was_worked() -> None:
    assert looked_after(100, 107) == 7
    assert looked_after(100, 100 + 2 * max(HORIZONS)) == max(HORIZONS)


def test_a_result_has_its_fees_and_what_is_left() -> None:
    order, fees = ParentOrder(Side.BUY, 30, 0, 9), FeeSchedule({2: VenueFee(3, 2)})
    found = own_result("mine", order, [fill(102, 202, is_maker=False), fill(100, 202, is_maker=True)], fees, 200, 107)
    assert (found.filled, found.leaves, found.cost) == (20, 10, 10 * 105 + 10 * 98)
    assert found.comparable == Fraction(10 * 105 + 10 * 98 + 10 * 107, 30)
    assert own_result("mine", order, [], fees, 200, None).comparable is None


def test_shares_that_were_forced_are_neither_filled_nor_left() -> None:
    fills = [fill(102, 202, is_maker=False), fill(102, 202, is_maker=False)._replace(forced=True)]
    found = own_result("mine", ParentOrder(Side.BUY, 30, 0, 9), fills, FeeSchedule({}), 200, 107)
    assert (found.filled, found.forced, found.leaves, found.cost) == (10, 10, 10, 20 * 102)
    assert found.comparable == Fraction(20 * 102 + 10 * 107, 30)


def test_of_a_stopped_run_only_what_was_worked_falls_short() -> None:
    """10 of 30 shares at 102, decided at a mid of 100; the other 20 cost nothing, whatever they would have."""
    order, fees = ParentOrder(Side.BUY, 30, 0, 9), FeeSchedule({})
    result = own_result("mine", order, [fill(102, 202, is_maker=False)], fees, 200, 107)
    whole, stopped = shortfall(result, 200, 202), shortfall(replace(result, stopped=True), 200, 202)
    assert whole is not None
    assert stopped is not None
    assert (whole.opportunity, whole.delay, whole.missed) == (20 * 14, 30 * 2, 20 * 12)
    assert (stopped.paper, stopped.execution, stopped.opportunity) == (10 * 200, 10 * 4, 0)
    assert (stopped.delay, stopped.trading, stopped.missed) == (10 * 2, 10 * 2, 0)
    assert shortfall(replace(result, stopped=True, left_px=None), 200, 202) == stopped


def test_a_markout_of_a_sell_is_a_part_of_the_price_without_its_sign() -> None:
    """Sold at 100, and the mid is 99 later: 1 % in its favour. Oriented, that is -100 and twice -99."""
    fills = [fill(-100, -202, is_maker=False)]
    (curve,) = markout_curves(fills, FillQuotes(mid2=[-202], later=([-198],) * len(HORIZONS)))
    assert [point.mean and point.mean.value for point in curve.points] == [
        Fraction(-1, 100),
        *[Fraction(1, 100)] * len(HORIZONS),
    ]


def test_a_markout_is_in_the_orders_favour_where_the_mid_stands_above_the_price_paid() -> None:
    """Weighed by value, and over clusters as long as the horizon: five fills in a minute each make one of five."""
    fills = [fill(100, 202, is_maker=True)._replace(ts=minute * MINUTE) for minute in range(5)]
    fills[0] = fills[0]._replace(px=300)
    (curve,) = markout_curves(fills, FillQuotes(mid2=[610, 202, 202, 202, 202], later=([202] * 5,) * len(HORIZONS)))
    at, last = curve.points[0].mean, curve.points[-1].mean
    assert at is not None
    assert last is not None
    assert at.value == Fraction(5 + 4, 300 + 400)
    assert at.low is not None
    assert last.value == Fraction(-199 + 4, 300 + 400)
    assert last.low is None  # five minutes are one cluster
