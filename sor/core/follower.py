"""Looks at a session between two batches and makes the views of sor.core.live. Nothing here acts on it.

A `Follower` remembers what it has already looked at, so that a look costs what is new and not what there is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sor.core.book import Book
from sor.core.execution import Execution
from sor.core.live import (
    POINTS,
    FillLine,
    LiveView,
    RestingLine,
    ScheduleLine,
    SliceLine,
    StrategyLine,
    VenueLine,
)
from sor.core.order import Fill, Side
from sor.core.orient import FAR
from sor.core.router import CrossVenue
from sor.core.schedule import Schedule
from sor.core.session import Session
from sor.core.strategies import Twap

RECENT_FILLS = 50
RECENT_SLICES = 16


@dataclass(slots=True)
class _Ledger:
    """A running sum over one execution's fills, and its value along the window."""

    seen: int = 0
    shares: int = 0
    cash: int = 0
    made: int = 0
    beyond: int = 0
    path: list[int] = field(default_factory=list)

    def read(self, execution: Execution, now: int, arrival2: int | None) -> list[Fill]:
        """Take in the fills that are new and bring the path up to `now`; returns those fills."""
        new = execution.fills[self.seen :]
        self.seen += len(new)
        for fill in new:
            self._advance(execution, fill.ts - 1)
            self._add(execution, fill, arrival2)
        self._advance(execution, now)
        return new

    def _add(self, execution: Execution, fill: Fill, arrival2: int | None) -> None:
        fees = execution.rules.fees
        fee = -fees.make(fill.venue) if fill.making else fees.take(fill.venue)
        self.shares += fill.qty
        self.cash += fill.qty * (fill.px + fee)
        self.made += fill.qty if fill.making else 0
        if arrival2 is not None:
            self.beyond += fill.qty * (2 * (fill.px + fee) - arrival2)

    def _advance(self, execution: Execution, now: int) -> None:
        order = execution.order
        step = max(1, order.end - order.start)
        while len(self.path) <= POINTS and order.start + step * len(self.path) // POINTS <= now:
            self.path.append(self.beyond // 2)


@dataclass(slots=True)
class Follower:
    """Looks at one session again and again. `shown`: the strategy whose slices, queues and fills are wanted."""

    shown: str
    _ledgers: dict[str, _Ledger] = field(default_factory=dict)
    _slice: int = -1
    _made: dict[int, int] = field(default_factory=dict)
    _taken: int = 0
    _slices: deque[SliceLine] = field(default_factory=lambda: deque(maxlen=RECENT_SLICES))

    def look(self, session: Session, book: Book) -> LiveView:
        """The view after the last snapshot of `book`, the book that `session.feed` has just returned."""
        now = int(book.ts[-1])
        new: list[Fill] = []
        lines = []
        for name, execution in session.executions.items():
            ledger = self._ledgers.setdefault(name, _Ledger())
            fills = ledger.read(execution, now, session.arrival2)
            lines.append(_strategy(name, execution, ledger, session.arrival2))
            if name == self.shown:
                new = fills
        execution = session.executions[self.shown]
        sign = session.order.side.sign
        self._read_slices(execution, new)
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
                RestingLine(r.rest.venue, r.rest.px * sign, r.rest.qty, r.filled, r.place.ahead)
                for r in execution.resting
                if r.rest.expires > now
            ),
            fills=tuple(_fill(fill, sign) for fill in new[-RECENT_FILLS:]),
        )

    def _read_slices(self, execution: Execution, new: list[Fill]) -> None:
        """Give each new fill to the slice it belongs to: the last that was decided at or before it."""
        strategy = execution.strategy
        if not isinstance(strategy, CrossVenue):
            return
        allocations = strategy.allocations
        at = 0
        while True:
            ends = allocations[self._slice + 1][0] if self._slice + 1 < len(allocations) else None
            while at < len(new) and (ends is None or new[at].ts < ends or new[at].decided < ends):
                self._count(new[at])
                at += 1
            self._show(strategy.schedule, allocations, execution.order.side)
            if ends is None:
                return
            self._slice += 1
            self._made, self._taken = {}, 0

    def _count(self, fill: Fill) -> None:
        if fill.making:
            self._made[fill.venue] = self._made.get(fill.venue, 0) + fill.qty
        else:
            self._taken += fill.qty

    def _show(self, schedule: Schedule, allocations: list, side: Side) -> None:  # type: ignore[type-arg]
        """Put the current slice at the end of the list, in place of its earlier self."""
        if self._slice < 0:
            return
        ts, allocation = allocations[self._slice]
        made = tuple(sorted(self._made.items()))
        line = SliceLine(
            schedule.index(ts), ts, allocation.market, allocation.px * side.sign, allocation.limits, made,
            self._taken, allocation.reason,
        )  # fmt: skip
        if self._slices and self._slices[-1].index == line.index:
            self._slices.pop()
        self._slices.append(line)


def _strategy(name: str, execution: Execution, ledger: _Ledger, arrival2: int | None) -> StrategyLine:
    sign = execution.order.side.sign
    return StrategyLine(
        name=name,
        done=execution.done,
        forced=execution.forced,
        made=ledger.made,
        fills=ledger.seen,
        average=sign * ledger.cash // ledger.shares if ledger.shares else None,
        cost=None if arrival2 is None else ledger.beyond // 2,
        path=tuple(ledger.path) if arrival2 is not None else (),
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


def _turn(px: int, side: Side) -> int | None:
    return None if abs(px) == FAR else px * side.sign


def _schedule(execution: Execution, now: int) -> ScheduleLine | None:
    strategy = execution.strategy
    if not isinstance(strategy, CrossVenue | Twap) or now < execution.order.start:
        return None
    schedule = strategy.schedule
    index = schedule.index(now)
    return ScheduleLine(index, schedule.slices, schedule.begins(index), schedule.ends(index), schedule.target(index))


def _fill(fill: Fill, sign: int) -> FillLine:
    kind = "make" if fill.making else "forced" if fill.forced else "take"
    return FillLine(fill.ts, fill.venue, fill.px * sign, fill.qty, kind)
