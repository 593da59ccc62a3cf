"""What fills cost: every cent is somewhere, and the parts of a cost add up to it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from strategies_for_tapes import BASE, CENT, T0, Case, cases, examples
from test_execution import NAMES, outcome_of

from sor.core.backtest.session import Session
from sor.core.execution.accounting import benchmark, savings
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import ParentOrder, Rules, Side
from sor.core.strategies.interface import Plan, Rest, View
from sor.core.units import NO_PRICE


@examples(80)
@given(cases())
def test_parts_of_a_cost_add_up(case: Case) -> None:
    outcome = outcome_of(case)
    for name in NAMES:
        r = outcome.results[name]
        shares_cost = sum(f.px * f.qty for f in r.fills)
        assert r.fees == sum(v.fees for v in r.venues)
        assert r.rebates == sum(v.rebates for v in r.venues) == 0
        assert sum(v.cost for v in r.venues) == shares_cost
        if r.cost is not None:
            assert r.cost == shares_cost + r.fees - r.rebates
        if r.timing is not None and r.placement is not None:
            assert outcome.arrival2 is not None
            # Cost against arrival = timing + placement + fees.
            assert shares_cost - Fraction(outcome.arrival2, 2) * r.shares == r.timing + r.placement


@pytest.mark.parametrize("side", list(Side))
def test_making_earns_the_rebate_and_taking_pays_the_fee(side: Side) -> None:
    class Both:
        name = "both"

        def decide(self, view: View) -> Plan:
            (venue,) = view.venues
            return Plan(sweep=30, rests=[Rest(2, venue.rest_px, 50, view.ts + 10)])

    bid, ask = BASE - CENT, BASE + CENT
    ours = bid if side is Side.BUY else ask
    theirs = ask if side is Side.BUY else bid
    tape = [
        Snapshot(T0, (Quote(2, bid, 5, ask, 5),)),
        Snapshot(T0 + 1, (Quote(2, bid, 105, ask, 105),), (Trade(2, ours, 25, "N"),)),
        Snapshot(T0 + 2, (Quote(2, bid, 105, ask, 105),)),
    ]
    fees = FeeSchedule({2: VenueFee(take=3_000_000, make=2_000_000)})
    session = Session.for_order(ParentOrder(side, 100, T0, T0 + 2), Rules(fees), [Both()], queues=True)
    for s in tape:
        session.on_batch(batch_of([s]))
    r = session.result().results["both"]
    assert (r.maker_shares, r.filled, r.forced, r.forced_beyond_displayed) == (20, 50, 50, 0)
    (at,) = r.venues
    assert (at.maker_shares, at.taker_shares, at.forced) == (20, 30, 50)
    assert (r.fees, r.rebates) == (80 * 3_000_000, 20 * 2_000_000)
    # One order that rested, takes of 5 and of 25, and the forced one: fills of 20, 5, 25 and 50 shares.
    assert r.order_count == len(r.orders) == 4
    assert [r.odd_lots(), r.odd_lots(50), r.odd_lots(25), r.odd_lots(5)] == [4, 3, 2, 0]
    assert r.fills is r.fills  # made once, however many read them
    assert [fill.qty for fill in r.fills] == [fill.qty for fill in r.executed] == [5, 20, 25, 50]
    cash = 20 * ours + 80 * theirs
    sign = side.sign
    assert r.total_cash == cash + sign * (r.fees - r.rebates)
    assert r.average == Fraction(cash + sign * (r.fees - r.rebates), 100)
    assert r.timing == 0
    assert r.placement == (80 - 20) * CENT


def test_leaves_of_a_limit_are_priced_at_the_last_quote_in_comparisons() -> None:
    tape = [
        Snapshot(T0, (Quote(2, BASE - CENT, 40, BASE, 40),)),
        Snapshot(T0 + 1, (Quote(2, BASE, 40, BASE + CENT, 40),)),
    ]
    for side, last in ((Side.BUY, BASE + CENT), (Side.SELL, BASE)):
        first = BASE if side is Side.BUY else BASE - CENT
        session = Session.for_order(ParentOrder(side, 100, T0, T0, first), Rules(FeeSchedule()), [])
        assert session.result().results["vwap"].cost is None
        case = Case(tuple(tape), ParentOrder(side, 100, T0, T0 + 1, BASE), Rules(FeeSchedule()), 60, ())
        r = outcome_of(case).results["best_ask"]
        if side is Side.BUY:
            assert (r.filled, r.forced, r.leaves) == (40, 0, 60)
            assert r.total_cash == 40 * BASE
            assert r.comparable == Fraction(40 * BASE + 60 * last, 100)
        else:  # BASE - CENT is beyond its limit; then BASE is not
            assert (r.filled, r.forced, r.leaves) == (40, 0, 60)
            assert r.comparable == -Fraction(40 * BASE + 60 * last, 100)


@pytest.mark.parametrize(("side", "last"), [(Side.BUY, BASE + CENT), (Side.SELL, BASE)])
def test_a_share_that_is_left_costs_the_last_opposite_quote_and_its_take_fee(side: Side, last: int) -> None:
    """A limit leaves 60 of 100 shares; the 40 that were taken paid the fee as well."""
    tape = (
        Snapshot(T0, (Quote(2, BASE - CENT, 40, BASE, 40),)),
        Snapshot(T0 + 1, (Quote(2, BASE, 40, BASE + CENT, 40),)),
    )
    fee, rules = 3_000_000, Rules(FeeSchedule({2: VenueFee(3_000_000, 2_000_000)}))
    r = outcome_of(Case(tape, ParentOrder(side, 100, T0, T0 + 1, BASE), rules, 60, ())).results["best_ask"]
    assert (r.filled, r.forced, r.leaves) == (40, 0, 60)
    assert r.left_px == side.sign * last + fee
    assert r.comparable == Fraction(side.sign * (40 * BASE + 60 * last), 100) + fee


def test_savings_are_positive_where_it_was_better() -> None:
    for side, better, worse in ((Side.BUY, 99, 100), (Side.SELL, 100, 99)):
        x, b = (benchmark("", side, 10, Fraction(side.sign * px * 10**9)) for px in (better, worse))
        got = savings(x, b)
        assert got == Fraction(1, worse)
        assert savings(b, x) == -Fraction(1, better)
    nothing = benchmark("", Side.BUY, 10, None)
    assert savings(nothing, nothing) is savings(x, nothing) is savings(nothing, x) is None
    assert (nothing.filled, nothing.leaves) == (0, 10)
    free = benchmark("", Side.BUY, 10, Fraction(0))
    assert savings(free, free) is None


def test_a_benchmark_is_rounded_half_to_even_to_the_nanodollar() -> None:
    for price, cost in ((Fraction(1, 4), 2), (Fraction(3, 4), 8), (Fraction(1, 3), 3), (Fraction(-1, 4), -2)):
        r = benchmark("vwap", Side.BUY, 10, price)
        assert (r.cost, r.kind, r.filled, r.leaves) == (cost, "benchmark", 10, 0)
        assert (r.forced, r.forced_beyond_displayed, r.fees, r.rebates, r.maker_shares) == (0, 0, 0, 0, 0)


def test_a_benchmark_is_compared_by_its_exact_average() -> None:
    """Its cash is rounded; what is derived from the average must not be rounded a second time."""
    price = Fraction(4_444, 10_000)  # 5 shares: 2.222, so 2; and 2 / 5 is not the average
    sold = benchmark("vwap", Side.SELL, 5, -price)
    assert (sold.total_cash, sold.average, sold.comparable) == (2, price, -price)
    assert savings(sold, benchmark("vwap", Side.SELL, 5, -price)) == 0
    assert benchmark("market_vwap", Side.BUY, 5, None).average is None


def test_without_cash_or_without_shares_there_is_no_average() -> None:
    """Nobody ever asked, so that what is left has no price; or nothing was filled within the limit."""

    class Rests:
        name = "rests"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, BASE, 50, view.ts + 10)])

    for ask, sold, filled, cost in ((NO_PRICE, 70, 20, None), (BASE + CENT, 50, 0, 0)):
        quote = Quote(2, BASE, 50, ask, 0 if ask == NO_PRICE else 40)
        tape = [Snapshot(T0, (quote,)), Snapshot(T0 + 1, (quote,), (Trade(2, BASE, sold, "A"),))]
        session = Session.for_order(
            ParentOrder(Side.BUY, 100, T0, T0 + 1, BASE), Rules(FeeSchedule()), [Rests()], queues=True
        )
        session.on_batch(batch_of(tape))
        r = session.result().results["rests"]
        assert (r.filled, r.cost, r.average) == (filled, cost, None)
        assert r.comparable == (None if cost is None else BASE + CENT)


def test_timing_is_the_way_of_the_mid_until_the_decision() -> None:
    """The mid is 50 cents up when the second half is taken: 60 x 50 cents of timing, and half a spread each."""

    class Halves:
        name = "halves"

        def decide(self, view: View) -> Plan:
            return Plan(sweep=40, wake=T0 + 5) if view.ts == T0 else Plan(sweep=60)

    up = 50 * CENT
    tape = [
        Snapshot(T0 + late, (Quote(2, BASE - CENT + add, 500, BASE + CENT + add, 500),))
        for late, add in ((0, 0), (5, up))
    ]
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 5), Rules(FeeSchedule()), [Halves()])
    session.on_batch(batch_of(tape))
    r = session.result().results["halves"]
    assert (r.timing, r.placement) == (Fraction(60 * up), Fraction(100 * CENT))
