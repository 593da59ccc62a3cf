"""The market seen from one side. The core only ever buys: for a sell, bid prices are negated and play the ask.

So `take` is the side that a market order hits (lowest price best) and `rest` the side where a limit order waits
(highest price best). A sell of the mirrored tape is the buy, by construction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import BUYER, HIDDEN, SELLER, Ints, SnapshotBatch
from sor.core.order import Side
from sor.core.units import FAR as FAR
from sor.core.units import NO_PRICE, UNSPOKEN

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OrientedBatch:
    """A SnapshotBatch seen from one side of the market. Sides without a quote: FAR (take) or -FAR (rest), size 0.

    `trade_sold` is True where the aggressor takes what rests on our side: a seller, when we buy. Trades of unknown
    side are placed by their price later, so they are flagged by `trade_unknown`, those with hidden orders by
    `trade_hidden` too. take_spoken, rest_spoken: whether the
    row speaks of that side, which in the NBBO form it may not.
    """

    ts: Ints
    quote_end: Ints
    venue: Ints
    take_px: Ints
    take_sz: Ints
    rest_px: Ints
    rest_sz: Ints
    trade_end: Ints
    trade_venue: Ints
    trade_px: Ints
    trade_sz: Ints
    trade_sold: Flags
    trade_unknown: Flags
    trade_hidden: Flags
    take_spoken: Flags
    rest_spoken: Flags


def orient(batch: SnapshotBatch, side: Side) -> OrientedBatch:
    """The batch as an order of this side sees it."""
    if side is Side.BUY:
        take, rest = (batch.ask_px, batch.ask_sz), (batch.bid_px, batch.bid_sz)
    else:
        take, rest = (batch.bid_px, batch.bid_sz), (batch.ask_px, batch.ask_sz)
    sign = side.sign
    take_px, take_sz = _side(*take, sign, FAR)
    rest_px, rest_sz = _side(*rest, sign, -FAR)
    return OrientedBatch(
        ts=batch.ts,
        quote_end=batch.quote_end,
        venue=batch.venue,
        take_px=take_px,
        take_sz=take_sz,
        rest_px=rest_px,
        rest_sz=rest_sz,
        trade_end=batch.trade_end,
        trade_venue=batch.trade_venue,
        trade_px=batch.trade_px * sign,
        trade_sz=batch.trade_sz,
        trade_sold=batch.trade_side == (SELLER if side is Side.BUY else BUYER),
        trade_unknown=(batch.trade_side != SELLER) & (batch.trade_side != BUYER),
        trade_hidden=batch.trade_side == HIDDEN,
        take_spoken=take[0] != UNSPOKEN,
        rest_spoken=rest[0] != UNSPOKEN,
    )


def _side(px: Ints, sz: Ints, sign: int, none: int) -> tuple[Ints, Ints]:
    quoted: Flags = (px != NO_PRICE) & (sz > 0)
    oriented = px if sign > 0 else -px
    return (oriented, sz) if quoted.all() else (np.where(quoted, oriented, none), np.where(quoted, sz, 0))
