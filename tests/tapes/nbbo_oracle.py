"""A slow, obvious second reading of the NBBO form: one pass over rows, one side at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sor.core.market.batch import Quote, Snapshot, Trade
from sor.core.units import NO_PRICE, UNSPOKEN


@dataclass(frozen=True)
class Said:
    """What a row says of one side: a venue's price and size, or that there is no national quote (px None)."""

    venue: int
    px: int | None
    sz: int


@dataclass(frozen=True)
class NbboRow:
    """One row of a consolidated file; None where it does not speak of a side, or is no trade."""

    ts: int
    bid: Said | None = None
    ask: Said | None = None
    trade: Trade | None = None


def national_snapshots(rows: Sequence[NbboRow]) -> list[Snapshot]:
    """Of each instant, each side as its last row that speaks of it says; trades in the order of the file."""
    found = []
    instants: dict[int, list[NbboRow]] = {}
    for row in rows:
        instants.setdefault(row.ts, []).append(row)
    for ts, now in sorted(instants.items()):
        sides: dict[int, dict[str, tuple[int, int]]] = {}
        for side in ("bid", "ask"):
            said = [getattr(row, side) for row in now if getattr(row, side) is not None]
            if not said:
                continue
            last = said[-1]
            is_quote = last.px is not None and last.px > 0 and last.sz > 0
            sides.setdefault(last.venue if is_quote else 0, {})[side] = (
                (last.px, last.sz) if is_quote else (NO_PRICE, 0)
            )
        quotes = [
            Quote(venue, *of.get("bid", (UNSPOKEN, 0)), *of.get("ask", (UNSPOKEN, 0)))
            for venue, of in sorted(sides.items())
        ]
        found.append(Snapshot(ts, tuple(quotes), tuple(row.trade for row in now if row.trade is not None)))
    return found
