"""What a market has in an order's window that figures should not be built on. Times in ns, prices as on the tape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.units import NANO

Pair = tuple[int, int]  # the venue of the best take quote and that of the best rest quote

_QUIET = 10 * NANO  # a wait between two rows of any venues beyond which nobody quotes
_HIGH = 10_000 * NANO  # above it, prices in whole dollars only look like integers that were not scaled down


@dataclass(frozen=True, slots=True)
class Health:
    """window: its length. crossed, locked: how long the national book was; pairs: how long each pair of venues was
    its two sides then. active: time in which rows came, a longer wait between two counted as ten seconds; silence: of
    it the longest without a row of each venue that had sent one. lowest: the lowest best price. arrival: best take and
    best rest price at the start, oriented. whole_dollars: prices are high, and all of them whole dollars. None where
    there is nothing to say it of.
    """

    window: int
    crossed: int
    locked: int
    pairs: Mapping[Pair, int]
    active: int
    silence: Mapping[int, int]
    lowest: int | None
    arrival: tuple[int, int] | None
    whole_dollars: bool

    @property
    def worst_pair(self) -> Pair | None:
        return max(sorted(self.pairs), key=lambda pair: self.pairs[pair], default=None)


@dataclass(slots=True)
class HealthRecorder:
    """Fed every book; looks only at the closed window [start, end]."""

    start: int
    end: int
    _crossed: int = 0
    _locked: int = 0
    _pairs: dict[Pair, int] = field(default_factory=dict)
    _heard: dict[int, int] = field(default_factory=dict)
    _silence: dict[int, int] = field(default_factory=dict)
    _lowest: int | None = None
    _arrival: tuple[int, int] | None = None
    _active: int = 0
    _fraction: int = 0  # greatest common divisor of all best prices
    _last: tuple[int, Ints, Ints, tuple[int, ...]] | None = None

    def on_book(self, book: Book) -> None:
        self._find_arrival(book)
        self._listen(book)
        # A batch that ends before the window says nothing of it: the next one begins with its last state.
        first, stop = max(0, book.last_at(self.start)), book.last_at(self.end) + 1
        if stop > first and book.ts[-1] >= self.start:
            self._look(book, first, stop)
        shown = book.quotes.in_row(len(book) - 1).columns
        self._last = int(book.ts[-1]), shown["take_px"], shown["rest_px"], book.venues

    def result(self) -> Health:
        """The stream has ended: the last state held until the end of the window."""
        if self._last is not None and self._last[0] < self.end:
            ts, take, rest, venues = self._last
            self._record_states(np.array([self.end - max(ts, self.start)]), take[None, :], rest[None, :], venues)
        for venue, heard in self._heard.items():
            self._silence[venue] = max(self._silence.get(venue, 0), self._active - heard)
        return Health(
            window=self.end - self.start,
            crossed=self._crossed,
            locked=self._locked,
            pairs=dict(self._pairs),
            active=self._active,
            silence=dict(sorted(self._silence.items())),
            lowest=self._lowest,
            arrival=self._arrival,
            whole_dollars=self._lowest is not None and self._lowest >= _HIGH and self._fraction % NANO == 0,
        )

    def _find_arrival(self, book: Book) -> None:
        """The book as of the start; where a side was empty, the first one of the window that has both."""
        if self._arrival is not None or book.ts[-1] < self.start:
            return
        first, stop = max(0, book.last_at(self.start)), book.last_at(self.end) + 1
        both = np.flatnonzero((book.best_take[first:stop] < FAR) & (book.best_rest[first:stop] > -FAR))
        if len(both):
            row = first + int(both[0])
            self._arrival = int(book.best_take[row]), int(book.best_rest[row])

    def _listen(self, book: Book) -> None:
        """The longest silence of each venue so far, by a clock that hardly runs while no venue sends anything."""
        ts = np.clip(book.ts, self.start, self.end)
        clock = self._active + np.cumsum(np.minimum(np.diff(ts, prepend=ts[0]), _QUIET))
        events = book.events
        rows = np.repeat(np.arange(book.new, len(book)), np.diff(events.quote_end, prepend=0))
        for venue in book.venues:
            times = clock[rows[events.venue == venue]]
            if not len(times):
                continue
            gap = int(np.diff(times, prepend=self._heard.get(venue, int(times[0]))).max())
            self._silence[venue] = max(self._silence.get(venue, 0), gap)
            self._heard[venue] = int(times[-1])
        self._active = int(clock[-1])

    def _look(self, book: Book, first: int, stop: int) -> None:
        """The states of these rows, each of which holds until the next row; the last one's time comes with it."""
        until = min(int(book.ts[stop]), self.end) if stop < len(book) else int(book.ts[stop - 1])
        ends = np.append(book.ts[first + 1 : stop], until)
        held = np.maximum(ends - np.maximum(book.ts[first:stop], self.start), 0)
        take, rest = book.best_take[first:stop], book.best_rest[first:stop]
        for prices in (take[take < FAR], rest[rest > -FAR]):
            if len(prices):
                lowest = int(np.abs(prices).min())
                self._lowest = lowest if self._lowest is None else min(lowest, self._lowest)
                if lowest >= _HIGH:
                    self._fraction = int(np.gcd(self._fraction, np.gcd.reduce(prices)))
                else:
                    self._fraction = 1
        if (take <= rest).any():
            self._record_states(held, book.take_px[first:stop], book.rest_px[first:stop], book.venues)

    def _record_states(self, held: Ints, take_px: Ints, rest_px: Ints, venues: tuple[int, ...]) -> None:
        """States of the book that held for so long: how long it was crossed or locked, and by whom."""
        take, rest = take_px.min(axis=1, initial=FAR), rest_px.max(axis=1, initial=-FAR)
        self._crossed += int(held[take < rest].sum())
        self._locked += int(held[take == rest].sum())
        touching = np.flatnonzero(take <= rest)
        for pair, time in _by_pair(take_px[touching], rest_px[touching], held[touching], venues):
            if time:  # a book that ended at once was there for no time, however the stream is cut
                self._pairs[pair] = self._pairs.get(pair, 0) + time


def _by_pair(take_px: Ints, rest_px: Ints, held: Ints, venues: tuple[int, ...]) -> Iterator[tuple[Pair, int]]:
    if not len(held):
        return
    takers, resters = take_px.argmin(axis=1), rest_px.argmax(axis=1)
    keys = takers * len(venues) + resters
    for key in np.flatnonzero(np.bincount(keys)).tolist():
        yield (venues[key // len(venues)], venues[key % len(venues)]), int(held[keys == key].sum())
