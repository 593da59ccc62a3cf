"""Newton's steps on the rounded total."""

from __future__ import annotations

import numpy as np

from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.smooth import smooth_steps


def test_smooth_steps_go_down_a_ridge_that_stops_single_and_pair_moves() -> None:
    """M + L_1 = M + L_2 = S with one venue always full: only M up and both L down together saves."""
    size, n = 100.0, 40
    e = np.full((3, n), size)
    e[1, ::2] = e[2, 1::2] = 0.0
    p = SampleProblem(e, np.array([0.061, 0.05, 0.05]), 0.001, 0.1, size)
    x = np.array([20.0, 80.0, 80.0])
    search = Search(p, x, quick=True)
    search.descend()
    assert search.x.tolist() == x.tolist()
    moved = smooth_steps(p, x, size / 128, 4)
    assert ((moved >= 0) & (moved <= size)).all()
    assert p.total(moved) < p.total(x) - 1e-6
