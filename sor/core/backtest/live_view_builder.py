"""Looks at a session between two batches and makes the views of sor.core.backtest.live_view. Nothing here acts on it.

A `Follower` remembers what it has already looked at, so that an update costs what is new and not what there is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sor.core.backtest.live_ledger import LiveLedger, Marks
from sor.core.backtest.live_view import (
    POINTS,
    FillLine,
    LiveView,
    RestingLine,
    ScheduleLine,
    SliceLine,
    StrategyLine,
    VenueLine,
)
from sor.core.backtest.session import Session
from sor.core.execution.engine import Execution
from sor.core.market.book import Book
from sor.core.market.nbbo_path import POINTS as BOOK_POINTS
from sor.core.market.nbbo_path import PathPoint
from sor.core.market.oriented import FAR
from sor.core.order import Fill, Side
from sor.core.router.allocators import CrossVenue, Decision
from sor.core.schedule import Schedule
from sor.core.strategies.simple import Twap

RECENT_FILLS = 2_000
RECENT_SLICES = 16


@dataclass(slots=True)
class LiveViewBuilder:
    """Looks at one session again and again. `shown`: the strategy whose slices, queues and fills are wanted."""

    shown: str
    _ledgers: dict[str, LiveLedger] = field(default_factory=dict)
    _marks: Marks = field(default_factory=Marks)
    _slice: int = -1
    _made: dict[int, int] = field(default_factory=dict)
    _taken: int = 0
    _slices: deque[SliceLine] = field(default_factory=lambda: deque(maxlen=RECENT_SLICES))

    def snapshot(self, session: Session, book: Book) -> LiveView:
        """The view after the last snapshot of `book`, the book that `session.feed` has just returned."""
        now = int(book.ts[-1])
        new: list[Fill] = []
        lines = []
        for name, execution in session.executions.items():
            ledger = self._ledgers.setdefault(name, LiveLedger())
            fills = ledger.read(execution, now, session.arrival2)
            lines.append(_strategy(name, execution, ledger, session.arrival2))
            if name == self.shown:
                new = fills
        execution = session.executions[self.shown]
        sign = session.order.side.sign
        self._read_slices(execution, new)
        for fill in new:
            self._marks.on_fill(fill, session.order)
        return LiveView(
            ts=now,
            start=session.order.start,
            end=session.order.end,
            side=session.order.side,
            quantity=session.order.quantity,
            snapshots=session.snapshots,
            arrival=None if session.arrival2 is None else session.arrival2 * sign // 2,
            shown=self.shown,
            venues=_venues(book, session.order.side),
            strategies=tuple(lines),
            schedule=_schedule(execution, now),
            slices=tuple(self._slices),
            resting=tuple(
                RestingLine(r.rest.venue, r.rest.px * sign, r.rest.qty, r.filled, r.place.shares_ahead, r.ends)
                for r in execution.resting
                if r.place is not None and r.ends > now
            ),
            fills=tuple(fill_line(fill, sign) for fill in new[-RECENT_FILLS:]),
            band=tuple(_quotes(point, session.order.side) for point in session.path.points[:: BOOK_POINTS // POINTS]),
            marks=self._marks.lines(sign),
        )

    def _read_slices(self, execution: Execution, new: list[Fill]) -> None:
        """Give each new fill to the slice it belongs to: the last that was decided at or before it."""
        strategy = execution.strategy
        if not isinstance(strategy, CrossVenue):
            return
        decisions = strategy.decisions
        at = 0
        while True:
            ends = decisions[self._slice + 1].ts if self._slice + 1 < len(decisions) else None
            while at < len(new) and (ends is None or new[at].ts < ends or new[at].decided < ends):
                self._count(new[at])
                at += 1
            self._show(strategy.schedule, decisions, execution.order.side)
            if ends is None:
                return
            self._slice += 1
            self._made, self._taken = {}, 0

    def _count(self, fill: Fill) -> None:
        if fill.is_maker:
            self._made[fill.venue] = self._made.get(fill.venue, 0) + fill.qty
        else:
            self._taken += fill.qty

    def _show(self, schedule: Schedule, decisions: Sequence[Decision], side: Side) -> None:
        """Put the current slice at the end of the list, in place of its earlier self."""
        if self._slice < 0:
            return
        ts, allocation = decisions[self._slice].ts, decisions[self._slice].allocation
        made = tuple(sorted(self._made.items()))
        line = SliceLine(
            schedule.index(ts), ts, allocation.market, allocation.px * side.sign, allocation.limits, made,
            self._taken, allocation.reason,
        )  # fmt: skip
        if self._slices and self._slices[-1].index == line.index:
            self._slices.pop()
        self._slices.append(line)


def _strategy(name: str, execution: Execution, ledger: LiveLedger, arrival2: int | None) -> StrategyLine:
    sign = execution.order.side.sign
    timing, placement = ledger.parts(arrival2)
    return StrategyLine(
        name=name,
        done=execution.done,
        forced=execution.forced,
        made=ledger.made,
        fills=ledger.seen,
        average=sign * ledger.cash // ledger.shares if ledger.shares else None,
        cost=None if arrival2 is None else ledger.beyond // 2,
        timing=timing,
        placement=placement,
        fees=ledger.fees,
        path=tuple(ledger.path) if arrival2 is not None else (),
        shares_path=tuple(ledger.shares_path),
    )


def _venues(book: Book, side: Side) -> tuple[VenueLine, ...]:
    """The last row of the book, with the sides of the tape."""
    take, rest = book.take_px[-1].tolist(), book.rest_px[-1].tolist()
    best_take, best_rest = min(take, default=FAR), max(rest, default=-FAR)
    lines = []
    for k, venue in enumerate(book.venues):
        taking = (_turn(take[k], side), int(book.take_sz[-1, k]), take[k] == best_take < FAR)
        resting = (_turn(rest[k], side), int(book.rest_sz[-1, k]), rest[k] == best_rest > -FAR)
        bid, ask = (resting, taking) if side is Side.BUY else (taking, resting)
        lines.append(VenueLine(venue, bid[0], bid[1], ask[0], ask[1], bid[2], ask[2]))
    return tuple(lines)


def _quotes(point: PathPoint, side: Side) -> tuple[int | None, int | None]:
    """The national bid and ask, with the sides and prices of the tape."""
    take, rest = (None if px is None else px * side.sign for px in (point.take, point.rest))
    return (rest, take) if side is Side.BUY else (take, rest)


def _turn(px: int, side: Side) -> int | None:
    return None if abs(px) == FAR else px * side.sign


def _schedule(execution: Execution, now: int) -> ScheduleLine | None:
    strategy = execution.strategy
    if not isinstance(strategy, CrossVenue | Twap) or now < execution.order.start:
        return None
    schedule = strategy.schedule
    index = schedule.index(now)
    due, target = schedule.target(index - 1) if index else 0, schedule.target(index)
    following = 0 if index == schedule.slices - 1 else schedule.target(index + 1) - target
    return ScheduleLine(index, schedule.slices, schedule.begins(index), schedule.ends(index), due, target, following)


def fill_line(fill: Fill, sign: int) -> FillLine:
    """A fill with the prices of the tape: `sign` is the side's."""
    kind = "make" if fill.is_maker else "forced" if fill.forced else "take"
    return FillLine(fill.ts, fill.venue, fill.px * sign, fill.qty, kind, fill.reason.value, fill.volume, fill.in_front)
