"""Snapshots written as a tape: what a stream brought, kept as a file that gives the same snapshots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sor.core.market.batch import Form, SnapshotBatch
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.sources.source import Source
from sor.tapes.convert import reader_to_parquet
from sor.tapes.rows import TRADE, Kind, RowChunk, VenueReader

_QUOTE, _NO_SIDE = ord("M"), ord("N")  # Databento's letters for a changed order, and for no side


class SnapshotRows(VenueReader):
    """A source as rows from `start` to `end` (ns, both included): of each snapshot its trades, then its quotes."""

    bad_rows, first_bad = 0, None

    def __init__(self, source: Source, start: int | None = None, end: int | None = None) -> None:
        self._source = source
        self.form, self.prints_late = source.form, source.prints_late
        self.kind = Kind.MBP_1 if source.form is Form.VENUE else Kind.CMBP_1
        self._start = -(2**63) if start is None else start
        self._end = 2**63 - 1 if end is None else end
        self.symbols: list[str | None] = [source.tape_facts().symbol]
        self.snapshots = 0
        self.is_past_end = False  # what comes after `end` has begun, and is not read

    def chunks(self) -> Iterator[RowChunk]:
        for batch in self._source.batches():
            first = int(np.searchsorted(batch.ts, self._start, "left"))
            last = int(np.searchsorted(batch.ts, self._end, "right"))
            if last > first:
                rows = rows_of(batch.slice(first, last))
                self.snapshots += last - first
                yield rows
            if last < len(batch):
                self.is_past_end = True  # a live run may go on for hours
                break
        if not self.snapshots:
            raise InputError("no snapshot lies in this stretch: choose another --from or --to")


def rows_of(batch: SnapshotBatch) -> RowChunk:
    """The rows of a batch. A trade's row says nothing of quotes: those of its instant follow it."""
    quotes, trades = len(batch.venue), len(batch.trade_venue)
    at = np.arange(len(batch))
    quote_at = np.repeat(at, np.diff(batch.quote_end, prepend=0))
    trade_at = np.repeat(at, np.diff(batch.trade_end, prepend=0))
    order = np.argsort(np.concatenate([trade_at, quote_at]), kind="stable")  # of one snapshot the trades first

    def both(of_trades: Any, of_quotes: Any, kind: Any = np.int64) -> Any:
        parts = np.broadcast_to(of_trades, trades), np.broadcast_to(of_quotes, quotes)
        return np.concatenate(parts).astype(kind)[order]

    return RowChunk(
        symbol=np.zeros(quotes + trades, np.int64),
        ts=both(batch.ts[trade_at], batch.ts[quote_at]),
        venue=both(batch.trade_venue, batch.venue),
        bid_px=both(UNSPOKEN, batch.bid_px),
        bid_sz=both(0, batch.bid_sz),
        ask_px=both(UNSPOKEN, batch.ask_px),
        ask_sz=both(0, batch.ask_sz),
        action=both(TRADE, _QUOTE, np.uint8),
        side=both(batch.trade_side, _NO_SIDE, np.uint8),
        price=both(batch.trade_px, NO_PRICE),
        size=both(batch.trade_sz, 0),
    )


def write_snapshots(source: Source, out: Path, start: int | None = None, end: int | None = None) -> SnapshotRows:
    """Write a source, or a stretch of it, to the Parquet tape `out`; returns what was counted.

    InputError where `out` cannot be written or nothing lies in the stretch.
    """
    rows = SnapshotRows(source, start, end)
    reader_to_parquet(rows, Path(source.tape_facts().name or "stream"), out)
    return rows
