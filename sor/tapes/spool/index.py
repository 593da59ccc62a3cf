"""Where the snapshots of a spool are in time, and the book before each of its batches: reading can start anywhere."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
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

    def batch_of(self, ts: int) -> int:
        """The first batch that has a snapshot at this time or later; the last one where none has."""
        return min(bisect_left(self.lasts, ts), len(self.lasts) - 1)

    def stop_at(self, ts: int) -> int:
        """How many batches begin at this time or earlier."""
        return bisect_right(self.firsts, ts)


class IndexBuilder:
    """The index of batches that are shown to it as they are spooled, so that nobody reads them again for it."""

    def __init__(self) -> None:
        self._finder, self._book = HoleFinder(), Quotes()
        self._firsts, self._lasts, self._before = list[int](), list[int](), list[Quotes]()
        self._snapshots = self._quotes = 0

    def on_batch(self, batch: SnapshotBatch) -> None:
        self._firsts.append(int(batch.ts[0]))
        self._lasts.append(int(batch.ts[-1]))
        self._before.append(self._book)
        self._finder.on_times(batch.ts)
        self._book = self._book | last_quotes(batch)
        self._snapshots += len(batch)
        self._quotes += len(batch.venue)

    def index(self, stated: tuple[int, int] | None = None) -> SpoolIndex:
        """Of all batches so far, of which there is one at least."""
        firsts, lasts = tuple(self._firsts), tuple(self._lasts)
        timeline = Timeline(firsts[0], lasts[-1], tuple(self._finder.holes), tuple(sorted(self._book)), stated)
        return SpoolIndex(firsts, lasts, tuple(self._before), timeline, self._snapshots, self._quotes)
