"""From rows to snapshots: one per instant, with what its rows say of quotes, and its trades.

In the venue form an instant has each venue's last (or first) row. In the NBBO form it has, of each side, the last row
that speaks of that side. A row that speaks of no side is a trade alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import (
    BUYER,
    HIDDEN,
    NO_VENUE,
    QUOTE_COLUMNS,
    SELLER,
    TRADE_COLUMNS,
    UNKNOWN,
    Form,
    Ints,
    SnapshotBatch,
    concat,
    differs,
)
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.tapes.rows import TRADE, Mask, RowChunk, concat_rows

SnapshotRule = Literal["last", "first"]

_SIDES = np.full(256, UNKNOWN, np.uint8)
_SIDES[[SELLER, BUYER, HIDDEN]] = SELLER, BUYER, HIDDEN


def group_rows(rows: RowChunk, rule: SnapshotRule, form: Form = Form.VENUE) -> SnapshotBatch:
    """Snapshots of rows sorted by time; none of them continues before or after these rows."""
    begins = differs(rows.ts)
    starts = np.flatnonzero(begins)
    instant = np.cumsum(begins) - 1
    trades = np.flatnonzero(rows.action == TRADE)
    trades = trades[(rows.price[trades] != NO_PRICE) & (rows.size[trades] > 0)]
    quote_at, quotes = _quotes(instant, {name: getattr(rows, name) for name in QUOTE_COLUMNS}, rule, form)
    return SnapshotBatch(
        ts=rows.ts[starts],
        quote_end=_ends(quote_at, len(starts)),
        **quotes,
        trade_end=_ends(instant[trades], len(starts)),
        trade_venue=rows.venue[trades],
        trade_px=rows.price[trades],
        trade_sz=rows.size[trades],
        trade_side=_SIDES[rows.side[trades]],
    )


def join_snapshots(parts: Sequence[SnapshotBatch], rule: SnapshotRule, form: Form = Form.VENUE) -> SnapshotBatch:
    """Snapshots of several parts of a tape that overlap in time, the parts in the order of the file.

    Where two parts have the same instant, the rule decides between their quotes of one venue (or side), and trades
    follow each other: the same as if the parts' rows had been sorted and grouped together.
    """
    times, instants = np.unique(np.concatenate([part.ts for part in parts]), return_inverse=True)
    of_part = np.split(instants, np.cumsum([len(part) for part in parts])[:-1])
    quote_at = np.concatenate([_spread(at, part.quote_end) for at, part in zip(of_part, parts, strict=True)])
    trade_at = np.concatenate([_spread(at, part.trade_end) for at, part in zip(of_part, parts, strict=True)])
    flat = concat(parts)
    quote_at, columns = _quotes(quote_at, {name: getattr(flat, name) for name in QUOTE_COLUMNS}, rule, form)
    trades = np.argsort(trade_at, kind="stable")
    columns |= {name: getattr(flat, name)[trades] for name in TRADE_COLUMNS}
    return SnapshotBatch(
        ts=times, quote_end=_ends(quote_at, len(times)), trade_end=_ends(trade_at, len(times)), **columns
    )


class SnapshotBuilder:
    """Groups sorted rows that come in chunks: a batch is made once a row is there that comes after its last instant.

    Batches have `batch_snapshots` snapshots, the last one fewer.
    """

    def __init__(self, rule: SnapshotRule, batch_snapshots: int, form: Form = Form.VENUE) -> None:
        self._rule: SnapshotRule = rule
        self._form = form
        self._size = batch_snapshots
        self._held: list[RowChunk] = []
        self._instants = 0  # in what is held
        self._last: int | None = None

    def on_rows(self, rows: RowChunk) -> Iterator[SnapshotBatch]:
        if len(rows) == 0:
            return
        begins = differs(rows.ts)
        begins[0] = self._last != rows.ts[0]
        self._last = int(rows.ts[-1])
        starts = np.flatnonzero(begins)
        while self._instants + len(starts) > self._size:
            starts = starts[self._size - self._instants :]
            cut = int(starts[0])
            self._held.append(rows.slice(0, cut))
            yield from self.remaining()
            rows, starts = rows.slice(cut, len(rows)), starts - cut
        self._held.append(rows)
        self._instants += len(starts)

    def remaining(self) -> Iterator[SnapshotBatch]:
        if self._held:
            rows = concat_rows(self._held)
            self._held, self._instants = [], 0
            yield group_rows(rows, self._rule, self._form)


class BatchCutter:
    """Batches of any sizes in, batches of one size out."""

    def __init__(self, batch_snapshots: int) -> None:
        self._size = batch_snapshots
        self._parts: list[SnapshotBatch] = []
        self._held = 0

    def on_batch(self, batch: SnapshotBatch) -> Iterator[SnapshotBatch]:
        self._parts.append(batch)
        self._held += len(batch)
        if self._held < self._size:
            return
        whole = concat(self._parts)
        cut = self._held - self._held % self._size
        for start in range(0, cut, self._size):
            yield whole.slice(start, start + self._size)
        self._held -= cut
        self._parts = [whole.slice(cut, len(whole))] if self._held else []

    def remaining(self) -> Iterator[SnapshotBatch]:
        if self._held:
            yield concat(self._parts)
        self._parts, self._held = [], 0


def _quotes(
    instant: NDArray[Any], columns: dict[str, Ints], rule: SnapshotRule, form: Form
) -> tuple[NDArray[Any], dict[str, Any]]:
    """The quotes that count among those of each instant, by instant, then venue: their instants, and their columns."""
    bid_px, bid_sz = _side(columns["bid_px"], columns["bid_sz"])
    ask_px, ask_sz = _side(columns["ask_px"], columns["ask_sz"])
    whole = {"venue": columns["venue"], "bid_px": bid_px, "bid_sz": bid_sz, "ask_px": ask_px, "ask_sz": ask_sz}
    if form is Form.NBBO:
        return _national(instant, whole)
    speaks = (bid_px != UNSPOKEN) | (ask_px != UNSPOKEN)
    if speaks.all():
        picked = _pick(instant, whole["venue"], rule)
    else:
        rows = np.flatnonzero(speaks)
        picked = rows[_pick(instant[rows], whole["venue"][rows], rule)]
    return instant.take(picked), {name: column.take(picked) for name, column in whole.items()}


def _national(instant: NDArray[Any], columns: dict[str, Ints]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Of each instant and side the last row that speaks of the side; both at one venue are one quote."""
    bid = _last_of_each(instant, columns["bid_px"] != UNSPOKEN)
    ask = _last_of_each(instant, columns["ask_px"] != UNSPOKEN)
    at = np.concatenate([instant[bid], instant[ask]])
    prices = np.concatenate([columns["bid_px"][bid], columns["ask_px"][ask]])
    # Where there is no national quote, no venue has it.
    venue = np.where(prices == NO_PRICE, NO_VENUE, np.concatenate([columns["venue"][bid], columns["venue"][ask]]))
    order = np.lexsort((venue, at))  # stable: the bid precedes the ask
    at, venue = at[order], venue[order]
    is_both = (at[1:] == at[:-1]) & (venue[1:] == venue[:-1])
    is_ask = np.repeat([False, True], [len(bid), len(ask)])[order]
    rows = np.concatenate([bid, ask])[order]
    quotes: dict[str, Any] = {"venue": venue}
    for side, is_other in (("bid", is_ask), ("ask", ~is_ask)):
        quotes[f"{side}_px"] = np.where(is_other, UNSPOKEN, columns[f"{side}_px"][rows])
        quotes[f"{side}_sz"] = np.where(is_other, 0, columns[f"{side}_sz"][rows])
    for name in ("ask_px", "ask_sz"):
        quotes[name][:-1][is_both] = quotes[name][1:][is_both]
    kept = np.append(True, ~is_both) if len(at) else np.empty(0, np.bool_)
    return at[kept], {name: column[kept] for name, column in quotes.items()}


def _last_of_each(instant: NDArray[Any], speaks: Mask) -> NDArray[Any]:
    """Of each instant the last row that speaks."""
    rows = np.flatnonzero(speaks)
    rows = rows[np.argsort(instant[rows], kind="stable")]
    return rows[np.append(np.diff(instant[rows]) != 0, True)] if len(rows) else rows


def _pick(instant: NDArray[Any], venue: Ints, rule: SnapshotRule) -> NDArray[Any]:
    """Of each instant and venue the last (first) row: their indices, by instant, then venue."""
    key = instant << 32 | venue  # see MAX_VENUE
    is_sorted = bool((key[1:] >= key[:-1]).all())
    order = np.arange(len(key)) if is_sorted else np.argsort(key, kind="stable")
    key = key if is_sorted else key[order]
    last = np.append(key[1:] != key[:-1], np.ones(min(len(venue), 1), np.bool_))
    return order[last] if rule == "last" else order[np.roll(last, 1)]


def _ends(instant: NDArray[Any], n: int) -> Ints:
    """Where the rows of each of n instants end, given each row's instant."""
    return np.cumsum(np.bincount(instant, minlength=n), dtype=np.int64)


def _spread(at: NDArray[Any], ends: Ints) -> NDArray[Any]:
    """The instant of each row, given each snapshot's instant and where its rows end."""
    return np.repeat(at, np.diff(ends, prepend=0))


def _side(px: Ints, sz: Ints) -> tuple[Ints, Ints]:
    """A side as the core keeps it: (NO_PRICE, 0) where there is no quote, (UNSPOKEN, 0) where nothing is said."""
    if len(px) and px.min() > 0 and px.max() < UNSPOKEN and sz.min() > 0:
        return px, sz
    is_none = (px == NO_PRICE) | (px <= 0) | (sz <= 0)
    is_unspoken = px == UNSPOKEN
    return np.where(is_none & ~is_unspoken, NO_PRICE, px), np.where(is_none | is_unspoken, 0, sz)
