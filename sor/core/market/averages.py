"""Averages of the window that no one can trade: vwap of displayed asks, market_vwap of trades."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.oriented import FAR, OrientedBatch


@dataclass(slots=True)
class Average:
    """sum(price x size) / sum(size), exact whatever the length."""

    value: int = 0
    size: int = 0

    def update(self, px: Ints, sz: Ints) -> None:
        self.value += value_of(px, sz)
        self.size += int(sz.sum())

    @property
    def price(self) -> Fraction | None:
        return Fraction(self.value, self.size) if self.size else None


@dataclass(slots=True)
class WindowAverages:
    """Fed every batch; looks only at snapshots inside the closed window [start, end]."""

    start: int
    end: int
    displayed: Average = field(default_factory=Average)
    traded: Average = field(default_factory=Average)
    snapshots: int = 0
    trades: int = 0

    def on_events(self, batch: OrientedBatch) -> None:
        first, stop = np.searchsorted(batch.ts, [self.start, self.end + 1]).tolist()
        self.snapshots += stop - first
        q0, q1 = _rows(batch.quote_end, first, stop)
        px, sz = batch.take_px[q0:q1], batch.take_sz[q0:q1]
        quoted = px < FAR
        self.displayed.update(*((px, sz) if quoted.all() else (px[quoted], sz[quoted])))
        t0, t1 = _rows(batch.trade_end, first, stop)
        self.traded.update(batch.trade_px[t0:t1], batch.trade_sz[t0:t1])
        self.trades += t1 - t0


def value_of(px: Ints, sz: Ints) -> int:
    """sum(price x size): in 64 bits where it provably fits, by Python's integers where it may not."""
    if len(px) and max(int(px.max()), -int(px.min())) * int(sz.sum()) < 2**62:
        return int(px @ sz)
    return sum(p * s for p, s in zip(px.tolist(), sz.tolist(), strict=True))


def _rows(ends: Ints, first: int, stop: int) -> tuple[int, int]:
    return (int(ends[first - 1]) if first else 0), (int(ends[stop - 1]) if stop else 0)
