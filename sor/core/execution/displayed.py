"""What the venues display at one row of a book, and what of it one order can have."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sor.core.execution.fast_take import Consumed
from sor.core.execution.in_flight import InFlight
from sor.core.market.book import Book
from sor.core.strategies.interface import Depth, VenueView


@dataclass(frozen=True, slots=True)
class Displayed:
    """quotes, runs: of every column of the book, `available` being all that is displayed; touch: the national best on
    the side to take from."""

    ts: int
    mid2: int | None
    touch: int | None
    quotes: tuple[VenueView, ...]
    runs: tuple[int, ...]

    @classmethod
    def at(cls, book: Book, row: int) -> Displayed:
        """Strategies decide at the same rows: one view serves all."""
        if row not in book.displayed:
            shown = book.quotes.in_row(row).columns
            columns = (shown[name].tolist() for name in ("take_px", "take_sz", "rest_px", "rest_sz"))
            quotes, runs = tuple(map(VenueView, book.venues, *columns)), tuple(shown["run"].tolist())
            book.displayed[row] = cls(book.times[row], book.mid2_at(row), book.touch_at(row), quotes, runs)
        look: Displayed = book.displayed[row]
        return look


@dataclass(frozen=True, slots=True)
class Available:
    """What one order can have of the displayed shares: those within its limit that it has not taken or found faded in
    the price run, and has sent no take for."""

    limit: int
    in_flight: InFlight
    used: dict[int, Consumed] = field(default_factory=dict)

    def used_at(self, venue: int) -> Consumed:
        """What the order has had of a venue, to be brought up to date."""
        return self.used.setdefault(venue, Consumed())

    def left_of(self, quote: VenueView, run: int) -> int:
        """Shares of a displayed quote."""
        return max(0, quote.available - self._gone(quote.venue, run)) if quote.take_px <= self.limit else 0

    def seen(self, quote: VenueView, run: int) -> VenueView:
        """A displayed quote as the order sees it."""
        left = self.left_of(quote, run)
        return quote if left == quote.available else replace(quote, available=left)

    def first_deep(self, book: Book, row: int, stop: int, depth: Depth) -> int:
        """The first row in row:stop at which the Depth condition holds, else `stop`; in blocks, as most are near."""
        at, block = row, 64
        while at < stop:
            end = min(stop, at + block)
            sizes = np.where(book.take_px[at:end] <= self.limit, book.take_sz[at:end], 0)
            for k, venue in enumerate(book.venues):
                used = self.used.get(venue)
                if used is not None:
                    same = book.run[at:end, k] == used.run
                    sizes[same, k] = np.maximum(sizes[same, k] - self._gone(venue, used.run), 0)
            hits = np.flatnonzero((sizes // depth.step * depth.step).sum(axis=1) >= depth.quantity)
            if len(hits):
                return at + int(hits[0])
            at, block = end, block * 4
        return stop

    def _gone(self, venue: int, run: int) -> int:
        used = self.used.get(venue)
        return (used.gone(run) if used is not None else 0) + self.in_flight.reserved(venue, run)
