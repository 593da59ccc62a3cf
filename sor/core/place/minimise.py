"""Several starts, a small problem first, then a polish on all samples: milliseconds for twelve venues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sor.core.place.grid import Climb, Grid
from sor.core.place.sample import SampleProblem, Search

Floats = NDArray[np.float64]
_SMALL = 250  # outcomes of the first round
_STEPS = 64  # of its grid
_SWEPT = 8  # starts that it moves
_CHOSEN = 2  # valleys that are searched on all samples


def minimise(problem: SampleProblem, extra: Sequence[Floats] = (), wide: bool = False) -> tuple[Floats, float]:
    """A good X of a float problem and its total; `wide` lets every start go down, on all samples."""
    points = np.array([*extra, *starts(len(problem.b) - 1, float(problem.size))])
    searches = [Search(problem, x, not wide) for x in (points if wide else _valleys(problem, points))]
    for search in searches:
        search.settle()
    best = min(searches, key=lambda search: float(search.total))
    return best.x, float(best.total)


def _valleys(problem: SampleProblem, points: Floats) -> Floats:
    """The lowest of the starts after two sweeps over all coordinates, on a coarse grid of a small sample."""
    step = float(problem.size) / _STEPS
    climb = Climb(Grid.of(problem.thin(_SMALL), _STEPS), np.rint(points / step).astype(np.int64))
    climb.keep(np.argsort(climb.totals(), kind="stable")[:_SWEPT])
    for _ in range(2):
        for k in range(len(problem.b)):
            climb.coordinate(k)
    order = np.argsort(climb.totals(), kind="stable")
    found = np.asarray(climb.x[order] * step, dtype=np.float64)
    apart = [i for i in range(len(found)) if all(np.abs(found[i] - found[j]).max() > step for j in range(i))]
    return found[apart[:_CHOSEN]]


def starts(k: int, size: float) -> list[Floats]:
    """All market, all limit at each venue, and beside M = 0, S/4, S/2, 3S/4 an equal split and full duplication."""
    points = []
    for m in (0.0, 0.25 * size, 0.5 * size, 0.75 * size):
        points += [np.array([m] + [size - m] * k), np.array([m] + [(size - m) / k] * k)]
    corners = np.eye(k + 1) * size
    return points + list(corners)
