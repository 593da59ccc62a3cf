"""Snapshots cut to what an order can see: those of a window, and before them the book as one snapshot.

A report made from it is, byte for byte, that of the whole tape wherever strategies know no more of the past than the
book. The router also knows past outflows: to it history begins where the window does, so a window for the router begins
as long before the order as the router can look back (see sor.core.router.outflow_history).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of, distinct, no_quote
from sor.core.units import NANO, NO_PRICE

Quoted = tuple[int, int, int, int]  # bid_px, bid_sz, ask_px, ask_sz
Quotes = dict[int, Quoted]  # by venue: the last quote of each


def cut(
    batches: Iterable[SnapshotBatch], start: int, end: int, *, origin: int, before: Quotes | None = None
) -> Iterator[SnapshotBatch]:
    """The snapshots in [start, end] (ns), after one that shows the book before `start`, if there is a book; and the
    first one after the end, by which a strategy sees that it is over.

    before: the last quotes before the first of the batches. origin: the first instant of the trading day, from which
    the router's history counts its seconds. Nothing is asked of `batches` beyond the end.
    """
    book, held, begun = dict(before or {}), list[SnapshotBatch](), False
    for batch in batches:
        if not begun:
            at = int(np.searchsorted(batch.ts, start))
            if at:
                held.append(batch.slice(0, at))
            if at == len(batch):
                book, held = settled(book, held)
                continue
            yield from _prelude(book, held, start, origin)
            begun, batch = True, batch.slice(at, len(batch))
        over = int(np.searchsorted(batch.ts, end, side="right"))
        if over < len(batch):
            yield batch.slice(0, over + 1)
            return
        if len(batch):
            yield batch
    if not begun:
        yield from _prelude(book, held, start, origin)


def since(batches: Iterable[SnapshotBatch], first: int) -> Iterator[SnapshotBatch]:
    """The snapshots from this time (ns) on."""
    for batch in batches:
        at = int(np.searchsorted(batch.ts, first))
        yield batch.slice(at, len(batch)) if at else batch


def settled(book: Quotes, held: list[SnapshotBatch]) -> tuple[Quotes, list[SnapshotBatch]]:
    """Snapshots held after a book become part of it once it has both sides: only then nothing older matters."""
    now = _after(book, held)
    return (now, []) if is_two_sided(now) else (book, held)


def last_quotes(batch: SnapshotBatch) -> Quotes:
    """The last quote of each venue in these snapshots."""
    quotes: Quotes = {}
    for venue in distinct(batch.venue):
        at = len(batch.venue) - 1 - int(np.argmax((batch.venue == venue)[::-1]))
        quotes[venue] = (int(batch.bid_px[at]), int(batch.bid_sz[at]), int(batch.ask_px[at]), int(batch.ask_sz[at]))
    return quotes


def is_two_sided(quotes: Quotes) -> bool:
    """Whether there is a national mid."""
    bid = any(px != NO_PRICE and sz > 0 for px, sz, _, _ in quotes.values())
    return bid and any(px != NO_PRICE and sz > 0 for _, _, px, sz in quotes.values())


def _after(book: Quotes, held: list[SnapshotBatch]) -> Quotes:
    now = dict(book)
    for batch in held:
        now |= last_quotes(batch)
    return now


def _prelude(book: Quotes, held: list[SnapshotBatch], start: int, origin: int) -> Iterator[SnapshotBatch]:
    """What stands at the start as one snapshot. A mid and a last opposite quote are carried over times when a side is
    empty, so then it is the last book that had both sides and all that came after it."""
    now = _after(book, held)
    if is_two_sided(now):
        yield _snapshot(now, start, origin)
        return
    if book:
        yield _snapshot(book, int(held[0].ts[0]) if held else start, origin)
    yield from held


def _snapshot(quotes: Quotes, before: int, origin: int) -> SnapshotBatch:
    """At the last whole second, counted from the origin, before a time: the router's history opens a window every
    second from the first snapshot on, and so these are the same as with the whole tape."""
    ts = origin + (before - 1 - origin) // NANO * NANO
    listed = tuple(
        Quote(venue, *no_quote(bid, bid_sz), *no_quote(ask, ask_sz))
        for venue, (bid, bid_sz, ask, ask_sz) in sorted(quotes.items())
    )
    return batch_of([Snapshot(ts, listed)])
