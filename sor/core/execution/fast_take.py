"""The hot loop: taking the cheapest shares at snapshot after snapshot, when orders arrive at once.

Nearly always whatever is offered is taken in the snapshot that brings it. Then what a venue gives is the growth of its
largest size within the price run, and a block of snapshots is a few array operations. Where several prices are open at
once, only the lowest is taken: the others wait for the next snapshot, and their run is worked out again from there.
Where that happens all the time, plain Python over lists is faster. It is what Execution does one snapshot at a time,
and the tests hold the two against each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.market.oriented import FAR

ROWS = 4096  # rows worked at once: enough to forget the cost of a call, too few to notice the memory
PATIENCE = 16.0  # one waiting venue in so many rows is still worth the arrays


@dataclass(slots=True)
class Consumed:
    """Shares of one venue's current price run that an order has taken, and those that it found to have faded."""

    run: int = -1
    taken: int = 0
    faded: int = 0

    def in_run(self, run: int) -> int:
        """Shares taken in this run: none, if it is another one."""
        return self.taken if self.run == run else 0

    def gone(self, run: int) -> int:
        """Shares of this run that are displayed and, as the order knows, not there."""
        return self.taken + self.faded if self.run == run else 0

    def consume(self, run: int, shares: int) -> None:
        self._begin(run)
        self.taken += shares

    def fade(self, run: int, shares: int) -> None:
        """A take found so many of the displayed shares faded."""
        self._begin(run)
        self.faded = max(self.faded, shares)

    def _begin(self, run: int) -> None:
        if self.run != run:
            self.run, self.taken, self.faded = run, 0, 0


class Takes(NamedTuple):
    """What was taken, in order, as columns."""

    rows: Ints
    venues: Ints
    prices: Ints
    shares: Ints

    @classmethod
    def joined(cls, parts: Sequence[Takes]) -> Takes:
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(NOTHING, *parts, strict=True)))


NOTHING = Takes(*(np.empty(0, np.int64) for _ in Takes._fields))


@dataclass(frozen=True, slots=True)
class Swept:
    """left: shares still to sweep; backlog: the last row offered more, at a second price."""

    takes: Takes
    left: int
    backlog: bool


def sweep(
    book: Book,
    start: int,
    stop: int,
    shares: int,
    limit: int,
    used: dict[int, Consumed],
    backlog: bool,
    *,
    few: bool = False,
) -> Swept:
    """Take up to `shares` at rows start:stop, at `limit` or better; `used` is brought up to date.

    backlog: row `start` may offer something although it is not fresh; few: so few rows that a call of the arrays would
    take longer than they do one by one.
    """
    states = [used.get(venue, Consumed()) for venue in book.venues]
    sweeper = _Sweeper(book, limit, shares, [s.run for s in states], [s.taken for s in states], backlog)
    for first in range(start, stop, ROWS):
        last = min(stop, first + ROWS)
        row = first if few else sweeper.together(first, last)
        sweeper.one_by_one(row, last)
        if not sweeper.left:
            break
    for venue, run, taken in zip(book.venues, sweeper.runs, sweeper.taken, strict=True):
        if run >= 0:
            used[venue] = Consumed(run, taken)
    return Swept(Takes.joined(sweeper.takes), sweeper.left, sweeper.backlog)


@dataclass(slots=True)
class _Sweeper:
    """runs, taken: by venue, the last price run the order took from, and the shares it took in it."""

    book: Book
    limit: int
    left: int
    runs: list[int]
    taken: list[int]
    backlog: bool
    takes: list[Takes] = field(default_factory=list)

    def together(self, first: int, last: int) -> int:
        """Work rows first:last as arrays, as far as that goes; the row from which on it does not."""
        block = _Block.from_book(self.book, first, last, self.limit, self.runs, self.taken)
        if block is None:
            return first
        stop = block.let_dearer_wait()
        rows, columns, shares = block.takes(stop)
        sums = np.cumsum(shares)
        if len(sums) and sums[-1] >= self.left:
            enough = int(np.searchsorted(sums, self.left)) + 1
            shares[enough - 1] -= int(sums[enough - 1]) - self.left
            rows, columns, shares = rows[:enough], columns[:enough], shares[:enough]
            stop = int(rows[-1])
        if stop:
            self.runs, self.taken = block.run[stop - 1].tolist(), block.most[stop - 1].tolist()
        if len(rows) and int(rows[-1]) == stop:  # done in the middle of this row
            for k, quantity in zip(columns[rows == stop].tolist(), shares[rows == stop].tolist(), strict=True):
                self._consume(k, int(block.run[stop, k]), quantity)
        venues = np.array(self.book.venues, np.int64)
        self.takes.append(Takes(first + rows, venues[columns], block.px[rows, columns], shares))
        self.left -= int(shares.sum())
        self.backlog = first + stop < last or last - first - 1 in block.waiting
        return first + stop if self.left else last

    def one_by_one(self, first: int, last: int) -> None:
        """Work rows first:last one after the other: those that are fresh, and those after a row that had more."""
        book, venues, count = self.book, self.book.venues, len(self.book.venues)
        if first >= last:
            return
        px, sz, run = (array[first:last].ravel().tolist() for array in (book.take_px, book.take_sz, book.run))
        fresh = book.fresh_rows
        at, row = bisect_left(fresh, first), first
        taken = list[tuple[int, int, int, int]]()
        while self.left:
            if not self.backlog:
                at = bisect_left(fresh, row, at)
                row = fresh[at] if at < len(fresh) else last
            if row >= last:
                break
            base = (row - first) * count
            best, level, self.backlog = FAR, list[tuple[int, int]](), False
            for k in range(count):
                price = px[base + k]
                if price > self.limit or (price > best and self.backlog):
                    continue
                size = sz[base + k]
                if run[base + k] == self.runs[k]:
                    size -= self.taken[k]
                if size <= 0:
                    continue
                if price < best:
                    self.backlog = best < FAR
                    best, level = price, [(-size, k)]
                elif price == best:
                    level.append((-size, k))
                else:
                    self.backlog = True
            for minus_size, k in sorted(level):
                quantity = min(-minus_size, self.left)
                if quantity:
                    self._consume(k, run[base + k], quantity)
                    self.left -= quantity
                    taken.append((row, venues[k], best, quantity))
            row += 1
        if taken:
            self.takes.append(Takes(*np.array(taken, np.int64).T))

    def _consume(self, k: int, run: int, quantity: int) -> None:
        if self.runs[k] != run:
            self.runs[k], self.taken[k] = run, 0
        self.taken[k] += quantity


@dataclass(slots=True)
class _Block:
    """Rows of a book as if everything were taken at once. px, sz (0 beyond the limit), run: int64[n, K] of the book.

    most: shares of the run that are gone after each row, its largest size so far; gain: what each row adds to it.
    """

    px: Ints
    sz: Ints
    run: Ints
    most: Ints
    gain: Ints
    waiting: set[int]

    @classmethod
    def from_book(
        cls, book: Book, first: int, last: int, limit: int, runs: list[int], taken: list[int]
    ) -> _Block | None:
        """None where the sums might not fit into 64 bits."""
        px, run = book.take_px[first:last], book.run[first:last]
        sz = np.where(px <= limit, book.take_sz[first:last], 0)
        gone = np.where(run[0] == runs, np.array(taken, np.int64), 0)
        sz[0] = np.maximum(sz[0], gone)
        stride = int(sz.max(initial=0)) + 1
        if stride * (sz.size + 1) >= 2**62:
            return None
        # A new run starts a whole stride higher, so that one running maximum goes through all of them.
        height = (run - run[0]) * stride
        most = np.maximum.accumulate(sz + height, axis=0) - height
        gain = most.copy()
        gain[1:] -= np.where(run[1:] == run[:-1], most[:-1], 0)
        gain[0] -= gone
        return cls(px, sz, run, most, gain, set())

    def let_dearer_wait(self) -> int:
        """In every row take the lowest price only; the number of rows for which that was done."""
        rows, columns = np.nonzero(self.gain)
        prices = self.px[rows, columns]
        several = rows[1:][(rows[1:] == rows[:-1]) & (prices[1:] != prices[:-1])]
        todo: list[int] = several.tolist()  # ascending, which is a heap; to look at a row twice does no harm
        patience = int(len(self.px) / PATIENCE)
        while todo:
            row = heappop(todo)
            open_ = np.flatnonzero(self.gain[row])
            lowest = self.px[row, open_].min(initial=FAR)
            for k in open_[self.px[row, open_] > lowest].tolist():
                if not patience:
                    return row
                patience -= 1
                for later in self._wait(row, k):
                    heappush(todo, later)
        return len(self.px)

    def _wait(self, row: int, k: int) -> list[int]:
        """Venue k gives nothing at `row`: its run is worked out again from the next; the rows where it now gives."""
        self.waiting.add(row)
        gone = self.most[row, k] - self.gain[row, k]
        self.most[row, k], self.gain[row, k] = gone, 0
        stop = row + 1 + int(np.searchsorted(self.run[row + 1 :, k], self.run[row, k], side="right"))
        rest = slice(row + 1, stop)
        most = np.maximum.accumulate(np.maximum(self.sz[rest, k], gone))
        gain = np.diff(most, prepend=gone)
        changed = np.flatnonzero((gain != self.gain[rest, k]) & (gain > 0))
        self.most[rest, k], self.gain[rest, k] = most, gain
        return (row + 1 + changed).tolist()

    def takes(self, stop: int) -> tuple[Ints, Ints, Ints]:
        """Row, column and shares of everything taken before row `stop`: larger first, then the smaller venue."""
        rows, columns = np.nonzero(self.gain[:stop])
        shares = self.gain[rows, columns]
        if (rows[1:] == rows[:-1]).any():
            order = np.lexsort((columns, -shares, rows))
            rows, columns, shares = rows[order], columns[order], shares[order]
        return rows, columns, shares
