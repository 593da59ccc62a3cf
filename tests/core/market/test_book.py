"""Books: last quotes carried forward, price runs, mids and best quotes, whatever the cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import CENT, GAPS, T0, cut, examples, tapes

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.market.book import Book, BookBuilder
from sor.core.market.oriented import FAR, orient
from sor.core.order import Liquidity, Side
from sor.core.units import NO_PRICE

Shown = tuple[int, int, int, int]  # take price and size, rest price and size, oriented
Row = tuple[int, dict[int, Shown], int | None, tuple[int, int, bool] | None]

NOTHING: Shown = (FAR, 0, -FAR, 0)


def books_of(tape: tuple[Snapshot, ...], cuts: list[int], builder: BookBuilder, side: Side) -> list[Book]:
    return [builder.extend(orient(batch, side)) for batch in cut(tape, cuts) if len(batch)]


def shown_at(book: Book, row: int, k: int) -> Shown:
    take, rest = (book.take_px, book.take_sz), (book.rest_px, book.rest_sz)
    return int(take[0][row, k]), int(take[1][row, k]), int(rest[0][row, k]), int(rest[1][row, k])


def rows_of(books: list[Book]) -> list[Row]:
    """Every new row of every book: time, venues that show something, twice the mid, the last take quote."""
    rows: list[Row] = []
    for book in books:
        for row in range(book.new, len(book)):
            state = {v: shown_at(book, row, k) for k, v in enumerate(book.venues)}
            shown = {v: s for v, s in state.items() if s != NOTHING}
            last = book.last_take(row)
            take = None if last is None else (last.px, last.venue, last.stands)
            rows.append((int(book.ts[row]), shown, book.mid2_at(row), take))
    return rows


@examples(80)
@given(
    tapes(huge=False),
    st.lists(st.integers(0, 16), max_size=4),
    st.sampled_from(Side),
    st.one_of(st.none(), st.sampled_from(GAPS)),
)
def test_books_against_a_dictionary(tape: tuple[Snapshot, ...], cuts: list[int], side: Side, age: int | None) -> None:
    sign = side.sign
    state: dict[int, tuple[int, Shown]] = {}
    mid2: int | None = None
    last: tuple[int, int] | None = None
    expected: list[Row] = []
    for s in tape:
        for q in s.quotes:
            bid = (q.bid_px * sign, q.bid_sz) if q.bid_px != NO_PRICE and q.bid_sz else None
            ask = (q.ask_px * sign, q.ask_sz) if q.ask_px != NO_PRICE and q.ask_sz else None
            take, rest = (ask, bid) if side is Side.BUY else (bid, ask)
            state[q.venue] = s.ts, (*(take or (FAR, 0)), *(rest or (-FAR, 0)))
        shown = {
            v: quote for v, (seen, quote) in state.items() if (age is None or s.ts - seen <= age) and quote != NOTHING
        }
        takes = [(quote[0], v) for v, quote in shown.items() if quote[0] != FAR]
        rests = [quote[2] for quote in shown.values() if quote[2] != -FAR]
        if takes and rests:
            mid2 = min(takes)[0] + max(rests)
        last = min(takes) if takes else last
        expected.append((s.ts, shown, mid2, None if last is None else (*last, bool(takes))))
    builder = BookBuilder(max_quote_age=age)
    assert rows_of(books_of(tape, cuts, builder, side)) == expected


@examples(100)
@given(tapes(), st.lists(st.integers(0, 16), max_size=4), st.sampled_from(Side))
def test_a_run_lasts_as_long_as_the_price(tape: tuple[Snapshot, ...], cuts: list[int], side: Side) -> None:
    before: dict[int, tuple[int, int]] = {}
    for book in books_of(tape, cuts, BookBuilder(), side):
        for row in range(book.new, len(book)):
            for k, venue in enumerate(book.venues):
                px, run = int(book.take_px[row, k]), int(book.run[row, k])
                old_px, old_run = before.get(venue, (FAR, 0))
                assert (run == old_run) == (px == old_px)
                before[venue] = px, run


@examples(50)
@given(tapes(), st.lists(st.integers(0, 16), max_size=4))
def test_with_replenishing_every_snapshot_is_a_run(tape: tuple[Snapshot, ...], cuts: list[int]) -> None:
    books = books_of(tape, cuts, BookBuilder(Liquidity.REPLENISH), Side.BUY)
    runs = [int(book.run[row, 0]) for book in books for row in range(book.new, len(book)) if book.venues]
    assert runs == sorted(set(runs))


@examples(100)
@given(tapes(), st.lists(st.integers(0, 16), max_size=4))
def test_nothing_new_at_snapshots_that_are_not_fresh(tape: tuple[Snapshot, ...], cuts: list[int]) -> None:
    before: dict[int, tuple[int, int]] = {}
    for book in books_of(tape, cuts, BookBuilder(), Side.BUY):
        for row in range(book.new, len(book)):
            now = {v: (int(book.take_px[row, k]), int(book.take_sz[row, k])) for k, v in enumerate(book.venues)}
            if not book.fresh[row]:
                for venue, (px, sz) in now.items():
                    old_px, old_sz = before.get(venue, (FAR, 0))
                    assert sz == 0 or (px == old_px and sz <= old_sz)
            before = now


def test_rows_by_time() -> None:
    quote = Quote(2, CENT, 1, 2 * CENT, 1)
    book = BookBuilder().extend(orient(batch_of([Snapshot(T0 + t, (quote,)) for t in (0, 5, 9)]), Side.SELL))
    assert [book.last_at(T0 + t) for t in (-1, 0, 4, 5, 9, 10)] == [-1, 0, 0, 1, 2, 2]
    assert [book.first_at(T0 + t) for t in (-1, 0, 4, 5, 9, 10)] == [0, 0, 1, 1, 2, 3]
    assert np.array_equal(book.best_take, [-CENT] * 3)
    assert np.array_equal(book.best_rest, [-2 * CENT] * 3)


def test_one_share_more_and_a_price_with_one_share_are_fresh() -> None:
    shown = [(CENT, 0), (CENT, 1), (CENT, 1), (CENT, 2), (CENT, 1), (2 * CENT, 1), (2 * CENT, 0)]
    tape = [Snapshot(T0 + n, (Quote(2, NO_PRICE, 0, *ask),)) for n, ask in enumerate(shown)]
    fresh = BookBuilder().extend(orient(batch_of(tape), Side.BUY)).fresh
    assert fresh.tolist() == [False, True, False, True, False, True, False]


def test_the_last_offer_is_remembered_when_nobody_asks() -> None:
    shown = [(CENT, 5), (2 * CENT, 7), (NO_PRICE, 0), (NO_PRICE, 0)]
    tape = [Snapshot(T0 + n, (Quote(2, NO_PRICE, 0, *ask),)) for n, ask in enumerate(shown)]
    book = BookBuilder().extend(orient(batch_of(tape), Side.BUY))
    found = [book.last_take(row) for row in range(4)]
    assert [(last.px, last.sz, last.stands) for last in found if last is not None] == [
        (CENT, 5, True),
        (2 * CENT, 7, True),
        (2 * CENT, 7, False),
        (2 * CENT, 7, False),
    ]
    assert [book.touch_at(row) for row in range(4)] == [CENT, 2 * CENT, None, None]
