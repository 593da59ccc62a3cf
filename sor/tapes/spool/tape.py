"""A tape on disk as a `Source`: read once into a spool, in time order, then as often as wanted from there.

A window of it reads the batches it needs, with the book as it stands before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.cut import Quotes, cut, is_two_sided, since
from sor.core.market.timeline import Timeline
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.sources.source import StreamFacts, TapeFacts, WrappedSource
from sor.tapes.spool.index import SpoolIndex


class SpooledTape:
    """Snapshots in a spool, with what was learned while they were read."""

    has_bids = True

    def __init__(
        self,
        spool: SnapshotBuffer,
        index: SpoolIndex,
        facts: TapeFacts,
        form: Form,
        prints_late: int,
    ) -> None:
        self.form = form
        self.prints_late = prints_late
        self._spool = spool
        self._index = index
        self._facts = facts

    def bounds(self) -> tuple[int, int]:
        return self._index.timeline.first, self._index.timeline.last

    def timeline(self) -> Timeline:
        return self._index.timeline

    def batches(self) -> Iterator[SnapshotBatch]:
        return self._spool.batches()

    def batches_from(self, number: int) -> Iterator[SnapshotBatch]:
        """A pass that begins with the batch of this number."""
        return self._spool.batches(number)

    def window(self, start: int, end: int, day_start: int) -> SpoolWindow:
        """See sor.sources.source.Seekable."""
        return SpoolWindow(self, self._index, start, end, day_start)

    def tape_facts(self) -> TapeFacts:
        return self._facts

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(expected=len(self._spool), received=len(self._spool))


class SpoolWindow(WrappedSource):
    """What happens in [start, end] (ns), on the trading day that began at day_start. Facts are the whole tape's."""

    def __init__(self, tape: SpooledTape, index: SpoolIndex, start: int, end: int, day_start: int) -> None:
        super().__init__(tape)
        self._tape, self._index = tape, index
        self._start, self._end, self._day_start = max(start, day_start), end, day_start

    def timeline(self) -> Timeline:
        return self._index.timeline

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """See sor.sources.source.TapeWindow: the index knows what a pass over the whole tape would have counted."""
        index, line = self._index, self._index.timeline
        return replace(
            market,
            snapshots=index.snapshots,
            quotes=index.quotes,
            first_ts=line.first,
            last_ts=line.last,
            venues=line.venues,
        )

    def batches(self) -> Iterator[SnapshotBatch]:
        first, before = self._begin()
        count = max(1, self._index.stop_at(self._end) - first)
        today = since(islice(self._tape.batches_from(first), count), self._day_start)
        return cut(today, self._start, self._end, origin=self._day_start, before=before)

    def _begin(self) -> tuple[int, Quotes]:
        """The batch to begin with and the book before it. The book of an earlier day is none, and one without both
        sides is not enough: see sor.core.market.cut."""
        index = self._index
        day, at = index.batch_of(self._day_start), index.batch_of(self._start)
        if self._day_start > index.timeline.first:
            return day, {}  # the index does not know which of the quotes are yesterday's
        while at > day and not is_two_sided(index.before[at]):
            at -= 1
        return at, index.before[at]
