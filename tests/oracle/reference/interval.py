"""The 95 % interval and p of a mean over slices: bootstrap-t over circular blocks, in integers; Holm's correction.

n values v_i, m = ceil(n / 5) blocks a resample. c_j = v_j + .. + v_{j+4}, indices modulo n, is the block that begins at
j. A resample draws m blocks, s1_b and s2_b are the sums of its c_j and of their squares, and
t_b = (s1_b - s1) / sqrt(m s2_b - s1_b^2) with s1 = m sum(c) / n, what s1_b is on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isqrt

BLOCK = 5
RESAMPLES = 3_999
LOW, HIGH = 100, 3_900  # order statistics, the smallest is number 1
MASK = 2**64 - 1

Ordered = Fraction | float  # sign(t) t^2, which has the order of t; floats are the two infinities


@dataclass(frozen=True, slots=True)
class Interval:
    """Of the mean, in the unit of the values, rounded half to even; a bound is None where it is infinite."""

    low: int | None
    high: int | None
    p: Fraction


def split_mix(counter: int) -> int:
    """Output number `counter` (from 0) of SplitMix64 with seed 0."""
    z = (counter + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def block_sums(values: Sequence[int]) -> list[int]:
    n = len(values)
    return [sum(values[(j + i) % n] for i in range(BLOCK)) for j in range(n)]


def bootstrap_t(values: Sequence[int]) -> Interval:
    n = len(values)
    m = -(-n // BLOCK)
    c = block_sums(values)
    total, spread = sum(c), n * sum(x * x for x in c) - sum(c) ** 2  # spread / n^2 is the variance of a block
    ts = sorted(_resampled(c, m, b) for b in range(RESAMPLES))
    # The mean is total / (BLOCK n), its error sqrt(spread) / (BLOCK n) in the unit of t.
    own = _signed_square(total, spread)
    at_least, at_most = sum(t >= own for t in ts), sum(t <= own for t in ts)
    p = Fraction(2 * min(at_least + 1, at_most + 1), RESAMPLES + 1)
    low, high = (_bound(total, spread, n, ts[k - 1]) for k in (HIGH, LOW))
    return Interval(low, high, min(p, Fraction(1)))


def _resampled(c: Sequence[int], m: int, b: int) -> Ordered:
    n = len(c)
    drawn = [c[split_mix(b * m + i) * n >> 64] for i in range(m)]
    s1, s2 = sum(drawn), sum(x * x for x in drawn)
    return _signed_square(n * s1 - m * sum(c), n * n * (m * s2 - s1 * s1))


def _signed_square(numerator: int, squared: int) -> Ordered:
    """sign(t) t^2 of t = numerator / sqrt(squared); without variance t is 0 or infinite."""
    if numerator == 0:
        return Fraction(0)
    if squared == 0:
        return inf if numerator > 0 else -inf
    return Fraction(numerator * abs(numerator), squared)


def _bound(total: int, spread: int, n: int, t: Ordered) -> int | None:
    """(total - t sqrt(spread)) / (BLOCK n), to the nearest whole number."""
    if spread == 0:
        t = Fraction(0)
    if isinstance(t, float):
        return None
    scale = 10**12
    root = isqrt(abs(t.numerator) * spread * scale**2 // t.denominator)
    root = root if t > 0 else -root
    return round(Fraction(total * scale - root, BLOCK * n * scale))


def holm(p: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Adjusted p by name: the i-th smallest of k times k - i + 1, never below a smaller one's, at most 1."""
    adjusted: dict[str, Fraction] = {}
    largest = Fraction(0)
    for i, name in enumerate(sorted(p, key=lambda name: (p[name], name))):
        largest = max(largest, min(Fraction(1), (len(p) - i) * p[name]))
        adjusted[name] = largest
    return adjusted
