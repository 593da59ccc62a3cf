"""What the market sends: columnar batches of snapshots, the unit of the stream.

A batch is columnar because a tape has tens of thousands of snapshots a minute. Quotes and trades of snapshot i are
the rows quote_end[i-1]:quote_end[i] and trade_end[i-1]:trade_end[i] (with quote_end[-1] read as 0).
How a stream is cut into batches never changes a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.feed import Form as Form
from sor.core.units import NO_PRICE

Ints = NDArray[np.int64]
Chars = NDArray[np.uint8]


NO_VENUE = 0  # NBBO form: the venue of a side that has no national quote
SELLER, BUYER, UNKNOWN = ord("A"), ord("B"), ord("N")  # the aggressor of a trade, as Databento writes it
HIDDEN = ord("H")  # of unknown side too, against an order that was not displayed: no displayed queue got shorter


@dataclass(frozen=True, slots=True)
class Quote:
    """One venue's best bid and ask. A side without a quote has price NO_PRICE and size 0."""

    venue: int
    bid_px: int
    bid_sz: int
    ask_px: int
    ask_sz: int


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade; `side` is the aggressor's: "A" a seller, "B" a buyer, "N" unknown, "H" that and a hidden order."""

    venue: int
    px: int
    sz: int
    side: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """At one instant: the quote of each venue that sent a row (ascending venue), and the trades in their order."""

    ts: int
    quotes: tuple[Quote, ...]
    trades: tuple[Trade, ...] = ()


@dataclass(frozen=True, slots=True)
class SnapshotBatch:
    """n snapshots in time order with m quotes and k trades, as columns.

    ts, quote_end, trade_end: int64[n]; venue, bid_px, bid_sz, ask_px, ask_sz: int64[m];
    trade_venue, trade_px, trade_sz: int64[k]; trade_side: uint8[k] (ord of A, B, N, H).
    Prices in nanodollars, NO_PRICE with size 0 where a side has no quote. Within a snapshot venues ascend.
    """

    ts: Ints
    quote_end: Ints
    venue: Ints
    bid_px: Ints
    bid_sz: Ints
    ask_px: Ints
    ask_sz: Ints
    trade_end: Ints
    trade_venue: Ints
    trade_px: Ints
    trade_sz: Ints
    trade_side: Chars

    def __len__(self) -> int:
        return len(self.ts)

    def slice(self, start: int, stop: int) -> SnapshotBatch:
        """Snapshots start:stop as a batch of their own (views where possible)."""
        q0, q1 = _bounds(self.quote_end, start, stop)
        t0, t1 = _bounds(self.trade_end, start, stop)
        columns = {name: getattr(self, name)[q0:q1] for name in QUOTE_COLUMNS}
        columns |= {name: getattr(self, name)[t0:t1] for name in TRADE_COLUMNS}
        return SnapshotBatch(
            ts=self.ts[start:stop],
            quote_end=self.quote_end[start:stop] - q0,
            trade_end=self.trade_end[start:stop] - t0,
            **columns,
        )

    def snapshots(self) -> list[Snapshot]:
        """The same as objects; for streams, tests and screens, not for long loops."""
        quotes = [Quote(*row) for row in zip(*(getattr(self, c).tolist() for c in QUOTE_COLUMNS), strict=True)]
        trades = [
            Trade(venue, px, sz, chr(side))
            for venue, px, sz, side in zip(*(getattr(self, c).tolist() for c in TRADE_COLUMNS), strict=True)
        ]
        result, q, t = [], 0, 0
        for ts, q_end, t_end in zip(self.ts.tolist(), self.quote_end.tolist(), self.trade_end.tolist(), strict=True):
            result.append(Snapshot(ts, tuple(quotes[q:q_end]), tuple(trades[t:t_end])))
            q, t = q_end, t_end
        return result


QUOTE_COLUMNS = ("venue", "bid_px", "bid_sz", "ask_px", "ask_sz")
TRADE_COLUMNS = ("trade_venue", "trade_px", "trade_sz", "trade_side")


def _bounds(ends: Ints, start: int, stop: int) -> tuple[int, int]:
    first = int(ends[start - 1]) if start > 0 else 0
    last = int(ends[stop - 1]) if stop > 0 else 0
    return first, max(first, last)


def empty_batch() -> SnapshotBatch:
    return batch_of([])


def batch_of(snapshots: Sequence[Snapshot]) -> SnapshotBatch:
    """Columns from objects."""
    quotes = [q for s in snapshots for q in s.quotes]
    trades = [t for s in snapshots for t in s.trades]

    def ints(values: Any) -> Ints:
        return np.fromiter(values, dtype=np.int64)

    return SnapshotBatch(
        ts=ints(s.ts for s in snapshots),
        quote_end=np.cumsum(ints(len(s.quotes) for s in snapshots), dtype=np.int64),
        venue=ints(q.venue for q in quotes),
        bid_px=ints(q.bid_px for q in quotes),
        bid_sz=ints(q.bid_sz for q in quotes),
        ask_px=ints(q.ask_px for q in quotes),
        ask_sz=ints(q.ask_sz for q in quotes),
        trade_end=np.cumsum(ints(len(s.trades) for s in snapshots), dtype=np.int64),
        trade_venue=ints(t.venue for t in trades),
        trade_px=ints(t.px for t in trades),
        trade_sz=ints(t.sz for t in trades),
        trade_side=np.fromiter((ord(t.side) for t in trades), dtype=np.uint8),
    )


def concat(batches: Sequence[SnapshotBatch]) -> SnapshotBatch:
    """One batch from several, in their order."""
    columns: dict[str, Any] = {}
    for field in fields(SnapshotBatch):
        parts = [getattr(b, field.name) for b in batches]
        if field.name.endswith("_end"):
            rows = "venue" if field.name == "quote_end" else "trade_venue"
            shifts = np.cumsum([0, *(len(getattr(b, rows)) for b in batches)])
            parts = [part + shift for part, shift in zip(parts, shifts, strict=False)]
        columns[field.name] = np.concatenate(parts) if parts else getattr(empty_batch(), field.name)
    return SnapshotBatch(**columns)


def differs(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which values are another than the one before; the first one is."""
    found = np.empty(len(values), np.bool_)
    found[:1] = True
    np.not_equal(values[1:], values[:-1], out=found[1:])
    return found


def distinct(values: NDArray[Any]) -> list[int]:
    """The integers that occur, ascending. (np.unique would load numpy's masked arrays: 10 ms and a megabyte.)"""
    ordered = np.sort(values)
    found: list[int] = ordered[differs(ordered)].tolist()
    return found


def no_quote(px: int | None, sz: int) -> tuple[int, int]:
    """A side as the core keeps it: (NO_PRICE, 0) for a missing or undefined price, one of zero or less, or no size."""
    return (NO_PRICE, 0) if px is None or px == NO_PRICE or px <= 0 or sz <= 0 else (px, sz)
