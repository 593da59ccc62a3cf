"""The best allocation of a sample problem that cannot overfill: M + sum L = S, by one sort."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem

Floats = NDArray[np.float64]


def split(problem: SampleProblem) -> Floats:
    """X* on M + sum L = S, exact whatever the dependence between venues.

    There A <= S, so the total is a constant less sum_k (Lambda - b_k) sum_i min(e_ki, L_k): concave gains, one for each
    quantity. S shares go where the next one gains most, stretch by stretch between outcomes.
    """
    ordered = problem.ordered
    n = problem.n
    width = np.diff(ordered, axis=1, prepend=0.0).ravel()
    gain = ((problem.lam - problem.b)[:, None] * np.arange(n, 0, -1)).ravel()
    wide = np.flatnonzero(width > 0)
    best = wide[np.argsort(-gain[wide], kind="stable")]
    reach = width[best].cumsum()
    last = int(np.searchsorted(reach, problem.size))  # the market order alone reaches S
    taken = np.zeros_like(width)
    taken[best[:last]] = width[best[:last]]
    taken[best[last]] = problem.size - (reach[last - 1] if last else 0.0)
    x: Floats = taken.reshape(ordered.shape).sum(axis=1)
    return x
