"""The hot loop: taking the cheapest shares at snapshot after snapshot, when orders arrive at once.

Nearly always whatever is offered is taken in the snapshot that brings it. Then what a venue gives is the growth of its
largest size within the price run, and the quotes sent in a block of snapshots are a few array operations. Where several
prices are open at once, only the lowest is taken: the others wait for the next snapshot. Where that happens all the
time, plain Python over lists is faster. It is what Execution does one snapshot at a time,
and the tests hold the two against each other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from sor.core.market.batch import Ints, differs
from sor.core.market.book import Book
from sor.core.market.oriented import FAR, Flags
from sor.core.market.standing_quotes import StandingQuotes

ROWS = 1024  # rows worked at first: an order that is done in them should not pay for more
MORE = 16  # times as many after that
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
    first, rows = start, ROWS
    while first < stop and sweeper.left:
        last = min(stop, first + rows)
        row = first if few else sweeper.together(first, last)
        sweeper.one_by_one(row, last)
        first, rows = last, MORE * rows
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
        quotes = self.book.quotes
        block = _Block.from_quotes(quotes, first, last, self.limit, self.runs, self.taken)
        if block is None:
            return first
        stop = block.let_dearer_wait()
        at = block.takes(stop)
        rows, shares = block.row[at], block.gain[at]
        sums = np.cumsum(shares)
        if len(sums) and sums[-1] >= self.left:
            enough = int(np.searchsorted(sums, self.left)) + 1
            shares[enough - 1] -= int(sums[enough - 1]) - self.left
            at, rows, shares = at[:enough], rows[:enough], shares[:enough]
            stop = int(rows[-1])
        if stop > first:
            self.runs, self.taken = block.gone_before(stop)
        if len(rows) and int(rows[-1]) == stop:  # done in the middle of this row
            now = rows == stop
            done = (column[now].tolist() for column in (block.venue[at], block.run[at], shares))
            for k, run, quantity in zip(*done, strict=True):
                self._consume(k, run, quantity)
        venues = np.array(self.book.venues, np.int64)[block.venue[at]]
        self.takes.append(Takes(rows, venues, block.px[at], shares))
        self.left -= int(shares.sum())
        self.backlog = stop < last or block.has_more
        return stop if self.left else last

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
    """The quotes that stand in rows start:stop of a book, venue by venue, as if everything were taken at once.

    first int64[K]: where those of each venue begin. int64[quotes]: venue: its column of the book; sent: the first row
    that shows the quote, or start; row: the one in which it is taken; px, sz (0 beyond the limit), run. most: shares of
    the run that are gone with it, its largest size so far; gain: what it adds to it. begins: whether it is the first of
    its venue or of a run.
    """

    start: int
    stop: int
    first: Ints
    venue: Ints
    sent: Ints
    row: Ints
    px: Ints
    sz: Ints
    run: Ints
    begins: Flags
    most: Ints
    gain: Ints

    @classmethod
    def from_quotes(
        cls, quotes: StandingQuotes, start: int, stop: int, limit: int, runs: list[int], taken: list[int]
    ) -> _Block | None:
        """None where the sums might not fit into 64 bits."""
        begin, end = quotes.at(start), quotes.at(stop - 1) + 1
        counts = end - begin
        first = np.cumsum(counts) - counts
        venue = np.repeat(np.arange(len(counts)), counts)
        at: Ints | slice = (
            slice(begin[0], end[0]) if len(counts) == 1 else np.arange(len(venue)) + (begin - first)[venue]
        )
        sent = np.maximum(quotes.row[at], start)
        px, sz, run = (quotes.columns[name][at] for name in ("take_px", "take_sz", "run"))
        sz = np.where(px <= limit, sz, 0)
        gone = np.where(run[first] == runs, np.array(taken, np.int64), 0)
        sz[first] = np.maximum(sz[first], gone)
        stride = int(sz.max(initial=0)) + 1
        if stride * (len(sz) + 1) >= 2**62:
            return None
        begins = differs(run)
        begins[first] = True
        # A new run starts a whole stride higher, so that one running maximum goes through all of them.
        height = np.cumsum(begins) * stride
        most = np.maximum.accumulate(sz + height) - height
        gain = most.copy()
        gain[1:] -= np.where(begins[1:], 0, most[:-1])
        gain[first] -= gone
        return cls(start, stop, first, venue, sent, sent.copy(), px, sz, run, begins, most, gain)

    def let_dearer_wait(self) -> int:
        """In every row take the lowest price only; the row from which on that was not done."""
        if len(self.first) < 2:
            return self.stop
        giving = self._giving(self.stop)
        rows, prices = self.row[giving], self.px[giving]
        several = rows[1:][(rows[1:] == rows[:-1]) & (prices[1:] != prices[:-1])]
        todo: list[int] = several.tolist()  # ascending, which is a heap; to look at a row twice does no harm
        moved: dict[int, list[int]] = {}
        patience = int((self.stop - self.start) / PATIENCE)
        while todo:
            row = heappop(todo)
            begin, end = bisect_left(rows.data, row), bisect_right(rows.data, row)
            here = {*giving[begin:end].tolist(), *moved.pop(row, ())}
            open_ = {at: self.px.item(at) for at in here if self.row.item(at) == row and self.gain.item(at)}
            lowest = min(open_.values(), default=FAR)
            for at in sorted(at for at, px in open_.items() if px > lowest):
                if not patience:
                    return row
                patience -= 1
                for later in self._wait(at):
                    moved.setdefault(self.row.item(later), []).append(later)
                    heappush(todo, self.row.item(later))
        return self.stop

    def _wait(self, at: int) -> list[int]:
        """Nothing is taken of a quote in its row: it is looked at in the next one, if it still stands there; the quotes
        that now give something there or later."""
        after = self.row.item(at) + 1
        is_last = at + 1 == len(self.row) or self.venue[at + 1] != self.venue[at]
        if is_last or self.sent.item(at + 1) > after:
            self.row[at] = after
            return [at] if after < self.stop else []
        gone = self.most.item(at) - self.gain.item(at)
        self.most[at], self.gain[at] = gone, 0
        found, later = [], at + 1
        while later < len(self.row) and not self.begins[later]:
            most = max(gone, self.sz.item(later))
            if most > gone:
                found.append(later)
            known = most == self.most[later]
            self.most[later], self.gain[later] = most, most - gone
            if known:
                break
            gone, later = most, later + 1
        return found

    @property
    def has_more(self) -> bool:
        """Whether something waits for the row after the last."""
        return bool((self.row >= self.stop).any())

    def gone_before(self, stop: int) -> tuple[list[int], list[int]]:
        """Of each venue the run that stands in the row before, and what of it is gone."""
        last = self.first + np.add.reduceat(self.sent < stop, self.first, dtype=np.int64) - 1
        waits = self.row[last] >= stop
        return self.run[last].tolist(), (self.most[last] - np.where(waits, self.gain[last], 0)).tolist()

    def takes(self, stop: int) -> Ints:
        """What is taken before row `stop` in its order: in a row larger first, then the smaller venue."""
        at = self._giving(stop)
        rows = self.row[at]
        same = rows[1:] == rows[:-1]
        if same.any():
            several = np.flatnonzero(np.append(same, False) | np.append(False, same))
            part = at[several]
            at[several] = part[np.lexsort((self.venue[part], -self.gain[part], self.row[part]))]
        return at

    def _giving(self, stop: int) -> Ints:
        """The quotes of which something is taken before row `stop`, by row, then venue."""
        at = np.flatnonzero((self.gain > 0) & (self.row < stop))
        by_row: Ints = at[np.argsort(self.row[at], kind="stable")]
        return by_row
