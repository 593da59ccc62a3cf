"""Mean of figures whose neighbours may depend on each other: a 95 % interval and a p-value, the same everywhere.

The figures are skewed and have fat tails, so a normal quantile covers too rarely; the bootstrap-t takes its quantiles
from the figures themselves (Efron and Tibshirani 1993, 12.5; circular blocks: Politis and Romano 1992; studentised by
the blocks: Götze and Künsch 1996). All sums are integers and the resampled indices come from a counter, so no machine,
library or seed of the user's changes a digit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np

from sor.core.market.batch import Ints

RESAMPLES = 3_999
LOW, HIGH = 100, 3_900  # order statistics: 2.5 % of RESAMPLES + 1 on either side
BLOCK = 5  # neighbouring figures that are drawn together
LEVEL = Fraction(5, 100)
_SCALE = 64  # bits after the point of a t value; keys hold its square, so twice as many
_GAMMA, _MIX_1, _MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_CHUNK = 1 << 16  # indices that are worked at once: few enough to stay in a core's cache
_INFINITE = 1 << 400


@dataclass(frozen=True, slots=True)
class MeanEstimate:
    """A mean with its 95 % interval and the two-sided p-value of a mean of zero, all exact.

    low, high: None where the interval has no end on that side; p_value None: fewer than two blocks, nothing known.
    """

    mean: Fraction
    low: Fraction | None
    high: Fraction | None
    p_value: Fraction | None


def bootstrap_t(values: Sequence[int], block: int = BLOCK) -> MeanEstimate | None:
    """The bootstrap-t over circular blocks of the values; None for an empty series.

    Of the n blocks that begin at each value in turn, m = ceil(n / block) are drawn 3,999 times. With s1 and s2 the sums
    of block sums and of their squares, t = (s1 - its expectation) / sqrt(m s2 - s1^2); of the series itself s1 and s2
    are taken over all n blocks, and m is n. Without variance t is 0 if its numerator is 0, and infinite elsewhere.
    """
    n = len(values)
    if not n:
        return None
    total = sum(values)
    mean = Fraction(total, n)
    draws = -(-n // block)
    if draws < 2:
        return MeanEstimate(mean, None, None, None)
    blocks = [sum(values[(i + k) % n] for k in range(block)) for i in range(n)]
    spread = n * sum(b * b for b in blocks) - (block * total) ** 2
    keys = sorted(_resampled(blocks, draws))
    key = _key(block * total, spread)
    at_least, at_most = RESAMPLES - bisect_left(keys, key), bisect_right(keys, key)
    p_value = min(Fraction(2 * (min(at_least, at_most) + 1), RESAMPLES + 1), Fraction(1))
    low, high = (_bound(mean, keys[rank - 1], spread, n * block) for rank in (HIGH, LOW))
    return MeanEstimate(mean, low, high, p_value)


def beyond_luck(p_values: Mapping[str, Fraction], planned: str) -> frozenset[str]:
    """The hypotheses that are rejected at 5 %: the planned one by itself, the others as one family."""
    others = {name: p for name, p in p_values.items() if name != planned}
    alone = p_values.get(planned, Fraction(1)) <= LEVEL
    return frozenset(holm(others) | ({planned} if alone else set()))


def holm(p_values: Mapping[str, Fraction]) -> set[str]:
    """Holm (1979): the hypotheses that are rejected so that the chance of any error in the family is at most 5 %."""
    found: set[str] = set()
    for at, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        if p_values[name] * (len(p_values) - at) > LEVEL:
            break
        found.add(name)
    return found


def chance_of_best(series: Sequence[Sequence[int]], block: int = BLOCK) -> list[Fraction] | None:
    """How often each of several series, whose values belong together, has the largest mean when the values are drawn
    again, in circular blocks, all series alike. Those that share the first place share the count.

    The draws are those of bootstrap_t. None for fewer than two blocks. ValueError for series of different lengths.
    """
    (n,) = {len(values) for values in series}
    return _first_places(series, block) if n > block else None


def best_of(series: Mapping[str, Sequence[int]], block: int = BLOCK) -> dict[str, Fraction]:
    """As `chance_of_best`, by name, and of any number of blocks."""
    return dict(zip(series, _first_places(list(series.values()), block), strict=True))


def _first_places(series: Sequence[Sequence[int]], block: int) -> list[Fraction]:
    n = len(series[0])
    draws = -(-n // block)
    blocks = [[sum(values[(i + k) % n] for k in range(block)) for i in range(n)] for values in series]
    addends = [_Addends.from_values(one, draws) for one in blocks]
    won = [Fraction(0)] * len(series)
    rows = max(1, _CHUNK // draws)
    for first in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - first)
        at = _below(n, splitmix64(first * draws, count * draws)).reshape(count, draws)
        for sums in zip(*(one.sums(at) for one in addends), strict=True):
            best = [k for k, total in enumerate(sums) if total == max(sums)]
            for k in best:
                won[k] += Fraction(1, len(best) * RESAMPLES)
    return won


def splitmix64(first: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Outputs first, first + 1, ... of the generator SplitMix64 with seed 0 (Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        z = (np.arange(count, dtype=np.uint64) + np.uint64(first + 1)) * np.uint64(_GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX_1)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX_2)
        return z ^ (z >> np.uint64(31))


def _resampled(blocks: Sequence[int], draws: int) -> list[int]:
    """Keys of the 3,999 resampled t values; resample b has outputs b * draws, b * draws + 1, ... of the generator."""
    n, total = len(blocks), sum(blocks)
    addends, squares = _Addends.from_values(blocks, draws), _Addends.from_values([b * b for b in blocks], draws)
    keys: list[int] = []
    rows = max(1, _CHUNK // draws)
    for first in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - first)
        at = _below(n, splitmix64(first * draws, count * draws)).reshape(count, draws)
        keys += [
            _key(n * s1 - draws * total, n * n * (draws * s2 - s1 * s1))
            for s1, s2 in zip(addends.sums(at), squares.sums(at), strict=True)
        ]
    return keys


def _below(n: int, outputs: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> Ints:
    """floor(output n / 2^64), for n below 2^32: as even as 64 bits can be."""
    size, half = np.uint64(n), np.uint64(32)
    low = (outputs & np.uint64(2**32 - 1)) * size >> half
    return ((outputs >> half) * size + low >> half).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Addends:
    """Integers of any size as digits, the lowest first, of so few bits that the sums of so many terms fit into 64."""

    digits: tuple[Ints, ...]
    bits: int

    @classmethod
    def from_values(cls, values: Sequence[int], terms: int) -> _Addends:
        bits = 62 - terms.bit_length()
        digits, high = list[Ints](), list(values)
        while max(abs(value) for value in high) >> bits:
            digits.append(np.array([value & (1 << bits) - 1 for value in high], np.int64))
            high = [value >> bits for value in high]
        return cls((*digits, np.array(high, np.int64)), bits)

    def sums(self, at: Ints) -> list[int]:
        """Of each row of places the sum of the integers there."""
        totals = [0] * len(at)
        for digit in reversed(self.digits):
            sums = digit[at].sum(axis=1).tolist()
            totals = [(total << self.bits) + low for total, low in zip(totals, sums, strict=True)]
        return totals


def _key(numerator: int, variance: int) -> int:
    """An integer that orders t = numerator / sqrt(variance): its signed square, to 2^-128."""
    sign = (numerator > 0) - (numerator < 0)
    if not variance:
        return sign * _INFINITE
    return sign * ((numerator * numerator << 2 * _SCALE) // variance)


def _bound(mean: Fraction, key: int, spread: int, scale: int) -> Fraction | None:
    """mean - t x standard error, where the standard error is sqrt(spread) / scale."""
    if abs(key) == _INFINITE:
        return None
    width = Fraction(isqrt(abs(key) * spread), scale << _SCALE)
    return mean - width if key > 0 else mean + width
