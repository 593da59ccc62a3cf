"""From the program's snapshots to the reference's and back: the one place that depends on the program."""

from __future__ import annotations

from collections.abc import Iterable

from reference.market import Level, Quote, Snapshot, Trade
from reference.nbbo import Best, Instant
from sor.core.market import batch as sor
from sor.core.units import NO_PRICE, UNSPOKEN


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


def national_to_sor(tape: Iterable[Instant]) -> list[sor.Snapshot]:
    """A tape in NBBO form."""
    return [
        sor.Snapshot(one.ts, _halves(one), tuple(sor.Trade(t.venue, t.px, t.sz, t.side) for t in one.trades))
        for one in tape
    ]


def _halves(one: Instant) -> tuple[sor.Quote, ...]:
    bids, asks = _shown(one.bid), _shown(one.ask)
    venues = sorted({*bids, *asks})
    return tuple(sor.Quote(v, *bids.get(v, (UNSPOKEN, 0)), *asks.get(v, (UNSPOKEN, 0))) for v in venues)


def _shown(best: Best | None) -> dict[int, tuple[int, int]]:
    if best is None:
        return {}
    return {sor.NO_VENUE: (NO_PRICE, 0)} if best.level is None else {best.venue: (best.level.px, best.level.sz)}


def _level(px: int, sz: int) -> Level | None:
    return Level(px, sz) if px != NO_PRICE and px > 0 and sz > 0 else None


def _side(level: Level | None) -> tuple[int, int]:
    return (NO_PRICE, 0) if level is None else level
