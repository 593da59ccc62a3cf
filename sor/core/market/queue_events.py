"""The rest side of one venue as events, where resting orders are simulated: quotes, cancellations, trades."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sor.core.market.batch import Ints
from sor.core.market.oriented import FAR, Flags, OrientedBatch

UNKNOWN = 2**60  # shares: more than any queue has, so that nothing gets through what nobody has seen


class Sale(NamedTuple):
    """A trade that can have hit a resting order. position: its place among the snapshot's trades; certain: the
    aggressor sold (oriented), where otherwise its side is unknown; hidden: it met an order that was not displayed."""

    position: int
    px: int
    sz: int
    certain: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class FlowColumns:
    """Trades and quotes of a QueueEvents in their order, as arrays; the quote of an entry follows its trades.

    starts int64[entries + 1]: where the events of an entry begin. trade bool; px: of the trade, or the best rest price;
    sz: of the trade, or what is displayed; certain, hidden bool: see Sale; cancelled, take_px, take_sz, run: of quotes
    (FAR and 0 at trades).
    """

    starts: Ints
    trade: Flags
    px: Ints
    sz: Ints
    certain: Flags
    hidden: Flags
    cancelled: Ints
    take_px: Ints
    take_sz: Ints
    run: Ints


@dataclass(frozen=True)
class QueueEvents:
    """What happened at one venue within a book: entry i is at row rows[i], ascending. Entry 0 is the state before.

    px, sz: its best rest quote after that row, however old; cancelled: shares that left the queue without a trade that
    explains it, at the price that is best now; sales: trades that can have hit a resting order; take_px, take_sz, run:
    the opposite quote and its price run, with size 0 where the venue sent no quote at that row. levels: sizes
    remembered at entry 0 of prices below the best; lowest: the lowest best ever shown until then: what a price above
    it holds is known. Only where trades are printed late, see nbbo_queues: times (ns) of the entries; late; fell:
    shares by which the displayed size fell there, for no reason known yet.
    """

    rows: list[int]
    px: list[int]
    sz: list[int]
    cancelled: list[int]
    sales: list[Sequence[Sale]]
    take_px: list[int]
    take_sz: list[int]
    run: list[int]
    levels: Mapping[int, int]
    lowest: int
    times: list[int] = field(default_factory=list)
    late: int = 0
    fell: list[int] = field(default_factory=list)
    looks: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def falls_at(self, row: int, px: int) -> list[tuple[int, int]]:
        """What fell at a price and waits for its trade to be printed: nothing, where trades come first."""
        return []

    def entries(self, start_row: int, stop_row: int) -> tuple[int, int]:
        """The entries after start_row, up to and including stop_row, as a half-open range."""
        return bisect_right(self.rows, start_row), bisect_right(self.rows, stop_row)

    def ahead_at(self, row: int, px: int) -> int | None:
        """Shares in front of an order that joins at `px` after `row`; None: it would take, so it is refused.

        Behind the best that is the size remembered of the level, UNKNOWN where there is none.
        """
        entry = max(0, bisect_right(self.rows, row) - 1)
        if self.take_px[entry] <= px:
            return None
        while entry and self.px[entry] > px:
            entry -= 1
        if self.px[entry] <= px:
            return self.sz[entry] if self.px[entry] == px else 0
        return self.levels.get(px, 0 if px > self.lowest else UNKNOWN)

    @cached_property
    def columns(self) -> FlowColumns:
        counts = np.fromiter(map(len, self.sales), np.int64, len(self.rows))
        starts = np.concatenate(([0], np.cumsum(counts + 1)))
        quotes, n = starts[1:] - 1, int(starts[-1])
        trade = np.ones(n, np.bool_)
        trade[quotes] = False

        def laid_out(of_quotes: list[int], of_trades: list[int] | int = 0) -> Ints:
            column = np.zeros(n, np.int64)
            column[trade] = of_trades
            column[quotes] = of_quotes
            return column

        flat = [sale for sales in self.sales for sale in sales]
        certain, hidden = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        certain[trade] = [sale.certain for sale in flat]
        hidden[trade] = [sale.hidden for sale in flat]
        return FlowColumns(
            starts,
            trade,
            laid_out(self.px, [sale.px for sale in flat]),
            laid_out(self.sz, [sale.sz for sale in flat]),
            certain,
            hidden,
            laid_out(self.cancelled),
            laid_out(self.take_px, FAR),
            laid_out(self.take_sz),
            laid_out(self.run),
        )


def use_up(falls: deque[tuple[int, int]], since: int, shares: int) -> int:
    """Takes up to `shares` from the falls since a time, the oldest first; how many it took. Older falls are dropped."""
    while falls and falls[0][0] < since:
        falls.popleft()
    left = shares
    while falls and left:
        ts, fell = falls.popleft()
        if fell > left:
            falls.appendleft((ts, fell - left))
            return shares
        left -= fell
    return shares - left


class Quotes(NamedTuple):
    """One venue's quotes in a batch, int64 columns. rows: of the book, ascending; run: of the take side's price."""

    rows: Ints
    px: Ints
    sz: Ints
    take_px: Ints
    take_sz: Ints
    run: Ints


@dataclass(slots=True)
class QueueEventsBuilder:
    """Follows one venue from batch to batch.

    A trade is reported before the book shows its removal, often in another snapshot. So traded shares wait unclaimed
    at their price until a decrease there claims them, and only what is left of a decrease is a cancellation. Levels
    below the best are not shown: their last sizes and unclaimed trades are remembered until the best is lower still.
    """

    px: int = -FAR
    sz: int = 0
    unclaimed: int = 0
    take_px: int = FAR
    run: int = -1
    lowest: int = FAR
    _levels: dict[int, tuple[int, int]] = field(default_factory=dict)  # price -> size, unclaimed; prices ascend

    def extend(self, first_row: int, quotes: Quotes, trades: Mapping[int, Sequence[Sale]]) -> QueueEvents:
        """The entries of a batch; trades: by row of the book. Most entries only say what is shown, as arrays; one
        after the other go those with trades, with another best price, or where shares left."""
        levels, lowest = {px: size for px, (size, _) in self._levels.items()}, self.lowest
        rows = _union(quotes.rows, list(trades)) if trades else quotes.rows
        last = np.concatenate(([0], quotes.rows.searchsorted(rows, side="right")))  # quotes so far, at each entry
        px, sz, take_px, run = (
            np.concatenate(([before], column))[last]
            for before, column in (
                (self.px, quotes.px), (self.sz, quotes.sz), (self.take_px, quotes.take_px), (self.run, quotes.run)
            )
        )  # fmt: skip
        sent = np.diff(last, prepend=0) > 0
        take_sz = np.concatenate(([0], quotes.take_sz))[np.where(sent, last, 0)]
        moved = np.diff(px, prepend=px[0]) != 0
        fell = np.where(moved, 0, np.maximum(-np.diff(sz, prepend=sz[0]), 0))
        traded = dict(zip((rows.searchsorted(list(trades)) + 1).tolist(), trades.values(), strict=True))
        events = QueueEvents(
            [first_row - 1, *rows.tolist()], px.tolist(), sz.tolist(), fell.tolist(), [()] * len(px), take_px.tolist(),
            take_sz.tolist(), run.tolist(), levels, lowest,
        )  # fmt: skip
        moving = moved | (fell > 0)
        moving[list(traded)] = True
        self._follow(events, np.flatnonzero(moving).tolist(), moved.tolist(), traded)
        self.px, self.sz, self.take_px, self.run = events.px[-1], events.sz[-1], events.take_px[-1], events.run[-1]
        self.lowest = min(lowest, int(quotes.px.min(initial=FAR)))
        return events

    def _follow(
        self, events: QueueEvents, entries: list[int], moved: list[bool], traded: Mapping[int, Sequence[Sale]]
    ) -> None:
        """Work out what was sold and cancelled at these entries, trades before quotes."""
        px, sz, cancelled = events.px, events.sz, events.cancelled
        for i in entries:
            if i in traded:
                events.sales[i] = self._sales(traded[i], px[i - 1], events.take_px[i - 1])
            if moved[i]:
                cancelled[i] = max(0, self._move(px[i - 1], sz[i - 1], px[i], sz[i]) - sz[i])
            if self.unclaimed and cancelled[i]:
                claimed = min(cancelled[i], self.unclaimed)
                self.unclaimed -= claimed
                cancelled[i] -= claimed

    def forget(self) -> None:
        """Remember nothing of before: no level but the best, no trade that waits for its decrease."""
        self._levels.clear()
        self.unclaimed = 0
        if self.lowest < FAR:  # a venue that has shown something
            self.lowest = self.px

    def _sales(self, trades: Sequence[Sale], px: int, take_px: int) -> Sequence[Sale]:
        """Those that can have been sales; what was sold at a level waits there for the decrease that it explains."""
        sales = [trade for trade in trades if trade.certain or trade.px < take_px]
        for sale in sales:
            if sale.hidden:
                continue  # it explains no decrease of what is displayed
            if sale.px == px:
                self.unclaimed += sale.sz
            elif sale.px in self._levels:
                size, unclaimed = self._levels[sale.px]
                self._levels[sale.px] = size, unclaimed + sale.sz
        return sales

    def _move(self, before: int, size: int, px: int, sz: int) -> int:
        """The best goes to another price, which shows `sz`; what is remembered of its size. `size`: where it was."""
        if px < before:
            while self._levels and next(reversed(self._levels)) > px:
                self._levels.popitem()
            remembered, self.unclaimed = self._levels.pop(px, (sz, 0))
            return remembered
        if before > -FAR:
            self._levels[before] = size, self.unclaimed
        self.unclaimed = 0
        return sz


def sales_by_venue(events: OrientedBatch, first_row: int) -> dict[int, dict[int, list[Sale]]]:
    """venue -> row -> trades whose aggressor took, or may have taken, our rest side."""
    at = np.flatnonzero(events.trade_sold | events.trade_unknown)
    row_of = np.searchsorted(events.trade_end, at, side="right")
    begins = np.concatenate(([0], events.trade_end))[row_of]
    result: dict[int, dict[int, list[Sale]]] = {}
    for row, venue, *sale in zip(
        (row_of + first_row).tolist(),
        events.trade_venue[at].tolist(),
        (at - begins).tolist(),
        events.trade_px[at].tolist(),
        events.trade_sz[at].tolist(),
        events.trade_sold[at].tolist(),
        events.trade_hidden[at].tolist(),
        strict=True,
    ):
        result.setdefault(venue, {}).setdefault(row, []).append(Sale(*sale))
    return result


def _union(first: Ints, second: Sequence[int]) -> Ints:
    """Both, ascending, each number once. (numpy's own would load masked arrays, which cost memory and start.)"""
    merged = np.sort(np.concatenate([first, np.array(second, np.int64)]))
    return merged[np.diff(merged, prepend=merged[:1] - 1) > 0]
