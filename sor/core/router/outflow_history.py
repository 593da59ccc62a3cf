"""What past windows would have sold to a resting order: the router's samples of the outflows.

Every second a window of the passive phase's length starts. In it an order without end rests at the national best
rest price at every venue at once, under the same queue model and latencies that later fill the router's orders: sent
at its start, cancelled at its end. Its fills are the samples e_k: one model for decision and accounting.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from sor.core.execution.positions import Stretch, sold_to_each
from sor.core.execution.queue_position import QueuePosition
from sor.core.market.batch import Form, Ints
from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.market.queue_events import QueueEvents
from sor.core.order import AT_ONCE, Latency, QueueModel
from sor.core.units import NANO

EVERY = NANO
LATEST = 1_000  # seconds of windows that a decision looks back on: a quarter of an hour, and a bound on its cost
ENOUGH = 30
ABSENT = -1  # in place of shares: the venue was not there when the window began


@dataclass(slots=True)
class _Place:
    """An order without end at one venue: on its way until `joins`, then in its queue until `ends`."""

    joins: int
    ends: int
    position: QueuePosition | None = None
    refused: bool = False
    sold: int = 0

    def enter(self, queue: QueueEvents, book: Book, px: int, model: QueueModel) -> Stretch | None:
        """What it goes through in the new snapshots of a book, if anything."""
        if self.refused:
            return None
        after = book.new - 1
        if self.position is None:
            if self.joins > int(book.ts[-1]):
                return None
            after = book.last_at(self.joins)
            self.position = QueuePosition.join(queue, after, px, model)
            if self.position is None:
                self.refused = True
                return None
        start, stop = queue.entries(after, book.last_at(self.ends))
        return Stretch(self.position, start, stop) if start < stop else None


@dataclass(slots=True)
class _OpenWindow:
    """A window that is not over: its price, its places by venue, twice the mid when it began, and its last end."""

    px: int
    places: dict[int, _Place]
    mid2: int
    ends: int


@dataclass(frozen=True, slots=True)
class Samples:
    """N past windows: sold int64[N, K] for the venues asked for, moves int64[N]: twice the fall of the oriented mid."""

    sold: Ints
    falls2: Ints


@dataclass(slots=True)
class OutflowHistory:
    """Fed every book; answers with windows that lie wholly in the past of a given time, whatever it has seen since.

    length: of the passive phase, in ns; orders and cancels: how long they travel to each venue; asked_from: the first
    time that anyone will ask for, None where that is not known. Windows that nobody can see are not worked.
    """

    length: int
    model: QueueModel
    orders: Latency = AT_ONCE
    cancels: Latency = AT_ONCE
    asked_from: int | None = None
    _form: Form = Form.VENUE
    _next: int | None = None
    _open: list[_OpenWindow] = field(default_factory=list)
    _ends: array[int] = field(default_factory=lambda: array("q"))
    _sold: dict[int, array[int]] = field(default_factory=dict)
    _falls2: array[int] = field(default_factory=lambda: array("q"))
    _finished: bool = False

    def on_book(self, book: Book) -> None:
        """Open the windows that begin in the book, carry all on through it, close those that end."""
        if self._finished:
            return
        self._form = book.form
        if self._next is None:
            self._next = self._first(int(book.ts[book.new]))
        last = int(book.ts[-1])
        while self._next <= last:
            self._begin(book, self._next)
            self._next += EVERY
        for venue, queue in zip(book.venues, book.queue_events, strict=True):
            self._carry(book, venue, queue)
        for window in sorted((w for w in self._open if w.ends <= last), key=lambda w: w.ends):
            self._end_window(window, book)
        self._open = [window for window in self._open if window.ends > last]

    def _carry(self, book: Book, venue: int, queue: QueueEvents) -> None:
        """All orders at one venue go on through the book."""
        there = [(window.places[venue], window.px) for window in self._open if venue in window.places]
        entered = [(place, place.enter(queue, book, px, self.model)) for place, px in there]
        places = [(place, stretch) for place, stretch in entered if stretch is not None]
        sold = sold_to_each(queue, [stretch for _, stretch in places], self.model)
        for (place, _), shares in zip(places, sold, strict=True):
            place.sold += shares

    def _end_window(self, window: _OpenWindow, book: Book) -> None:
        self._ends.append(window.ends)
        for venue in window.places:
            self._sold.setdefault(venue, array("q", [ABSENT]) * (len(self._ends) - 1))
        for venue, sold in self._sold.items():
            sold.append(window.places[venue].sold if venue in window.places else ABSENT)
        # Where a side is empty by then, the last mid stands: there was one when the window began.
        self._falls2.append(window.mid2 - int(book.mid2[book.last_at(window.ends)]))

    def before(self, ts: int, venues: tuple[int, ...]) -> Samples:
        """The windows that ended in the LATEST seconds to `ts`, one row each, for these venues.

        Seconds and not a number of windows: where the market stood empty none began, and a reader that starts in the
        middle of a tape must know how far back it has to go.
        """
        start, stop = (bisect_right(self._ends, t) for t in (ts - LATEST * EVERY, ts))
        sold = np.full((stop - start, len(venues)), ABSENT, np.int64)
        for k, venue in enumerate(venues):
            if venue in self._sold:
                sold[:, k] = self._sold[venue][start:stop]
        falls2 = np.array(self._falls2[start:stop], np.int64)
        if self._form is Form.NBBO:
            # Hidden is not absent: only windows that began with the venue shown tell anything.
            there = (sold != ABSENT).all(axis=1)
            sold, falls2 = sold[there], falls2[there]
        # A venue that was not there in a window sold nothing in it.
        return Samples(np.maximum(sold, 0), falls2)

    def on_end(self) -> None:
        """No more books count: the windows that are open do not end."""
        self._open.clear()
        self._finished = True

    def join(self, later: OutflowHistory) -> None:
        """Go on with the windows of a history that was asked from a later time on and fed more of the same stream."""
        known = len(self._ends)
        start = bisect_right(later._ends, self._ends[-1]) if known else 0
        self._ends += later._ends[start:]
        self._falls2 += later._falls2[start:]
        for venue in self._sold.keys() | later._sold.keys():
            sold = self._sold.setdefault(venue, array("q", [ABSENT]) * known)
            absent = array("q", [ABSENT]) * (len(self._ends) - known)
            sold += later._sold[venue][start:] if venue in later._sold else absent
        self._form = later._form

    def _first(self, ts: int) -> int:
        """When the first window begins on a tape that begins at `ts`: the first of its seconds that anyone can see."""
        if self.asked_from is None:
            return ts
        unseen = self.asked_from - LATEST * EVERY - self.length - self.cancels.longest - ts
        return ts + max(0, unseen // EVERY) * EVERY

    def _begin(self, book: Book, ts: int) -> None:
        row = book.last_at(ts)
        px, mid2 = int(book.best_rest[row]), book.mid2_at(row)
        if px == -FAR or mid2 is None:
            return
        take, rest = (array[row].tolist() for array in (book.take_px, book.rest_px))
        places = {
            venue: _Place(ts + self.orders.to(venue), ts + self.length + self.cancels.to(venue))
            for k, venue in enumerate(book.venues)
            # A book has a column for every venue of its batch: one that is first seen later was not there yet.
            # Where only the best is shown, only there can an order rest.
            if (rest[k] == px if book.form is Form.NBBO else take[k] < FAR or rest[k] > -FAR)
        }
        self._open.append(_OpenWindow(px, places, mid2, max(place.ends for place in places.values())))
