"""Snapshots to the JSON of the stream (docs/stream.md; message.schema.json says the same to a machine).

Prices are exact: they are written from integers.
"""

from __future__ import annotations

import numpy as np

from sor.core.market.batch import BUYER, HIDDEN, QUOTE_COLUMNS, SELLER, UNKNOWN, Form, Ints, SnapshotBatch
from sor.core.units import NO_PRICE, UNSPOKEN, dollars

_SIDES = {SELLER: b'"A"', BUYER: b'"B"', UNKNOWN: b'"N"', HIDDEN: b'"N","hidden":true'}


def encode(batch: SnapshotBatch, has_bids: bool = True, form: Form = Form.VENUE) -> list[bytes]:
    """One message a snapshot. Bids are left out where the whole source has none.

    In the NBBO form a side of which nothing is said has no keys, and venue 0 with null is a side without a quote.
    """
    px = _PriceTexts()
    quotes = _sides(batch, px) if form is Form.NBBO else _quotes(batch, has_bids, px)
    trades = [
        b'{"publisher_id":%d,"px":%b,"sz":%d,"side":%b}' % (venue, px[price], size, _SIDES[side])
        for venue, price, size, side in zip(
            batch.trade_venue.tolist(),
            batch.trade_px.tolist(),
            batch.trade_sz.tolist(),
            batch.trade_side.tolist(),
            strict=True,
        )
    ]
    messages, q, t = [], 0, 0
    ends = zip(_times(batch.ts), batch.quote_end.tolist(), batch.trade_end.tolist(), strict=True)
    for time, q_end, t_end in ends:
        tail = b',"trades":[%b]' % b",".join(trades[t:t_end]) if t_end > t else b""
        messages.append(b'{"timestamp":"%bZ","venues":[%b]%b}' % (time, b",".join(quotes[q:q_end]), tail))
        q, t = q_end, t_end
    return messages


def _quotes(batch: SnapshotBatch, has_bids: bool, px: _PriceTexts) -> list[bytes]:
    quotes = [
        b'{"publisher_id":%d,"ask_px_00":%b,"ask_sz_00":%d' % (venue, px[ask], size)
        for venue, ask, size in zip(batch.venue.tolist(), batch.ask_px.tolist(), batch.ask_sz.tolist(), strict=True)
    ]
    if not has_bids:
        return [head + b"}" for head in quotes]
    return [
        b'%b,"bid_px_00":%b,"bid_sz_00":%d}' % (head, px[bid], size)
        for head, bid, size in zip(quotes, batch.bid_px.tolist(), batch.bid_sz.tolist(), strict=True)
    ]


def _sides(batch: SnapshotBatch, px: _PriceTexts) -> list[bytes]:
    columns = (getattr(batch, name).tolist() for name in QUOTE_COLUMNS)
    return [
        b'{"publisher_id":%d%b%b}'
        % (
            venue,
            b"" if ask == UNSPOKEN else b',"ask_px_00":%b,"ask_sz_00":%d' % (px[ask], ask_size),
            b"" if bid == UNSPOKEN else b',"bid_px_00":%b,"bid_sz_00":%d' % (px[bid], bid_size),
        )
        for venue, bid, bid_size, ask, ask_size in zip(*columns, strict=True)
    ]


class _PriceTexts(dict[int, bytes]):
    """Nanodollars -> JSON. A tape has few distinct prices, so each is written once a batch."""

    def __missing__(self, price: int) -> bytes:
        text = b"null" if price == NO_PRICE else str(dollars(price)).encode()
        self[price] = text
        return text


def _times(ts: Ints) -> list[bytes]:
    texts: list[bytes] = np.char.encode(np.datetime_as_string(ts.view("datetime64[ns]"), unit="ns"), "ascii").tolist()
    return texts
