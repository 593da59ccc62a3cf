"""The headline: what a parent order saved against X_M's parent, cut into slices by share number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from reference.account import BPS, shares_paid
from reference.work import Worked


@dataclass(frozen=True, slots=True)
class Headline:
    """`differences` D_i and `values` v_i by slice: price units, and whole 1e-6 bps whose mean is the saving."""

    saving_bps: Fraction
    differences: list[int]
    values: list[int]
    judged: int  # slices that were not worked as X_M


def slice_costs(worked: Worked, targets: Sequence[int]) -> list[int] | None:
    """Cost of each slice's shares: share j belongs to the first slice whose cumulative target is at least j."""
    runs = shares_paid(worked)
    if runs is None:
        return None
    each = [price for qty, price in runs for _ in range(qty)]
    begins = [0, *targets[:-1]]
    return [sum(each[begin:end]) for begin, end in zip(begins, targets, strict=True)]


def headline(router: Worked, x_m: Worked, targets: Sequence[int]) -> Headline | None:
    """None where there never was an opposite quote, or X_M's parent cost nothing."""
    ours, theirs = slice_costs(router, targets), slice_costs(x_m, targets)
    if ours is None or theirs is None or sum(theirs) == 0:
        return None
    base = abs(sum(theirs))
    differences = [b - a for a, b in zip(ours, theirs, strict=True)]
    scale = 10**6 * BPS * len(targets)
    values = [round(Fraction(scale * d, base)) for d in differences]
    judged = len({d.index for d in router.decisions if d.market != d.size})
    return Headline(BPS * Fraction(sum(differences), base), differences, values, judged)
