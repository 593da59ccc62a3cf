"""Whole numbers by how often they occur."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.core.units import round_half_even


class CountedValues:
    """Whole numbers by how often they occur: exact order statistics without keeping the numbers apart."""

    def __init__(self) -> None:
        self._times: Counter[int] = Counter()

    def record(self, values: Ints) -> None:
        numbers, times = np.unique(values, return_counts=True)
        self._times.update(dict(zip(numbers.tolist(), times.tolist(), strict=True)))

    @property
    def total(self) -> int:
        return sum(value * times for value, times in self._times.items())

    def told(self, unit: int = 1) -> dict[str, Any]:
        """count, min, median, mean and max, in units of `unit`; nulls where there is nothing."""
        n = self._times.total()
        if n == 0:
            return {"count": 0, "min": None, "median": None, "mean": None, "max": None}
        values = sorted(self._times)
        ranks = np.cumsum([self._times[value] for value in values])
        low, high = (values[int(np.searchsorted(ranks, rank, "right"))] for rank in ((n - 1) // 2, n // 2))
        figures = {
            "min": Fraction(values[0]),
            "median": Fraction(low + high, 2),
            "mean": Fraction(self.total, n),
            "max": Fraction(values[-1]),
        }
        return {"count": n} | {name: _number(figure / unit) for name, figure in figures.items()}


def _number(value: Fraction) -> int | Decimal:
    """Whole numbers as such, others to nine decimals."""
    return int(value) if value.denominator == 1 else round_half_even(value, 9)
