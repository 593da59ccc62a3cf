"""Which of several parent orders stand out, and for what reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

LIMIT = Fraction(35, 10)
_MAD_TO_SIGMA = Fraction(6745, 10000)


@dataclass(frozen=True, slots=True)
class Outlier:
    """Order number `at`: its modified z-score, and the part of its cost that is farthest from its own median."""

    at: int
    score: Fraction
    reason: str
    distance: Fraction


def outliers(costs: Sequence[Fraction], parts: Sequence[Mapping[str, Fraction]]) -> tuple[Outlier, ...]:
    """By Iglewicz and Hoaglin (1993): |0.6745 (x - median) / MAD| above 3.5. parts: what each cost is the sum of.
    Nothing where half of the costs are equal, as then there is no scale."""
    if not costs:
        return ()
    middle = median(costs)
    mad = median(abs(cost - middle) for cost in costs)
    if not mad:
        return ()
    middles = {name: median(part[name] for part in parts) for name in parts[0]}
    found = []
    for at, (cost, part) in enumerate(zip(costs, parts, strict=True)):
        score = _MAD_TO_SIGMA * (cost - middle) / mad
        if abs(score) > LIMIT:
            apart = {name: part[name] - middles[name] for name in part}
            sign = 1 if score > 0 else -1
            reason = max(apart, key=lambda name: sign * apart[name])
            found.append(Outlier(at, score, reason, apart[reason]))
    return tuple(found)
