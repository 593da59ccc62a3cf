"""The hot loop: taking the cheapest shares at snapshot after snapshot, when orders arrive at once.

Only snapshots that may offer something are looked at: those the book marks as fresh, and the one after a snapshot
that had shares left at a second price. It does what Execution does one snapshot at a time, on plain lists of a few
thousand rows, because that is what Python is fast at; the tests hold the two against each other.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

from sor.core.book import Book
from sor.core.orient import FAR

ROWS = 4096  # rows turned into lists at once: enough to forget the cost, too few to notice the memory


@dataclass(slots=True)
class Used:
    """Shares of one venue's current price run that an order has taken, or has sent for."""

    run: int = -1
    taken: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True)
class Swept:
    """takes: (row, venue, price, shares) in order; left: shares still to sweep; backlog: the last row had more."""

    takes: list[tuple[int, int, int, int]]
    left: int
    backlog: bool


def sweep(book: Book, start: int, stop: int, shares: int, limit: int, used: dict[int, Used], backlog: bool) -> Swept:
    """Take up to `shares` at rows start:stop, at `limit` or better; `used` is brought up to date.

    backlog: row `start` may offer something although it is not fresh.
    """
    venues, count = book.venues, len(book.venues)
    states = [used.get(venue, Used()) for venue in venues]
    runs, taken = [s.run for s in states], [s.taken for s in states]
    takes: list[tuple[int, int, int, int]] = []
    for first in range(start, stop, ROWS):
        last = min(stop, first + ROWS)
        px, sz, run = (array[first:last].ravel().tolist() for array in (book.take_px, book.take_sz, book.run))
        fresh = book.fresh_rows
        rows = fresh[bisect_left(fresh, first) : bisect_left(fresh, last)]
        at = 0
        row = first if backlog else last
        while True:
            if not backlog:
                row = rows[at] if at < len(rows) else last
            if row >= last or not shares:
                break
            while at < len(rows) and rows[at] <= row:
                at += 1
            base = (row - first) * count
            best, second, level = FAR, False, []
            for k in range(count):
                price = px[base + k]
                if price > limit or (price > best and second):
                    continue
                size = sz[base + k]
                if run[base + k] == runs[k]:
                    size -= taken[k]
                if size <= 0:
                    continue
                if price < best:
                    second = best < FAR
                    best, level = price, [(-size, venues[k], k)]
                elif price == best:
                    level.append((-size, venues[k], k))
                else:
                    second = True
            backlog = second
            if len(level) > 1:
                level.sort()
            for minus_size, venue, k in level:
                quantity = min(-minus_size, shares)
                if run[base + k] != runs[k]:
                    runs[k], taken[k] = run[base + k], 0
                taken[k] += quantity
                shares -= quantity
                takes.append((row, venue, best, quantity))
                if not shares:
                    break
            row += 1
        if not shares:
            break
    for venue, its_run, its_taken in zip(venues, runs, taken, strict=True):
        if its_run >= 0:
            used[venue] = Used(its_run, its_taken)
    return Swept(takes, shares, backlog)
