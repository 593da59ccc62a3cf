"""The national quotes at each fill and after it: noted while the stream goes by: memory is that of the fills."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.order import Fill
from sor.core.units import NANO, NO_PRICE

HORIZONS = (NANO // 20, NANO, 15 * NANO, 60 * NANO, 300 * NANO)  # after Rule 605's: 50 ms, 1 s, 15 s, 1 min, 5 min


def looked_after(start: int, end: int) -> int:
    """How long after an order's end mids are looked at, in ns: as long as the order was worked, the longest horizon at
    most, because the cost of a backtest follows its order."""
    return min(max(HORIZONS), end - start)


@dataclass(frozen=True, slots=True)
class FillQuotes:
    """One entry a fill. mid2: twice the prevailing mid; spread: the national spread then; touch, depth: best price on
    the side to take from, and all shares shown there; later: by HORIZONS, twice the mid that long after the fill. None:
    there was no such quote, or the tape ends before.

    Prevailing is, for a resting order, what stood before the fill's instant, which holds the trade that filled it and
    what followed from it; for a take the quotes that it met.
    """

    mid2: Sequence[int | None] = ()
    spread: Sequence[int | None] = ()
    touch: Sequence[int | None] = ()
    depth: Sequence[int] = ()
    later: tuple[Sequence[int | None], ...] = ((),) * len(HORIZONS)


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class FillQuotesRecorder:
    """Shown every book after the fills that it brought; `fills` grows by time, as an execution's list does.

    until: mids later than this are not looked at, so that it is all one how much of a tape is read.
    before: takes too are judged by the quotes before their instant: those that really happened are on the tape.
    """

    fills: Sequence[Fill]
    until: int
    before: bool = False
    _mid2: array[int] = field(default_factory=_column)
    _take: array[int] = field(default_factory=_column)
    _rest: array[int] = field(default_factory=_column)
    _depth: array[int] = field(default_factory=_column)
    _later: tuple[array[int], ...] = field(default_factory=lambda: tuple(_column() for _ in HORIZONS))
    _last: Book | None = None

    def on_book(self, book: Book) -> None:
        """A time is settled by the first book that reaches it: snapshots have instants of their own."""
        self._last = book
        self._prevailing(book, self._reached(len(self._mid2), int(book.ts[-1])))
        last_row = book.last_at(self.until)
        if last_row < book.new:
            return
        last = int(book.ts[last_row])
        for horizon, column in zip(HORIZONS, self._later, strict=True):
            stop = self._reached(len(column), last - horizon)
            if stop > len(column):
                times = np.array([fill.ts + horizon for fill in self.fills[len(column) : stop]], np.int64)
                column.extend(self._mids2(book, times).tolist())

    def recorded(self) -> FillQuotes:
        """The stream has ended: fills at the deadline met what it showed last."""
        if self._last is not None:
            self._prevailing(self._last, len(self.fills))
        count = len(self.fills)
        shown = zip(self._take, self._rest, strict=True)
        return FillQuotes(
            _or_none(self._mid2, NO_PRICE, count),
            [take - rest if take != FAR and rest != -FAR else None for take, rest in shown],
            _or_none(self._take, FAR, count),
            self._depth.tolist(),
            tuple(_or_none(column, NO_PRICE, count) for column in self._later),
        )

    def _reached(self, first: int, until: int) -> int:
        return bisect_right(self.fills, until, lo=first, key=lambda fill: fill.ts)

    def _prevailing(self, book: Book, stop: int) -> None:
        fills = self.fills[len(self._mid2) : stop]
        if not fills:
            return
        times = np.array([fill.ts - (self.before or fill.is_maker) for fill in fills], np.int64)
        self._mid2.extend(self._mids2(book, times).tolist())
        for at, row in _states(book, times) if book.max_quote_age is not None else ((book, _rows(book, times)),):
            known, row = row >= 0, np.maximum(row, 0)
            best = at.best_take[row]
            self._take.extend(np.where(known, best, FAR).tolist())
            self._rest.extend(np.where(known, at.best_rest[row], -FAR).tolist())
            shown = np.where(at.take_px[row] == best[:, None], at.take_sz[row], 0).sum(axis=1)
            self._depth.extend(np.where(known & (best < FAR), shown, 0).tolist())

    @staticmethod
    def _mids2(book: Book, times: Ints) -> Ints:
        if book.max_quote_age is not None:  # quotes grow too old between snapshots as well
            mids = [at.mid2[rows] if rows[0] >= 0 else [NO_PRICE] for at, rows in _states(book, times)]
            return np.concatenate(mids)
        rows = _rows(book, times)
        return np.where(rows >= 0, book.mid2[np.maximum(rows, 0)], NO_PRICE)


def _rows(book: Book, times: Ints) -> Ints:
    rows: Ints = np.searchsorted(book.ts, times, side="right") - 1
    return rows


def _states(book: Book, times: Ints) -> list[tuple[Book, Ints]]:
    states = [book.as_of(ts) for ts in times.tolist()]
    return [(at, np.array([row])) for at, row in states]


def _or_none(column: array[int], none: int, count: int) -> list[int | None]:
    """`count` values; those that never came are none."""
    known: list[int | None] = [None if value == none else value for value in column]
    return known + [None] * (count - len(known))
