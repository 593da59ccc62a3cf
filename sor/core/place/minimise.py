"""Several starts on a small problem, the best on all samples, and off its ridges: milliseconds for twelve venues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sor.core.place.grid import Climb, Grid
from sor.core.place.sample import SampleProblem, Search
from sor.core.place.smooth import smooth_steps

Floats = NDArray[np.float64]
_SMALL = 250  # outcomes of the first round
_STEPS = 64  # of its grid
_SHARED = 8  # starts that it moves, those that share S among all venues: from the others the way is long
_KEPT = 4  # of them after one sweep over all coordinates
_SWEEPS = 3
_RIDGE = 0.02  # share of outcomes that fill exactly S from which on a search may have stopped too early
_WIDTHS = (1 / 128, 1 / 1024)  # of S, within which corners are rounded off
_NEWTON = 4  # steps for each of them
_KICKS = 3
_WORTH = 1e-7  # of Lambda S


def minimise(problem: SampleProblem, extra: Sequence[Floats] = (), wide: bool = False) -> tuple[Floats, float]:
    """A good X of a float problem and its total; `wide` lets every start go down, on all samples."""
    k, size = len(problem.b) - 1, float(problem.size)
    if wide:
        best = min((_down(problem, x, False) for x in [*extra, *starts(k, size)]), key=_total)
    else:
        best = min((_down(problem, x, True) for x in [*extra, _valley(problem, starts(k, size)[:_SHARED])]), key=_total)
        best = _off_ridges(problem, best)
    return best.x, _total(best)


def _down(problem: SampleProblem, x: Floats, quick: bool) -> Search:
    search = Search(problem, x, quick)
    search.settle()
    return search


def _total(search: Search) -> float:
    return float(search.total)


def _off_ridges(problem: SampleProblem, search: Search) -> Search:
    """Go on where the search may have stopped on a ridge, as long as that pays."""
    size = float(problem.size)
    for _ in range(_KICKS):
        even = np.abs(size - search.a) <= 1e-9 * size
        if even.mean() < _RIDGE:
            return search
        x = search.x
        for width in _WIDTHS:
            x = smooth_steps(problem, x, width * size, _NEWTON)
        other = _down(problem, x, True)
        gain = search.total - other.total
        search = min(search, other, key=_total)
        if gain < _WORTH * problem.n * float(problem.lam) * size:
            return search
    return search


def _valley(problem: SampleProblem, points: Sequence[Floats]) -> Floats:
    """The lowest of the points after a few sweeps over all coordinates, on a coarse grid of a small sample."""
    step = float(problem.size) / _STEPS
    climb = Climb(Grid.of(problem.thin(_SMALL), _STEPS), np.rint(np.array(points) / step).astype(np.int64))
    for sweep in range(_SWEEPS):
        for k in range(len(problem.b)):
            climb.coordinate(k)
        if sweep == 0:
            climb.keep(np.argsort(climb.totals(), kind="stable")[:_KEPT])
    return np.asarray(climb.x[climb.totals().argmin()] * step, dtype=np.float64)


def starts(k: int, size: float) -> list[Floats]:
    """An equal split beside M = 0, S/4, S/2, 3S/4; full duplication beside them; all at one place, market or venue."""
    taken = (0.0, 0.25 * size, 0.5 * size, 0.75 * size)
    points = [np.array([m] + [(size - m) / k] * k) for m in taken]
    points += [np.array([m] + [size - m] * k) for m in taken]
    return points + list(np.eye(k + 1) * size)
