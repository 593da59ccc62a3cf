"""A good X of a sample problem: from the best that cannot overfill to where smoothing leads; in milliseconds.

Where a common part rules the outflows, or where they hardly vary, the optimum cannot overfill or nearly so, and `split`
finds it exactly. Where venues vary by themselves, overbooking pays, the total is almost smooth, and Newton's steps from
there lead to it. The lower of the two then goes down along exact lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.smooth import smooth_steps
from sor.core.place.split import split

Floats = NDArray[np.float64]
_LADDER = (  # width of the rounded corner in S, Newton's steps, and the gain in `worth` that ends them
    (1 / 16, 10, 2.5e-5),
    (1 / 64, 6, 2.5e-5),
    (1 / 256, 4, 2.5e-6),
    (1 / 1024, 4, 2.5e-6),
)
_LADDER_AGAIN = ((1 / 128, 4, 2.5e-6), (1 / 1024, 4, 2.5e-6))
_AGAIN = 2
_MUCH = 5e-5  # of `worth`
_LOWEST = 12  # of many starts that go on without leaving anything alone


def minimise(problem: SampleProblem, extra: Sequence[Floats] = (), wide: bool = False) -> tuple[Floats, float]:
    """A good X of a float problem and its total; `wide` begins at every start, rounded off and as it is."""
    first = split(problem)
    if wide:
        points = [*extra, first, *starts(len(problem.b) - 1, float(problem.size))]
        points += [_smoothed(problem, x, _LADDER) for x in points]
        lowest = sorted((_settled(problem, x, quick=True) for x in points), key=_total)[:_LOWEST]
        best = min((_settled(problem, search.x, quick=False) for search in lowest), key=_total)
    else:
        best = _quick(problem, min((first, _smoothed(problem, first, _LADDER), *extra), key=problem.total))
    return best.x, _total(best)


def _quick(problem: SampleProblem, x: Floats) -> Search:
    """Down from x; where exact lines still gained much, the corner is rounded off once more, as long as that pays."""
    before = float(problem.total(x))
    best = _settled(problem, x, quick=True)
    for _ in range(_AGAIN):
        if before - _total(best) < _MUCH * problem.worth:
            break
        before = _total(best)
        best = min(best, _settled(problem, _smoothed(problem, best.x, _LADDER_AGAIN), quick=True), key=_total)
    return best


def _settled(problem: SampleProblem, x: Floats, quick: bool) -> Search:
    search = Search(problem, x, quick)
    search.settle()
    return search


def _total(search: Search) -> float:
    return float(search.total)


def _smoothed(problem: SampleProblem, x: Floats, ladder: Sequence[tuple[float, int, float]]) -> Floats:
    """Where a corner that grows sharper leads."""
    for width, steps, worth in ladder:
        x = smooth_steps(problem, x, width * float(problem.size), steps, worth)
    return x


def starts(k: int, size: float) -> list[Floats]:
    """An equal split beside M = 0, S/4, S/2, 3S/4; full duplication beside them; all at one place, market or venue."""
    taken = (0.0, 0.25 * size, 0.5 * size, 0.75 * size)
    points = [np.array([m] + [(size - m) / k] * k) for m in taken]
    points += [np.array([m] + [size - m] * k) for m in taken]
    return points + list(np.eye(k + 1) * size)
