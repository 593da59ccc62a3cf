"""A source cut to what an order can see, for sources that can only be read from the beginning to the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np

from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import SnapshotBatch, distinct
from sor.core.market.cut import Quotes, cut, settled
from sor.core.market.timeline import HOLE, Hole, Timeline
from sor.sources.source import Source, WrappedSource

OnHole = Callable[[Timeline], None]


@dataclass(slots=True)
class _Seen:
    """What a pass over the whole source has met so far."""

    snapshots: int = 0
    quotes: int = 0
    first: int | None = None
    last: int | None = None
    venues: set[int] = field(default_factory=set)
    holes: list[Hole] = field(default_factory=list)

    def on_batch(self, batch: SnapshotBatch) -> None:
        self.snapshots += len(batch)
        self.quotes += len(batch.venue)
        self.first = int(batch.ts[0]) if self.first is None else self.first
        self.last = int(batch.ts[-1])
        self.venues.update(distinct(batch.venue))

    def timeline(self) -> Timeline:
        assert self.first is not None
        assert self.last is not None
        return Timeline(self.first, self.last, tuple(self.holes), tuple(sorted(self.venues)))


class Part(WrappedSource):
    """The snapshots of a source from `start` to `end` (ns), after the book before them; its facts are the whole's.

    Every pass goes on to the end of the source: only then a stream is complete. order_start: a night before it empties
    the book and the history. is_night: whether a hole is one. on_hole: called with what has been seen, the hole as the
    last one, so that it can judge it.
    """

    def __init__(
        self,
        source: Source,
        start: int,
        end: int,
        *,
        order_start: int,
        is_night: Callable[[Hole], bool],
        on_hole: OnHole = lambda seen: None,
    ) -> None:
        super().__init__(source)
        self._start, self._end, self._order_start = start, end, order_start
        self._is_night, self._on_hole = is_night, on_hole
        self._seen = _Seen()

    @property
    def seen(self) -> Timeline:
        """What the last pass has met so far."""
        return self._seen.timeline()

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """See sor.sources.source.TapeWindow: counted in the last complete pass."""
        seen = self._seen
        return replace(
            market,
            snapshots=seen.snapshots,
            quotes=seen.quotes,
            first_ts=seen.first,
            last_ts=seen.last,
            venues=tuple(sorted(seen.venues)),
        )

    def batches(self) -> Iterator[SnapshotBatch]:
        self._seen = _Seen()
        pieces = self._pieces()
        before, early, origin = self._day(pieces)
        yield from cut(chain(early, pieces), self._start, self._end, origin=origin, before=before)
        for _ in pieces:
            pass

    def _day(self, pieces: Iterator[SnapshotBatch]) -> tuple[Quotes, list[SnapshotBatch], int]:
        """The trading day up to the order's start: the book that an early part of it left behind, the rest of its
        snapshots, and its first instant."""
        book, early, origin = Quotes(), list[SnapshotBatch](), 0
        for piece in pieces:
            if not origin or self._begins_day(piece):
                book, early, origin = Quotes(), [], int(piece.ts[0])
            early.append(piece)
            if piece.ts[-1] >= self._order_start:
                break
            if piece.ts[-1] < self._start:
                book, early = settled(book, early)
        return book, early, origin

    def _begins_day(self, piece: SnapshotBatch) -> bool:
        hole = self._seen.holes[-1] if self._seen.holes else None
        return hole is not None and hole[1] == int(piece.ts[0]) and hole[0] < self._order_start and self._is_night(hole)

    def _pieces(self) -> Iterator[SnapshotBatch]:
        """The source's batches, cut where a hole is, each counted before it is handed on."""
        for batch in self._source.batches():
            if not len(batch):
                continue
            edges = (np.flatnonzero(np.diff(batch.ts) >= HOLE) + 1).tolist()
            for first, stop in zip([0, *edges], [*edges, len(batch)], strict=True):
                piece = batch.slice(first, stop)
                before, after = self._seen.last, int(piece.ts[0])
                self._seen.on_batch(piece)
                if before is not None and after - before >= HOLE:
                    self._seen.holes.append((before, after))
                    self._on_hole(self._seen.timeline())
                yield piece
