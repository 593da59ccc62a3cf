"""The sample problem: other prices of the same outcomes, and a thinner sample."""

from __future__ import annotations

import numpy as np
import pytest
from sample_problems import random_problem

from sor.core.place.local_search.sample import SampleProblem


@pytest.mark.parametrize("seed", range(4))
def test_outcomes_shared_at_other_prices_are_another_problem(seed: int) -> None:
    p, _ = random_problem(seed, 3, 50)
    fresh = SampleProblem(p.e, p.b * 2, p.theta * 3, p.lam * 4, p.size)
    shared = p.priced(p.b * 2, p.theta * 3, p.lam * 4)
    x = np.array([100.0, 300.0, 50.0, 800.0])
    assert shared.total(x) == fresh.total(x)
    assert shared.ordered is p.ordered
    assert all(shared.filled(k, x).tolist() == fresh.filled(k, x).tolist() for k in range(4))


def test_a_thinned_sample_is_spread_over_all_and_meets_no_rhythm() -> None:
    n = 4096
    e = np.vstack([np.full(n, 1e4), np.arange(n, dtype=float)])
    thin = SampleProblem(e, np.array([2.0, 1.0]), 0.0, 3.0, 1e4).thin(64)
    kept = thin.e[1].astype(np.int64)
    assert len(kept) == 64
    assert np.diff(kept).min() > 16
    assert np.diff(kept).max() < 256
    assert np.bincount(kept % 8, minlength=8).min() >= 4
    assert thin.thin(64) is thin


def test_a_gain_is_measured_by_what_resting_everything_could_save() -> None:
    """Two outcomes of 100 shares, each of which saves 2h + f + r = 2 x 0.02 + 0.003 + 0.004 at the better venue."""
    over, h, f = 0.05, 0.02, 0.003
    p = SampleProblem(np.full((3, 2), 100.0), np.array([over + h + f, over - h - 0.004, over - h]), 0.001, 0.2, 100.0)
    assert p.worth == pytest.approx(200 * 0.047)
