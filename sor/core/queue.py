"""Queues: when a resting order is filled (DESIGN section 8). One model, for decisions and for accounting.

Only trades fill. Shares sold at the venue at our price or through it eat what is `ahead` of us first, then fill us,
share by share. `ahead` also falls to the displayed size where that is smaller while our price is the venue's best,
to 0 once the venue's best is worse (nobody is left in front), and by cancellations as the queue model says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sor.core.book import Book
from sor.core.lane import Lane
from sor.core.order import Fill, QueueModel
from sor.core.strategy import Rest

NEVER = 2**61  # a queue that is never reached: our price is behind the venue's best
Hit = tuple[int, int, int]  # row of the book, position of the trade in its snapshot, shares


@dataclass(slots=True)
class QueuePlace:
    """A place in the queue at one venue and price, with `ahead` shares in front of it."""

    px: int
    ahead: int
    model: QueueModel

    def pass_through(self, lane: Lane, start: int, stop: int) -> Iterator[Hit]:
        """Go through lane entries start:stop; yields what is sold to this place, as if its quantity had no end."""
        px, ahead, model = self.px, self.ahead, self.model
        for i in range(start, stop):
            for position, price, size in lane.trades[i]:
                if price <= px:
                    reached = size - ahead
                    if reached > 0:
                        ahead = 0
                        yield lane.rows[i], position, reached
                    else:
                        ahead = -reached
            best = lane.px[i]
            if best < px:
                ahead = 0
            elif best == px and ahead:
                displayed, cancelled = lane.sz[i], lane.cancelled[i]
                if cancelled:
                    ahead -= model.in_front(cancelled, ahead, displayed + cancelled)
                ahead = min(ahead, displayed)
        self.ahead = ahead

    def sold(self, lane: Lane, start: int, stop: int) -> int:
        """The sum of what pass_through yields, in one piece where the queue model allows it.

        In units of shares gone from the queue since entry `start`, our place is reached at
        min(ahead, min over entries of gone + what is shown); before each trade the queue ahead is that minus gone.
        """
        if start >= stop:
            return 0
        if self.model is QueueModel.PROPORTIONAL:
            return sum(qty for _, _, qty in self.pass_through(lane, start, stop))
        columns = lane.columns
        t0, t1 = np.searchsorted(columns.entry, (start, stop))
        hit = columns.trade_px[t0:t1] <= self.px
        sizes, at = columns.trade_sz[t0:t1][hit], columns.entry[t0:t1][hit] - start
        if not self.ahead:
            return int(sizes.sum())
        best = columns.px[start:stop]
        traded = np.zeros(stop - start, np.int64)
        np.add.at(traded, at, sizes)
        gone = np.cumsum(traded)
        if self.model is QueueModel.OPTIMISTIC:
            gone += np.cumsum(np.where(best == self.px, columns.cancelled[start:stop], 0))
        shown = np.where(best == self.px, columns.sz[start:stop], np.where(best < self.px, 0, NEVER))
        reached = np.minimum(np.minimum.accumulate(shown + gone), self.ahead)
        after = np.maximum(reached - gone, 0)
        before = np.concatenate(([self.ahead], after[:-1]))
        self.ahead = int(after[-1])
        return int(np.maximum(traded - before, 0).sum())


@dataclass(slots=True)
class RestingOrder:
    """A child order that rests. It is never repriced; it ends when filled, cancelled or past its `expires`."""

    index: int
    rest: Rest
    decided: int
    mid2: int | None
    joins: int
    place: QueuePlace
    ahead_at_entry: int
    joined: bool = False
    rejected: bool = False
    filled: int = 0
    _hits: list[Hit] = field(default_factory=list)

    @classmethod
    def send(
        cls, index: int, rest: Rest, book: Book, row: int, latency: int, mid2: int | None, model: QueueModel
    ) -> RestingOrder:
        """Decide at `row` of the book; the order joins its queue `latency` ns later."""
        k = book.venues.index(rest.venue)
        queue = int(book.rest_sz[row, k]) if int(book.rest_px[row, k]) == rest.px else 0
        decided = int(book.ts[row])
        order = cls(index, rest, decided, mid2, decided + latency, QueuePlace(rest.px, queue, model), queue)
        order.enter(book)
        return order

    @property
    def leaves(self) -> int:
        return 0 if self.rejected else self.rest.qty - self.filled

    def enter(self, book: Book) -> None:
        """Look through a book that has new snapshots: join when it is time, and note what will hit us in it."""
        self._hits = []
        start_row = book.new - 1
        if not self.joined:
            if self.joins > int(book.ts[-1]):
                return
            start_row = book.last_at(self.joins)
            self._join(*book.as_of(self.joins))
        if not self.leaves or self.rest.venue not in book.venues:
            return
        lane = book.lanes[book.venues.index(self.rest.venue)]
        start, stop = lane.entries(start_row, book.last_at(self.rest.expires))
        room = self.leaves
        for row, position, qty in self.place.pass_through(lane, start, stop):
            self._hits.append((row, position, min(qty, room)))
            room -= min(qty, room)
            if not room:
                break

    def _join(self, book: Book, row: int) -> None:
        k = book.venues.index(self.rest.venue)
        best, size = int(book.rest_px[row, k]), int(book.rest_sz[row, k])
        self.joined = True
        # An order that would take on arrival is refused by the venue (post only): it was sent to make.
        self.rejected = int(book.take_px[row, k]) <= self.rest.px
        if best == self.rest.px:
            self.place.ahead = size
        elif best < self.rest.px:
            self.place.ahead = 0
        # else: the best has moved above our price while we were on the way; Level 1 does not show the queue at our
        # price any more, so the size seen at the decision stands.
        self.ahead_at_entry = self.place.ahead

    def next_hit(self, row: int, none: int) -> int:
        """The first row from `row` on at which this order is hit; `none` if there is none in this book."""
        return next((hit[0] for hit in self._hits if hit[0] >= row), none)

    def hits(self, row: int) -> list[tuple[int, int, int]]:
        """(position of the trade, index of this order, shares) at this row."""
        return [(position, self.index, qty) for at, position, qty in self._hits if at == row]

    def fill(self, ts: int, qty: int) -> Fill:
        self.filled += qty
        return Fill(
            ts,
            self.rest.venue,
            self.rest.px,
            qty,
            True,
            False,
            self.decided,
            self.mid2,
            self.joins,
            self.ahead_at_entry,
        )
