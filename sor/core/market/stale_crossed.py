"""Stale quotes that cross the national book, left out until their venue quotes again.

On thinned or merged data a venue's last quote can stand for minutes after the market has moved through it. A quote is
stale where it crosses the quote of another venue that sent a row more than `age` later: then nobody would still have
left the newer one there. Both sides of the stale venue become no quote at that snapshot, and its next row brings it
back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from sor.core.market.batch import TRADE_COLUMNS, Quote, Snapshot, SnapshotBatch, batch_of, concat
from sor.core.units import NO_PRICE


@dataclass(slots=True)
class _Last:
    """A venue's last row: time, bid and ask (None where there is no quote)."""

    ts: int
    bid: int | None
    ask: int | None


@dataclass(slots=True)
class StaleFilter:
    """Follows the book of one pass over the snapshots."""

    age: int
    _last: dict[int, _Last] = field(default_factory=dict)

    def batches(self, batches: Iterable[SnapshotBatch]) -> Iterator[SnapshotBatch]:
        """The same snapshots; those at which a venue became stale say that it has no quote."""
        for batch in batches:
            yield self._filtered(batch)

    def _filtered(self, batch: SnapshotBatch) -> SnapshotBatch:
        parts, done = [], 0
        ends = batch.quote_end.tolist()
        venues, bids, asks = batch.venue.tolist(), batch.bid_px.tolist(), batch.ask_px.tolist()
        for row, (ts, end) in enumerate(zip(batch.ts.tolist(), ends, strict=True)):
            first = ends[row - 1] if row else 0
            for at in range(first, end):
                self._last[venues[at]] = _Last(ts, _price(bids[at]), _price(asks[at]))
            stale = self._stale()
            if stale:
                parts += [batch.slice(done, row)] * (row > done)
                parts.append(_without(batch.slice(row, row + 1), stale))
                done = row + 1
        if not parts:
            return batch
        return concat([*parts, *([batch.slice(done, len(batch))] * (done < len(batch)))])

    def _stale(self) -> list[int]:
        """The venues that are stale now, which have no quote from now on."""
        best_bid = max((last.bid for last in self._last.values() if last.bid is not None), default=None)
        best_ask = min((last.ask for last in self._last.values() if last.ask is not None), default=None)
        if best_bid is None or best_ask is None or best_bid <= best_ask:
            return []
        found = [venue for venue, last in self._last.items() if self._is_crossed_by_newer(last)]
        for venue in found:
            self._last[venue].bid = self._last[venue].ask = None
        return sorted(found)

    def _is_crossed_by_newer(self, old: _Last) -> bool:
        return any(
            (old.bid is not None and new.ask is not None and old.bid > new.ask)
            or (old.ask is not None and new.bid is not None and old.ask < new.bid)
            for new in self._last.values()
            if new.ts - old.ts > self.age
        )


def _price(px: int) -> int | None:
    return None if px == NO_PRICE else px


def _without(one: SnapshotBatch, stale: list[int]) -> SnapshotBatch:
    """A batch of one snapshot in which these venues say that they have no quote."""
    keep = ~np.isin(one.venue, stale)
    columns = (one.venue, one.bid_px, one.bid_sz, one.ask_px, one.ask_sz)
    kept = [Quote(*values) for values in zip(*(column[keep].tolist() for column in columns), strict=True)]
    gone = [Quote(venue, NO_PRICE, 0, NO_PRICE, 0) for venue in stale]
    quotes = sorted([*kept, *gone], key=lambda quote: quote.venue)
    alone = batch_of([Snapshot(int(one.ts[0]), tuple(quotes))])
    trades = {name: getattr(one, name) for name in ("trade_end", *TRADE_COLUMNS)}
    return replace(alone, **trades)
