"""The averages that no one can trade, exact whatever the length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import Case, cases, examples

from sor.core.market.averages import Average, WindowAverages
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.market.oriented import orient
from sor.core.order import Side

numbers = st.tuples(st.integers(-(2**62) + 1, 2**62 - 1), st.integers(0, 2**50))


@examples(100)
@given(st.lists(st.lists(numbers, max_size=5), max_size=5))
def test_sums_of_any_size_are_exact(batches: list[list[tuple[int, int]]]) -> None:
    average = Average()
    for batch in batches:
        px, sz = (
            (np.array(column, np.int64) for column in zip(*batch, strict=True))
            if batch
            else (np.array([], np.int64),) * 2
        )
        average.update(px, sz)
    rows = [row for batch in batches for row in batch]
    size = sum(sz for _, sz in rows)
    assert average.size == size
    assert average.price == (Fraction(sum(px * sz for px, sz in rows), size) if size else None)


@examples(100)
@given(st.booleans().flatmap(lambda huge: cases(huge=huge)))
def test_only_the_window_and_only_what_it_brings(case: Case) -> None:
    order = case.order
    averages = WindowAverages(order.start, order.end)
    for batch in case.batches():
        averages.on_events(orient(batch, order.side))
    for average, cash in (
        (averages.displayed, oracle.displayed_vwap(case.snapshots, order)),
        (averages.traded, oracle.traded_vwap(case.snapshots, order)),
    ):
        got = None if average.price is None else round(average.price * order.quantity) * order.side.sign
        assert got == cash


def test_snapshots_and_trades_of_the_window_are_counted_with_both_its_ends() -> None:
    def at(ts: int, trades: int) -> Snapshot:
        return Snapshot(ts, (Quote(2, 99, 10, 101, 10),), tuple(Trade(2, 100, 5, "A") for _ in range(trades)))

    tape = [at(0, 1), at(1, 2), at(2, 4), at(3, 8), at(4, 16)]
    for batch in (1, 2, 5):
        averages = WindowAverages(1, 3)
        for first in range(0, len(tape), batch):
            averages.on_events(orient(batch_of(tape[first : first + batch]), Side.BUY))
        assert (averages.snapshots, averages.trades) == (3, 14)
        assert (averages.displayed.size, averages.traded.size) == (30, 70)
