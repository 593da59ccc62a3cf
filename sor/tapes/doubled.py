"""Rows that stand on a tape twice: a file joined to itself, or a download that was written twice.

That a row is equal to another of its time says little: a clock of milliseconds repeats quotes, and an order of 200
shares prints two trades of 100. A copy is another thing: in a stretch of it, instant after instant, each row of a venue
stands there an even number of times (or, of three copies, a multiple of three). So a row counts as doubled if it is the
repetition of one in a run of at least `LEAST_RUN` successive instants of its venue of which that is true.

Rows are compared by 64-bit hashes. Up to MOST rows all are kept and the count is exact; of longer tapes a sample of
stretches of time, chosen by the time itself, is kept, so that memory stays flat and the count does not depend on the
order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Ints
from sor.tapes.rows import ROW_COLUMNS, Mask, RowChunk

MOST = 2**17
LEAST_RUN = 10  # where every third instant is one by chance, a run of ten is one in 60,000
COPIES = (2, 3)

_STRETCH = np.int64(33)  # 2^33 ns, some nine seconds, are kept or left out together
_COLUMNS = tuple(name for name in ROW_COLUMNS if name not in ("symbol", "ts", "venue"))
_FACTOR, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where rows belong, and a hash of all else that they say."""

    venue: Ints
    ts: Ints
    hash: Hashes

    def take(self, rows: NDArray[np.generic]) -> _Rows:
        return _Rows(self.venue[rows], self.ts[rows], self.hash[rows])


@dataclass(slots=True)
class DoubledRows:
    """Counts the doubled rows of one symbol."""

    _level: int = 0
    _kept: list[_Rows] = field(default_factory=list)
    _held: int = 0

    def on_rows(self, rows: RowChunk) -> None:
        new = self._chosen(_Rows(rows.venue, rows.ts, _hashes([getattr(rows, name) for name in _COLUMNS])))
        self._kept.append(new)
        self._held += len(new.ts)
        while self._held > MOST:
            self._level += 1
            self._kept = [self._chosen(_joined(self._kept))]
            self._held = len(self._kept[0].ts)

    def count(self) -> int:
        """How many rows are the repetition of another; of a sample, scaled up."""
        return _doubled(_joined(self._kept)) << self._level if self._held else 0

    def _chosen(self, rows: _Rows) -> _Rows:
        if not self._level:
            return rows
        # The upper bits: the lower ones of a product are poor.
        return rows.take(_hashes([rows.ts >> _STRETCH]) >> np.uint64(64 - self._level) == 0)


def _doubled(rows: _Rows) -> int:
    rows = rows.take(np.lexsort((rows.hash, rows.ts, rows.venue)))
    begins = np.append(True, (np.diff(rows.venue) != 0) | (np.diff(rows.ts) != 0))  # an instant of a venue
    firsts = np.flatnonzero(begins | np.append(True, rows.hash[1:] != rows.hash[:-1]))
    times = np.diff(np.append(firsts, len(rows.ts)))  # that each row stands there
    instants, venues = np.flatnonzero(begins[firsts]), rows.venue[begins]
    repeats = np.add.reduceat(times - 1, instants)
    return max(_in_runs(np.logical_and.reduceat(times % n == 0, instants), venues, repeats) for n in COPIES)


def _in_runs(is_copied: Mask, venues: Ints, repeats: Ints) -> int:
    """The repetitions in long runs of copied instants of one venue."""
    runs = np.flatnonzero(np.append(True, (np.diff(is_copied) != 0) | (np.diff(venues) != 0)))
    length = np.diff(np.append(runs, len(venues)))
    return int(np.add.reduceat(repeats, runs)[is_copied[runs] & (length >= LEAST_RUN)].sum())


def _joined(parts: list[_Rows]) -> _Rows:
    columns = ([getattr(part, name) for part in parts] for name in ("venue", "ts", "hash"))
    return _Rows(*map(np.concatenate, columns))


def _hashes(columns: list[NDArray[np.generic]]) -> Hashes:
    found = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        found ^= column.astype(np.uint64)
        found *= _FACTOR
        found ^= found >> np.uint64(29)
        found *= _MIX
        found ^= found >> np.uint64(32)
    return found
