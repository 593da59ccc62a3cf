"""A window of a Parquet tape: the row groups it needs, and the book before them as one snapshot.

A report made from it is, byte for byte, that of the whole tape wherever strategies know no more of the past than the
book. The router also knows past outflows: to it history begins where the window does, so a window for the router begins
as long before the order as the router can look back (about a thousand windows of a second; see sor.core.outflow).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sor.core.market import Quote, Snapshot, SnapshotBatch, batch_of, no_quote
from sor.core.session import MarketFacts
from sor.core.units import NANO, NO_PRICE
from sor.source import Source, StreamFacts, TapeFacts
from sor.tapes.parquet import ParquetReader, Quoted
from sor.tapes.rows import RowChunk
from sor.tapes.snapshots import SnapshotBuilder

Books = dict[int, Quoted]  # by venue


class ParquetWindow:
    """What happens in [start, end] (ns) to one symbol. Bounds and facts are the whole tape's."""

    has_bids = True

    def __init__(
        self, tape: Source, reader: ParquetReader, place: int, batch_snapshots: int, start: int, end: int
    ) -> None:
        self._tape = tape
        self._reader = reader
        self._place = place
        self._symbol = reader.facts.symbols[place]
        self._batch_snapshots = batch_snapshots
        self._start = start
        self._end = end

    def bounds(self) -> tuple[int, int] | None:
        return self._tape.bounds()

    def tape_facts(self) -> TapeFacts:
        return self._tape.tape_facts()

    def stream_facts(self) -> StreamFacts:
        return self._tape.stream_facts()

    def of_whole(self, market: MarketFacts) -> MarketFacts:
        """See sor.source.TapeWindow: the metadata know what a pass over the whole tape would have counted."""
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
        builder = SnapshotBuilder("last", self._batch_snapshots)
        first, stop = self._groups()
        books = self._reader.books(first, self._place)
        held: list[RowChunk] | None = []  # rows before the start, until we know what stands there
        for rows in self._rows(first, stop):
            if held is not None:
                cut = int(np.searchsorted(rows.ts, self._start))
                held.append(rows.slice(0, cut))
                rows = rows.slice(cut, len(rows))
                if not len(rows):
                    continue
                yield from self._before(books, held, builder)
                held = None
            yield from builder.add(rows)
        if held is not None:
            yield from self._before(books, held, builder)
        yield from builder.finish()

    def _groups(self) -> tuple[int, int]:
        """The first row group to read, and where to stop."""
        starts = [group.first for group in self._reader.facts.groups]
        first = max(0, bisect_right(starts, self._start) - 1)
        # A mid and a last opposite quote are carried over times when a side is empty, and the index does not know them.
        while first > 0 and not _two_sided(self._reader.books(first, self._place)):
            first -= 1
        return first, max(first + 1, bisect_right(starts, self._end))

    def _rows(self, first: int, stop: int) -> Iterator[RowChunk]:
        for rows in self._reader.chunks(range(first, stop)):
            over = int(np.searchsorted(rows.ts, self._end, side="right"))
            found = rows.slice(0, over)
            yield found if len(self._reader.symbols) == 1 else found.take(found.symbol == self._place)
            if over < len(rows):
                return

    def _before(self, books: Books, held: list[RowChunk], builder: SnapshotBuilder) -> Iterator[SnapshotBatch]:
        """What stands at the start: one snapshot of it, or where a side is empty all that was read."""
        now = dict(books)
        for rows in held:
            now |= _last_quotes(rows)
        if _two_sided(now):
            yield self._snapshot(now, self._start)
            return
        if books:
            yield self._snapshot(books, int(self._reader.facts.groups[self._groups()[0]].first))
        for rows in held:
            yield from builder.add(rows)

    def _snapshot(self, books: Books, before: int) -> SnapshotBatch:
        """At the last whole second, counted from the tape's first instant, before a time: the router's history opens a
        window every second from the first snapshot on, and so these are the same as with the whole tape."""
        first = self._symbol.first
        ts = first + (before - 1 - first) // NANO * NANO
        quotes = tuple(
            Quote(venue, *_side(bid_px, bid_sz), *_side(ask_px, ask_sz))
            for venue, (bid_px, bid_sz, ask_px, ask_sz) in sorted(books.items())
        )
        return batch_of([Snapshot(ts, quotes)])


def _side(px: int, sz: int) -> tuple[int, int]:
    return no_quote(None if px == NO_PRICE else px, sz)


def _two_sided(books: Books) -> bool:
    """Whether there is a national mid."""
    bid = any(px != NO_PRICE and sz > 0 for px, sz, _, _ in books.values())
    return bid and any(px != NO_PRICE and sz > 0 for _, _, px, sz in books.values())


def _last_quotes(rows: RowChunk) -> Books:
    if not len(rows):
        return {}
    venues, back = np.unique(rows.venue[::-1], return_index=True)
    at = len(rows) - 1 - back
    columns = (getattr(rows, name)[at].tolist() for name in ("bid_px", "bid_sz", "ask_px", "ask_sz"))
    return dict(zip(venues.tolist(), zip(*columns, strict=True), strict=True))
