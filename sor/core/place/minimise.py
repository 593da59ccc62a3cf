"""A good X of a sample problem: from the best that cannot overfill to where smoothing leads; in milliseconds.

Where a common part rules the outflows, or where they hardly vary, the optimum cannot overfill or nearly so, and `split`
finds it exactly. Where venues vary by themselves, overbooking pays, the total is almost smooth, and Newton's steps from
there lead to it. The lower of the two then goes down along exact lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sor.core.place.sample import SampleProblem, Search
from sor.core.place.smooth import smooth_steps
from sor.core.place.split import split

Floats = NDArray[np.float64]
_LADDER = (  # width of the rounded corner in S, Newton's steps, and the gain in Lambda S that ends them
    (1 / 16, 10, 1e-5),
    (1 / 64, 6, 1e-5),
    (1 / 256, 4, 1e-6),
    (1 / 1024, 4, 1e-6),
)


def minimise(problem: SampleProblem, extra: Sequence[Floats] = (), wide: bool = False) -> tuple[Floats, float]:
    """A good X of a float problem and its total; `wide` lets every start go down, rounded off and as it is."""
    first = split(problem)
    if wide:
        points = [*extra, first, *starts(len(problem.b) - 1, float(problem.size))]
        points += [_smoothed(problem, x) for x in points]
    else:
        points = [min((first, _smoothed(problem, first), *extra), key=problem.total)]
    searches = [Search(problem, x, quick=not wide) for x in points]
    for search in searches:
        search.settle()
    best = min(searches, key=lambda search: float(search.total))
    return best.x, float(best.total)


def _smoothed(problem: SampleProblem, x: Floats) -> Floats:
    """Where a corner that grows sharper leads."""
    for width, steps, worth in _LADDER:
        x = smooth_steps(problem, x, width * float(problem.size), steps, worth)
    return x


def starts(k: int, size: float) -> list[Floats]:
    """An equal split beside M = 0, S/4, S/2, 3S/4; full duplication beside them; all at one place, market or venue."""
    taken = (0.0, 0.25 * size, 0.5 * size, 0.75 * size)
    points = [np.array([m] + [(size - m) / k] * k) for m in taken]
    points += [np.array([m] + [size - m] * k) for m in taken]
    return points + list(np.eye(k + 1) * size)
