"""Newey-West against the textbook's double sum, and its coverage on dependent series."""

from __future__ import annotations

from math import sqrt
from random import Random

import pytest

from sor.core.statistics import Z95, newey_west


def textbook(values: list[float]) -> tuple[float, float]:
    """Mean and half width by the definition: weighted autocovariances up to the lag, each side of zero."""
    n = len(values)
    mean = sum(values) / n
    lags = min(n - 1, int(4 * (n / 100) ** (2 / 9)))
    total = 0.0
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= lags:
                total += (1 - abs(i - j) / (lags + 1)) * (values[i] - mean) * (values[j] - mean)
    return mean, Z95 * sqrt(max(total, 0.0) / n / (n - 1))


@pytest.mark.parametrize("n", [2, 3, 10, 57, 150])
def test_against_the_definition(n: int) -> None:
    random = Random(n)
    values = [random.gauss(0.3, 2.0) for _ in range(n)]
    mean, half = textbook(values)
    interval = newey_west(values)
    assert interval is not None
    assert interval.mean == pytest.approx(mean)
    assert interval.high == pytest.approx(mean + half)
    assert interval.low == pytest.approx(mean - half)


def test_no_figures_and_one_figure() -> None:
    assert newey_west([]) is None
    one = newey_west([1.5])
    assert one is not None
    assert (one.mean, one.low, one.high, one.contains_zero) == (1.5, None, None, True)


def test_dependence_widens_the_interval_and_it_covers_the_truth() -> None:
    """A moving average of order 3 with mean 0: a plain interval covers it far too seldom, this one nearly enough."""
    random = Random(7)
    covered = plain = 0
    for _ in range(400):
        noise = [random.gauss(0, 1) for _ in range(203)]
        values = [sum(noise[i : i + 4]) / 4 for i in range(200)]
        interval = newey_west(values)
        assert interval is not None
        covered += interval.contains_zero
        mean = sum(values) / 200
        half = Z95 * sqrt(sum((v - mean) ** 2 for v in values) / 199 / 200)
        plain += abs(mean) <= half
    assert covered / 400 > 0.85
    assert plain / 400 < 0.75
