"""What past windows would have sold to a resting order: the router's samples of the outflows (DESIGN section 8).

Every second a window of the passive phase's length starts. In it an order without end rests at the national best
rest price at every venue at once, under the same queue model that later fills the router's orders. Its fills are the
samples e_k: one model for decision and accounting.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from sor.core.book import Book
from sor.core.market import Ints
from sor.core.order import QueueModel
from sor.core.orient import FAR
from sor.core.queue import QueuePlace
from sor.core.units import NANO

EVERY = NANO
LATEST = 1_000  # seconds of windows that a decision looks back on: a quarter of an hour, and a bound on its cost
ENOUGH = 30


@dataclass(slots=True)
class _Window:
    """A window that is not over: its places in the queues by venue, and what was sold to them so far."""

    ends: int
    places: dict[int, QueuePlace]
    sold: dict[int, int]
    mid2: int


@dataclass(frozen=True, slots=True)
class Samples:
    """N past windows: sold int64[N, K] for the venues asked for, moves int64[N]: twice the fall of the oriented mid."""

    sold: Ints
    falls2: Ints


@dataclass(slots=True)
class OutflowHistory:
    """Fed every book; answers with windows that lie wholly in the past of a given time, whatever it has seen since."""

    length: int
    model: QueueModel
    _next: int | None = None
    _open: list[_Window] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)
    _sold: dict[int, list[int]] = field(default_factory=dict)
    _falls2: list[int] = field(default_factory=list)

    def feed(self, book: Book) -> None:
        """Carry open windows on through the book, open those that begin in it, close those that end."""
        for window in self._open:
            self._carry(window, book, book.new - 1)
        if self._next is None:
            self._next = int(book.ts[book.new])
        last = int(book.ts[-1])
        while self._next <= last:
            self._begin(book, self._next)
            self._next += EVERY
        for window in self._open:
            if window.ends <= last:
                self._ends.append(window.ends)
                for venue in window.sold:
                    # A venue that was not there in earlier windows sold nothing in them.
                    self._sold.setdefault(venue, [0] * (len(self._ends) - 1))
                for venue, sold in self._sold.items():
                    sold.append(window.sold.get(venue, 0))
                after = book.mid2_at(book.last_at(window.ends))
                self._falls2.append(window.mid2 - (window.mid2 if after is None else after))
        self._open = [window for window in self._open if window.ends > last]

    def before(self, ts: int, venues: tuple[int, ...]) -> Samples:
        """The windows that ended in the LATEST seconds to `ts`, one row each, for these venues.

        Seconds and not a number of windows: where the market stood empty none began, and a reader that starts in the
        middle of a tape must know how far back it has to go.
        """
        start, stop = (bisect_right(self._ends, t) for t in (ts - LATEST * EVERY, ts))
        sold = np.zeros((stop - start, len(venues)), np.int64)
        for k, venue in enumerate(venues):
            if venue in self._sold:
                sold[:, k] = self._sold[venue][start:stop]
        return Samples(sold, np.array(self._falls2[start:stop], np.int64))

    def _begin(self, book: Book, ts: int) -> None:
        row = book.last_at(ts)
        px, mid2 = int(book.best_rest[row]), book.mid2_at(row)
        if px == -FAR or mid2 is None:
            return
        take, rest, queue = (array[row].tolist() for array in (book.take_px, book.rest_px, book.rest_sz))
        places = {
            venue: QueuePlace(px, queue[k] if rest[k] == px else 0, self.model)
            for k, venue in enumerate(book.venues)
            # A book has a column for every venue of its batch: one that is heard later was not there yet.
            if take[k] < FAR or rest[k] > -FAR
        }
        window = _Window(ts + self.length, places, dict.fromkeys(places, 0), mid2)
        self._open.append(window)
        self._carry(window, book, row)

    def _carry(self, window: _Window, book: Book, after_row: int) -> None:
        stop_row = book.last_at(window.ends)
        for venue, lane in zip(book.venues, book.lanes, strict=True):
            place = window.places.get(venue)
            if place is not None:
                window.sold[venue] += place.sold(lane, *lane.entries(after_row, stop_row))
