"""A backtest of a strategy of one's own: against X_M on the router's slices, X_E, X_L_k, and other schedules.

A router is its own walk forward: it sees the past only, so what its parent saved against X_M's parent is out of sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sor.core.backtest.session import Session
from sor.core.backtest.sessions import (
    OTHER_SCHEDULES,
    BacktestResult,
    OnBatch,
    Stream,
    fade_results,
    fade_sessions,
    feed,
    judged_headline,
    memory_from,
    partition,
    parts,
    router_schedule,
    simple_strategies,
)
from sor.core.order import ParentOrder
from sor.core.router.allocators import (
    EQUAL,
    MARKET,
    AllLimit,
    Allocator,
    CrossVenue,
    all_market,
    equal_split,
    window_length,
)
from sor.core.router.follow_cheapest import FollowCheapest
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.queue_models import QueueModelStudy
from sor.core.router.search_result import flat
from sor.core.spec import Spec
from sor.core.strategies.interface import StrategyProtocol
from sor.core.strategies.observed import Observed
from sor.core.strategies.plug_in import Answered, PluggedStrategy, PlugIn, Setting


def plugged(
    stream: Stream,
    spec: Spec,
    plug_in: PlugIn,
    order: ParentOrder,
    watch: OnBatch | None,
    *,
    confirm: bool = True,
) -> BacktestResult:
    """Pass 1: the plug-in, X_M, X_E and the simple strategies; pass 2: what needs the venues that pass 1 met.

    confirm: after pass 1 a fresh plug-in must answer the same. StrategyError where it does not.
    """
    history = _history(spec, order) if plug_in.needs_outflows else None
    own = own_strategy(spec, plug_in, order, history)
    first = [*simple_strategies(spec, order), own, *_simple_allocations(spec, order)]
    session = _session(spec, order, first, health=True, history=history)
    if isinstance(own, CrossVenue):
        session.queue_models = QueueModelStudy(session.executions[own.name])
    live = feed(stream, [session], watch)[0]
    for answered in _answers(own) if confirm else ():
        answered.confirm()
    schedule = router_schedule(spec, order)
    limits = [CrossVenue(limit.name, schedule, limit) for limit in map(AllLimit, live.market.venues)]
    parents = [
        _session(
            spec,
            part,
            [
                own_strategy(spec, plug_in, part, history),
                *_simple_allocations(spec, part)[:1],
                *simple_strategies(spec, part)[:2],
            ],
        )
        for part in parts(order, spec.orders)
    ]
    faded = fade_sessions(spec, order, lambda: _all_strategies(spec, plug_in, order, live.market.venues, history))
    last, *others = feed(stream, [_session(spec, order, list(limits)), *faded, *parents], None)
    fades, others = fade_results(spec, others)
    simple, benchmarks = partition(live.results)
    all_limit = {limit.name: last.results[limit.name] for limit in limits}
    outcome = replace(live, results={own.name: simple.pop(own.name), **simple, **all_limit, **benchmarks})
    return BacktestResult(
        outcome,
        flat(spec.grid),
        judged_headline(spec, outcome, own, [EQUAL, *all_limit, *OTHER_SCHEDULES]),
        bracket=None if session.queue_models is None else session.queue_models.result(),
        orders=tuple(others),
        fades=fades,
        choices=own.allocate.choices()
        if isinstance(own, CrossVenue) and isinstance(own.allocate, FollowCheapest)
        else None,
    )


def _all_strategies(
    spec: Spec, plug_in: PlugIn, order: ParentOrder, venues: Iterable[int], history: OutflowHistory | None
) -> list[StrategyProtocol]:
    """All of both passes, fresh."""
    schedule = router_schedule(spec, order)
    limits = [CrossVenue(limit.name, schedule, limit) for limit in map(AllLimit, venues)]
    own, simple = own_strategy(spec, plug_in, order, history), simple_strategies(spec, order)
    return [own, *simple, *_simple_allocations(spec, order), *limits]


def _history(spec: Spec, order: ParentOrder) -> OutflowHistory:
    """As the tuned router's own: fed in pass 1, and asked about the past in both."""
    return OutflowHistory(
        window_length(spec.router_interval),
        spec.queue_model,
        spec.rules.latency,
        spec.rules.cancels,
        asked_from=order.start,
    )


def own_strategy(
    spec: Spec, plug_in: PlugIn, order: ParentOrder, history: OutflowHistory | None = None
) -> StrategyProtocol:
    """A fresh one, begun for this order."""
    setting = Setting(
        order.side, order.quantity, order.start, order.end, spec.router_interval, spec.latency, spec.fees, history
    )
    if plug_in.candidates:
        schedule = router_schedule(spec, order)
        routers = [CrossVenue(c.name, schedule, c.router(setting), observed=Observed()) for c in plug_in.candidates]
        return CrossVenue(plug_in.name, schedule, FollowCheapest(schedule, spec.fees, order.side, routers))
    if plug_in.is_router:
        router = plug_in.router(setting)
        pace = router.target if router.paces else None
        return CrossVenue(plug_in.name, router_schedule(spec, order), router, observed=Observed(), pace=pace)
    return plug_in.strategy(setting)


def _answers(own: StrategyProtocol) -> list[Answered]:
    """What the author's code answered."""
    if isinstance(own, PluggedStrategy):
        return [own.answered]
    assert isinstance(own, CrossVenue)
    candidates = own.allocate.candidates if isinstance(own.allocate, FollowCheapest) else [own]
    return [one.allocate.answered for one in candidates]


def _simple_allocations(spec: Spec, order: ParentOrder) -> list[StrategyProtocol]:
    allocators: dict[str, Allocator] = {MARKET: all_market, EQUAL: equal_split}
    return [CrossVenue(name, router_schedule(spec, order), allocator) for name, allocator in allocators.items()]


def _session(
    spec: Spec,
    order: ParentOrder,
    strategies: list[StrategyProtocol],
    *,
    health: bool = False,
    history: OutflowHistory | None = None,
) -> Session:
    pairs = [(s, spec.queue_model) for s in strategies]
    wanted = spec.analysed if health else ()
    return Session.for_order(
        order,
        spec.rules,
        pairs,
        histories=[] if history is None else [history],
        queues=True,
        health=health,
        quotes=wanted,
        decision_time=spec.decided if health else None,
        memory=memory_from(spec, order),
    )
