"""One backtest as a machine that is fed batches of snapshots: the pure centre of the program.

The command line, the terminal interface and the sweep feed it the same way and get the same outcome. How the stream
is cut into batches changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sor.core.accounting import Result, benchmark, settle
from sor.core.benchmarks import WindowAverages
from sor.core.book import Book, BookBuilder
from sor.core.execution import Execution
from sor.core.market import SnapshotBatch, distinct
from sor.core.order import ParentOrder, QueueModel, Rules
from sor.core.orient import orient
from sor.core.outflow import OutflowHistory
from sor.core.path import PathPoint, PathRecorder
from sor.core.strategy import Strategy
from sor.core.study import Study
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
class Outcome:
    """All that a session found. `results` by strategy name in the order they were given, benchmarks last.

    arrival2: twice the oriented national mid at the parent's start; late_arrival: no mid was known at the start, so
    the first one after it was taken.
    """

    order: ParentOrder
    results: Mapping[str, Result]
    market: MarketFacts
    arrival2: int | None
    late_arrival: bool
    path: tuple[PathPoint, ...]


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
    study: Study | None = None
    _arrival2: int | None = None
    _late: bool = False
    _arrived: bool = False
    _snapshots: int = 0
    _quotes: int = 0
    _first_ts: int | None = None
    _last_ts: int | None = None
    _venues: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        order: ParentOrder,
        rules: Rules,
        strategies: Sequence[Strategy | tuple[Strategy, QueueModel]],
        *,
        histories: Sequence[OutflowHistory] = (),
        study: Study | None = None,
        queues: bool = False,
    ) -> Session:
        """`queues`: resting orders are simulated; implied by histories, which are fed before the strategies."""
        pairs = [pair if isinstance(pair, tuple) else (pair, QueueModel.CONSERVATIVE) for pair in strategies]
        return cls(
            order,
            rules,
            {strategy.name: Execution(order, rules, strategy, model) for strategy, model in pairs},
            BookBuilder(rules.liquidity, rules.max_quote_age, queues or bool(histories)),
            WindowAverages(order.start, order.end),
            PathRecorder(order),
            tuple(histories),
            study,
        )

    @property
    def arrival2(self) -> int | None:
        """Twice the oriented national mid at the parent's start, as far as it is known yet."""
        return self._arrival2

    @property
    def snapshots(self) -> int:
        """Snapshots so far."""
        return self._snapshots

    def feed(self, batch: SnapshotBatch) -> Book | None:
        """Take the next snapshots, in time order; returns their books (None for an empty batch)."""
        if not len(batch):
            return None
        events = orient(batch, self.order.side)
        self._count(batch)
        self.averages.add(events)
        book = self.builder.extend(events)
        self._find_arrival(book)
        self.path.add(book)
        for history in self.histories:
            history.feed(book)
        if self.study is not None:
            self.study.feed(book)
        for execution in self.executions.values():
            execution.advance(book)
        return book

    def finish(self) -> Outcome:
        """The stream has ended: complete the orders and settle."""
        self.path.finish()
        if self.study is not None:
            self.study.finish()
        results: dict[str, Result] = {}
        for name, execution in self.executions.items():
            execution.finish()
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
            venues=tuple(sorted(self._venues)),
            trades_in_window=averages.trades,
            volume_in_window=averages.traded.size,
        )
        return Outcome(order, results, market, self._arrival2, self._late, tuple(self.path.points))

    def _count(self, batch: SnapshotBatch) -> None:
        self._snapshots += len(batch)
        self._quotes += len(batch.venue)
        self._venues.update(distinct(batch.venue))
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
