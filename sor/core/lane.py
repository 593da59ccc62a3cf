"""The rest side of one venue as a lane of events, where resting orders are simulated: quotes, cancellations, trades."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sor.core.market import Ints
from sor.core.orient import OrientedBatch


@dataclass(frozen=True, slots=True)
class LaneColumns:
    """A Lane as arrays: px, sz, cancelled int64[entries]; entry, trade_px, trade_sz int64[trades]."""

    px: Ints
    sz: Ints
    cancelled: Ints
    entry: Ints
    trade_px: Ints
    trade_sz: Ints


@dataclass(frozen=True)
class Lane:
    """What happened at one venue within a book, on the rest side: entry i is at row rows[i], ascending.

    px, sz: its best rest quote after that row; cancelled: shares that left the queue at an unchanged price without a
    trade that explains it; trades: (position, price, size) of the trades that can have hit a resting order.
    """

    rows: list[int]
    px: list[int]
    sz: list[int]
    cancelled: list[int]
    trades: list[tuple[tuple[int, int, int], ...]]

    def entries(self, start_row: int, stop_row: int) -> tuple[int, int]:
        """The entries after start_row, up to and including stop_row, as a half-open range."""
        return bisect_right(self.rows, start_row), bisect_right(self.rows, stop_row)

    @cached_property
    def columns(self) -> LaneColumns:
        flat = [(i, px, sz) for i, trades in enumerate(self.trades) for _, px, sz in trades]
        entry, trade_px, trade_sz = np.array(flat, np.int64).reshape(-1, 3).T
        px, sz, cancelled = (np.array(values, np.int64) for values in (self.px, self.sz, self.cancelled))
        return LaneColumns(px, sz, cancelled, entry, trade_px, trade_sz)


@dataclass(slots=True)
class LaneBuilder:
    """Follows one venue's rest side from batch to batch.

    A trade is reported before the book shows its removal, often in another snapshot. So traded shares wait in
    `unexplained` until a decrease at that price claims them, and only what is left of a decrease is a cancellation.
    """

    px: int
    sz: int = 0
    unexplained: int = 0

    def extend(
        self, rows: list[int], px: list[int], sz: list[int], trades: dict[int, list[tuple[int, int, int]]]
    ) -> Lane:
        """`rows` are those at which the venue sent a quote; trades by row may add others."""
        if not trades.keys() <= set(rows):
            rows, px, sz = self._with_trade_rows(rows, px, sz, trades)
        last_px, last_sz, unexplained = self.px, self.sz, self.unexplained
        cancelled = [0] * len(rows)
        for i, (row, new_px, new_sz) in enumerate(zip(rows, px, sz, strict=True)):
            if row in trades:
                unexplained += sum(size for _, price, size in trades[row] if price == last_px)
            if new_px != last_px:
                unexplained = 0
            elif new_sz < last_sz:
                explained = min(last_sz - new_sz, unexplained)
                unexplained -= explained
                cancelled[i] = last_sz - new_sz - explained
            last_px, last_sz = new_px, new_sz
        self.px, self.sz, self.unexplained = last_px, last_sz, unexplained
        return Lane(rows, px, sz, cancelled, [tuple(trades.get(row, ())) for row in rows])

    def _with_trade_rows(
        self, rows: list[int], px: list[int], sz: list[int], trades: dict[int, list[tuple[int, int, int]]]
    ) -> tuple[list[int], list[int], list[int]]:
        """Entries for trades at snapshots in which the venue sent no quote: its last quote stands."""
        quotes = dict(zip(rows, zip(px, sz, strict=True), strict=True))
        merged = sorted(quotes.keys() | trades.keys())
        states, last = [], (self.px, self.sz)
        for row in merged:
            last = quotes.get(row, last)
            states.append(last)
        return merged, [state[0] for state in states], [state[1] for state in states]


def trades_by_venue(events: OrientedBatch, first_row: int) -> dict[int, dict[int, list[tuple[int, int, int]]]]:
    """venue -> row -> trades (position, price, size) whose aggressor took, or may have taken, our rest side."""
    at = np.flatnonzero(events.trade_sold | events.trade_unknown)
    row_of = np.searchsorted(events.trade_end, at, side="right")
    begins = np.concatenate(([0], events.trade_end))[row_of]
    result: dict[int, dict[int, list[tuple[int, int, int]]]] = {}
    for row, position, venue, px, sz in zip(
        (row_of + first_row).tolist(),
        (at - begins).tolist(),
        events.trade_venue[at].tolist(),
        events.trade_px[at].tolist(),
        events.trade_sz[at].tolist(),
        strict=True,
    ):
        result.setdefault(venue, {}).setdefault(row, []).append((position, px, sz))
    return result
