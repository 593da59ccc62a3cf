"""A ratio of sums over fills with a 95 % interval that lets neighbours depend on each other.

Fills of one minute share one market, so they are no independent observations: the variance is that of the linearised
ratio over clusters in time (Cochran 1977, 6.3; Liang and Zeger 1986), the quantile Student's with one degree of freedom
less than there are clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

LEAST_CLUSTERS = 5  # below it an interval says more of the method than of the market
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Ratio:
    """sum y / sum x; low, high: None where there are too few clusters."""

    value: Fraction
    low: float | None
    high: float | None


def clustered_ratio(points: Iterable[tuple[int, int, int]]) -> Ratio | None:
    """Of (cluster, y, x), all integers and x at least 0; None where the x sum to nothing."""
    sums: dict[int, tuple[int, int]] = {}
    for cluster, y, x in points:
        before = sums.get(cluster, (0, 0))
        sums[cluster] = before[0] + y, before[1] + x
    total_y, total_x = (sum(pair[k] for pair in sums.values()) for k in (0, 1))
    if not total_x:
        return None
    value, count = Fraction(total_y, total_x), len(sums)
    if count < LEAST_CLUSTERS:
        return Ratio(value, None, None)
    squares = sum((y * total_x - total_y * x) ** 2 for y, x in sums.values())
    error = sqrt(Fraction(squares * count, (count - 1) * total_x**4))
    half = student_975(count - 1) * error
    return Ratio(value, float(value) - half, float(value) + half)


def student_975(df: int) -> float:
    """The 97.5 % quantile of Student's t: Cornish and Fisher's expansion (Abramowitz and Stegun 26.7.5), good to 1e-3
    from four degrees of freedom on."""
    z = _Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / float(df**power) for power, term in enumerate(terms, start=1))
