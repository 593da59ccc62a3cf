"""The headline is an identity: what the walk-forward parent saved against X_M's, cut into slices by share number."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import pairwise, product

import pytest
from hypothesis import given
from strategies_for_tapes import BASE, T0, Case, cases, examples

from sor.core.backtest.headline import headline, parent_savings, slice_costs
from sor.core.backtest.sessions import BacktestResult, StoppableStream
from sor.core.backtest.two_pass import backtest
from sor.core.execution.accounting import StrategyResult, savings
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import SnapshotBatch, batch_of, concat
from sor.core.order import Fill, Latency, ParentOrder, Side
from sor.core.schedule import Schedule
from sor.core.spec import ROUTER, TUNED, Level, Spec
from sor.core.tca.own_result import own_result
from sor.core.units import NANO
from sor.paths import bundled_tape
from sor.tapes import open_tape

FEES = FeeSchedule({venue: VenueFee(3_000_000, 2_000_000) for venue in (2, 6, 8, 15, 43)})


def levels(*values: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in values)


SPEC = Spec(fees=FEES, lambda_over=levels("1.1", "2"), lambda_under=levels("1.1", "4"), theta_queue=levels("0", "1"))


@cache
def minutes() -> SnapshotBatch:
    """A minute and a half of the bundled tape."""
    whole = concat(list(open_tape(bundled_tape()).batches()))
    return whole.slice(0, int((whole.ts <= whole.ts[0] + 90 * NANO).sum()))


@cache
def run(side: Side, quantity: int, latency_us: int, strategy: str = ROUTER) -> BacktestResult:
    tape = minutes()
    spec = replace(SPEC, side=side, quantity=quantity, latency=Latency(latency_us * 1_000), strategy=strategy)
    return backtest(lambda: [tape], spec, ParentOrder(side, quantity, int(tape.ts[0]), int(tape.ts[-1])))


def price_by_price(result: StrategyResult, fees: FeeSchedule) -> list[int]:
    """Oriented cost of every share of the parent, one by one."""
    assert result.left_px is not None
    costs = [
        fill.px + (-fees.make(fill.venue, fill.px) if fill.is_maker else fees.take(fill.venue, fill.px))
        for fill in result.fills
        for _ in range(fill.qty)
    ]
    return costs + [result.left_px] * result.leaves


@pytest.mark.parametrize(("side", "quantity", "latency_us"), product(Side, (100, 1_000, 15_000), (0, 1_000, 200_000)))
def test_the_headline_is_what_the_parent_saved(side: Side, quantity: int, latency_us: int) -> None:
    """To the last digit, against every baseline; and slice by slice as a sum over single shares."""
    found = run(side, quantity, latency_us)
    results, best = found.outcome.results, found.headline
    assert best is not None
    assert best.name == TUNED
    assert 0 < best.judged <= best.slices == 18
    mine = price_by_price(results[TUNED], FEES)
    for name, saved in best.against.items():
        assert saved.savings == savings(results[TUNED], results[name]), name
        theirs = price_by_price(results[name], FEES)
        edges = [quantity * i // 18 for i in range(19)]
        assert saved.saved == tuple(sum(theirs[a:b]) - sum(mine[a:b]) for a, b in pairwise(edges))
        # The mean of the figures that the interval is built on is the same, but for their rounding.
        assert abs(saved.estimate.mean - saved.savings * 10**10) <= Fraction(1, 2)


def test_slices_with_nothing_to_judge_save_nothing() -> None:
    """Before the first slice that is worked otherwise than X_M, both parents buy the same shares."""
    found = run(Side.BUY, 1_000, 0)
    assert found.headline is not None
    saved = found.headline.against["X_M"].saved
    assert saved[:7] == (0,) * 7  # 35 s: fewer than 30 past windows
    assert any(saved[7:])


def test_a_router_without_parameters_is_its_own_walk_forward() -> None:
    equal, market = (run(Side.BUY, 1_000, 0, strategy=name) for name in ("X_E", "X_M"))
    assert equal.headline is not None
    assert market.headline is not None
    assert equal.headline.name == "X_E"
    assert "X_E" not in equal.headline.against
    assert equal.headline.against["X_M"].savings == savings(equal.outcome.results["X_E"], equal.outcome.results["X_M"])
    assert market.headline.judged == 0
    assert market.headline.against["X_M"].savings == 0


def test_a_stopped_run_is_judged_on_what_was_worked() -> None:
    """No share is forced; the shares that both parents had are compared, in the slices that they reach."""
    tape, whole = minutes(), run(Side.BUY, 1_000, 0)
    order = ParentOrder(Side.BUY, 1_000, int(tape.ts[0]), int(tape.ts[-1]))
    half = tape.slice(0, int((tape.ts <= tape.ts[0] + 62 * NANO).sum()))
    found = backtest(StoppableStream(lambda: [half], lambda: True), replace(SPEC, quantity=1_000), order)
    results, best = found.outcome.results, found.headline
    assert best is not None
    for name in (TUNED, "X_M", "X_L_2"):
        result = results[name]
        assert result.forced == 0
        assert result.leaves == 1_000 - result.filled > 0
        assert result.comparable == Fraction(result.cost or 0, result.filled)
    saved = best.against["X_M"].saved
    assert best.slices == len(saved) == 13  # of 18: the shares of 60 s, and of the slice that was begun
    both, all_of = min(results[TUNED].filled, results["X_M"].filled), whole.headline
    assert all_of is not None
    assert saved[:12] == all_of.against["X_M"].saved[:12]
    mine, theirs = (price_by_price(results[name], FEES)[:both] for name in (TUNED, "X_M"))
    assert sum(saved) == sum(theirs) - sum(mine)
    assert found.bracket is not None
    assert whole.bracket is not None
    assert found.bracket.slices < whole.bracket.slices


@given(cases(max_snapshots=30))
@examples(60)
def test_any_tape_and_any_rules(case: Case) -> None:
    """Limits that leave shares, orders off the quotes, every latency: the parts are the whole."""
    spec = replace(
        SPEC,
        side=case.order.side,
        quantity=case.order.quantity,
        interval=case.interval,
        fees=case.rules.fees,
        liquidity=case.rules.liquidity,
        latency=case.rules.latency,
        max_quote_age=case.rules.max_quote_age,
        router_interval=2 * NANO,
    )
    whole = batch_of(case.snapshots)
    found = backtest(lambda: [whole], spec, case.order)
    assert found.headline is not None
    results = found.outcome.results
    assert ("X_M" in found.headline.against) == (results["X_M"].left_px is not None)
    for name, saved in found.headline.against.items():
        assert saved.savings == savings(results[TUNED], results[name])
        assert sum(saved.saved) == saved.cost - results[TUNED].comparable * case.order.quantity  # type: ignore[operator]


def result_of(*fills: tuple[int, int, bool], left: int = 0, left_px: int | None = BASE) -> StrategyResult:
    """(shares, price, maker) one after the other."""
    done = sum(qty for qty, _, _ in fills)
    records = tuple(Fill(T0, 2, px, qty, maker, False, T0, None, T0, 0) for qty, px, maker in fills)
    return StrategyResult(
        "made", "strategy", Side.BUY, done + left, done, 0, left, 0, 0, 0, 0, left_px, None, None, None, 0, (), records
    )


def test_shares_are_cut_by_number_with_fees_rebates_and_leaves() -> None:
    take, make = FEES.take(2, 100), FEES.make(2, 90)
    result = result_of((3, 100, False), (4, 90, True), left=3, left_px=120)
    assert slice_costs(result, [2, 2, 6, 10], FEES) == [
        2 * (100 + take),
        0,
        (100 + take) + 3 * (90 - make),
        (90 - make) + 3 * 120,
    ]
    assert slice_costs(result_of((10, 100, False), left_px=None), [5, 10], FEES) is None


def test_a_share_without_a_price_has_no_savings() -> None:
    priced, none = result_of((10, 100, False)), result_of((10, 100, False), left_px=None)
    assert parent_savings(priced, none, [10], FEES) is None
    assert parent_savings(none, priced, [10], FEES) is None
    schedule = Schedule(T0, NANO, 1, 10, T0 + NANO)
    assert headline(priced, 0, none, [none], schedule, FEES).against == {}


def test_a_parent_that_cost_nothing_is_no_measure() -> None:
    """Where what is paid to take is as much as the price."""
    order, fees = ParentOrder(Side.BUY, 10, 0, 9), FeeSchedule({2: VenueFee(-100, 0)})
    free, dear = (
        own_result(name, order, [Fill(1, 2, px, 10, False, False, 1, None, 1, None)], fees, None, 0)
        for name, px in (("free", 100), ("dear", 101))
    )
    assert parent_savings(dear, free, [5, 10], fees) is None
    found = parent_savings(free, dear, [5, 10], fees)
    assert found is not None
    assert (found.saved, found.cost) == ((5, 5), 10)
