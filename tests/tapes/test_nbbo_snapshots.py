"""Rows in NBBO form to snapshots, against the slow reading, however the rows are cut and whatever their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbbo_oracle import NbboRow, Said, national_snapshots
from tape_oracle import T0, read_with, snapshots

from sor.core.market.batch import Form, Trade
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes.rows import ROW_COLUMNS, RowChunk, VenueReader

PATH = Path("made")


class MadeReader(VenueReader):
    """Rows of a test, as a reader of the NBBO form gives them, in chunks of some size."""

    form = Form.NBBO
    symbols: list[str | None]
    bad_rows = 0
    first_bad = None

    def __init__(self, rows: Sequence[NbboRow], size: int) -> None:
        self._rows, self._size, self.symbols = [half for row in rows for half in _halves(row)], size, [None]

    def chunks(self) -> Iterator[RowChunk]:
        for start in range(0, len(self._rows), self._size):
            columns = zip(*self._rows[start : start + self._size], strict=True)
            made: dict[str, Any] = {
                name: np.array(column, np.uint8 if name in ("action", "side") else np.int64)
                for name, column in zip(ROW_COLUMNS, columns, strict=True)
            }
            yield RowChunk(**made)


def _halves(row: NbboRow) -> Iterator[tuple[int, ...]]:
    """One row for each side spoken of, both sides at one venue as one, and a row for the trade."""
    of_bid = (row.bid.venue, _px(row.bid), row.bid.sz) if row.bid else None
    of_ask = (row.ask.venue, _px(row.ask), row.ask.sz) if row.ask else None
    nothing = (ord("A"), ord("N"), NO_PRICE, 0)
    if of_bid and of_ask and of_bid[0] == of_ask[0]:
        yield (0, row.ts, *of_bid, *of_ask[1:], *nothing)
    else:
        if of_bid:
            yield (0, row.ts, *of_bid, UNSPOKEN, 0, *nothing)
        if of_ask:
            yield (0, row.ts, of_ask[0], UNSPOKEN, 0, *of_ask[1:], *nothing)
    if row.trade:
        trade = (ord("T"), ord(row.trade.side), row.trade.px, row.trade.sz)
        yield (0, row.ts, row.trade.venue, UNSPOKEN, 0, UNSPOKEN, 0, *trade)


def _px(said: Said) -> int:
    return NO_PRICE if said.px is None else said.px


said = st.builds(
    Said,
    venue=st.sampled_from([2, 7, 43]),
    px=st.sampled_from([None, 0, 100, 101, 102]),
    sz=st.sampled_from([0, 1, 100, 300]),
)
trades = st.builds(
    Trade,
    venue=st.sampled_from([2, 43]),
    px=st.integers(1, 5),
    sz=st.integers(1, 5),
    side=st.sampled_from("ABN"),
)
rows_of_any_order = st.lists(
    st.builds(
        NbboRow,
        ts=st.integers(T0, T0 + 5),
        bid=st.none() | said,
        ask=st.none() | said,
        trade=st.none() | trades,
    ).filter(lambda row: row.bid or row.ask or row.trade),
    min_size=1,
    max_size=30,
)


@given(rows_of_any_order, st.integers(1, 9), st.integers(1, 4), st.sampled_from([1, 3, 2**16]))
@settings(max_examples=200, deadline=None)
def test_each_side_is_what_its_last_row_says(rows: list[NbboRow], size: int, batch: int, late: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.sorting.LATE_ROWS", late)
        source = read_with(MadeReader(rows, size), PATH, batch=batch)
    assert source.form is Form.NBBO
    assert snapshots(source) == national_snapshots(rows)


def test_the_first_rule_is_refused() -> None:
    with pytest.raises(InputError, match=r"NBBO form.*--snapshot-rule"):
        read_with(MadeReader([NbboRow(T0, Said(2, 5, 5))], 1), PATH, rule="first")
