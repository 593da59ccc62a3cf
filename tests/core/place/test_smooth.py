"""Newton's steps on the rounded total."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sample_problems import random_problem

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


def rounded(p: SampleProblem, x: NDArray[np.float64], width: float) -> float:
    """The total with (S - A)+ rounded off: within `width` of the corner the parabola that meets 0 and S - A with their
    slopes (P. Huber, Robust estimation of a location parameter, 1964)."""
    fills = np.minimum(p.e, x[:, None])
    gap = p.size - fills.sum(axis=0)
    short = np.where(np.abs(gap) < width, (gap + width) ** 2 / (4 * width), np.maximum(gap, 0))
    return float(p.n * p.theta * x.sum() + p.b @ fills.sum(axis=1) + p.lam * short.sum())


@pytest.mark.parametrize("part", [0.3, 1 / 16, 1 / 256])
@pytest.mark.parametrize("seed", range(12))
def test_the_rounded_total_falls_step_by_step_to_where_no_quantity_lowers_it(seed: int, part: float) -> None:
    p, scale = random_problem(seed, 1 + seed % 4, 60, ties=bool(seed % 2))
    width = part * float(p.size)
    x = np.random.default_rng(seed).uniform(0, 1000, len(p.b))
    totals = [rounded(p, x, width)]
    for steps in (1, 2, 3, 5, 8, 200):
        there = smooth_steps(p, x, width, steps)
        assert ((there >= 0) & (there <= p.size)).all()
        totals.append(rounded(p, there, width))
    assert (np.diff(totals) <= 1e-9 * scale).all()
    assert totals[1] < totals[0]
    assert totals[-1] <= totals[0] - 1e-3 * scale


def test_one_quantity_goes_to_the_lowest_point_of_its_parabola() -> None:
    """One venue that always fills, nothing taken: all outcomes are short by S - L. Within `width` of the corner the
    slope n (theta + b - Lambda (S - L + width) / (2 width)) is 0 at S - L = 2 width (theta + b) / Lambda - width."""
    e = np.full((2, 7), 100.0)
    p = SampleProblem(e, np.array([0.9, 0.07]), 0.001, 0.1, 100.0)
    width = 25.0
    x = smooth_steps(p, np.array([0.0, 95.0]), width, 50)
    assert x.tolist() == pytest.approx([0.0, 100 - (2 * width * 0.071 / 0.1 - width)], abs=1e-6)


def test_a_step_is_no_longer_than_a_quarter_of_the_order_and_small_gains_end_the_way() -> None:
    e = np.full((2, 7), 100.0)
    p = SampleProblem(e, np.array([0.9, 0.03]), 0.001, 0.1, 100.0)
    one = smooth_steps(p, np.array([0.0, 0.0]), 25.0, 1)
    assert one.tolist() == [0.0, 25.0]
    assert smooth_steps(p, np.array([0.0, 0.0]), 25.0, 50, worth=10.0).tolist() == [0.0, 25.0]
    assert smooth_steps(p, np.array([0.0, 0.0]), 25.0, 0).tolist() == [0.0, 0.0]


def test_shares_in_another_unit_change_no_step() -> None:
    found = []
    for unit in (1.0, 1024.0):
        p, _ = random_problem(5, 3, 40)
        p = SampleProblem(p.e / unit, p.b, p.theta, p.lam, p.size / unit)
        found.append(smooth_steps(p, np.array([100.0, 700.0, 50.0, 900.0]) / unit, 60 / unit, 12) * unit)
    assert found[0] == pytest.approx(found[1])


def test_where_no_quantity_is_free_nothing_moves() -> None:
    """All is taken at nothing, and a share at the venue costs: M cannot rise, L cannot fall."""
    p = SampleProblem(np.full((2, 7), 100.0), np.array([0.01, 0.5]), 0.0, 0.1, 100.0)
    assert smooth_steps(p, np.array([100.0, 0.0]), 1.0, 5).tolist() == [100.0, 0.0]
