"""What the routers of several reports saved against X_M, and which of them is the best, or may only seem so.

On one day the sample is the order's slices: the savings by slice that reports carry, which all are against the same
X_M's slices, so that routers are paired slice by slice. Over several days a day is one value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sor.core.statistics import MeanEstimate, bootstrap_t, chance_of_best, holm

MICRO = 10**6


@dataclass(frozen=True, slots=True)
class JudgedRouter:
    """One router. estimate: against X_M, in 1e-6 bps; behind: of the router with the largest mean, less this one's;
    chance: that it is the best of them. None where nothing is known."""

    name: str
    days: int
    estimate: MeanEstimate | None
    behind: MeanEstimate | None
    chance: Fraction | None
    certain: bool


def judge(samples: Mapping[str, Sequence[int] | None], days: Mapping[str, int], block: int) -> list[JudgedRouter]:
    """samples: by router, in whole 1e-6 bps; where all have the same length, their values belong together.

    The verdicts have Holm's correction for all routers together.
    """
    estimates = {name: None if values is None else bootstrap_t(values, block) for name, values in samples.items()}
    p_values = {name: e.p_value for name, e in estimates.items() if e is not None and e.p_value is not None}
    certain = holm(p_values)
    paired = _paired(samples)
    best = max(paired, key=lambda name: sum(paired[name])) if paired else None
    chances = chance_of_best(list(paired.values()), block) if len(paired) > 1 else None
    chance = dict(zip(paired, chances, strict=True)) if chances else {}
    found = []
    for name in samples:
        behind = None
        if best is not None and name in paired and name != best:
            behind = bootstrap_t([b - x for b, x in zip(paired[best], paired[name], strict=True)], block)
        found.append(JudgedRouter(name, days[name], estimates[name], behind, chance.get(name), name in certain))
    return found


def _paired(samples: Mapping[str, Sequence[int] | None]) -> dict[str, Sequence[int]]:
    known = {name: values for name, values in samples.items() if values}
    return known if len({len(values) for values in known.values()}) == 1 else {}


def from_slices(data: Mapping[str, Any]) -> list[int] | None:
    """A report's savings by slice in whole 1e-6 bps; None where it carries none."""
    found = (data.get("headline") or {}).get("by_slice_bps")
    return None if not found else [_micro(value) for value in found]


def from_headline(data: Mapping[str, Any]) -> int | None:
    """A report's headline in whole 1e-6 bps."""
    found = data.get("headline")
    return None if not found else _micro(found["mean_savings_bps"])


def _micro(value: Any) -> int:
    return int((Decimal(value) * MICRO).to_integral_value())
