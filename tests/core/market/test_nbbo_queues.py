"""What is known of a queue of an NBBO tape as an order joins it, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from strategies_for_tapes import BASE, CENT, SECOND, T0, cut

from sor.core.execution.flow_watch import FlowWatch
from sor.core.market.batch import NO_VENUE, Quote, Snapshot, Trade
from sor.core.market.book import Book
from sor.core.market.nbbo_book import NbboBookBuilder
from sor.core.market.nbbo_queues import HiddenQueueEvents
from sor.core.market.oriented import FAR, orient
from sor.core.market.queue_events import UNKNOWN
from sor.core.order import Side
from sor.core.strategies.interface import Flow
from sor.core.units import NO_PRICE, UNSPOKEN


def queue(
    px: list[int], sz: list[int], levels: dict[int, int] | None = None, lowest: int = FAR, **more: Any
) -> HiddenQueueEvents:
    """Entry i is at row i - 1; nobody asks."""
    none = np.zeros(len(px), np.int64)
    columns = np.arange(len(px)) - 1, np.array(px), np.array(sz), none + FAR, none, none
    return HiddenQueueEvents(*columns, [], levels or {}, lowest, late=10, **more)


def test_falls_at_the_price_that_no_trade_explains_yet() -> None:
    """The 45 sold at 106 are of the 40 of 101 and of 5 of the 7 of 102, also at 112, when that of 101 is too old. The
    rest waits, with the 4 that fall last. What fell at 96, and what falls later, is not ours."""
    changes = [
        (0, 101, 95, 101, 40), (0, 102, 95, 102, 7), (0, 104, 95, 104, 30), (1, 105, 96, 105, 50),
        (1, 106, 95, 101, -40), (1, 106, 95, 102, -5), (2, 112, 95, 112, 4), (3, 113, 95, 113, 9),
    ]  # fmt: skip
    events = queue([95] * 4, [100] * 4, times=[90, 104, 106, 112], changes=changes)
    assert events.falls_at(2, 95) == [(102, 2), (104, 30), (112, 4)]
    assert events.falls_at(2, 96) == [(105, 50)]
    assert events.falls_at(2, 97) == []
    assert events.falls_at(1, 95) == [(102, 2), (104, 30)]
    assert events.falls_at(0, 95) == [(101, 40), (102, 7), (104, 30)]


def test_who_stands_before_an_order_by_what_its_venue_showed() -> None:
    """The venue shows 95, 97 and 98; then another shows 98, while its own run there goes on."""
    px, sz = [94, 95, 97, 98, 98], [UNKNOWN, 5, 7, 8, UNKNOWN]
    known = [(-FAR, 0), (95, 5), (97, 7), (98, 8), (98, 8)]
    events = queue(px, sz, known=known, levels={93: 3}, lowest=94)
    assert [events.ahead_at(2, at) for at in (92, 93, 94, 95, 96, 97, 98, 99)] == [UNKNOWN, 3, UNKNOWN, 5, 0, 7, 8, 0]
    assert [events.ahead_at(3, at) for at in (97, 98, 99)] == [0, 8, 0]
    assert events.ahead_at(2, FAR) is None


# --- what a tape makes of them ----------------------------------------------------------------------------------------


def bids(ts: int, size: int, venue: int = 7, level: int = 0) -> Snapshot:
    """The national bid, so many cents above BASE, `ts` ns after T0."""
    return Snapshot(T0 + ts, (Quote(venue, BASE + level * CENT, size, UNSPOKEN, 0),))


def asks(ts: int, size: int = 50, venue: int = 7) -> Snapshot:
    return Snapshot(T0 + ts, (Quote(venue, UNSPOKEN, 0, BASE + 9 * CENT, size),))


def trades(ts: int, size: int, level: int = 0, side: str = "A") -> Snapshot:
    return Snapshot(T0 + ts, (), (Trade(7, BASE + level * CENT, size, side),))


MS = SECOND // 1000
NOBODY_BIDS = Snapshot(T0, (Quote(NO_VENUE, NO_PRICE, 0, UNSPOKEN, 0),))


def books(tape: list[Snapshot], *cuts: int) -> list[Book]:
    """Of a tape whose prints come up to a second late, as a buyer sees them; cut before these snapshots."""
    builder = NbboBookBuilder(queues=True, prints_late=SECOND)
    return [builder.extend(orient(batch, Side.BUY)) for batch in cut(tape, cuts) if len(batch)]


@pytest.mark.parametrize(
    ("first", "below"), [([asks(0)], UNKNOWN), ([trades(0, 10)], UNKNOWN), ([], UNKNOWN), ([NOBODY_BIDS], 0)]
)
def test_what_stands_below_all_that_was_shown_is_unknown_until_somebody_said_that_there_are_no_bids(
    first: list[Snapshot], below: int
) -> None:
    """Venue 7 bids at 0 and then at 2: 100 stand at 0, nobody at 1. That it asks or was sold to says nothing of -1."""
    tape = [*first, bids(1, 100), bids(2, 300, level=2), asks(3, venue=2)]
    for at in range(len(tape)):
        book = books(tape, at)[-1]
        queue, last = book.queue_events_at(7), len(book) - 1
        assert [queue.ahead_at(last, BASE + level * CENT) for level in (-1, 0, 1, 2, 3)] == [below, 100, 0, 300, 0], at


@pytest.mark.parametrize(("after", "fell"), [(SECOND, 50), (SECOND + 1, 60)])
def test_a_fall_that_a_late_trade_does_not_explain_left_the_queue(after: int, fell: int) -> None:
    """60 fall at 1. The 10 that are sold are of those up to a second later; after that they are of what falls next."""
    tape = [bids(0, 100), bids(1, 40), trades(1 + after, 10), bids(2 * SECOND, 30 if after > SECOND else 40)]
    assert flow([*tape, bids(4 * SECOND, 500)]) == (Flow(7, 10, fell),)


def test_what_fell_in_a_price_run_is_not_told_of_the_next() -> None:
    """60 fall at 1, and the queue is another before a second has passed: venue 7 bids more, or nobody bids as much."""
    better = [bids(0, 100), bids(1, 40), bids(2, 300, level=1), bids(3 * SECOND, 300, level=1)]
    again = [bids(0, 100), bids(1, 40), bids(2, 500, venue=2, level=-1), bids(3, 200), bids(3 * SECOND, 200)]
    assert flow(better) == flow(again) == ()


def test_what_was_sold_where_nobody_was_left_explains_no_later_fall() -> None:
    """Venue 7 has nobody at 0 from 1 on, so the 30 are not of the 200 that it shows there at 3, of which 50 leave."""
    tape = [bids(0, 100), bids(1, 500, venue=2, level=-1), trades(2, 30), bids(3, 200), bids(4, 150)]
    assert flow([*tape, bids(3 * SECOND, 150)]) == (Flow(7, 0, 50),)


def test_what_one_book_hands_to_the_next() -> None:
    """Venue 7 as the first book ends, at 1200 ms: 70 at the bid; of the time since 200 ms, a fall of 20 and a sale of
    15. Then others bid as much; it asks again, at 1500 ms; 5 are sold there; others have the best offer."""
    first = [bids(0, 100), asks(1), bids(199 * MS, 90), bids(200 * MS, 70), trades(1200 * MS, 15)]
    then = [bids(1400 * MS, 60, venue=2), asks(1500 * MS, 80), trades(1600 * MS, 5), asks(1700 * MS, venue=2)]
    queue = books([*first, *then], len(first))[1].queue_events_at(7)
    assert isinstance(queue, HiddenQueueEvents)
    assert [time - T0 for time in queue.times] == [1200 * MS, 1400 * MS, 1500 * MS, 1600 * MS, 1700 * MS]
    assert queue.rows.tolist() == [0, 1, 2, 3, 4]
    assert queue.sz.tolist() == [70, *[UNKNOWN] * 4]
    assert queue.known == [(BASE, 70)] * 5
    assert queue.take_px.tolist() == [*[BASE + 9 * CENT] * 4, FAR]
    assert queue.take_sz.tolist() == [0, 0, 80, 0, 0]
    fell = T0 + 200 * MS
    assert queue.changes == [(-1, fell, BASE, fell, 20), (-1, T0 + 1200 * MS, BASE, fell, -15)]


@pytest.mark.parametrize("confirmed", [bids(1300 * MS, 80), asks(1300 * MS)])
def test_what_a_trade_has_explained_it_explains_however_long_ago_that_fell(confirmed: Snapshot) -> None:
    """10 fall at 100 ms and 10 at 800 ms; the 4 and 6 sold by 1000 ms are the first ones, also where an order joins at
    1300 ms: the 10 of 800 ms still wait for a trade. The row before that one says nothing of venue 7."""
    tape = [bids(0, 100), bids(100 * MS, 90), bids(800 * MS, 80), trades(900 * MS, 4), trades(1000 * MS, 6)]
    tape.append(asks(1200 * MS, venue=2))
    for at in range(7):
        book = books([*tape, confirmed], at)[-1]
        assert book.queue_events_at(7).falls_at(len(book) - 1, BASE)[-1:] == [(T0 + 800 * MS, 10)], at


def flow(tape: list[Snapshot]) -> tuple[Flow, ...]:
    """What a strategy is shown of the whole tape at its end, in every cut."""
    ways = []
    for at in range(len(tape)):
        watch = FlowWatch()
        for book in books(tape, at):
            watch.enter(book)
            watch.carry(book, len(book) - 1)
        ways.append(watch.since(book, len(book) - 1, first=False))
    assert ways == [ways[0]] * len(ways)
    return ways[0]
