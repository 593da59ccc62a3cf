"""Where the snapshots of a spool are in time, and the book before each of its batches: reading can start anywhere."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from sor.core.market.batch import SnapshotBatch
from sor.core.market.cut import Quotes, last_quotes
from sor.core.market.timeline import HoleFinder, Timeline


@dataclass(frozen=True, slots=True)
class SpoolIndex:
    """Per batch its first and last time, and the last quote of each venue before it; the counts are of all."""

    firsts: tuple[int, ...]
    lasts: tuple[int, ...]
    before: tuple[Quotes, ...]
    timeline: Timeline
    snapshots: int
    quotes: int

    @classmethod
    def of(cls, batches: Iterable[SnapshotBatch], stated: tuple[int, int] | None = None) -> SpoolIndex:
        """One pass over all batches, of which there is one at least."""
        finder, book = HoleFinder(), Quotes()
        firsts, lasts, before = list[int](), list[int](), list[Quotes]()
        snapshots = quotes = 0
        for batch in batches:
            firsts.append(int(batch.ts[0]))
            lasts.append(int(batch.ts[-1]))
            before.append(book)
            finder.add(batch.ts)
            book = book | last_quotes(batch)
            snapshots += len(batch)
            quotes += len(batch.venue)
        timeline = Timeline(firsts[0], lasts[-1], tuple(finder.holes), tuple(sorted(book)), stated)
        return cls(tuple(firsts), tuple(lasts), tuple(before), timeline, snapshots, quotes)

    def batch_of(self, ts: int) -> int:
        """The first batch that has a snapshot at this time or later; the last one where none has."""
        return min(bisect_left(self.lasts, ts), len(self.lasts) - 1)

    def stop_at(self, ts: int) -> int:
        """How many batches begin at this time or earlier."""
        return bisect_right(self.firsts, ts)
