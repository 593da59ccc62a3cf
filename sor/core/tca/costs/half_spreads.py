"""Costs in units of the half-spread: what crossing it at each decision would have cost is one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution.accounting import StrategyResult


@dataclass(frozen=True, slots=True)
class HalfSpreads:
    """width: mean half-spread at the decisions, nanodollars a share; timing, placement, fees: multiples of it."""

    width: Fraction
    timing: Fraction | None
    placement: Fraction
    fees: Fraction


def in_half_spreads(result: StrategyResult) -> HalfSpreads | None:
    """None where there was no mid or no best price at a decision, or the spreads sum to nothing (locked markets)."""
    widths = [(f.qty, 2 * f.touch - f.mid2) for f in result.fills if f.mid2 is not None and f.touch is not None]
    sum2, shares = sum(qty * width for qty, width in widths), sum(qty for qty, _ in widths)
    if len(widths) < len(result.fills) or sum2 <= 0 or result.placement is None:
        return None
    unit = Fraction(sum2, 2)
    timing = None if result.timing is None else result.timing / unit
    return HalfSpreads(unit / shares, timing, result.placement / unit, (result.fees - result.rebates) / unit)
