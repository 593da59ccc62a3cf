"""Rows that stand there twice: copies are counted to the row, and what a coarse clock repeats is none."""

from __future__ import annotations

import random
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.tapes import doubled
from sor.tapes.doubled import LEAST_RUN, DoubledRows
from sor.tapes.rows import ROW_COLUMNS, RowChunk

Plain = tuple[int, int, int]  # time, venue, bid size

T0 = 1_700_000_000 * 10**9


def chunk(rows: list[Plain]) -> RowChunk:
    columns: dict[str, Any] = {name: np.zeros(len(rows), np.int64) for name in ROW_COLUMNS}
    for name, values in zip(("ts", "venue", "bid_sz"), zip(*rows, strict=True), strict=True):
        columns[name] = np.array(values, np.int64)
    return RowChunk(**columns)


def counted(*parts: list[Plain]) -> int:
    found = DoubledRows()
    for part in filter(None, parts):
        found.on_rows(chunk(part))
    return found.count()


def slowly(rows: list[Plain], copies: int | None = None) -> int:
    """The same from the words, row by row."""
    if copies is None:
        return max(slowly(rows, 2), slowly(rows, 3))
    total = 0
    for _, mine in groupby(sorted(rows, key=lambda row: (row[1], row[0], row[2])), key=lambda row: row[1]):
        run: list[int] = []
        instants = [list(instant) for _, instant in groupby(mine, key=lambda row: row[0])]
        for instant in [*instants, [(0, 0, 0)]]:
            if all(instant.count(row) % copies == 0 for row in instant):
                run.append(len(instant) - len(set(instant)))
                continue
            total += sum(run) if len(run) >= LEAST_RUN else 0
            run = []
    return total


@given(st.lists(st.tuples(st.integers(T0, T0 + 14), st.integers(1, 2), st.integers(1, 2)), min_size=1, max_size=90))
def test_the_count_is_that_of_the_words(rows: list[Plain]) -> None:
    copied = rows + [row for row in rows if row[1] == 1]
    assert counted(rows) == slowly(rows)
    assert counted(copied) == slowly(copied) == counted(copied[::-1][:7], copied[::-1][7:])


@given(st.integers(0, 10**6), st.integers(20, 300))
def test_a_stretch_of_copies_is_counted_and_chance_is_not(seed: int, instants: int) -> None:
    rng = random.Random(seed)
    rows = [(T0 + i * 10**6, v, i) for i in range(instants) for v in (2, 43)]
    first = rng.randrange(0, instants - LEAST_RUN)
    last = rng.randrange(first + LEAST_RUN, instants + 1)
    assert counted(rows, rows[2 * first : 2 * last]) == 2 * (last - first)
    assert counted(rows, rows) == len(rows)
    assert counted(rows, rows, rows) == 2 * len(rows)
    scattered = [row for row in rows if row[2] % LEAST_RUN and rng.random() < 0.3]  # so no run is long enough
    assert counted(rows, scattered or rows[:1]) == 0


def test_a_long_tape_is_judged_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubled, "MOST", 2**12)
    rows = [(T0 + i * 10**8, 2, i) for i in range(40_000)]
    assert counted(rows) == 0
    assert 0.7 < counted(rows, rows) / len(rows) < 1.3
    assert counted(rows, rows) == counted(rows[::-1], rows[:999], rows[999:])
