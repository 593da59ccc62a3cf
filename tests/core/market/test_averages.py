"""The averages that no one can trade, exact whatever the length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import oracle
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import Case, cases, examples

from sor.core.market.averages import Average, WindowAverages
from sor.core.market.oriented import orient

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
