"""Rows with the integers that order them within an instant; national rows become one for each side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sor.core.market.batch import NO_VENUE, Ints
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.tapes.rows import NO_ACTION, TRADE, Mask, RowChunk


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """Rows, and for each the integers that order it among the rows of its instant."""

    rows: RowChunk
    order: tuple[Ints, ...]

    def take(self, places: Ints | Mask) -> OrderedRows:
        return OrderedRows(self.rows.take(places), tuple(key[places] for key in self.order))


def national_rows(rows: RowChunk, bid_venue: Ints, ask_venue: Ints) -> list[tuple[RowChunk, Mask]]:
    """Rows of the NBBO form, side by side: chunks of as many rows, and of each the rows that say something.

    The venue of a side without a national quote is NO_VENUE. A trade speaks of no side.
    """
    n = len(rows)
    has = {}
    for side, px, sz in (("bid", rows.bid_px, rows.bid_sz), ("ask", rows.ask_px, rows.ask_sz)):
        is_spoken = px != UNSPOKEN
        is_quote = is_spoken & (px > 0) & (px != NO_PRICE) & (sz > 0)
        has[side] = (is_spoken, is_quote, np.where(is_quote, px, np.where(is_spoken, NO_PRICE, UNSPOKEN)))
    venues = {"bid": np.where(has["bid"][1], bid_venue, NO_VENUE), "ask": np.where(has["ask"][1], ask_venue, NO_VENUE)}
    is_one = has["bid"][0] & has["ask"][0] & (venues["bid"] == venues["ask"])
    plain = {"action": np.full(n, NO_ACTION, np.uint8), "price": np.full(n, NO_PRICE), "size": np.zeros(n, np.int64)}
    bid_sz, ask_sz = np.where(has["bid"][1], rows.bid_sz, 0), np.where(has["ask"][1], rows.ask_sz, 0)
    nothing, unspoken = np.zeros(n, np.int64), np.full(n, UNSPOKEN)
    bid = {"venue": venues["bid"], "bid_px": has["bid"][2], "bid_sz": bid_sz}
    ask = {"venue": venues["ask"], "ask_px": has["ask"][2], "ask_sz": ask_sz}
    no_bid, no_ask = {"bid_px": unspoken, "bid_sz": nothing}, {"ask_px": unspoken, "ask_sz": nothing}
    return [
        (replace(rows, **plain, **(bid | ask)), is_one),
        (replace(rows, **plain, **bid, **no_ask), has["bid"][0] & ~is_one),
        (replace(rows, **plain, **ask, **no_bid), has["ask"][0] & ~is_one),
        (replace(rows, **no_bid, **no_ask), rows.action == TRADE),
    ]
