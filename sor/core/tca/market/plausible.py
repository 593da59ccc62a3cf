"""Whether the tape can have given a fill: a price in the national range, no more shares than traded or shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from sor.core.market.book import Book
from sor.core.market.oriented import FAR, OrientedBatch
from sor.core.order import Fill


@dataclass(slots=True)
class MarketNearFill:
    """Of the market within the tolerance of one fill, oriented: lowest best price on the side it rests on, highest best
    on the side it takes from; at its venue, at its price or better: shares traded, and the most that was displayed.
    mine: all shares that were filled there at that instant and price."""

    quoted: bool = False
    low: int = FAR
    high: int = -FAR
    traded: int = 0
    displayed: int = 0
    mine: int = 0

    def problem(self, fill: Fill) -> str | None:
        """What makes the fill impossible, in words; None where nothing does."""
        if not self.quoted:
            return "the tape has no national quote at that time"
        if not self.low <= fill.px <= self.high:
            return "its price is outside the national range at that time"
        if self.mine > self.traded + self.displayed:
            return (
                f"{self.mine:,} shares, where its venue traded {self.traded:,} and displayed {self.displayed:,} at "
                "that price or better"
            )
        return None


@dataclass(slots=True)
class PlausibleRecorder:
    """Shown every batch and its book. fills: by time; tolerance in ns: clocks differ, and prints come late.

    A resting order's price counts as within the range if it was so at any time since its decision: it is a quote
    itself, and the tape of a simulation does not know it.
    """

    fills: Sequence[Fill]
    tolerance: int
    seen: list[MarketNearFill] = field(default_factory=list)
    _begins: list[int] = field(default_factory=list)  # of each fill and all later ones, when the first is looked at
    _first: int = 0  # fills before this one are over

    def __post_init__(self) -> None:
        shares: dict[tuple[int, int, int], int] = {}
        for fill in self.fills:
            at = fill.ts, fill.venue, fill.px
            shares[at] = shares.get(at, 0) + fill.qty
        begins = [self._since(fill) for fill in self.fills]
        self._begins = list(accumulate(reversed(begins), min))[::-1]
        self.seen = [MarketNearFill(mine=shares[fill.ts, fill.venue, fill.px]) for fill in self.fills]

    def on_batch(self, batch: OrientedBatch, book: Book) -> None:
        first, last = int(book.ts[0]), int(book.ts[-1])
        while self._first < len(self.fills) and self.fills[self._first].ts + self.tolerance < first:
            self._first += 1
        for at in range(self._first, len(self.fills)):
            fill = self.fills[at]
            if self._begins[at] > last:
                break
            if self._since(fill) <= last:
                self._price(fill, self.seen[at], book)
            if fill.ts - self.tolerance <= last:
                self._shares(fill, self.seen[at], batch, book)

    def _since(self, fill: Fill) -> int:
        return (fill.decided if fill.is_maker else fill.ts) - self.tolerance

    def _price(self, fill: Fill, seen: MarketNearFill, book: Book) -> None:
        rows = self._rows(book, self._since(fill), fill)
        takes, rests = book.best_take[rows], book.best_rest[rows]
        both = (takes < FAR) & (rests > -FAR)
        if both.any():
            seen.quoted = True
            seen.low = min(seen.low, int(rests[both].min()))
            seen.high = max(seen.high, int(takes[both].max()))

    def _rows(self, book: Book, since: int, fill: Fill) -> slice:
        """The state that stood when the time begins counts too."""
        return slice(max(0, book.last_at(since)), book.last_at(fill.ts + self.tolerance) + 1)

    def _shares(self, fill: Fill, seen: MarketNearFill, batch: OrientedBatch, book: Book) -> None:
        since, until = fill.ts - self.tolerance, fill.ts + self.tolerance
        rows = self._rows(book, since, fill)
        if fill.venue in book.venues:
            k = book.venues.index(fill.venue)
            shown = np.where(book.take_px[rows, k] <= fill.px, book.take_sz[rows, k], 0)
            seen.displayed = max(seen.displayed, int(shown.max(initial=0)))
        a, b = np.searchsorted(batch.ts, [since, until + 1]).tolist()
        start, stop = (int(batch.trade_end[i - 1]) if i else 0 for i in (a, b))
        mine = (batch.trade_venue[start:stop] == fill.venue) & (batch.trade_px[start:stop] <= fill.px)
        seen.traded += int(batch.trade_sz[start:stop][mine].sum())
