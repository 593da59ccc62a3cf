"""A forest plot: means with their 95 % intervals on one axis with zero on it, a row each.

Colour is spent only where an interval leaves out zero; a filled dot says that the verdict stands after the correction
for the number of tests. So whatever colour says, shape and words say too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sor.report.pages.axis import Axis, Tick

CHEAPER, DEARER = "cheaper", "more expensive"


@dataclass(frozen=True, slots=True)
class Mark:
    """One row's drawing, in per cent of the width. tone: "good", "bad" or "" (nothing known)."""

    mean: float
    ends: tuple[float, float] | None
    tone: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Forest:
    zero: float
    ticks: list[Tick]
    marks: list[Mark]


def forest(rows: Sequence[tuple[Any, Sequence[Any] | None, bool]]) -> Forest:
    """Rows of a mean, its interval (None: not known), and whether the verdict stands."""
    ends = [float(end) for mean, ci95, _ in rows for end in (mean, *(ci95 or ()))]
    axis = Axis.over([0.0, *ends])
    return Forest(axis.at(0), axis.ticks(5), [_mark(axis, *row) for row in rows])


def tone(mean: Any, ci95: Sequence[Any] | None) -> str:
    """Which colour a mean has: none where its interval holds zero, or is not known."""
    if not ci95 or ci95[0] <= 0 <= ci95[1]:
        return ""
    return "good" if mean > 0 else "bad"


def _mark(axis: Axis, mean: Any, ci95: Sequence[Any] | None, sure: bool) -> Mark:
    ends = (axis.at(float(ci95[0])), axis.at(float(ci95[1]))) if ci95 else None
    return Mark(axis.at(float(mean)), ends, tone(mean, ci95), sure)
