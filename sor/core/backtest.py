"""The whole of a backtest as two passes over the stream, for any source of batches.

Pass 1 is live: the simple strategies, the walk-forward study, and the router with parameters tuned on the slices
before. Pass 2 knows the in-sample best parameters, which only the end of pass 1 tells: the router with those, under
the three queue models, and the paper's all-limit strategies for the venues that pass 1 met. Strategies without
parameters need no second pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sor.core.accounting import Result
from sor.core.book import Book
from sor.core.market import SnapshotBatch
from sor.core.order import ParentOrder, QueueModel
from sor.core.outflow import OutflowHistory
from sor.core.router import (
    AllLimit,
    CrossVenue,
    Solver,
    Tally,
    TunedSolver,
    all_market,
    equal_split,
    window_length,
)
from sor.core.schedule import Schedule
from sor.core.search import SearchResult, flat, searched
from sor.core.session import Outcome, Session
from sor.core.spec import ROUTER, SIMPLE, TUNED, Spec
from sor.core.strategies import BestAsk, Static, Twap
from sor.core.strategy import Strategy
from sor.core.study import SliceSavings, Study

Stream = Callable[[], Iterable[SnapshotBatch]]
Watch = Callable[[Session, Book], None]


@dataclass(frozen=True, slots=True)
class Walk:
    """The walk forward: slices judged, and why others were not."""

    judged: tuple[SliceSavings, ...]
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Everything a backtest found. `bracket`: the router's result under each queue model; `orders`: results of the
    parent orders of --orders, by strategy; `tally`: what the router met. Empty where the router did not run."""

    outcome: Outcome
    search: SearchResult
    walk: Walk
    bracket: Mapping[str, Result]
    tally: Tally
    orders: tuple[Mapping[str, Result], ...] = ()


def backtest(stream: Stream, spec: Spec, order: ParentOrder, watch: Watch | None = None) -> Found:
    """`stream()` gives a fresh pass over the snapshots each time; `watch` is called after every batch."""
    if spec.strategy in SIMPLE:
        session = Session.of(order, spec.rules, _simple(spec, order))
        outcome = _feed(stream, [session], watch)[0]
        return Found(outcome, flat(spec.grid), Walk((), {}), {}, Tally())
    return _routed(stream, spec, order, watch)


def _simple(spec: Spec, order: ParentOrder) -> list[Strategy]:
    return [BestAsk(), Twap(Schedule.of(order, spec.interval)), Static(spec.fees)]


def _routed(stream: Stream, spec: Spec, order: ParentOrder, watch: Watch | None) -> Found:
    history = OutflowHistory(window_length(spec.router_interval), spec.queue_model)
    study = Study(order, spec.rules, spec.grid, spec.router_interval, history, spec.adverse_selection)
    first = _feed(stream, [_first_session(spec, order, history, study)], watch)[0]
    search = searched(study)
    routers = {model: _router(spec, order, search, history, model) for model in QueueModel}
    # The bracket's other models need histories of their own, which only this pass feeds.
    others = [s.allocate.history for model, s in routers.items() if model is not spec.queue_model]
    strategies: list[tuple[Strategy, QueueModel]] = [(router, model) for model, router in routers.items()]
    strategies += [
        (CrossVenue(f"X_L_{venue}", router_schedule(spec, order), AllLimit(venue)), spec.queue_model)
        for venue in first.market.venues
    ]
    second = Session.of(order, spec.rules, strategies, histories=others)
    parents = [_parent_session(spec, part, search, history) for part in parts(order, spec.orders)]
    outcomes = _feed(stream, [second, *parents], None)
    last = outcomes[0]
    bracket = {model.value: last.results[routers[model].name] for model in QueueModel}
    chosen = replace(bracket[spec.queue_model.value], name=ROUTER)
    limits = {name: result for name, result in last.results.items() if name.startswith("X_L_")}
    simple, benchmarks = _partition(first.results)
    outcome = replace(first, results={ROUTER: chosen, **simple, **limits, **benchmarks})
    return Found(
        outcome,
        search,
        Walk(tuple(study.judged), dict(study.skipped)),
        bracket,
        routers[spec.queue_model].allocate.tally,
        tuple(o.results for o in outcomes[1:]),
    )


def _partition(results: Mapping[str, Result]) -> tuple[dict[str, Result], dict[str, Result]]:
    """Strategies, and benchmarks."""
    both: tuple[dict[str, Result], dict[str, Result]] = ({}, {})
    for name, result in results.items():
        both[result.kind == "benchmark"][name] = result
    return both


def router_schedule(spec: Spec, order: ParentOrder) -> Schedule:
    return Schedule.of(order, spec.router_interval)


def _first_session(spec: Spec, order: ParentOrder, history: OutflowHistory, study: Study) -> Session:
    schedule = router_schedule(spec, order)
    candidates = spec.grid.candidates()
    solver = Solver(candidates[0], history, spec.fees, spec.adverse_selection)
    routed: list[Strategy] = [
        CrossVenue(TUNED, schedule, TunedSolver(schedule, candidates, study.candidates, solver)),
        CrossVenue("X_M", schedule, all_market),
        CrossVenue("X_E", schedule, equal_split),
    ]
    strategies = [*_simple(spec, order), *routed]
    return Session.of(order, spec.rules, [(s, spec.queue_model) for s in strategies], histories=[history], study=study)


def _router(
    spec: Spec, order: ParentOrder, search: SearchResult, history: OutflowHistory, model: QueueModel
) -> CrossVenue[Solver]:
    """The router with the best parameters, deciding and filling under one queue model."""
    if model is not spec.queue_model:
        history = OutflowHistory(window_length(spec.router_interval), model)
    solver = Solver(search.best, history, spec.fees, spec.adverse_selection)
    return CrossVenue(f"{ROUTER}:{model.value}", router_schedule(spec, order), solver)


def _parent_session(spec: Spec, order: ParentOrder, search: SearchResult, history: OutflowHistory) -> Session:
    """One of the parent orders of --orders: the router against the baselines, on its part of the window."""
    solver = Solver(search.best, history, spec.fees, spec.adverse_selection)
    router = CrossVenue(ROUTER, router_schedule(spec, order), solver)
    strategies: list[Strategy] = [router, *_simple(spec, order)[:2]]
    return Session.of(order, spec.rules, [(s, spec.queue_model) for s in strategies], queues=True)


def parts(order: ParentOrder, count: int) -> list[ParentOrder]:
    """`count` parent orders of the full quantity, one after the other, over the window; none for a count of 1."""
    if count == 1:
        return []
    horizon = order.end - order.start
    edges = [order.start + horizon * i // count for i in range(count + 1)]
    ends = [*(edge - 1 for edge in edges[1:-1]), order.end]
    return [replace(order, start=start, end=end) for start, end in zip(edges, ends, strict=False)]


def _feed(stream: Stream, sessions: list[Session], watch: Watch | None) -> list[Outcome]:
    for batch in stream():
        for session in sessions:
            book = session.feed(batch)
            if watch is not None and book is not None:
                watch(session, book)
    return [session.finish() for session in sessions]
