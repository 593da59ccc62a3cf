"""A bound on the shortfall in place of its penalty, against a search by hand and against every allocation of a grid."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from sor.core.place import Problem, place, place_within
from sor.errors import InputError

ONE: dict[str, Any] = {
    "S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05,
    "venues": [{"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}],
}  # fmt: skip


def missing(limit: float) -> float:
    """E of what L leaves open behind a queue of 2,000 with exponential outflow of mean 2,200."""
    return limit - 2200 * (math.exp(-2000 / 2200) - math.exp(-(2000 + limit) / 2200))


@pytest.mark.parametrize("bound", [1.0, 20.0, 50.0, 200.0, 500.0])
def test_one_venue_rests_as_much_as_the_bound_lets_it(bound: float) -> None:
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if missing(middle) <= bound else (low, middle)
    found = place_within(Problem.from_json(ONE), bound)
    assert found.placement.L[0] == pytest.approx(low, abs=0.01)
    assert found.shortfall == pytest.approx(missing(found.placement.L[0]), abs=1e-6)
    assert found.shortfall <= bound


def test_nothing_may_be_missing_at_the_papers_upper_threshold() -> None:
    found = place_within(Problem.from_json(ONE), 0.0)
    assert found.placement.M == 1000.0
    assert found.lambda_under == pytest.approx(0.052863, abs=1e-6)


def test_a_bound_that_does_not_bind_costs_no_penalty() -> None:
    found = place_within(Problem.from_json(ONE), 1000.0)
    assert found.lambda_under == pytest.approx(0.023)
    assert found.placement.L[0] == 1000.0


# Two of these are looked into for the whole second.
@pytest.mark.parametrize("seed", [1, 2, 3, 4, *(pytest.param(n, marks=pytest.mark.long) for n in (0, 5))])
def test_no_allocation_of_a_grid_is_cheaper_with_as_little_missing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    outflows = rng.integers(0, 30, (9, 2)).astype(float)
    queues, rebates = rng.integers(0, 12, 2).tolist(), rng.choice([0.001, 0.002, 0.003], 2).tolist()
    venues = [
        {"queue": q, "rebate": r, "outflow": {"family": "empirical", "samples": outflows[:, k].tolist()}}
        for k, (q, r) in enumerate(zip(queues, rebates, strict=True))
    ]
    problem = Problem.from_json(ONE | {"S": 10, "venues": venues})
    found = place_within(problem, 2.0, certify=1.0)
    assert found.shortfall <= 2.0

    def missing(x: np.ndarray) -> float:
        """Shares too few, on average."""
        fills = np.minimum(np.maximum(outflows - queues, 0), x[1:])
        return float(np.maximum(10 - x[0] - fills.sum(axis=1), 0).mean())

    def price(x: np.ndarray) -> float:
        """Without the penalty of shares too few."""
        fills = np.minimum(np.maximum(outflows - queues, 0), x[1:])
        over = np.maximum(x[0] + fills.sum(axis=1) - 10, 0)
        short = np.maximum(10 - x[0] - fills.sum(axis=1), 0)
        each = -(fills * (0.02 + np.array(rebates))).sum(axis=1) + 0.05 * over + 0.0005 * short
        return float(0.023 * x[0] + 0.0005 * x.sum() + each.mean())

    ours = np.array([found.placement.M, *found.placement.L])
    assert missing(ours) == pytest.approx(found.shortfall)
    for x in product(range(11), repeat=3):
        grid = np.array(x, float)
        if missing(grid) <= found.shortfall + 1e-12:
            assert price(grid) >= price(ours) - 1e-5


@pytest.mark.parametrize("bound", [-1.0, 1001.0, float("nan")])
def test_a_senseless_bound(bound: float) -> None:
    with pytest.raises(InputError, match="max-shortfall: 0 to 1000 shares"):
        place_within(Problem.from_json(ONE), bound)


def test_the_placement_is_that_of_the_penalty_found() -> None:
    found = place_within(Problem.from_json(ONE), 120.0)
    assert place(Problem.from_json(ONE | {"lambda_under": found.lambda_under})) == found.placement
