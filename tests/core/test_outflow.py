"""Samples of past windows: equal to orders without end that rest in them, causal, and however the stream is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_for_tapes import SECOND, cut, tapes

from sor.core.book import BookBuilder
from sor.core.lane import Lane
from sor.core.market import Snapshot
from sor.core.order import QueueModel, Side
from sor.core.orient import FAR, orient
from sor.core.outflow import EVERY, OutflowHistory
from sor.core.queue import QueuePlace

LENGTH = 9 * SECOND // 2
models = st.sampled_from(list(QueueModel))


def history_of(tape: tuple[Snapshot, ...], cuts: list[int], model: QueueModel, side: Side) -> OutflowHistory:
    builder, history = BookBuilder(queues=True), OutflowHistory(LENGTH, model)
    for batch in cut(tape, cuts):
        if len(batch):
            history.feed(builder.extend(orient(batch, side)))
    return history


@st.composite
def lanes(draw: st.DrawFn) -> Lane:
    entry = st.tuples(
        st.integers(-2, 2),
        st.integers(0, 300),
        st.integers(0, 200),
        st.lists(st.tuples(st.integers(-2, 2), st.integers(1, 150)), max_size=2),
    )
    entries = draw(st.lists(entry, min_size=1, max_size=25))
    return Lane(
        rows=list(range(len(entries))),
        px=[e[0] for e in entries],
        sz=[e[1] for e in entries],
        cancelled=[e[2] for e in entries],
        trades=[tuple((i, px, sz) for i, (px, sz) in enumerate(e[3])) for e in entries],
    )


@given(lanes(), st.integers(0, 400), models, st.data())
@settings(max_examples=600, deadline=None)
def test_sold_in_one_piece_is_the_sum_of_the_single_fills(
    lane: Lane, ahead: int, model: QueueModel, data: st.DataObject
) -> None:
    middle = data.draw(st.integers(0, len(lane.rows)))
    slow, fast = QueuePlace(0, ahead, model), QueuePlace(0, ahead, model)
    for start, stop in ((0, middle), (middle, len(lane.rows))):
        fills = sum(qty for _, _, qty in slow.pass_through(lane, start, stop))
        assert fast.sold(lane, start, stop) == fills
        assert fast.ahead == slow.ahead


@given(tapes(max_snapshots=24), models, st.sampled_from(list(Side)), st.data())
@settings(max_examples=150, deadline=None)
def test_a_sample_is_what_an_endless_order_would_have_been_sold(
    tape: tuple[Snapshot, ...], model: QueueModel, side: Side, data: st.DataObject
) -> None:
    """Oracle: one book over the whole tape, one window after the other, one venue after the other, fill by fill."""
    cuts = data.draw(st.lists(st.integers(0, len(tape)), max_size=4))
    book = BookBuilder(queues=True).extend(orient(cut(tape, [])[0], side))
    venues = book.venues
    expected = []
    first, last = tape[0].ts, tape[-1].ts
    for begins in range(first, last - LENGTH + 1, EVERY):
        row = book.last_at(begins)
        px = max(book.rest_px[row].tolist(), default=-FAR)
        if px == -FAR or book.mid2_at(row) is None:
            continue
        sold = []
        for k in range(len(venues)):
            here = book.take_px[row, k] < FAR or book.rest_px[row, k] > -FAR
            ahead = int(book.rest_sz[row, k]) if int(book.rest_px[row, k]) == px else 0
            lane = book.lanes[k]
            inside = [i for i, r in enumerate(lane.rows) if r > row and int(book.ts[r]) <= begins + LENGTH]
            place = QueuePlace(px, ahead, model)
            hits = place.pass_through(lane, inside[0], inside[-1] + 1) if here and inside else ()
            sold.append(sum(qty for _, _, qty in hits))
        expected.append(sold)
    samples = history_of(tape, cuts, model, side).before(last, venues)
    assert samples.sold.tolist() == expected[-1000:]


@given(tapes(max_snapshots=24), models, st.data())
@settings(max_examples=100, deadline=None)
def test_the_past_is_not_changed_by_the_future(
    tape: tuple[Snapshot, ...], model: QueueModel, data: st.DataObject
) -> None:
    known = data.draw(st.integers(1, len(tape)))
    now = tape[known - 1].ts
    cuts = data.draw(st.lists(st.integers(0, len(tape)), max_size=3))
    venues = tuple({quote.venue for snapshot in tape for quote in snapshot.quotes})
    whole = history_of(tape, cuts, model, Side.BUY).before(now, venues)
    past = history_of(tape[:known], [], model, Side.BUY).before(now, venues)
    assert np.array_equal(whole.sold, past.sold)
    assert np.array_equal(whole.falls2, past.falls2)
