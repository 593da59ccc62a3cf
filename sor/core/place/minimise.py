"""Several starts, a small problem first, then a polish on all samples: milliseconds for twelve venues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.place.sample import SampleProblem, Search

Floats = NDArray[np.float64]
_SMALL = 160  # outcomes of the first round
_TRIED = 3  # starts that descend on the small problem
_POLISHED = 2  # of these, how many go on to all samples


def minimise(problem: SampleProblem, extra: Sequence[Floats] = (), wide: bool = False) -> tuple[Floats, float]:
    """A good X of a float problem and its total; `wide` lets every start descend, on all samples."""
    small = problem if wide else problem.thin(_SMALL)
    points = np.array([*extra, *starts(len(problem.b) - 1, float(problem.size))])
    order = np.argsort(totals(small, points), kind="stable")
    searches = _settle([Search(small, points[i], not wide) for i in (order if wide else order[:_TRIED])])
    if small is not problem:
        searches = _settle([Search(problem, s.x, True) for s in _distinct(searches, _POLISHED)])
    return searches[0].x, float(searches[0].total)


def _settle(searches: list[Search]) -> list[Search]:
    """All of them down, the lowest first. Above six quantities a ridge costs more than it gives in the quick search."""
    for search in searches:
        if search.quick and len(search.x) > 6:
            search.descend()
        else:
            search.settle()
    return sorted(searches, key=lambda search: float(search.total))


def starts(k: int, size: float) -> list[Floats]:
    """All market, all limit at each venue, and beside M = 0, S/4, S/2, 3S/4 an equal split and full duplication."""
    points = []
    for m in (0.0, 0.25 * size, 0.5 * size, 0.75 * size):
        points += [np.array([m] + [size - m] * k), np.array([m] + [(size - m) / k] * k)]
    corners = np.eye(k + 1) * size
    return points + list(corners)


def totals(problem: SampleProblem, points: Floats) -> Floats:
    """(R,) the total of every row of points."""
    fills = np.minimum(problem.e[None], points[:, :, None])
    short = np.maximum(problem.size - fills.sum(axis=1), 0.0).sum(axis=1)
    result: Any = problem.n * problem.theta * points.sum(axis=1) + fills.sum(axis=2) @ problem.b + problem.lam * short
    return np.asarray(result, dtype=np.float64)


def _distinct(searches: list[Search], most: int) -> list[Search]:
    """The first few that did not end in the same valley."""
    kept: list[Search] = []
    for search in searches:
        if all(np.abs(search.x - other.x).max() > 0.02 * search.p.size for other in kept):
            kept.append(search)
    return kept[:most]
