"""The rest side of every venue of an NBBO tape as queue events.

A venue that is not shown keeps its queue. What falls while it is hidden is seen when it is shown again in the same
price run, less what was traded there meanwhile; when the national price is worse than the run's, its queue is gone.
Prints come late on such tapes: the size falls before the trade is printed. So a fall waits for that long to be
explained by a trade before it counts as a cancellation.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.oriented import FAR, OrientedBatch
from sor.core.market.queue_events import UNKNOWN, Move, QueueEvents, Sale, take_falls

Known = tuple[int, int]  # price and last shown size of a price run that goes on
# Row, time, price, time of a fall there, shares: that fall (> 0), or what a trade explains of it (< 0).
Change = tuple[int, int, int, int, int]


@dataclass(frozen=True, eq=False)
class HiddenQueueEvents(QueueEvents):
    """Queue events of a venue that is not always shown: where it is hidden, px is the national price and sz UNKNOWN.

    times: of the entries, ns; late: by how much a trade may be printed after the fall that it explains; known: the run
    that goes on after each entry; changes: falls and what explains them, of this book and of the time `late` before
    it; silent: the last entry before the tape has said anything of the rest side, else 0.
    """

    known: Sequence[Known] = ()
    changes: Sequence[Change] = ()
    silent: int = 0

    def ahead_at(self, row: int, px: int) -> int | None:
        """The last size shown in a run that goes on at this price, or 0; None where the order would take.

        Where the venue itself shows a better price, the size remembered of the level, UNKNOWN where there is none.
        """
        entry = self.entry_at(row)
        if self.take_px[entry] <= px:
            return None
        price, size = self.known[entry]
        if price == px or self.sz[entry] == UNKNOWN:
            return size if price == px else 0
        while entry > self.silent and self.px[entry] >= px:
            if self.known[entry][0] == px:
                return self.known[entry][1]
            entry -= 1
        if entry > self.silent:
            return 0
        price, size = self.known[entry]
        return size if price == px else self.levels.get(px, 0 if px > self.lowest else UNKNOWN)

    def falls_at(self, row: int, px: int) -> list[tuple[int, int]]:
        """(time, shares) that fell at this price shortly before the end of `row` and that no trade explains yet."""
        since = self.times[self.entry_at(row)] - self.late
        falls: dict[int, int] = {}
        for at, _, price, fell, shares in self.changes[bisect_left(self.changes, since, key=lambda one: one[1]) :]:
            if at > row:
                break
            if price == px and fell >= since:
                falls[fell] = falls.get(fell, 0) + shares
        return [fall for fall in falls.items() if fall[1]]


@dataclass(slots=True)
class _Queue:
    """One venue's queue at the price of its run: last size shown, when the run began, shares cancelled in it that no
    entry has told yet, sales that wait for a fall, and the changes of late. levels: sizes below the run's price;
    unexplained: by price the falls of late, of any run, and what no trade explains of them."""

    px: int = -FAR
    sz: int = 0
    begun: int = -FAR
    cancelled: int = 0
    unclaimed: int = 0
    changes: deque[Change] = field(default_factory=deque)
    levels: dict[int, int] = field(default_factory=dict)
    unexplained: dict[int, deque[tuple[int, int]]] = field(default_factory=dict)

    def sell(self, row: int, ts: int, sale: Sale, late: int) -> None:
        """A sale is of the oldest falls at its price that it can be of, whichever run these were in; what is left of it
        waits for a fall. No share that was sold explains two."""
        if sale.px == self.px:
            self.settle(ts - late)
        left = sale.sz
        for fell, shares in take_falls(self.unexplained.get(sale.px, deque()), ts - late, sale.sz):
            self.changes.append((row, ts, sale.px, fell, -shares))
            left -= shares
        if sale.px == self.px:
            self.unclaimed += left

    def _fell(self, row: int, ts: int, shares: int) -> None:
        self.changes.append((row, ts, self.px, ts, shares))
        self.unexplained.setdefault(self.px, deque()).append((ts, shares))

    def forget_changes(self, before: int) -> None:
        """A book ends: no trade explains falls of before that time any more."""
        self.settle(before)
        while self.changes and self.changes[0][1] < before:
            self.changes.popleft()
        # In the next book these happened before its first row.
        self.changes = deque((-1, *change[1:]) for change in self.changes)
        self.unexplained = {px: falls for px, falls in self.unexplained.items() if falls and falls[-1][0] >= before}

    def end(self, row: int, ts: int) -> None:
        """Nobody is left at the price of the run."""
        if self.sz > self.unclaimed:
            self._fell(row, ts, self.sz - self.unclaimed)
        self.sz = 0
        self._begin(ts, -FAR, 0)

    def forget(self, above: int) -> None:
        """The national price shows that nobody is left above it."""
        if self.levels:
            self.levels = {px: size for px, size in self.levels.items() if px <= above}

    def _begin(self, ts: int, px: int, sz: int) -> None:
        if self.sz:
            self.levels[self.px] = self.sz
        self.levels.pop(px, None)
        self.px, self.sz, self.begun, self.cancelled, self.unclaimed = px, sz, ts, 0, 0

    def settle(self, before: int) -> None:
        """Falls of before that time were cancellations: no trade explains them any more. Those of an earlier run took
        nobody from this one."""
        falls = self.unexplained.get(self.px, deque())
        while falls and falls[0][0] < before:
            ts, shares = falls.popleft()
            if ts > self.begun:
                self.cancelled += shares

    def show(self, row: int, ts: int, px: int, sz: int, late: int) -> tuple[int, int]:
        """The venue is shown: shares that fell for no reason known yet, and shares of this run that are known by now
        to have been cancelled."""
        if px != self.px:
            self._begin(ts, px, sz)
            return 0, 0
        down = max(0, self.sz - sz)
        claimed = min(down, self.unclaimed)
        self.unclaimed -= claimed
        self.sz, fell = sz, down - claimed
        if fell:
            self._fell(row, ts, fell)
        self.settle(ts - late if late else ts + 1)
        told, self.cancelled = self.cancelled, 0
        return fell, told


@dataclass(slots=True)
class _GrowingEntries:
    """The entries of one venue within a book, as they grow."""

    rows: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    px: list[int] = field(default_factory=list)
    sz: list[int] = field(default_factory=list)
    fell: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    sales: list[Sequence[Sale]] = field(default_factory=list)
    take_px: list[int] = field(default_factory=list)
    take_sz: list[int] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    levels: dict[int, int] = field(default_factory=dict)
    silent: int = 0


@dataclass(slots=True)
class HiddenQueues:
    """Follows the queues of all venues from batch to batch. rest, take: venue, price and size of the national best."""

    late: int
    rest: tuple[int, int, int] = (0, -FAR, 0)
    take: tuple[int, int, int] = (0, FAR, 0)
    lowest: int = FAR  # of the national prices on the rest side
    _queues: dict[int, _Queue] = field(default_factory=dict)
    _last_ts: int = -FAR

    def extend(
        self,
        venues: tuple[int, ...],
        events: OrientedBatch,
        new: int,
        row_of: Ints,
        run: Ints,
        sales: Mapping[int, Mapping[int, Sequence[Sale]]],
    ) -> tuple[HiddenQueueEvents, ...]:
        """Queue events of each venue over a batch. row_of: the row of the book of each quote; run: see Book."""
        entries, lowest = {venue: _GrowingEntries() for venue in venues}, self.lowest
        for venue in venues:
            entries[venue].levels = dict(self._queues.setdefault(venue, _Queue()).levels)
            self._note(entries[venue], venue, new - 1, self._last_ts, (0, 0), (), spoken=False)
        for row, ts, rest, take, sold in self._rows(venues, events, new, row_of, sales):
            self._work(entries, row, ts, rest, take, sold)
        self._last_ts = int(events.ts[-1])
        return tuple(
            self._events(entries[venue], lowest, self._queues[venue], run[:, k]) for k, venue in enumerate(venues)
        )

    def _rows(
        self,
        venues: tuple[int, ...],
        events: OrientedBatch,
        new: int,
        row_of: Ints,
        sales: Mapping[int, Mapping[int, Sequence[Sale]]],
    ) -> Iterator[tuple[int, int, tuple[int, int, int] | None, tuple[int, int, int] | None, dict[int, Sequence[Sale]]]]:
        """Row, time, what is said of the rest side and of the take side, and sales by venue, of rows with any."""
        said: dict[str, dict[int, tuple[int, int, int]]] = {}
        for side in ("rest", "take"):
            at = np.flatnonzero(getattr(events, f"{side}_spoken"))
            quotes = (events.venue[at], getattr(events, f"{side}_px")[at], getattr(events, f"{side}_sz")[at])
            said[side] = dict(
                zip(row_of[at].tolist(), zip(*(column.tolist() for column in quotes), strict=True), strict=True)
            )
        sold: dict[int, dict[int, Sequence[Sale]]] = {}
        for venue in venues:
            for row, trades in sales.get(venue, {}).items():
                sold.setdefault(row, {})[venue] = trades
        times = events.ts.tolist()
        for row in sorted(said["rest"].keys() | said["take"].keys() | sold.keys()):
            yield row, times[row - new], said["rest"].get(row), said["take"].get(row), sold.get(row, {})

    def _work(
        self,
        entries: Mapping[int, _GrowingEntries],
        row: int,
        ts: int,
        rest: tuple[int, int, int] | None,
        take: tuple[int, int, int] | None,
        sold: Mapping[int, Sequence[Sale]],
    ) -> None:
        """One snapshot: its trades, then its quotes; an entry for each venue that this can concern."""
        heard, sales, gone = set(sold), dict[int, Sequence[Sale]](), dict[int, tuple[int, int]]()
        for venue, trades in sold.items():
            ask = self.take[1] if self.take[0] == venue else FAR
            sales[venue] = [trade for trade in trades if trade.certain or trade.px < ask]
            for sale in sales[venue]:
                if sale.hidden:
                    continue  # it explains no decrease of what is displayed
                self._queues[venue].sell(row, ts, sale, self.late)
        if rest is not None:
            venue, px, sz = rest
            # That there is no quote is news where nothing was said yet.
            heard |= {self.rest[0], venue} if px == self.rest[1] and self.lowest < FAR else entries.keys()
            for queue in self._queues.values():
                if queue.px > px:
                    queue.end(row, ts)
                if px < self.rest[1]:
                    queue.forget(px)
            self.lowest = min(self.lowest, px)
            if px > -FAR:
                gone[venue] = self._queues[venue].show(row, ts, px, sz, self.late)
            self.rest = rest
        if take is not None:
            heard |= {self.take[0], take[0]}
            self.take = take
        for venue in heard & entries.keys():
            self._note(
                entries[venue], venue, row, ts, gone.get(venue, (0, 0)), sales.get(venue, ()), spoken=take is not None
            )

    def _note(
        self,
        entries: _GrowingEntries,
        venue: int,
        row: int,
        ts: int,
        gone: tuple[int, int],
        sales: Sequence[Sale],
        *,
        spoken: bool,
    ) -> None:
        shown = self.rest[0] == venue
        asks = self.take[0] == venue
        queue = self._queues[venue]
        if self.lowest == FAR:
            entries.silent = len(entries.rows)
        entries.rows.append(row)
        entries.times.append(ts)
        entries.px.append(self.rest[1])
        entries.sz.append(self.rest[2] if shown else UNKNOWN)
        entries.fell.append(gone[0])
        entries.cancelled.append(gone[1])
        entries.sales.append(sales)
        entries.take_px.append(self.take[1] if asks else FAR)
        entries.take_sz.append(self.take[2] if asks and spoken else 0)
        entries.known.append((queue.px, queue.sz))

    def _events(self, entries: _GrowingEntries, lowest: int, queue: _Queue, run: Ints) -> HiddenQueueEvents:
        changes = list(queue.changes)
        queue.forget_changes(self._last_ts - self.late)
        of_moves = (entries.rows, entries.px, entries.sz, entries.cancelled, entries.sales)
        moves = [Move(entry, *move) for entry, move in enumerate(zip(*of_moves, strict=True))]
        rows, px, sz, take_px, take_sz = (
            np.array(column, np.int64)
            for column in (entries.rows, entries.px, entries.sz, entries.take_px, entries.take_sz)
        )
        return HiddenQueueEvents(
            rows, px, sz, take_px, take_sz, run[np.maximum(rows, 0)], moves, entries.levels, lowest, entries.times,
            self.late, entries.fell, entries.known, changes, entries.silent,
        )  # fmt: skip
