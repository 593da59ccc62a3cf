"""The whole of a backtest as two passes over the stream, for any source of batches.

Pass 1 is live: the simple strategies, the tuning study, the walk-forward router with parameters tuned on the slices
before, and its allocations under every queue model. Pass 2 has what only the end of pass 1 tells. Strategies without
parameters need no second pass.

With a pool we work the first stretch of the study's slices, and the others the later ones meanwhile. Where ours ends
theirs are joined to it, pass 1 goes on, and a worker works pass 2 meanwhile. The result is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sor.core.backtest.headline import Headline
from sor.core.backtest.plugged import plugged
from sor.core.backtest.second_pass import SecondPass, SecondPassResult, all_limit, first_routers, hidden_slices
from sor.core.backtest.session import Session, SessionResult
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
    router_schedule,
    simple_strategies,
)
from sor.core.backtest.study_stretch import StudyStretch, problems_from, stretches, study_of
from sor.core.backtest.worker_pool import WorkerPool
from sor.core.execution.accounting import StrategyResult
from sor.core.order import ParentOrder
from sor.core.router.allocators import ALL_LIMIT, EQUAL, AllLimit, Allocator, CrossVenue
from sor.core.router.joined_study import JoinedStudy, StudiedStretch
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.queue_models import QueueModelStudy
from sor.core.router.search_result import flat, searched
from sor.core.router.walk_forward import Study
from sor.core.spec import ROUTER, SIMPLE, TUNED, Spec
from sor.core.strategies.interface import StrategyProtocol


def backtest(
    stream: Stream, spec: Spec, order: ParentOrder, watch: OnBatch | None = None, pool: WorkerPool | None = None
) -> BacktestResult:
    """`stream()` gives a fresh pass over the snapshots each time; `watch` is called after every batch of pass 1."""
    if spec.plug_in is not None:
        return plugged(stream, spec, spec.plug_in, order, watch)
    if spec.strategy in SIMPLE:
        session = Session.for_order(
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
    return _alone(stream, spec, order, watch) if pool is None else _together(stream, spec, order, watch, pool)


def can_be_shared(spec: Spec) -> bool:
    """Whether a pool has anything to do: a study, and two passes."""
    return spec.plug_in is None and spec.strategy not in SIMPLE


def _alone(stream: Stream, spec: Spec, order: ParentOrder, watch: OnBatch | None) -> BacktestResult:
    problems = problems_from(spec, order.start)
    study = study_of(spec, order, problems)
    routed = first_routers(spec, order, problems, study.choices)
    first = _first_session(spec, order, routed.values(), problems.history, study)
    live = feed(stream, [first], watch)[0]
    venues = live.market.venues
    second = SecondPass(spec, order, problems, searched(study), study.choices, venues, limits=venues).work(stream)
    judged = _judged(spec, routed, live, {**live.results, **second.outcome.results})
    return _result(spec, study, first, live, second, judged)


def _together(
    stream: Stream, spec: Spec, order: ParentOrder, watch: OnBatch | None, pool: WorkerPool
) -> BacktestResult:
    mine, *theirs = stretches(router_schedule(spec, order).slices, pool.others + 1)
    if not theirs:
        return _alone(stream, spec, order, watch)
    answers = pool.submit([StudyStretch(spec, order, one.start, one.stop) for one in theirs])
    problems = problems_from(spec, order.start)
    study = study_of(spec, order, problems, mine)
    promised = list[Callable[[], list[SecondPassResult]]]()

    def begin_second(studied: Sequence[StudiedStretch]) -> None:
        venues = studied[-1].venues
        limits = tuple(venue for venue in venues if venue not in pool.venues)
        second = SecondPass(spec, order, problems, searched(study), study.choices, venues, limits)
        promised.append(pool.submit([second]))

    resting = all_limit(spec, order, pool.venues)
    routed = first_routers(spec, order, problems, study.choices)
    joined = JoinedStudy(study, answers, begin_second)
    first = _first_session(spec, order, [*routed.values(), *resting], problems.history, joined)
    live = feed(stream, [first], watch)[0]
    met = [one for one in resting if one.allocate.venue in live.market.venues]
    # Where we have all that is compared, pass 2 is still being worked meanwhile.
    judged = _judged(spec, routed, live, live.results) if len(met) == len(live.market.venues) else None
    [last] = promised[0]()
    if judged is None:
        judged = _judged(spec, routed, live, {**live.results, **last.outcome.results})
    hidden = {**hidden_slices(spec, met), **last.hidden_slices}
    return _result(spec, study, first, live, replace(last, hidden_slices=hidden), judged)


def _judged(
    spec: Spec,
    routed: Mapping[str, CrossVenue[Allocator]],
    live: SessionResult,
    results: Mapping[str, StrategyResult],
) -> Headline:
    """The headline of the first pass's router, which needs the all-limit strategies, whichever process worked them."""
    name = TUNED if spec.strategy == ROUTER else spec.strategy
    resting = [AllLimit(venue).name for venue in live.market.venues]
    outcome = replace(live, results=results)
    return judged_headline(spec, outcome, routed[name], [EQUAL, *resting, *OTHER_SCHEDULES])


def _result(
    spec: Spec,
    study: Study,
    first: Session,
    live: SessionResult,
    second: SecondPassResult,
    judged: Headline,
) -> BacktestResult:
    worked, last = {**live.results, **second.outcome.results}, second.outcome
    resting = [AllLimit(venue).name for venue in live.market.venues]
    strategies, benchmarks = partition(live.results)
    first_ones = {name: result for name, result in strategies.items() if not name.startswith(ALL_LIMIT)}
    results = {ROUTER: worked[ROUTER], **first_ones, **{name: worked[name] for name in resting}, **benchmarks}
    outcome = replace(live, results=results, quotes={**last.quotes, **live.quotes})
    return BacktestResult(
        outcome,
        searched(study),
        judged,
        TuningFacts(study.tuned, dict(study.skipped), study.worked, study.completed),
        None if first.queue_models is None else first.queue_models.result(),
        second.tally,
        second.orders,
        hidden_slices=second.hidden_slices,
        fades=second.fades,
    )


def _first_session(
    spec: Spec,
    order: ParentOrder,
    routed: Iterable[StrategyProtocol],
    history: OutflowHistory,
    study: Study | JoinedStudy,
) -> Session:
    session = Session.for_order(
        order,
        spec.rules,
        [(s, spec.queue_model) for s in (*simple_strategies(spec, order), *routed)],
        histories=[history],
        study=study,
        health=True,
        quotes=spec.analysed,
        decision_time=spec.decided,
        memory=memory_from(spec, order),
    )
    session.queue_models = QueueModelStudy(session.executions[TUNED])
    return session
