"""Columns and objects are the same market, however it is cut."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import cut, examples, tapes

from sor.core.market.batch import Snapshot, SnapshotBatch, batch_of, concat, distinct, empty_batch, no_quote
from sor.core.units import NO_PRICE


def same(a: SnapshotBatch, b: SnapshotBatch) -> bool:
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(SnapshotBatch)]
    return all(x.dtype == y.dtype and np.array_equal(x, y) for x, y in pairs)


@examples(80)
@given(tapes(), st.lists(st.integers(0, 16), max_size=4))
def test_columns_and_objects(tape: tuple[Snapshot, ...], cuts: list[int]) -> None:
    whole = batch_of(tape)
    assert tuple(whole.snapshots()) == tape
    assert len(whole) == len(tape)
    parts = cut(tape, cuts)
    assert same(concat(parts), whole)
    assert [s for part in parts for s in part.snapshots()] == list(tape)


@examples(80)
@given(tapes(), st.integers(0, 16), st.integers(0, 16))
def test_slices(tape: tuple[Snapshot, ...], a: int, b: int) -> None:
    start, stop = sorted((min(a, len(tape)), min(b, len(tape))))
    assert same(batch_of(tape).slice(start, stop), batch_of(tape[start:stop]))


def test_nothing() -> None:
    assert len(empty_batch()) == 0
    assert empty_batch().snapshots() == []
    assert same(concat([]), empty_batch())
    assert same(concat([empty_batch(), empty_batch()]), empty_batch())


@pytest.mark.parametrize(
    ("px", "sz", "expected"),
    [
        (5, 1, (5, 1)),
        (-5, 1, (NO_PRICE, 0)),
        (0, 1, (NO_PRICE, 0)),
        (5, 0, (NO_PRICE, 0)),
        (5, -1, (NO_PRICE, 0)),
        (None, 7, (NO_PRICE, 0)),
        (NO_PRICE, 7, (NO_PRICE, 0)),
    ],
)
def test_no_quote(px: int | None, sz: int, expected: tuple[int, int]) -> None:
    assert no_quote(px, sz) == expected


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 4)), st.sampled_from(("int64", "int16")))
@examples(60)
def test_distinct_values(values: list[int], kind: str) -> None:
    array = np.array(values, np.int64).astype(kind)
    assert distinct(array) == sorted(set(array.tolist()))
