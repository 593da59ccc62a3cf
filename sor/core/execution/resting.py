"""A child order that rests: when it joins, what reaches it there, and when it ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sor.core.execution.child_orders import ChildKind, ChildOrder, EndReason
from sor.core.execution.queue_position import Hit, QueuePosition
from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.market.queue_events import QueueEvents
from sor.core.order import Fill, FillReason, QueueModel
from sor.core.strategies.interface import Rest


@dataclass(slots=True)
class Opportunities:
    """What can fill an order in one book, as if its quantity had no end.

    place: where it stands, None where it is refused; ahead: the shares in front of it before; quoted: rows at which an
    opposite quote is at its price. What sales let through is worked out as far as an order needs it: `place` is that
    of an order which is not filled by then.
    """

    place: QueuePosition | None
    ahead: int | None
    quoted: list[int]
    _sales: Iterator[Hit]
    _hits: list[Hit] = field(default_factory=list)
    _through: int = 0

    @classmethod
    def on_joining(
        cls, book: Book, venue: int, row: int, px: int, model: QueueModel, last_row: int, *, at_once: bool
    ) -> Opportunities:
        """Of an order that joins at `row`. Those that join together differ in size only, and share one."""
        key = (venue, row, px, model, last_row, at_once)
        if key not in book.opportunities:
            queue = book.queue_events_at(venue)
            place, refused = QueuePosition.join(queue, row, px, model), cls(None, None, [], iter(()))
            book.opportunities[key] = refused if place is None else cls.after_row(queue, place, row, last_row, at_once)
        found: Opportunities = book.opportunities[key]
        return found

    @classmethod
    def after_row(
        cls, queue: QueueEvents, place: QueuePosition, after_row: int, last_row: int, at_once: bool
    ) -> Opportunities:
        """Of an order that rests, after a row up to another; `place` goes along."""
        start, stop = queue.entries(after_row, last_row)
        ahead, reached = place.shares_ahead, queue.reached(place.px, start, stop)
        quoted = _offers(queue, reached, at_once) if len(reached) else []
        return cls(place, ahead, quoted, place.pass_through(queue, start, stop))

    def hits(self, shares: int) -> list[Hit]:
        """What sales let through to an order of so many shares."""
        while self._through < shares and (hit := next(self._sales, None)):
            self._hits.append(hit)
            self._through += hit.qty
        return self._hits


def _offers(queue: QueueEvents, at: Ints, at_once: bool) -> list[int]:
    """Rows of entries at which an opposite quote has come to our price, if it may have shares for us.

    Where orders act at once, the first such row leaves nothing of a price run until the venue shows more of it.
    """
    at = at[queue.take_sz[at] > 0]
    if at_once and len(at) > 1:
        sizes, runs = queue.take_sz[at], queue.run[at]
        more = (runs[1:] != runs[:-1]) | (sizes[1:] > sizes[:-1])
        at = np.concatenate((at[:1], at[1:][more]))
    rows: list[int] = queue.rows[at].tolist()
    return rows


@dataclass(slots=True)
class RestingOrder:
    """It is never repriced. `joins`: when it arrives; `ends`: when its cancel acts (fills at that time count).

    touch: the national best on the other side when it was decided; place: its place in the queue once it has joined;
    reason: why it ends, if nothing ends it before `ends`.
    """

    number: int
    rest: Rest
    decided: int
    mid2: int | None
    model: QueueModel
    joins: int
    ends: int
    touch: int | None = None
    reason: EndReason = EndReason.EXPIRED
    place: QueuePosition | None = None
    ahead: int | None = None
    refused: bool = False
    filled: int = 0
    first_fill: int | None = None
    last_fill: int | None = None
    hits: list[Hit] = field(default_factory=list)  # in the present book
    quoted: list[int] = field(default_factory=list)  # rows of it at which an opposite quote is at our price

    @property
    def leaves(self) -> int:
        return self.rest.qty - self.filled

    def alive(self, now: int) -> bool:
        """Whether it rests, or is on its way, after everything that acts at `now` has acted."""
        return not self.refused and self.leaves > 0 and self.ends > now

    def join(self, book: Book) -> None:
        """Arrive in this book: post-only, so the order is refused where it would take."""
        found = Opportunities.on_joining(
            book, self.rest.venue, book.last_at(self.joins), self.rest.px, self.model, book.last_at(self.ends),
            at_once=self._at_once,
        )  # fmt: skip
        self.refused, self.ahead = found.place is None, found.ahead
        self.place, self.hits, self.quoted = found.place, found.hits(self.leaves), found.quoted

    def enter(self, book: Book) -> None:
        """The order rests on in a book that has new snapshots."""
        self.hits, self.quoted = [], []
        if self.place is not None and self.leaves and not self.refused:
            self.place, queue = (
                self.place.copy(),
                book.queue_events_at(self.rest.venue),
            )  # others joined together with it
            found = Opportunities.after_row(queue, self.place, book.new - 1, book.last_at(self.ends), self._at_once)
            self.hits, self.quoted = found.hits(self.leaves), found.quoted

    @property
    def _at_once(self) -> bool:
        return self.joins == self.decided

    def cancel(self, book: Book, acts: int, reason: EndReason) -> None:
        """A cancel that acts at `acts`: what happens at that time still fills the order."""
        if acts < self.ends:
            self.ends, self.reason = acts, reason
            last = book.last_at(acts)
            self.hits = [hit for hit in self.hits if hit.row <= last]
            self.quoted = [row for row in self.quoted if row <= last]

    def next_event(self, row: int, none: int) -> int:
        """The first row from `row` on at which something reaches the order; `none` if there is none in this book."""
        if not self.leaves:
            return none
        hit, quoted = bisect_left(self.hits, (row,)), bisect_left(self.quoted, row)
        first = self.hits[hit].row if hit < len(self.hits) else none
        return min(first, self.quoted[quoted]) if quoted < len(self.quoted) else first

    def hits_at(self, row: int) -> list[Hit]:
        """What trades let through at this row, in their order."""
        return self.hits[bisect_left(self.hits, (row,)) : bisect_left(self.hits, (row + 1,))]

    def fill(self, ts: int, qty: int, reason: FillReason, volume: int, in_front: int) -> Fill:
        self.filled += qty
        self.first_fill, self.last_fill = ts if self.first_fill is None else self.first_fill, ts
        return Fill(
            ts, self.rest.venue, self.rest.px, qty, True, False, self.decided, self.mid2, self.joins, self.ahead,
            self.number, reason, volume, in_front, self.touch,
        )  # fmt: skip

    def record(self, now: int, reason: EndReason) -> ChildOrder:
        """How it ended: at `now` for the reason given, unless something ended it before."""
        joined: int | None = self.joins
        if not self.leaves:
            assert self.last_fill is not None
            now, reason = self.last_fill, EndReason.FILLED
        elif self.refused:
            now, reason = self.joins, EndReason.REFUSED
        elif self.ends < now + (reason is not EndReason.PARENT_DONE):
            now, reason = self.ends, self.reason
        if self.place is None and not self.refused:
            joined = None
        return ChildOrder(
            self.number, ChildKind.REST, self.rest.venue, self.rest.px, self.rest.qty, self.decided, joined, self.ahead,
            self.filled, self.first_fill, self.last_fill, now, reason, self.mid2, self.touch,
        )  # fmt: skip
