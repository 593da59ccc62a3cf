"""The program's headline against the reference's, on parents that the reference worked: no part of the engine runs."""

from __future__ import annotations

from fractions import Fraction

from reference.headline import headline
from reference.interval import bootstrap_t
from reference.schedule import Schedule
from reference.tapes import random_case
from reference.work import Worked, work

from sor.core.backtest.headline import parent_savings
from sor.core.execution.accounting import STRATEGY, StrategyResult
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.order import Fill, Side


def result_of(worked: Worked) -> StrategyResult:
    """The reference's parent as the program keeps one: prices oriented, what was left at its price."""
    fills = tuple(
        Fill(f.ts, f.venue, worked.sign * f.px, f.qty, f.kind == "maker", f.kind == "forced", f.ts, None, f.ts, 0)
        for f in worked.fills
    )
    left_px = None
    if worked.last_opposite is not None:
        px, venue = worked.last_opposite
        left_px = worked.sign * px + worked.rules.fee(venue).take
    return StrategyResult(
        "one", STRATEGY, Side(worked.order.side), worked.order.quantity, worked.filled, worked.forced, worked.leaves,
        0, None, 0, 0, left_px, None, None, None, 0, (), fills,
    )  # fmt: skip


def test_the_same_slices_and_the_same_interval() -> None:
    compared = intervals = 0
    for seed in range(120):
        case = random_case(seed)
        router, market = (work(case.tape, case.order, case.rules, name, case.model) for name in ("X_E", "X_M"))
        targets = Schedule(case.order, case.rules.router_interval).targets()
        expected = headline(router, market, targets)
        fees = FeeSchedule({venue: VenueFee(fee.take, fee.make) for venue, fee in case.rules.fees.items()})
        found = parent_savings(result_of(router), result_of(market), targets, fees)
        assert (found is None) == (expected is None), seed
        if found is None or expected is None:
            continue
        assert list(found.saved) == expected.differences, seed
        assert found.savings * 10_000 == expected.saving_bps, seed
        assert found.estimate.mean == Fraction(sum(expected.values), len(targets)), seed
        compared += any(expected.differences)
        if len(targets) > 5 and any(expected.differences) and intervals < 12:
            interval, estimate = bootstrap_t(expected.values), found.estimate
            ends = [None if end is None else round(end) for end in (estimate.low, estimate.high)]
            assert (ends, estimate.p_value) == ([interval.low, interval.high], interval.p), seed
            intervals += 1
    assert compared > 20
    assert intervals > 3
