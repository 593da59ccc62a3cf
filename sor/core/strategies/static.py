"""The static allocator: the seed's exhaustive search over splits, in closed form.

The search minimises, over q_v in {0, step, 2 step, ...} with q_v <= min(S - used, size_v) and sum q = S,

    sum exe_v (ask_v + fee_v) - sum rebate_v max(q_v - exe_v, 0)
        + theta (under + over) + lambda_u under + lambda_o over.

On that set exe_v = q_v and under = over = 0: theta, both lambdas and the rebates multiply zeros. What is left is a
fractional knapsack with caps floored to the step, so filling the cheapest venue first is optimal; among equals the
search keeps the first split in lexicographic order, which gives the most to the last venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP = 100


@dataclass(frozen=True, slots=True)
class Offer:
    """Shares offered at one venue; `cost` is price plus take fee in nanodollars a share."""

    venue: int
    cost: int
    size: int


def allocate(quantity: int, offers: Sequence[Offer], step: int = STEP) -> list[int] | None:
    """Shares per offer (offers in ascending venue), or None where no split in whole steps exists. O(N log N)."""
    if quantity % step:
        return None
    split = [0] * len(offers)
    left = quantity
    # Stable sort of the reversed list: among equal costs the last venue comes first.
    for k in sorted(range(len(offers) - 1, -1, -1), key=lambda k: offers[k].cost):
        split[k] = min(left, offers[k].size // step * step)
        left -= split[k]
        if not left:
            return split
    return split if not left else None
