"""Random draws that are the same on every machine: raw words of PCG64 and tables of integers.

numpy promises the stream of a bit generator's raw words for ever, but not that of its distributions, and a logarithm
may differ in its last bit from one processor to the next. So a draw here is a 16-bit slice of a raw word that picks
a row of a table of integers: no float is ever compared or added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sor.core.market.batch import Ints

ROWS = 1 << 16  # rows of a table, values of a draw
ONE = 1 << 20  # 1.0 in the table of exponentials

# Quantiles of Exp(1) in units of 1/ONE. An ulp of log cannot move a value that is rounded to 1e-6.
EXPONENTIAL: Ints = np.array([round(-math.log(1 - (i + 0.5) / ROWS) * ONE) for i in range(ROWS)], dtype=np.int64)


def table(weights: Sequence[tuple[int, float]]) -> Ints:
    """A discrete distribution as 65,536 rows: values with weights in any unit (largest remainders first)."""
    total = sum(weight for _, weight in weights)
    shares = [weight / total * ROWS for _, weight in weights]
    counts = [int(share) for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (counts[i] - shares[i], i))
    for i in by_remainder[: ROWS - sum(counts)]:
        counts[i] += 1
    return np.repeat(np.array([value for value, _ in weights], dtype=np.int64), counts)


def share(p: float) -> int:
    """A probability as the number of draws (out of ROWS) that mean yes."""
    return round(p * ROWS)


class Draws:
    """Draws for one block of one symbol; the key fixes all of them."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def words(self, n: int) -> Ints:
        """n integers in [0, ROWS)."""
        raw = np.atleast_1d(self._bits.random_raw((n + 3) // 4)).astype("<u8")
        return raw.view("<u2")[:n].astype(np.int64)

    def pick(self, rows: Ints, n: int) -> Ints:
        """n draws from a table."""
        return rows[self.words(n)]

    def yes(self, p: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """n coins that come up with probability p / ROWS."""
        return self.words(n) < p

    def waits(self, mean: int, n: int) -> Ints:
        """n exponential waiting times with the given mean, in its unit. mean < 2^40."""
        return (self.pick(EXPONENTIAL, n) * mean) >> 20

    def arrivals(self, mean: int, end: int) -> Ints:
        """The times of a Poisson process on [0, end) with the given mean wait."""
        times = np.cumsum(self.waits(mean, int(end // mean * 5 // 4) + 64))
        while len(times) and times[-1] < end:
            times = np.concatenate([times, times[-1] + np.cumsum(self.waits(mean, 64))])
        return times[: np.searchsorted(times, end)]
