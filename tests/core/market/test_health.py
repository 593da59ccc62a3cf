"""What a market has that figures should not be built on, against a slow count of every state of the book."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import THOROUGH

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.health import Health, HealthRecorder
from sor.core.market.oriented import orient
from sor.core.order import Side
from sor.core.units import NANO, NO_PRICE

CENT = NANO // 100


def health(snapshots: list[Snapshot], start: int, end: int, cut: int = 100, side: Side = Side.BUY) -> Health:
    recorder, builder = HealthRecorder(start, end), BookBuilder()
    for at in range(0, len(snapshots), cut):
        recorder.on_book(builder.extend(orient(batch_of(snapshots[at : at + cut]), side)))
    return recorder.result()


def slow(snapshots: list[Snapshot], start: int, end: int) -> tuple[int, int]:
    """Time crossed and locked, instant by instant."""
    crossed = locked = 0
    book: dict[int, Quote] = {}
    times = {s.ts: s for s in snapshots}
    for ts in range(snapshots[0].ts, end):
        if ts in times:
            book.update({quote.venue: quote for quote in times[ts].quotes})
        bids = [q.bid_px for q in book.values() if q.bid_px != NO_PRICE]
        asks = [q.ask_px for q in book.values() if q.ask_px != NO_PRICE]
        if ts >= start and bids and asks:
            crossed += max(bids) > min(asks)
            locked += max(bids) == min(asks)
    return crossed, locked


@st.composite
def tapes(draw: st.DrawFn) -> list[Snapshot]:
    price = st.one_of(st.integers(998, 1002), st.just(NO_PRICE))
    found, ts = [], 10
    for _ in range(draw(st.integers(1, 12))):
        venues = draw(st.lists(st.sampled_from([2, 8, 43]), min_size=1, max_size=3, unique=True))
        quotes = []
        for venue in sorted(venues):
            bid, ask = draw(price), draw(price)
            quotes.append(Quote(venue, bid, 0 if bid == NO_PRICE else 5, ask, 0 if ask == NO_PRICE else 5))
        found.append(Snapshot(ts, tuple(quotes)))
        ts += draw(st.integers(1, 6))
    return found


@settings(deadline=None, max_examples=80 * THOROUGH)
@given(tapes(), st.integers(5, 40), st.integers(0, 50), st.integers(1, 5), st.sampled_from(list(Side)))
def test_crossed_and_locked_are_what_a_slow_count_finds(
    snapshots: list[Snapshot], start: int, length: int, cut: int, side: Side
) -> None:
    end = start + length
    found = health(snapshots, start, end, cut, side)
    assert (found.crossed, found.locked) == slow(snapshots, start, end)
    assert sum(found.pairs.values()) == found.crossed + found.locked


def two(ts: int, bid: int, ask: int, venue: int = 2) -> Snapshot:
    return Snapshot(ts, (Quote(venue, bid, 5, ask, 5),))


def test_the_worst_pair_is_the_one_that_lasts() -> None:
    tape = [two(0, 100, 101), two(1, 98, 99, 8), two(3, 90, 95, 43), two(10, 100, 101)]
    found = health(tape, 0, 20)
    assert found.worst_pair == (43, 2)
    assert dict(found.pairs) == {(8, 2): 2, (43, 2): 17}
    assert health([*tape[:2], two(15, 90, 95, 43)], 0, 20).worst_pair == (8, 2)


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_silence_is_that_of_a_venue_while_others_send(cut: int) -> None:
    """From the window's start to the last row in it; what nobody sends in is ten seconds at most."""
    second = NANO
    tape = [two(0, 100, 101), two(second, 100, 101, 8)]
    tape += [two((20 + 5 * i) * second, 100, 101) for i in range(10)]
    tape += [two(10_000 * second, 100, 101)]
    found = health(tape, 30 * second, 20_000 * second, cut)
    assert found.active == 45 * second  # 30 to 65, and then ten
    assert dict(found.silence) == {2: 10 * second, 8: 45 * second}


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_the_book_at_the_start(cut: int) -> None:
    tape = [two(0, 100, 101), two(10, 100, NO_PRICE), two(20, 102, 104)]
    assert health(tape, 5, 30, cut).arrival == (101, 100)
    assert health(tape, 12, 30, cut).arrival == (104, 102)
    assert health(tape, 12, 19, cut).arrival is None  # what comes after the window is none of its business
    assert health(tape, 5, 30, cut, Side.SELL).arrival == (-100, -101)


def test_prices_in_whole_dollars_look_scaled_only_where_they_are_high() -> None:
    assert health([two(0, 999_900 * NANO, 1_000_200 * NANO)], 0, 9).whole_dollars
    assert not health([two(0, 99 * NANO, 100 * NANO)], 0, 9).whole_dollars
    assert not health([two(0, 620_000 * NANO, 620_100 * NANO + CENT)], 0, 9).whole_dollars
    assert health([two(0, 49 * CENT, 50 * CENT)], 0, 9).lowest == 49 * CENT
