"""The best that cannot overfill, against its linear program."""

from __future__ import annotations

import numpy as np
import pytest
from sample_problems import random_problem
from scipy.optimize import linprog

from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.split import split


@pytest.mark.parametrize("seed", range(20))
def test_split_is_the_best_that_cannot_overfill(seed: int) -> None:
    """Its linear program has one variable for each stretch between outcomes: fills are concave, gains only fall."""
    k = 1 + seed % 5
    p, scale = random_problem(seed, k, 25, ties=bool(seed % 2))
    x = split(p)
    assert x.sum() == pytest.approx(p.size)
    assert (x >= 0).all()
    stretch = np.diff(np.sort(p.e, axis=1), axis=1, prepend=0.0).ravel()
    gain = ((p.lam - p.b)[:, None] * np.arange(p.n, 0, -1)).ravel()
    found = linprog(-gain, A_eq=np.ones((1, len(gain))), b_eq=[p.size], bounds=[(0.0, w) for w in stretch])
    assert found.success
    assert p.total(x) == pytest.approx(p.n * (p.theta + p.lam) * p.size + found.fun, abs=1e-9 * scale)
    rng = np.random.default_rng(seed)
    for point in rng.dirichlet(np.ones(k + 1), 200) * p.size:
        assert p.total(x) <= p.total(point) + 1e-9 * scale


def test_where_no_venue_fills_all_is_taken_and_where_one_always_does_all_rests() -> None:
    none = SampleProblem(np.array([[100.0] * 3, [0.0] * 3]), np.array([0.07, 0.03]), 0.0, 0.1, 100.0)
    assert split(none).tolist() == [100.0, 0.0]
    always = SampleProblem(np.full((2, 3), 100.0), np.array([0.07, 0.03]), 0.0, 0.1, 100.0)
    assert split(always).tolist() == [0.0, 100.0]


def test_sizes_need_not_be_whole_shares() -> None:
    """In thousands of shares: half of the outcomes fill a tenth of the size, the others all of it."""
    p = SampleProblem(np.array([[0.1] * 4, [0.01, 0.01, 0.1, 0.1]]), np.array([0.07, 0.03]), 0.0, 0.1, 0.1)
    assert split(p).tolist() == pytest.approx([0.0, 0.1])
