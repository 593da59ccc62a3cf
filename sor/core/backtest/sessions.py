"""What every kind of backtest is made of: sessions that are fed a stream, and the comparison of their parents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sor.core.backtest.headline import Headline, headline
from sor.core.backtest.session import Session, SessionResult
from sor.core.execution.accounting import StrategyResult
from sor.core.market.batch import SnapshotBatch
from sor.core.market.book import Book
from sor.core.order import ParentOrder
from sor.core.router.allocators import MARKET, CrossVenue, RouterStats, TunedSolver, lookback
from sor.core.router.follow_cheapest import ParameterChoices
from sor.core.router.queue_models import QueueBracket
from sor.core.router.search_result import SearchResult
from sor.core.schedule import Schedule
from sor.core.spec import SIMPLE, Spec
from sor.core.strategies.interface import StrategyProtocol
from sor.core.strategies.simple import BestAsk, Static, Twap

Stream = Callable[[], Iterable[SnapshotBatch]]
OnBatch = Callable[[Session, Book], None]
OTHER_SCHEDULES = ("best_ask", "twap")  # tradable baselines that do not work the router's slices


@dataclass(frozen=True, slots=True)
class TuningFacts:
    """The slices that the study worked as orders of their own. skipped: why others were not, with their number;
    worked, completed: shares in all, and those completed at one price at their slice's end."""

    slices: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    worked: int = 0
    completed: int = 0


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """Everything a backtest found. `bracket`: the walk-forward allocations under each queue model; `orders`: the
    parent orders of --orders; `tally`: what the router met. None or empty where no router ran.
    `asked`: the window in ns that was asked for, where it was clipped; `window_warnings`: sentences on the window;
    `hidden_slices`: of an NBBO tape, by all-limit strategy, the slices that began with its venue hidden; `fades`:
    results by strategy where takes find only a part of what is displayed, by that part."""

    outcome: SessionResult
    search: SearchResult
    headline: Headline | None = None
    tuning: TuningFacts = TuningFacts()
    bracket: QueueBracket | None = None
    tally: RouterStats = field(default_factory=RouterStats)
    orders: tuple[SessionResult, ...] = ()
    asked: tuple[int, int] | None = None
    window_warnings: tuple[str, ...] = ()
    hidden_slices: Mapping[str, int] = field(default_factory=dict)
    choices: ParameterChoices | None = None  # where a plug-in was given a grid of parameters
    fades: Mapping[Fraction, Mapping[str, StrategyResult]] = field(default_factory=dict)


def simple_strategies(spec: Spec, order: ParentOrder) -> list[StrategyProtocol]:
    return [BestAsk(), Twap(Schedule.for_order(order, spec.interval)), Static(spec.fees)]


def router_schedule(spec: Spec, order: ParentOrder) -> Schedule:
    return Schedule.for_order(order, spec.router_interval)


def memory_from(spec: Spec, order: ParentOrder) -> int:
    """From when on queues remember: as far back as the router looks for outflows, so that every front end, whatever it
    reads of the tape before the order, has the same figures."""
    return order.start - lookback(spec.router_interval, spec.rules.cancels)


def parts(order: ParentOrder, count: int) -> list[ParentOrder]:
    """`count` parent orders of the full quantity, one after the other, over the window; none for a count of 1."""
    if count == 1:
        return []
    horizon = order.end - order.start
    edges = [order.start + horizon * i // count for i in range(count + 1)]
    ends = [*(edge - 1 for edge in edges[1:-1]), order.end]
    return [replace(order, start=start, end=end) for start, end in zip(edges, ends, strict=False)]


@dataclass(frozen=True, slots=True)
class StoppableStream:
    """A stream whose passes can end before the last snapshot: `stopped` is asked after each whether that was so."""

    passes: Stream
    stopped: Callable[[], bool]

    def __call__(self) -> Iterable[SnapshotBatch]:
        return self.passes()


def feed(stream: Stream, sessions: list[Session], watch: OnBatch | None) -> list[SessionResult]:
    for batch in stream():
        for session in sessions:
            book = session.on_batch(batch)
            if watch is not None and book is not None:
                watch(session, book)
    stopped = isinstance(stream, StoppableStream) and stream.stopped()
    return [session.result(stopped=stopped) for session in sessions]


def fade_sessions(
    spec: Spec, order: ParentOrder, strategies: Callable[[], Iterable[StrategyProtocol]]
) -> list[Session]:
    """A session for each part of --take-fade, of fresh strategies."""
    return [
        Session.for_order(
            order,
            replace(spec.rules, there=part),
            [(strategy, spec.queue_model) for strategy in strategies()],
            queues=spec.strategy not in SIMPLE,
            memory=memory_from(spec, order),
        )
        for part in spec.take_fade
    ]


def fade_results(
    spec: Spec, results: Iterable[SessionResult]
) -> tuple[dict[Fraction, Mapping[str, StrategyResult]], list[SessionResult]]:
    """Of results whose first are of fade_sessions: those by part, and the others."""
    listed = list(results)
    count = len(spec.take_fade)
    return {p: one.results for p, one in zip(spec.take_fade, listed[:count], strict=True)}, listed[count:]


def judged_headline(spec: Spec, outcome: SessionResult, strategy: StrategyProtocol, others: Iterable[str]) -> Headline:
    """`strategy`'s parent against X_M's and against others, on the router's slices; one without parameters is its own
    walk forward."""
    schedule, results = router_schedule(spec, outcome.order), outcome.results
    compared = [results[name] for name in others if name != strategy.name]
    judged = _judged(strategy, schedule)
    return headline(results[strategy.name], judged, results[MARKET], compared, schedule, spec.fees)


def _judged(strategy: StrategyProtocol, schedule: Schedule) -> int:
    """Slices that were not worked as X_M; all of them where a strategy does not work these slices."""
    if not isinstance(strategy, CrossVenue) or strategy.pace is not None:
        return schedule.slices
    if isinstance(strategy.allocate, TunedSolver):
        return strategy.allocate.solver.tally.judged
    return sum(decision.allocation.market != decision.size for decision in strategy.decisions)


def partition(results: Mapping[str, StrategyResult]) -> tuple[dict[str, StrategyResult], dict[str, StrategyResult]]:
    """Strategies, and benchmarks."""
    both: tuple[dict[str, StrategyResult], dict[str, StrategyResult]] = ({}, {})
    for name, result in results.items():
        both[result.kind == "benchmark"][name] = result
    return both
