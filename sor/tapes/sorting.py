"""Rows that come late, and how they find their place without holding the tape in memory.

Rows at or above the running maximum of time are sorted as they come. The others, the late rows, are collected,
sorted and kept as runs; at the end all runs are merged. A row on time precedes in the file every late row of the same
instant, so merging the runs in their order keeps ties in the order of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar

import numpy as np

from sor.core.market.batch import Ints
from sor.tapes.rows import RowChunk, concat_rows, sort_rows


class Timed(Protocol):
    """Something with sorted times that can be cut."""

    @property
    def ts(self) -> Ints: ...

    def __len__(self) -> int: ...

    def slice(self, start: int, stop: int) -> Self: ...


T = TypeVar("T", bound=Timed)
R = TypeVar("R")

LATE_ROWS = 2**16  # late rows sorted in memory at a time: about 5 MiB


class SplitLateRows:
    """Splits rows into those on time and those that are late."""

    def __init__(self) -> None:
        self._highest = -1

    def split(self, rows: RowChunk) -> tuple[RowChunk, RowChunk | None]:
        if rows.ts[0] >= self._highest and not (rows.ts[1:] < rows.ts[:-1]).any():
            self._highest = int(rows.ts[-1])
            return rows, None
        peak = np.maximum.accumulate(np.maximum(rows.ts, self._highest))
        self._highest = int(peak[-1])
        late = rows.ts < peak
        return rows.take(~late), rows.take(late)


class OrderBySymbol:
    """Per symbol, in the order of the file: rows, and how many of them were before the row above."""

    def __init__(self) -> None:
        self.rows = self.fallen = self._last = np.empty(0, np.int64)

    def count(self, rows: RowChunk) -> None:
        n = max(len(self.rows), int(rows.symbol.max()) + 1)
        self.rows, self.fallen, self._last = (
            grown(self.rows, n, 0),
            grown(self.fallen, n, 0),
            grown(self._last, n, -1),
        )
        symbol, ts, above = by_symbol(rows, self._last)
        self.rows += np.bincount(symbol, minlength=n)
        self.fallen += np.bincount(symbol[ts < above], minlength=n)


def by_symbol(rows: RowChunk, last: Ints) -> tuple[Ints, Ints, Ints]:
    """Symbol and time of each row, by symbol, and the time of its symbol's row above; `last` is brought up to date.

    last: per symbol its time so far, -1 before the first.
    """
    if (rows.symbol == rows.symbol[0]).all():
        symbol, ts = rows.symbol, rows.ts
    else:
        order = np.argsort(rows.symbol, kind="stable")
        symbol, ts = rows.symbol[order], rows.ts[order]
    is_first = np.append(True, symbol[1:] != symbol[:-1])
    above = np.where(is_first, last[symbol], np.roll(ts, 1))
    is_last = np.roll(is_first, -1)
    last[symbol[is_last]] = ts[is_last]
    return symbol, ts, above


def grown(values: Ints, n: int, fill: int) -> Ints:
    """The values, and `fill` up to n of them."""
    return np.concatenate([values, np.full(n - len(values), fill)])


class LateRows(Generic[R]):
    """Late rows, sorted in memory a good many at a time; `keep` makes a run of each such lot."""

    def __init__(self, keep: Callable[[RowChunk, int], R]) -> None:
        """keep: called with sorted rows and the number of runs before them."""
        self._keep = keep
        self._held: list[RowChunk] = []
        self._rows = 0
        self.runs: list[R] = []

    def collect(self, rows: RowChunk) -> None:
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows >= LATE_ROWS:
            self.flush()

    def flush(self) -> None:
        """What is held becomes a run as well."""
        if self._held:
            self.runs.append(self._keep(sort_rows(concat_rows(self._held)), len(self.runs)))
        self._held, self._rows = [], 0


def merge_runs(runs: Sequence[Iterator[T]], join: Callable[[list[T]], T]) -> Iterator[T]:
    """Sorted runs to one; `join` makes one sorted piece of pieces that overlap, given in the order of the runs.

    One piece of each run is in memory. Whatever is not after the end of any of these pieces is ready to be joined.
    """
    heads = [_Head(run) for run in runs]
    while ends := [head.end for head in heads if head.end is not None]:
        parts = [part for head in heads for part in head.take_to(min(ends))]
        yield parts[0] if len(parts) == 1 else join(parts)


class _Head(Generic[T]):
    """The piece of a run that is in memory; `end` is its last time, None after the end of the run."""

    def __init__(self, run: Iterator[T]) -> None:
        self._run = run
        self._load()

    def _load(self) -> None:
        self._piece = next((piece for piece in self._run if len(piece)), None)
        self._at = 0  # what is before it has been taken
        self.end = None if self._piece is None else int(self._piece.ts[-1])

    def take_to(self, horizon: int) -> Iterator[T]:
        """All that is not after the horizon. The next piece may go on with the same instant, so it is asked, too."""
        while self._piece is not None and self._piece.ts[self._at] <= horizon:
            cut = int(np.searchsorted(self._piece.ts, horizon, "right"))
            yield self._piece.slice(self._at, cut)
            if cut < len(self._piece):
                self._at = cut
            else:
                self._load()
