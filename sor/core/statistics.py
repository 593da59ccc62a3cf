"""Mean and 95 % confidence interval of figures whose neighbours depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval; low and high are None for fewer than two figures."""

    mean: float
    low: float | None
    high: float | None

    @property
    def contains_zero(self) -> bool:
        return self.low is None or self.high is None or self.low <= 0 <= self.high


def newey_west(values: Sequence[float]) -> Interval | None:
    """The mean of a series with a 95 % interval from its long-run variance; None for an empty series.

    Newey and West (1987), Bartlett kernel, lag floor(4 (n/100)^(2/9)) (their 1994 rule of thumb), so that the
    dependence of neighbouring slices widens the interval as it should. All sums are exactly rounded, so the figures
    are the same on every machine.
    """
    n = len(values)
    if not n:
        return None
    mean = fsum(values) / n
    if n < 2:
        return Interval(mean, None, None)
    errors = [value - mean for value in values]
    lags = min(n - 1, int(4 * (n / 100) ** (2 / 9)))
    variance = fsum(e * e for e in errors) / n
    for lag in range(1, lags + 1):
        weight = 1 - lag / (lags + 1)
        variance += 2 * weight * fsum(a * b for a, b in zip(errors[lag:], errors, strict=False)) / n
    # n/(n-1): a small sample underestimates its own spread.
    half = Z95 * sqrt(max(0.0, variance) / (n - 1))
    return Interval(mean, mean - half, mean + half)
