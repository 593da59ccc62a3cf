"""One backtest as a machine that is fed batches of snapshots: the pure centre of the program.

The command line, the terminal interface and the sweep feed it the same way and get the same outcome. How the stream
is cut into batches changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sor.core.execution.accounting import StrategyResult, benchmark, settle
from sor.core.execution.engine import Execution
from sor.core.execution.flow_watch import FlowWatch
from sor.core.market.averages import WindowAverages
from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.book import Book, BookBuilder
from sor.core.market.health import Health, HealthRecorder
from sor.core.market.nbbo_path import PathPoint, PathRecorder
from sor.core.market.oriented import orient
from sor.core.order import ParentOrder, QueueModel, Rules
from sor.core.router.follow_cheapest import FollowCheapest
from sor.core.router.joined_study import JoinedStudy
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.queue_models import QueueModelStudy
from sor.core.router.walk_forward import Study
from sor.core.strategies.interface import StrategyProtocol
from sor.core.tca.market.fill_quotes import FillQuotes, FillQuotesRecorder, looked_after
from sor.core.tca.market.window_market import WindowMarket, WindowMarketRecorder
from sor.core.units import NO_PRICE


@dataclass(frozen=True, slots=True)
class MarketFacts:
    """What the stream held. Counts over all of it, except those named in_window; venues ascending."""

    snapshots: int
    snapshots_in_window: int
    quotes: int
    first_ts: int | None
    last_ts: int | None
    venues: tuple[int, ...]
    trades_in_window: int
    volume_in_window: int


@dataclass(frozen=True, slots=True)
class SessionResult:
    """All that a session found. `results` by strategy name in the order they were given, benchmarks last.

    arrival2: twice the oriented national mid at the parent's start; late_arrival: no mid was known at the start, so
    the first one after it was taken. health, window: None where nobody asked for it; quotes: at the fills of the
    strategies that it was asked of; decision2: twice the oriented mid at the decision time, the arrival's without one.
    """

    order: ParentOrder
    results: Mapping[str, StrategyResult]
    market: MarketFacts
    arrival2: int | None
    late_arrival: bool
    path: tuple[PathPoint, ...]
    health: Health | None = None
    window: WindowMarket | None = None
    quotes: Mapping[str, FillQuotes] = field(default_factory=dict)
    decision2: int | None = None


@dataclass(slots=True)
class DecisionMid:
    """Twice the oriented national mid at one time, from the first book that reaches it."""

    ts: int
    mid2: int | None = None
    settled: bool = False

    def on_book(self, book: Book) -> None:
        if not self.settled and int(book.ts[-1]) >= self.ts:
            at, row = book.as_of(self.ts)
            self.mid2, self.settled = at.mid2_at(row) if row >= 0 else None, True


@dataclass(slots=True)
class Session:
    """Strategies working the same parent order on the same stream, each as if it were alone."""

    order: ParentOrder
    rules: Rules
    executions: dict[str, Execution]
    builder: BookBuilder
    averages: WindowAverages
    path: PathRecorder
    histories: tuple[OutflowHistory, ...] = ()
    study: Study | JoinedStudy | None = None
    queue_models: QueueModelStudy | None = None
    health: HealthRecorder | None = None
    window: WindowMarketRecorder | None = None
    quotes: dict[str, FillQuotesRecorder] = field(default_factory=dict)
    decision: DecisionMid | None = None
    memory: int | None = None
    candidates: tuple[Execution, ...] = ()  # worked before the strategies that follow one of them, and not judged
    _arrival2: int | None = None
    _late: bool = False
    _arrived: bool = False
    _snapshots: int = 0
    _quotes: int = 0
    _first_ts: int | None = None
    _last_ts: int | None = None
    _venues: tuple[int, ...] = ()

    @classmethod
    def for_order(
        cls,
        order: ParentOrder,
        rules: Rules,
        strategies: Sequence[StrategyProtocol | tuple[StrategyProtocol, QueueModel]],
        *,
        histories: Sequence[OutflowHistory] = (),
        study: Study | JoinedStudy | None = None,
        queues: bool = False,
        health: bool = False,
        quotes: Iterable[str] = (),
        decision_time: int | None = None,
        memory: int | None = None,
    ) -> Session:
        """`queues`: resting orders are simulated; implied by histories, which are fed before the strategies. `health`:
        the market is looked at as well; `quotes`: names of strategies whose fills are analysed; `decision_time`: when
        the parent was decided, in ns, None for its start; `memory`: the time (ns) from which on queues remember levels
        that are not shown, so that it does not matter how much of the stream before it was read; None: from the first
        snapshot."""
        pairs = [pair if isinstance(pair, tuple) else (pair, QueueModel.CONSERVATIVE) for pair in strategies]
        executions = {strategy.name: _execution(order, rules, strategy, model) for strategy, model in pairs}
        candidates: list[Execution] = []
        for strategy, model in pairs:
            follower = getattr(strategy, "allocate", None)
            if isinstance(follower, FollowCheapest):
                runs = [_execution(order, rules, one, model) for one in follower.candidates]
                follower.follow(runs)
                candidates += runs
        return cls(
            order,
            rules,
            executions,
            _builder(rules, queues=queues or bool(histories)),
            WindowAverages(order.start, order.end),
            PathRecorder(order),
            tuple(histories),
            study,
            health=HealthRecorder(order.start, order.end) if health else None,
            window=WindowMarketRecorder(order) if health else None,
            quotes={
                name: FillQuotesRecorder(executions[name].fills, order.end + looked_after(order.start, order.end))
                for name in quotes
                if name in executions
            },
            decision=None if decision_time is None else DecisionMid(decision_time),
            candidates=tuple(candidates),
            memory=memory,
        )

    @property
    def arrival2(self) -> int | None:
        """Twice the oriented national mid at the parent's start, as far as it is known yet."""
        return self._arrival2

    @property
    def snapshots(self) -> int:
        """Snapshots so far."""
        return self._snapshots

    def on_batch(self, batch: SnapshotBatch) -> Book | None:
        """Take the next snapshots, in time order; returns their books (None for an empty batch)."""
        if not len(batch):
            return None
        if self.memory is not None and batch.ts[-1] >= self.memory:
            at = int(np.searchsorted(batch.ts, self.memory))
            if at:
                self._work(batch.slice(0, at))
                batch = batch.slice(at, len(batch))
            self.builder.forget_levels()
            self.memory = None
        return self._work(batch)

    def _work(self, batch: SnapshotBatch) -> Book:
        events = orient(batch, self.order.side)
        self._count(batch)
        self.averages.on_events(events)
        book = self.builder.extend(events)
        self._venues = book.venues
        self._find_arrival(book)
        if self.decision is not None:
            self.decision.on_book(book)
        self.path.on_book(book)
        if self.health is not None:
            self.health.on_book(book)
        for history in self.histories:
            history.on_book(book)
        if self.study is not None:
            self.study.on_book(book)
        for execution in (*self.candidates, *self.executions.values()):
            execution.advance(book)
        for recorder in self.quotes.values():
            recorder.on_book(book)
        if self.window is not None:
            self.window.on_batch(events, book)
        if self.queue_models is not None:
            self.queue_models.on_book(book)
        return book

    def result(self, *, stopped: bool = False) -> SessionResult:
        """The stream has ended: complete the orders and settle; those of a stopped run are settled as they stand."""
        self.path.on_end()
        if self.study is not None:
            self.study.on_end(stopped=stopped)
        results: dict[str, StrategyResult] = {}
        for execution in self.candidates:
            execution.on_end(stopped=stopped)
        for name, execution in self.executions.items():
            execution.on_end(stopped=stopped)
            results[name] = settle(execution, name, self._arrival2)
        order, averages = self.order, self.averages
        for name, average in (("vwap", averages.displayed), ("market_vwap", averages.traded)):
            results[name] = benchmark(name, order.side, order.quantity, average.price)
        market = MarketFacts(
            snapshots=self._snapshots,
            snapshots_in_window=averages.snapshots,
            quotes=self._quotes,
            first_ts=self._first_ts,
            last_ts=self._last_ts,
            venues=self._venues,
            trades_in_window=averages.trades,
            volume_in_window=averages.traded.size,
        )
        health = None if self.health is None else self.health.result()
        return SessionResult(
            order,
            results,
            market,
            self._arrival2,
            self._late,
            tuple(self.path.points),
            health,
            None if self.window is None else self.window.recorded(stopped=stopped),
            {name: recorder.recorded() for name, recorder in self.quotes.items()},
            self._arrival2 if self.decision is None else self.decision.mid2,
        )

    def _count(self, batch: SnapshotBatch) -> None:
        self._snapshots += len(batch)
        self._quotes += len(batch.venue)
        if self._first_ts is None:
            self._first_ts = int(batch.ts[0])
        self._last_ts = int(batch.ts[-1])

    def _find_arrival(self, book: Book) -> None:
        """The mid of the book as of the start; where there was none yet, the first one after it in the window."""
        if self._arrived:
            return
        at_start, row = book.as_of(self.order.start)
        if row >= 0:
            self._arrival2 = at_start.mid2_at(row)
        if int(book.ts[-1]) > self.order.start and self._arrival2 is None:
            later = np.flatnonzero(book.mid2[: book.last_at(self.order.end) + 1] != NO_PRICE)
            self._arrival2 = book.mid2_at(int(later[0])) if len(later) else None
            self._late = self._arrival2 is not None
        self._arrived = self._arrival2 is not None and int(book.ts[-1]) > self.order.start


def _execution(order: ParentOrder, rules: Rules, strategy: StrategyProtocol, model: QueueModel) -> Execution:
    watch = FlowWatch() if getattr(strategy, "observes", False) else None
    return Execution(order, rules, strategy, model, watch=watch)


def _builder(rules: Rules, *, queues: bool) -> BookBuilder:
    if rules.feed.form is Form.NBBO:
        from sor.core.market.nbbo_book import NbboBookBuilder

        return NbboBookBuilder(rules.liquidity, rules.max_quote_age, queues, prints_late=rules.feed.prints_late)
    return BookBuilder(rules.liquidity, rules.max_quote_age, queues)
