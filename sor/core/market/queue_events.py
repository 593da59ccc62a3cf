"""The rest side of one venue as events, where resting orders are simulated: quotes, cancellations, trades."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import NamedTuple

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


class Move(NamedTuple):
    """An entry that can move a queue: trades, a worse best price, or shares that left it. px, sz: see QueueEvents;
    cancelled: shares that left without a trade that explains it, at the price that is best now; sales: trades that can
    have hit a resting order, before the quote."""

    entry: int
    row: int
    px: int
    sz: int
    cancelled: int
    sales: Sequence[Sale]


@dataclass(frozen=True, slots=True)
class FlowColumns:
    """Trades and quotes of all moves in their order, as arrays; the quote of a move follows its trades.

    entries int64[moves]; starts int64[moves + 1]: where the events of a move begin. entry: of the event; trade bool;
    px: of the trade, or the best rest price; sz: of the trade, or what is displayed; certain bool: see Sale; cancelled:
    of quotes. hidden int64[events + 1]: how many hidden sales there were before.
    """

    entries: Ints
    starts: Ints
    entry: Ints
    trade: Flags
    px: Ints
    sz: Ints
    certain: Flags
    cancelled: Ints
    hidden: Ints


@dataclass(frozen=True, eq=False)
class QueueEvents:
    """What happened at one venue within a book: entry i is at row rows[i], ascending. Entry 0 is the state before.

    int64[entries]: px, sz: its best rest quote after that row, however old; take_px, take_sz, run: the opposite quote
    and its price run (-1 before its first quote), with size 0 where the venue sent no quote at that row. moves: the few
    entries that can move a queue, ascending. levels: sizes remembered at entry 0 of prices below the best; lowest: the
    lowest best ever shown until then: what a price above it holds is known. Only where trades are printed late, see
    nbbo_queues: times (ns) of the entries; late; fell: shares by which the displayed size fell there, for no reason
    known yet.
    """

    rows: Ints
    px: Ints
    sz: Ints
    take_px: Ints
    take_sz: Ints
    run: Ints
    moves: list[Move]
    levels: Mapping[int, int]
    lowest: int
    times: list[int] = field(default_factory=list)
    late: int = 0
    fell: list[int] = field(default_factory=list)
    crossings: dict[tuple[int, int, int], Ints] = field(default_factory=dict, init=False, repr=False)

    def falls_at(self, row: int, px: int) -> list[tuple[int, int]]:
        """What fell at a price and waits for its trade to be printed: nothing, where trades come first."""
        return []

    def entries(self, start_row: int, stop_row: int) -> tuple[int, int]:
        """The entries after start_row, up to and including stop_row, as a half-open range."""
        start, stop = self.rows.searchsorted((start_row, stop_row), side="right").tolist()
        return start, stop

    def entry_at(self, row: int) -> int:
        """The last entry at or before a row."""
        return int(self.rows.searchsorted(row, side="right")) - 1

    def reached(self, px: int, start: int, stop: int) -> Ints:
        """The entries of start:stop at which the opposite quote is at a price or through it."""
        key = px, start, stop
        if key not in self.crossings:
            self.crossings[key] = np.flatnonzero(self.take_px[start:stop] <= px) + start
        return self.crossings[key]

    def moves_in(self, start: int, stop: int) -> list[Move]:
        """The moves of entries start:stop."""
        return self.moves[bisect_left(self.moves, (start,)) : bisect_left(self.moves, (stop,))]

    def ahead_at(self, row: int, px: int) -> int | None:
        """Shares in front of an order that joins at `px` after `row`; None: it would take, so it is refused.

        Behind the best that is the size remembered of the level, UNKNOWN where there is none.
        """
        entry = self.entry_at(row)
        if self.take_px[entry] <= px:
            return None
        if self.px[entry] > px:
            # A venue that has not sent a quote yet has no run: it is not known to bid nothing.
            shown = np.flatnonzero((self.px[:entry] <= px) & (self.run[:entry] >= 0))
            if not len(shown):
                return self.levels.get(px, 0 if px > self.lowest else UNKNOWN)
            entry = int(shown[-1])
        return int(self.sz[entry]) if self.px[entry] == px else 0

    @cached_property
    def columns(self) -> FlowColumns:
        entries, _, px, sz, cancelled, sales = zip(*self.moves, strict=True) if self.moves else ((),) * 6
        counts = np.array(list(map(len, sales)), np.int64)
        starts = np.concatenate(([0], np.cumsum(counts + 1)))
        quotes, n = starts[1:] - 1, int(starts[-1])
        trade = np.ones(n, np.bool_)
        trade[quotes] = False
        flat = list(chain.from_iterable(sales))
        _, trade_px, trade_sz, certain, hidden = zip(*flat, strict=True) if flat else ((),) * 5

        def laid_out(of_quotes: Sequence[int] | int, of_trades: Sequence[int] | int) -> Ints:
            column = np.empty(n, np.int64)
            column[quotes], column[trade] = of_quotes, of_trades
            return column

        return FlowColumns(
            np.array(entries, np.int64),
            starts,
            np.repeat(np.array(entries, np.int64), counts + 1),
            trade,
            laid_out(px, trade_px),
            laid_out(sz, trade_sz),
            laid_out(0, certain) > 0,
            laid_out(cancelled, 0),
            np.concatenate(([0], np.cumsum(laid_out(0, hidden)))),
        )


def use_up(falls: deque[tuple[int, int]], since: int, shares: int) -> int:
    """As `take_falls`: how many in all."""
    return sum(used for _, used in take_falls(falls, since, shares))


def take_falls(falls: deque[tuple[int, int]], since: int, shares: int) -> list[tuple[int, int]]:
    """Takes up to `shares` from the falls since a time, the oldest first: the time of each, and how many of it. Older
    falls are dropped."""
    while falls and falls[0][0] < since:
        falls.popleft()
    taken, left = list[tuple[int, int]](), shares
    while falls and left:
        ts, fell = falls.popleft()
        used = min(fell, left)
        taken.append((ts, used))
        left -= used
        if used < fell:
            falls.appendleft((ts, fell - used))
    return taken


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
        traded_at = np.array(list(trades), np.int64)
        rows, sent = _with_trades(quotes.rows, traded_at)
        last = np.cumsum(sent)  # quotes so far, at each entry
        px, sz, take_px, run = (
            np.concatenate(([before], column))[last]
            for before, column in (
                (self.px, quotes.px), (self.sz, quotes.sz), (self.take_px, quotes.take_px), (self.run, quotes.run)
            )
        )  # fmt: skip
        take_sz = np.concatenate(([0], quotes.take_sz))[np.where(sent, last, 0)]
        at_trades = rows.searchsorted(traded_at)
        moving = (px[1:] != px[:-1]) | (sz[1:] < sz[:-1])
        moving[at_trades] = True
        before = np.flatnonzero(moving)
        rows, at = np.concatenate(([first_row - 1], rows)), before + 1
        traded = dict(zip((at_trades + 1).tolist(), trades.values(), strict=True))
        table = (at, rows[at], px[before], sz[before], take_px[before], px[at], sz[at])
        moves = self._follow(zip(*(column.tolist() for column in table), strict=True), traded)
        self.px, self.sz, self.take_px, self.run = int(px[-1]), int(sz[-1]), int(take_px[-1]), int(run[-1])
        self.lowest = min(lowest, int(quotes.px.min(initial=FAR)))
        return QueueEvents(rows, px, sz, take_px, take_sz, run, moves, levels, lowest)

    def _follow(self, entries: Iterable[tuple[int, ...]], traded: Mapping[int, Sequence[Sale]]) -> list[Move]:
        """Work out what was sold and cancelled at these entries, trades before quotes.

        Of each: its number and row, the best rest quote and the take price before it, and the best rest quote after it.
        A better best price alone moves no queue.
        """
        moves = []
        for entry, row, px_before, sz_before, take_px, px, sz in entries:
            sales = self._sales(traded[entry], px_before, take_px) if entry in traded else ()
            if px > px_before:
                if px_before > -FAR:
                    self._levels[px_before] = sz_before, self.unclaimed
                self.unclaimed = 0
                if not sales:
                    continue
                had = sz
            else:
                had = sz_before if px == px_before else self._return_to(px, sz)
            gone = max(0, had - sz)
            claimed = min(gone, self.unclaimed)
            self.unclaimed -= claimed
            moves.append(Move(entry, row, px, sz, gone - claimed, sales))
        return moves

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

    def _return_to(self, px: int, sz: int) -> int:
        """The best falls to a price, which shows `sz`; what is remembered of its size."""
        while self._levels and next(reversed(self._levels)) > px:
            self._levels.popitem()
        remembered, self.unclaimed = self._levels.pop(px, (sz, 0))
        return remembered


def sales_by_venue(events: OrientedBatch, first_row: int) -> dict[int, dict[int, list[Sale]]]:
    """venue -> row -> trades whose aggressor took, or may have taken, our rest side."""
    at = np.flatnonzero(events.trade_sold | events.trade_unknown)
    row_of = np.searchsorted(events.trade_end, at, side="right")
    begins = np.concatenate(([0], events.trade_end))[row_of]
    result: dict[int, dict[int, list[Sale]]] = {}
    of_sales = (
        at - begins, events.trade_px[at], events.trade_sz[at], events.trade_sold[at], events.trade_hidden[at]
    )  # fmt: skip
    sales = map(Sale._make, zip(*(column.tolist() for column in of_sales), strict=True))
    venues = events.trade_venue[at].tolist()
    for row, venue, sale in zip((row_of + first_row).tolist(), venues, sales, strict=True):
        result.setdefault(venue, {}).setdefault(row, []).append(sale)
    return result


def _with_trades(quoted: Ints, traded: Ints) -> tuple[Ints, Flags]:
    """Rows with a quote or a trade, both given ascending; which entries have a quote, entry 0 first, which has none."""
    before = quoted.searchsorted(traded)
    alone = np.append(quoted, -1)[before] != traded
    places = before[alone] + np.arange(np.count_nonzero(alone))
    sent = np.ones(1 + len(quoted) + len(places), np.bool_)
    sent[0], sent[1 + places] = False, False
    rows = np.empty(len(sent) - 1, np.int64)
    rows[sent[1:]], rows[places] = quoted, traded[alone]
    return rows, sent
