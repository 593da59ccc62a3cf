"""The same allocations under every queue model: shares made are a bracket, on any tape."""

from __future__ import annotations

from random import Random

import pytest
from strategies_for_tapes import BASE, CENT, SECOND, T0, random_case
from test_router_backtest import SPEC
from thorough import THOROUGH

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import BRACKET, Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import CrossVenue, FixedAllocation, equal_split
from sor.core.router.queue_models import QueueModelStudy
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View


def busy_tape(rng: Random) -> list[Snapshot]:
    """Two venues whose bid hardly moves while its size comes, goes and trades: queues in which the models differ."""
    bid, ts, shots = BASE, T0, []
    for _ in range(120):
        ts += rng.choice((1, 3, 10)) * SECOND // 10
        bid += rng.choice((0,) * 12 + (-1, 1)) * CENT
        quotes = tuple(
            Quote(venue, bid, rng.choice((50, 120, 300, 500)), bid + rng.choice((1, 2)) * CENT, rng.choice((100, 400)))
            for venue in (2, 7)
            if rng.random() < 0.8
        )
        sold = [Trade(rng.choice((2, 7)), bid, rng.choice((10, 60, 150)), rng.choice("AN"))] * (rng.random() < 0.5)
        shots.append(Snapshot(ts, quotes, tuple(sold)))
    return shots


@pytest.mark.parametrize("configured", [*BRACKET, QueueModel.POWER_2, QueueModel.POWER_8])
@pytest.mark.parametrize("latency", [0, SECOND // 4])
def test_shares_made_are_a_bracket(configured: QueueModel, latency: int) -> None:
    apart = 0
    for seed in range(16 * THOROUGH):
        shots = busy_tape(Random(seed))
        order = ParentOrder(Random(seed).choice(list(Side)), 4_000, T0, shots[-1].ts)
        router = CrossVenue("router", Schedule.for_order(order, 10 * SECOND), equal_split)
        session = Session.for_order(
            order, Rules(NO_FEES, latency=Latency(latency)), [(router, configured)], queues=True
        )
        session.queue_models = QueueModelStudy(session.executions["router"])
        session.on_batch(batch_of(shots))
        session.result()
        bracket = session.queue_models.result()
        slowest_first = sorted(bracket.models, key=lambda model: -99 if model.power is None else -model.power)
        made = [bracket.models[model].made for model in slowest_first]
        assert {*BRACKET, configured} == bracket.models.keys()
        assert made == sorted(made), seed
        assert made[-1] <= bracket.shares
        apart += made[0] < made[-2] < made[-1]
    assert apart > 2  # otherwise this proves nothing


def test_a_parent_of_one_slice_is_its_own_bracket() -> None:
    """One slice is one order: under the configured model the study repeats the parent itself."""
    hits = 0
    for seed in range(80):
        case = random_case(Random(seed))
        rules = Rules(case.rules.fees, case.rules.liquidity)
        order = ParentOrder(case.order.side, 500, case.order.start, case.order.end)
        router = CrossVenue("router", Schedule.for_order(order, order.end - order.start + 1), equal_split)
        session = Session.for_order(order, rules, [(router, QueueModel.PROPORTIONAL)], queues=True)
        session.queue_models = QueueModelStudy(session.executions["router"])
        session.on_batch(batch_of(case.snapshots))
        result = session.result().results["router"]
        bracket = session.queue_models.result()
        if bracket.slices:
            figures = bracket.models[QueueModel.PROPORTIONAL]
            assert figures.made == result.maker_shares
            assert figures.cost == (result.cost or 0)
            hits += figures.made > 0
    assert hits > 5


def test_over_fills_are_not_in_the_bracket() -> None:
    """10 of the 50 to take are there, and what rests fills all the others: 90 made, of S - M = 50."""
    quotes = tuple(Quote(venue, BASE, 10, BASE + CENT, 5) for venue in (2, 7))
    tape = [Snapshot(T0, quotes), Snapshot(T0 + SECOND, quotes, tuple(Trade(v, BASE, 200, "A") for v in (2, 7)))]
    order = ParentOrder(Side.BUY, 100, T0, T0 + 9 * SECOND)
    overbooked = FixedAllocation(Allocation(50, BASE, ((2, 100), (7, 100))))
    router = CrossVenue("router", Schedule.for_order(order, 10 * SECOND), overbooked)
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    session.queue_models = QueueModelStudy(session.executions["router"])
    session.on_batch(batch_of(tape))
    assert session.result().results["router"].maker_shares == 90
    bracket = session.queue_models.result()
    assert (bracket.slices, bracket.shares) == (1, 50)
    assert {figures.made for figures in bracket.models.values()} == {50}


def test_a_slice_without_resting_orders_is_not_in_the_bracket() -> None:
    """The first slice rests 60 of its 100, the second takes all: only the first could have made any."""

    def allocate(view: View, size: int) -> Allocation:
        return Allocation(40, BASE, ((2, 60), (7, 0))) if view.ts == T0 else Allocation(size, BASE, ((2, 0),))

    quotes = tuple(Quote(venue, BASE, 10, BASE + CENT, 500) for venue in (2, 7))
    order = ParentOrder(Side.BUY, 200, T0, T0 + 20 * SECOND)
    router = CrossVenue("router", Schedule.for_order(order, 10 * SECOND), allocate)
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    session.queue_models = QueueModelStudy(session.executions["router"])
    session.on_batch(batch_of([Snapshot(T0 + n * SECOND, quotes) for n in (0, 9, 10, 20)]))
    session.result()
    bracket = session.queue_models.result()
    assert len(router.decisions) == 2
    assert (bracket.slices, bracket.shares) == (1, 60)
    assert {figures.cost for figures in bracket.models.values()} == {100 * (BASE + CENT)}


def test_the_slices_of_the_bracket_keep_the_limit_price() -> None:
    """Nothing is offered at the limit: a slice takes nothing, and its 100 shares cost what was offered last."""
    first, later = (tuple(Quote(v, BASE, 10, BASE + n * CENT, 500) for v in (2, 7)) for n in (2, 9))
    order = ParentOrder(Side.BUY, 100, T0, T0 + 10 * SECOND, BASE + CENT)
    router = CrossVenue(
        "router", Schedule.for_order(order, 10 * SECOND), FixedAllocation(Allocation(50, BASE, ((2, 50),)))
    )
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    session.queue_models = QueueModelStudy(session.executions["router"])
    session.on_batch(batch_of([Snapshot(T0, first), Snapshot(T0 + 5 * SECOND, later)]))
    session.result()
    bracket = session.queue_models.result()
    assert {(figures.made, figures.cost) for figures in bracket.models.values()} == {(0, 100 * (BASE + 9 * CENT))}


@pytest.mark.parametrize(("traded", "made"), [(14, 40), (15, 0)])
def test_a_short_last_slice_rests_for_nine_tenths_of_itself(traded: int, made: int) -> None:
    """From 10 s to 15 s: what is sold after 14.5 s finds nobody, although a whole slice would still rest."""

    def allocate(view: View, size: int) -> Allocation:
        return Allocation(60, BASE, ((2, 40),)) if view.ts > T0 else Allocation(size)

    quotes = (Quote(2, BASE, 10, BASE + CENT, 500),)
    tape = [Snapshot(T0 + n * SECOND, quotes, (Trade(2, BASE, 200, "A"),) * (n == traded)) for n in (0, 10, 14, 15)]
    order = ParentOrder(Side.BUY, 200, T0, T0 + 15 * SECOND)
    router = CrossVenue("router", Schedule.for_order(order, 10 * SECOND), allocate)
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    session.queue_models = QueueModelStudy(session.executions["router"])
    session.on_batch(batch_of(tape))
    assert session.result().results["router"].maker_shares == made
    assert {figures.made for figures in session.queue_models.result().models.values()} == {made}


def test_a_snapshot_on_the_boundary_is_of_the_next_slice() -> None:
    """The first slice is over one nanosecond before it: what was left is completed at the quote of then."""

    def shot(ts: int, ask: int) -> Snapshot:
        return Snapshot(ts, tuple(Quote(venue, BASE, 10, ask, 5) for venue in (2, 7)))

    order = ParentOrder(Side.BUY, 200, T0, T0 + 20 * SECOND)
    router = CrossVenue("router", Schedule.for_order(order, 10 * SECOND), equal_split)
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    session.queue_models = QueueModelStudy(session.executions["router"])
    session.on_batch(batch_of([shot(T0, BASE + CENT), shot(T0 + 10 * SECOND, BASE + 9 * CENT)]))
    session.result(stopped=True)
    bracket = session.queue_models.result()
    assert bracket.slices == 1
    assert {figures.cost for figures in bracket.models.values()} == {100 * (BASE + CENT)}


def test_cuts_of_the_stream_change_nothing() -> None:
    for seed in range(20):
        case = random_case(Random(seed))
        found = []
        for batches in (case.batches(), [batch_of(case.snapshots)]):
            router = CrossVenue("router", Schedule.for_order(case.order, SPEC.router_interval), equal_split)
            session = Session.for_order(case.order, case.rules, [router], queues=True)
            session.queue_models = QueueModelStudy(session.executions["router"])
            for batch in batches:
                session.on_batch(batch)
            session.result()
            found.append(session.queue_models.result())
        assert found[0] == found[1]
