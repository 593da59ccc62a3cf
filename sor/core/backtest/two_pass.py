"""The whole of a backtest as two passes over the stream, for any source of batches.

Pass 1 is live: the simple strategies, the tuning study, the walk-forward router with parameters tuned on the slices
before, and its allocations under every queue model. Pass 2 has what only the end of pass 1 tells: the router with the
in-sample best parameters, and the paper's all-limit strategies for the venues that pass 1 met. Strategies without
parameters need no second pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sor.core.backtest.plugged import plugged
from sor.core.backtest.session import Session
from sor.core.backtest.sessions import (
    OTHER_SCHEDULES,
    BacktestResult,
    OnBatch,
    Stream,
    TuningFacts,
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
from sor.core.feed import Form
from sor.core.order import ParentOrder
from sor.core.router.allocators import (
    EQUAL,
    MARKET,
    AllLimit,
    Allocator,
    CrossVenue,
    Solver,
    TunedSolver,
    all_market,
    equal_split,
    window_length,
)
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.queue_models import QueueModelStudy
from sor.core.router.search_result import SearchResult, flat, searched
from sor.core.router.walk_forward import Study
from sor.core.spec import ROUTER, SIMPLE, TUNED, Spec
from sor.core.strategies.interface import StrategyProtocol


def backtest(stream: Stream, spec: Spec, order: ParentOrder, watch: OnBatch | None = None) -> BacktestResult:
    """`stream()` gives a fresh pass over the snapshots each time; `watch` is called after every batch."""
    if spec.plug_in is not None:
        return plugged(stream, spec, spec.plug_in, order, watch)
    if spec.strategy in SIMPLE:
        session = Session.of(
            order,
            spec.rules,
            simple_strategies(spec, order),
            health=True,
            quotes=spec.analysed,
            decision_time=spec.decided,
        )
        faded = fade_sessions(spec, order, lambda: simple_strategies(spec, order))
        live, *others = feed(stream, [session, *faded], watch)
        return BacktestResult(live, flat(spec.grid), fades=fade_results(spec, others)[0])
    return _routed(stream, spec, order, watch)


def _routed(stream: Stream, spec: Spec, order: ParentOrder, watch: OnBatch | None) -> BacktestResult:
    history = OutflowHistory(
        window_length(spec.router_interval),
        spec.queue_model,
        spec.rules.latency,
        spec.rules.cancels,
        asked_from=order.start,
    )
    study = Study(order, spec.rules, spec.grid, spec.router_interval, history, spec.adverse_selection)
    routed = _routers(spec, order, history, study)
    first = _first_session(spec, order, history, study, routed)
    live = feed(stream, [first], watch)[0]
    search = searched(study)
    router = CrossVenue(ROUTER, router_schedule(spec, order), _solver(spec, search, history))
    limits = [AllLimit(venue) for venue in live.market.venues]
    resting = [CrossVenue(limit.name, router_schedule(spec, order), limit) for limit in limits]
    strategies: list[StrategyProtocol] = [router, *resting]
    second = _session(spec, order, strategies, quotes=[router.name])
    faded = fade_sessions(spec, order, lambda: _all_strategies(spec, order, search, history, study, limits))
    parents = [_parent_session(spec, part, search, history) for part in parts(order, spec.orders)]
    last, *others = feed(stream, [second, *faded, *parents], None)
    fades, others = fade_results(spec, others)
    simple, benchmarks = partition(live.results)
    chosen = last.results[ROUTER]
    all_limit = {limit.name: last.results[limit.name] for limit in limits}
    results = {ROUTER: chosen, **simple, **all_limit, **benchmarks}
    outcome = replace(live, results=results, quotes={**last.quotes, **live.quotes})
    name = TUNED if spec.strategy == ROUTER else spec.strategy
    return BacktestResult(
        outcome,
        search,
        judged_headline(spec, outcome, routed[name], [EQUAL, *all_limit, *OTHER_SCHEDULES]),
        TuningFacts(study.tuned, dict(study.skipped), study.worked, study.completed),
        None if first.queue_models is None else first.queue_models.finish(),
        router.allocate.tally,
        tuple(others),
        hidden_slices=_hidden_slices(resting) if spec.feed.form is Form.NBBO else {},
        fades=fades,
    )


def _all_strategies(
    spec: Spec,
    order: ParentOrder,
    search: SearchResult,
    history: OutflowHistory,
    study: Study,
    limits: Iterable[AllLimit],
) -> list[StrategyProtocol]:
    """All of both passes, fresh, with the parameters that were found in pass 1."""
    schedule = router_schedule(spec, order)
    router = CrossVenue(ROUTER, schedule, _solver(spec, search, history))
    resting = [CrossVenue(limit.name, schedule, limit) for limit in limits]
    return [router, *simple_strategies(spec, order), *_routers(spec, order, history, study).values(), *resting]


def _hidden_slices(resting: Iterable[CrossVenue[AllLimit]]) -> dict[str, int]:
    """By name, the slices in which the venue was no place to rest."""
    counts = {one.name: sum(decision.allocation.reason != "" for decision in one.decisions) for one in resting}
    return {name: count for name, count in counts.items() if count}


def _routers(spec: Spec, order: ParentOrder, history: OutflowHistory, study: Study) -> dict[str, CrossVenue[Allocator]]:
    """What works the router's slices in pass 1, by name."""
    candidates, schedule = spec.grid.candidates(), router_schedule(spec, order)
    solver = Solver(candidates[0], history, spec.fees, spec.adverse_selection)
    allocators: dict[str, Allocator] = {
        TUNED: TunedSolver(schedule, candidates, study.choices, solver),
        MARKET: all_market,
        EQUAL: equal_split,
    }
    return {name: CrossVenue(name, schedule, allocator) for name, allocator in allocators.items()}


def _first_session(
    spec: Spec, order: ParentOrder, history: OutflowHistory, study: Study, routed: Mapping[str, StrategyProtocol]
) -> Session:
    strategies = [*simple_strategies(spec, order), *routed.values()]
    session = Session.of(
        order,
        spec.rules,
        [(s, spec.queue_model) for s in strategies],
        histories=[history],
        study=study,
        health=True,
        quotes=spec.analysed,
        decision_time=spec.decided,
        memory=memory_from(spec, order),
    )
    session.queue_models = QueueModelStudy(session.executions[TUNED])
    return session


def _solver(spec: Spec, search: SearchResult, history: OutflowHistory) -> Solver:
    """The allocator with the in-sample best parameters."""
    return Solver(search.best, history, spec.fees, spec.adverse_selection)


def _parent_session(spec: Spec, order: ParentOrder, search: SearchResult, history: OutflowHistory) -> Session:
    """One of the parent orders of --orders: the router against the baselines, on its part of the window."""
    schedule = router_schedule(spec, order)
    router = CrossVenue(ROUTER, schedule, _solver(spec, search, history))
    strategies: list[StrategyProtocol] = [
        router,
        CrossVenue(MARKET, schedule, all_market),
        *simple_strategies(spec, order)[:2],
    ]
    return _session(spec, order, strategies)


def _session(
    spec: Spec, order: ParentOrder, strategies: Iterable[StrategyProtocol], quotes: Iterable[str] = ()
) -> Session:
    """Of strategies that may rest orders; quotes: names of those whose fills are analysed."""
    pairs = [(strategy, spec.queue_model) for strategy in strategies]
    return Session.of(order, spec.rules, pairs, queues=True, quotes=quotes, memory=memory_from(spec, order))
