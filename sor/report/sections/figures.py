"""Exact values as the report writes them: the only place where figures are rounded."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import overload

from sor.core.units import NANO, bps, dollars, round_half_even


def figure(value: float | Fraction) -> Decimal:
    """A statistic (not money) to 1e-6."""
    return round_half_even(Fraction(value), 6)


def seconds(ns: int | Fraction) -> Decimal:
    """Nanoseconds as seconds, to the nanosecond."""
    return round_half_even(Fraction(ns) / NANO, 9)


@overload
def in_bps(value: Fraction) -> Decimal: ...
@overload
def in_bps(value: Fraction | None) -> Decimal | None: ...
def in_bps(value: Fraction | None) -> Decimal | None:
    """A ratio in basis points to 1e-6."""
    return None if value is None else bps(value, Fraction(1))


def money(value: int | None) -> Decimal | None:
    """Nanodollars as exact dollars."""
    return None if value is None else dollars(value)
