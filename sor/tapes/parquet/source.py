"""A Parquet tape as a source: all of it, or the row groups that a window of time needs.

A report made from a window is, byte for byte, that of the whole tape: see sor.core.market.cut.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sor.core.backtest.session import MarketFacts
from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.cut import Quotes, cut, is_two_sided, since
from sor.core.market.timeline import Timeline
from sor.sources.source import StreamFacts, TapeFacts, WrappedSource
from sor.tapes.parquet.kept import KeptGroups
from sor.tapes.parquet.reader import ParquetReader
from sor.tapes.rows import RowChunk
from sor.tapes.snapshots import SnapshotBuilder, SnapshotRule


class ParquetTape:
    """One symbol of a Parquet tape as a `Source`: every pass streams from the file.

    keep: for many orders of one tape, a row group is read from it once; a pass over a window finds it in a spool.
    """

    has_bids = True

    def __init__(
        self, reader: ParquetReader, symbol: str | None, rule: SnapshotRule, batch_snapshots: int, keep: bool = False
    ) -> None:
        self.form, self.prints_late = reader.form, reader.prints_late
        self._reader = reader
        self._place = reader.symbols.index(symbol)
        self._symbol = reader.facts.symbols[self._place]
        self._rule: SnapshotRule = rule
        self._batch_snapshots = batch_snapshots
        self.kept = KeptGroups(lambda group: self._built([group])) if keep else None

    def bounds(self) -> tuple[int, int]:
        return self._symbol.first, self._symbol.last

    def timeline(self) -> Timeline:
        symbol = self._symbol
        return Timeline(symbol.first, symbol.last, symbol.holes, symbol.venues, self._reader.facts.stated)

    def batches(self) -> Iterator[SnapshotBatch]:
        return self._built(None)

    def _built(self, groups: Sequence[int] | None) -> Iterator[SnapshotBatch]:
        builder = SnapshotBuilder(self._rule, self._batch_snapshots, self.form)
        for rows in self._reader.chunks(groups):
            yield from builder.on_rows(
                rows if len(self._reader.symbols) == 1 else rows.take(rows.symbol == self._place)
            )
        yield from builder.remaining()

    def window(self, start: int, end: int, day_start: int) -> ParquetWindow:
        """Only the row groups that an order between these times (ns) needs, with the book as it stands before them."""
        return ParquetWindow(self, self._reader, self._place, self._rule, self._batch_snapshots, start, end, day_start)

    def tape_facts(self) -> TapeFacts:
        facts, symbol = self._reader.facts, self._symbol
        return TapeFacts(
            name=facts.name,
            symbol=symbol.symbol,
            rows=symbol.rows,
            bad_rows=facts.bad_rows,
            first_bad=facts.first_bad,
            out_of_order=symbol.out_of_order,
            files=symbol.files,
            off_exchange_trades=symbol.off_exchange_trades,
            off_exchange=symbol.off_exchange,
            notes=facts.notes,
            doubled=symbol.doubled,
            round_lot=facts.round_lot,
        )

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(expected=self._symbol.snapshots, received=self._symbol.snapshots)


class ParquetWindow(WrappedSource):
    """What happens in [start, end] (ns) to one symbol, on the trading day that began at day_start. Bounds and facts are
    the whole tape's."""

    def __init__(
        self,
        tape: ParquetTape,
        reader: ParquetReader,
        place: int,
        rule: SnapshotRule,
        batch_snapshots: int,
        start: int,
        end: int,
        day_start: int,
    ) -> None:
        super().__init__(tape)
        self._tape = tape
        self._reader = reader
        self._place = place
        self._symbol = reader.facts.symbols[place]
        self._rule: SnapshotRule = rule
        self._batch_snapshots = batch_snapshots
        self._start, self._end, self._day_start = max(start, day_start), end, day_start

    def timeline(self) -> Timeline:
        return self._tape.timeline()

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """See sor.sources.source.TapeWindow: the metadata know what a pass over the whole tape would have counted."""
        whole = self._symbol
        return replace(
            market,
            snapshots=whole.snapshots,
            quotes=whole.quotes,
            first_ts=whole.first,
            last_ts=whole.last,
            venues=whole.venues,
        )

    def batches(self) -> Iterator[SnapshotBatch]:
        first, stop, before = self._groups()
        kept = self._tape.kept
        found = self._built(first, stop) if kept is None else since(kept.batches(range(first, stop)), self._day_start)
        return cut(found, self._start, self._end, origin=self._day_start, before=before)

    def _groups(self) -> tuple[int, int, Quotes]:
        """The first row group to read, where to stop, and the book before the first."""
        starts = [group.first for group in self._reader.facts.groups]
        day, at = (max(0, bisect_right(starts, ts) - 1) for ts in (self._day_start, self._start))
        stop = bisect_right(starts, self._end)
        # The index knows the last quotes only: not which of them are yesterday's, nor the first of an instant, nor the
        # sides of the national best.
        if self._day_start > self._symbol.first or self._rule != "last" or self.form is Form.NBBO:
            return day, max(day + 1, stop), {}
        # A mid and a last opposite quote are carried over times when a side is empty, and the index does not know them.
        while at > day and not is_two_sided(self._reader.books(at, self._place)):
            at -= 1
        return at, max(at + 1, stop), self._reader.books(at, self._place)

    def _built(self, first: int, stop: int) -> Iterator[SnapshotBatch]:
        builder = SnapshotBuilder(self._rule, self._batch_snapshots, self.form)
        for rows in self._rows(first, stop):
            yield from builder.on_rows(rows)
        yield from builder.remaining()

    def _rows(self, first: int, stop: int) -> Iterator[RowChunk]:
        """Rows of the symbol and of the day, up to the end."""
        for rows in self._reader.chunks(range(first, stop)):
            start = int(np.searchsorted(rows.ts, self._day_start))
            over = int(np.searchsorted(rows.ts, self._end, side="right"))
            found = rows.slice(start, over)
            yield found if len(self._reader.symbols) == 1 else found.take(found.symbol == self._place)
            if over < len(rows):
                return
