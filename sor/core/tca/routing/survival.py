"""The Kaplan-Meier estimate of the time to a fill: an order that was cancelled first is censored, not a failure.

Kaplan and Meier 1958; the variance is Greenwood's (1926); limit orders this way: Lo, MacKinlay and Zhang 2002.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from sor.core.execution.child_orders import ChildOrder
from sor.core.tca.routing.fill_rates import joined
from sor.core.units import NANO

GRID = tuple(
    ns * NANO // 1000
    for ns in (1, 3, 10, 30, 100, 200, 500, 1000, 2000, 3000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000)
)  # the times at which curves are written: 1 ms to 5 min
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """At `time` ns: `at_risk` orders were still open just before; share that was filled by then, with 95 % bounds."""

    time: int
    at_risk: int
    filled: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Of `orders`, `events` were filled; the others are censored. median: ns until half are filled, None if never."""

    orders: int
    events: int
    median: int | None
    points: tuple[SurvivalPoint, ...]


def time_to_first_fill(orders: Iterable[ChildOrder]) -> SurvivalCurve | None:
    """From joining the queue to the first fill; None where nothing rested."""
    return _curve([(o.first_fill if o.first_fill is not None else o.ended, o.first_fill is not None, o.arrived or 0)
                   for o in orders if joined(o)])  # fmt: skip


def time_to_completion(orders: Iterable[ChildOrder]) -> SurvivalCurve | None:
    """From joining the queue to the last share."""
    return _curve([(o.ended, o.filled == o.qty, o.arrived or 0) for o in orders if joined(o)])


def _curve(spans: Sequence[tuple[int, bool, int]]) -> SurvivalCurve | None:
    if not spans:
        return None
    lives = [(until - since, event) for until, event, since in spans]
    steps = kaplan_meier(lives)
    longest = max(time for time, _ in lives)
    times = [time for time in GRID if time < longest] + [longest]
    median = next((step.time for step in steps if step.filled >= 0.5), None)
    return SurvivalCurve(len(lives), sum(event for _, event in lives), median, tuple(_at(steps, times, lives)))


def kaplan_meier(lives: Iterable[tuple[int, bool]]) -> list[SurvivalPoint]:
    """One point a time at which something was filled. lives: (time, whether it ended in a fill)."""
    lives = list(lives)
    fills, ends = Counter(time for time, event in lives if event), Counter(time for time, _ in lives)
    at_risk, survival, hazard = len(lives), 1.0, 0.0
    steps = []
    for time in sorted(ends):
        if done := fills[time]:
            survival *= (at_risk - done) / at_risk
            hazard += done / (at_risk * (at_risk - done)) if at_risk > done else 0.0
            half = _Z * survival * sqrt(hazard)
            filled = 1 - survival
            steps.append(SurvivalPoint(time, at_risk, filled, max(0.0, filled - half), min(1.0, filled + half)))
        at_risk -= ends[time]
    return steps


def _at(steps: Sequence[SurvivalPoint], times: Iterable[int], lives: Sequence[tuple[int, bool]]) -> list[SurvivalPoint]:
    """The curve at other times: what the last step until then says."""
    ends = sorted(time for time, _ in lives)
    points, passed, gone, last = [], 0, 0, SurvivalPoint(0, len(lives), 0.0, 0.0, 0.0)
    for time in times:
        while passed < len(steps) and steps[passed].time <= time:
            last, passed = steps[passed], passed + 1
        while gone < len(ends) and ends[gone] < time:
            gone += 1
        points.append(SurvivalPoint(time, len(ends) - gone, last.filled, last.low, last.high))
    return points
