"""From the program's snapshots to the reference's and back: the one place that depends on the program."""

from __future__ import annotations

from collections.abc import Iterable

from reference.market import Level, Quote, Snapshot, Trade
from sor.core.market import batch as sor
from sor.core.units import NO_PRICE


def from_sor(snapshots: Iterable[sor.Snapshot]) -> list[Snapshot]:
    return [
        Snapshot(
            s.ts,
            tuple(Quote(q.venue, _level(q.bid_px, q.bid_sz), _level(q.ask_px, q.ask_sz)) for q in s.quotes),
            tuple(Trade(t.venue, t.px, t.sz, t.side) for t in s.trades),
        )
        for s in snapshots
    ]


def to_sor(snapshots: Iterable[Snapshot]) -> list[sor.Snapshot]:
    return [
        sor.Snapshot(
            s.ts,
            tuple(sor.Quote(q.venue, *_side(q.bid), *_side(q.ask)) for q in s.quotes),
            tuple(sor.Trade(t.venue, t.px, t.sz, t.side) for t in s.trades),
        )
        for s in snapshots
    ]


def _level(px: int, sz: int) -> Level | None:
    return Level(px, sz) if px != NO_PRICE and px > 0 and sz > 0 else None


def _side(level: Level | None) -> tuple[int, int]:
    return (NO_PRICE, 0) if level is None else level
