"""The engine against the slow reference (tests/oracle, written from the rules alone) on adversarial tapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest
import reference
from reference.adapter import to_sor
from reference.slices import Allocate, Sliced
from reference.slices import View as Seen
from reference.tapes import Case, random_case
from reference.work import strategy_of as sliced
from strategies_for_tapes import cut
from thorough import THOROUGH

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.feed import BY_VENUE, Feed
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import SnapshotBatch
from sor.core.market.oriented import FAR
from sor.core.order import Latency, Liquidity, Lots, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import CrossVenue, all_market
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import StrategyProtocol, View
from sor.core.strategies.simple import BestAsk, Static, Twap


@dataclass
class Asked:
    """A router of the reference behind the engine's interface: it is shown the same, and answers the same."""

    schedule: Schedule
    router: Allocate

    def __call__(self, view: View, size: int) -> Allocation:
        px = max((v.rest_px for v in view.venues), default=-FAR)
        if px == -FAR:
            return Allocation(size)
        queues = {v.venue: v.rest_sz if v.rest_px == px else 0 for v in view.venues}
        market, limits = self.router(Seen(view.ts, self.schedule.index(view.ts), size, px, None, queues))
        return Allocation(market, px, tuple(limits.items()))


def rules_of(rules: reference.Rules, feed: Feed = BY_VENUE) -> Rules:
    return Rules(
        FeeSchedule({venue: VenueFee(*fee) for venue, fee in rules.fees.items()}),
        Liquidity.REPLENISH if rules.replenish else Liquidity.CONSUME,
        Latency(rules.latency.default, rules.latency.venues),
        rules.max_quote_age,
        None if rules.cancel_latency is None else Latency(rules.cancel_latency.default, rules.cancel_latency.venues),
        Lots(rules.child_min, rules.child_lot),
        feed=feed,
    )


def strategy_of(case: Case, order: ParentOrder, rules: Rules) -> StrategyProtocol:
    schedule = Schedule.for_order(order, case.rules.router_interval)
    simple: dict[str | None, StrategyProtocol] = {
        "best_ask": BestAsk(),
        "twap": Twap(Schedule.for_order(order, case.rules.interval)),
        "static": Static(rules.fees),
        "X_M": CrossVenue("X_M", schedule, all_market),
    }
    if case.name in simple:
        return simple[case.name]
    router = sliced(case.strategy, case.order, case.rules)
    assert isinstance(router, Sliced)
    return CrossVenue(case.name or "router", schedule, Asked(schedule, router.allocate))


def worked(case: Case, batches: Sequence[SnapshotBatch]) -> StrategyResult:
    order = ParentOrder(Side(case.order.side), case.order.quantity, case.order.start, case.order.end, case.order.limit)
    rules = rules_of(case.rules)
    strategy = strategy_of(case, order, rules)
    model = QueueModel.PROPORTIONAL if case.model == "power:1" else QueueModel(case.model)
    session = Session.for_order(order, rules, [(strategy, model)], queues=True)
    for batch in batches:
        session.on_batch(batch)
    return session.result().results[strategy.name]


def compare(seed: int) -> None:
    case = random_case(seed)
    right = reference.work(case.tape, case.order, case.rules, case.strategy, case.model)
    rng = Random(seed)
    cuts = [rng.randrange(len(case.tape)) for _ in range(rng.randint(0, 4))]
    result = worked(case, [batch for batch in cut(to_sor(case.tape), cuts) if len(batch)])
    sign = 1 if case.order.side == "buy" else -1

    def kind(maker: bool, forced: bool) -> str:
        return "maker" if maker else "forced" if forced else "taker"

    fills = [(f.ts, f.venue, f.px * sign, f.qty, kind(f.is_maker, f.forced)) for f in result.fills]
    assert sorted(fills) == sorted((f.ts, f.venue, f.px, f.qty, f.kind) for f in right.fills)
    assert (result.filled, result.forced, result.leaves) == (right.filled, right.forced, right.leaves)
    assert result.forced_beyond_displayed == right.forced_beyond_displayed
    orders = sorted((o.decided, o.venue, o.qty, o.filled, o.reason.value) for o in result.orders if o.kind != "forced")
    assert orders == sorted((c.sent, c.venue, c.qty, c.filled, c.reason) for c in [*right.takes, *right.rests])


@pytest.mark.parametrize("part", range(5))
def test_adversarial_tapes(part: int) -> None:
    for seed in range(part * 10**6, part * 10**6 + 100 * THOROUGH):
        try:
            compare(seed)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {random_case(seed)}") from error
