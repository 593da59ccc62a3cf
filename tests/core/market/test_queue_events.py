"""The queue events of a venue against the plain way to say them: row after row, in every cut of the stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import THOROUGH

from sor.core.market.oriented import FAR
from sor.core.market.queue_events import UNKNOWN, Move, QueueEvents, QueueEventsBuilder, Quotes, Sale, use_up

Quote = tuple[int, int, int, int, int]  # rest price and size, take price and size, price run
Row = tuple[Quote | None, list[Sale]]
Entry = tuple[int, int, int, int, int, int, list[Sale]]


@dataclass
class RowAfterRow:
    """px, sz: the best; unclaimed: sold there, and not yet seen to be gone; levels: price -> size and unclaimed."""

    px: int = -FAR
    sz: int = 0
    unclaimed: int = 0
    take_px: int = FAR
    run: int = -1
    levels: dict[int, tuple[int, int]] = field(default_factory=dict)

    def row(self, quote: Quote | None, trades: list[Sale]) -> Entry:
        sales = [trade for trade in trades if trade.certain or trade.px < self.take_px]
        for sale in sales:
            if sale.hidden:
                continue
            if sale.px == self.px:
                self.unclaimed += sale.sz
            elif sale.px in self.levels:
                size, unclaimed = self.levels[sale.px]
                self.levels[sale.px] = size, unclaimed + sale.sz
        cancelled = taken = 0
        if quote is not None:
            px, sz, self.take_px, taken, self.run = quote
            if px > self.px:
                if self.px > -FAR:
                    self.levels[self.px] = self.sz, self.unclaimed
                self.sz, self.unclaimed = sz, 0
            elif px < self.px:
                remembered = self.levels.get(px, (sz, 0))
                self.levels = {price: level for price, level in self.levels.items() if price < px}
                self.sz, self.unclaimed = remembered
            gone = max(0, self.sz - sz)
            claimed = min(gone, self.unclaimed)
            self.unclaimed -= claimed
            self.px, self.sz, cancelled = px, sz, gone - claimed
        return self.px, self.sz, cancelled, self.take_px, taken, self.run, sales


prices = st.sampled_from([-FAR, *range(95, 101)])
sizes = st.integers(0, 6)
quotes = st.tuples(prices, sizes, st.sampled_from([FAR, 98, 101, 102]), sizes, st.integers(0, 3))
sales = st.builds(Sale, st.integers(0, 2), st.integers(95, 101), st.integers(1, 5), st.booleans(), st.booleans())
rows = st.tuples(st.none() | quotes, st.lists(sales, max_size=2))


def columns(chunk: list[Row]) -> tuple[Quotes, dict[int, list[Sale]]]:
    at = [i for i, (quote, _) in enumerate(chunk, 1) if quote is not None]
    table = np.array([chunk[i - 1][0] for i in at], np.int64).reshape(-1, 5)
    return Quotes(np.array(at, np.int64), *table.T), {i: trades for i, (_, trades) in enumerate(chunk, 1) if trades}


def said(events: QueueEvents) -> list[Entry]:
    """All entries; no move is where nothing was sold or cancelled. A move tells the quote and the row of its entry."""
    moves = {move.entry: move for move in events.moves}
    for move in events.moves:
        assert (move.px, move.sz, move.row) == tuple(col[move.entry] for col in (events.px, events.sz, events.rows))
    still = Move(0, 0, 0, 0, 0, [])
    found = [moves.get(entry, still) for entry in range(len(events.rows))]
    columns_of = (events.px, events.sz, [move.cancelled for move in found], events.take_px, events.take_sz, events.run)
    quotes = (column if isinstance(column, list) else column.tolist() for column in columns_of)
    return list(zip(*quotes, [list(move.sales) for move in found], strict=True))


@settings(max_examples=80 * THOROUGH, deadline=None)
@given(st.lists(rows, max_size=30), st.lists(st.integers(0, 30), max_size=3))
def test_queue_events_are_those_of_one_row_after_the_other(tape: list[Row], cuts: list[int]) -> None:
    plain, builder = RowAfterRow(), QueueEventsBuilder()
    edges = [0, *sorted(min(cut, len(tape)) for cut in cuts), len(tape)]
    for first, stop in pairwise(edges):
        chunk = tape[first:stop]
        levels, lowest = {px: size for px, (size, _) in plain.levels.items()}, builder.lowest
        expected: list[Entry] = [(plain.px, plain.sz, 0, plain.take_px, 0, plain.run, [])]
        expected += [plain.row(*row) for row in chunk if row != (None, [])]
        events = builder.extend(1, *columns(chunk))
        assert said(events) == expected
        assert events.rows.tolist() == [0, *(i for i, row in enumerate(chunk, 1) if row != (None, []))]
        assert (events.levels, events.lowest) == (levels, lowest)
        assert builder.lowest == min([lowest, *(quote[0] for quote, _ in chunk if quote is not None)])


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, max_size=12), quotes, st.lists(rows, min_size=1, max_size=12))
def test_one_that_forgets_is_one_that_began_with_the_last_quote(
    before: list[Row], last: Quote, after: list[Row]
) -> None:
    old, new = QueueEventsBuilder(), QueueEventsBuilder()
    old.extend(1, *columns([*before, (last, [])]))
    new.extend(1, *columns([(last, [])]))
    for builder in (old, new):
        builder.forget()
    assert old == new
    events = [builder.extend(1, *columns(after)) for builder in (old, new)]
    first, second = ((said(one), one.rows.tolist(), one.moves, one.levels, one.lowest) for one in events)
    assert first == second


@settings(max_examples=100, deadline=None)
@given(st.lists(rows, max_size=30))
def test_between_moves_no_queue_gets_shorter(tape: list[Row]) -> None:
    """Only then may an order look at the moves alone."""
    events = QueueEventsBuilder().extend(1, *columns(tape))
    moving = {move.entry for move in events.moves}
    for entry in range(1, len(events.rows)):
        if entry not in moving:
            better = events.px[entry] > events.px[entry - 1]
            assert better or (events.px[entry] == events.px[entry - 1] and events.sz[entry] >= events.sz[entry - 1])


def test_a_better_best_price_alone_is_no_move_and_its_trades_are() -> None:
    sale = Sale(0, 95, 1, True)
    better: list[Row] = [
        ((95, 3, 101, 1, 0), []),
        ((96, 3, 101, 1, 0), []),
        ((97, 3, 101, 1, 0), [sale]),
        ((96, 3, 101, 1, 0), []),
    ]
    events = QueueEventsBuilder(px=95, sz=3).extend(1, *columns(better))
    assert [move.entry for move in events.moves] == [3, 4]
    assert events.moves[0].sales == [sale]


def test_what_was_seen_before_is_not_known_once_it_is_forgotten() -> None:
    """The best was 95 and is 100: nothing was at 97. After forgetting nobody knows."""
    ahead = []
    for forgets in (False, True):
        builder = QueueEventsBuilder()
        builder.extend(1, *columns([((95, 3, 101, 1, 0), []), ((100, 3, 101, 1, 0), [])]))
        if forgets:
            builder.forget()
        ahead.append(builder.extend(1, *columns([((100, 2, 101, 1, 0), [])])).ahead_at(1, 97))
    assert ahead == [0, UNKNOWN]


def test_what_stands_behind_the_best_is_the_same_however_the_stream_is_cut() -> None:
    """The best was 95, 97 and 99: what they showed last is remembered, nothing was between them, and what is below all
    that was ever shown nobody knows. A venue that says that it bids nothing has nothing anywhere."""
    bids: list[Row] = [(None, [Sale(0, 90, 1, True)]), *(((px, px - 90, FAR, 0, 0), []) for px in (95, 97, 99, 99))]
    for first, ahead in ((bids, UNKNOWN), ([((-FAR, 0, FAR, 0, 0), []), *bids], 0)):
        for cut in range(len(first)):
            builder = QueueEventsBuilder()
            builder.extend(1, *columns(first[:cut]))
            events = builder.extend(1, *columns(first[cut:]))
            found = [events.ahead_at(len(first) - cut, px) for px in (93, 94, 95, 96, 97, 98, 99, 100)]
            assert found == [ahead, ahead, 5, 0, 7, 0, 9, 0]
            assert events.ahead_at(len(first) - cut, FAR) is None


def test_a_venue_that_has_shown_nothing_is_as_unknown_after_it_forgets() -> None:
    builder = QueueEventsBuilder()
    builder.forget()
    events = builder.extend(1, *columns([((95, 3, 101, 1, 0), []), ((100, 3, 101, 1, 0), [])]))
    assert [events.ahead_at(2, px) for px in (94, 95, 96)] == [UNKNOWN, 3, 0]


def test_falls_are_used_up_from_the_oldest_on() -> None:
    """At 3 the fall of 2 is too old; 25 are the 10 of 4 and 15 of the 20 of 5. Nobody finds more than is there."""
    falls = deque([(2, 50), (4, 10), (5, 20)])
    assert use_up(falls, 3, 0) == 0
    assert list(falls) == [(4, 10), (5, 20)]
    assert use_up(falls, 4, 25) == 25
    assert list(falls) == [(5, 5)]
    assert use_up(falls, 5, 7) == 5
    assert not falls
