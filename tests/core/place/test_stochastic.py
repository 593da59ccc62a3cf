"""The paper's stochastic approximation: a step by hand, and where it is put back."""

from __future__ import annotations

import numpy as np
import pytest

from sor.core.place import Problem
from sor.core.place.stochastic import approximate, step_size, within_size


def test_a_step_of_the_approximation_where_exactly_all_is_bought() -> None:
    """60 taken and 40 filled of 100, by an outflow of exactly 40: nothing is short or over, and one share more at the
    venue would not fill. So M costs h + f + theta a share, and L theta."""
    problem = Problem.from_json(
        {"S": 100, "h": 0.02, "f": 0.003, "theta": 0.001, "lambda_under": 0.05, "lambda_over": 0.06,
         "venues": [{"queue": 0, "rebate": 0.002, "outflow": {"family": "empirical", "samples": [40]}}]}
    )  # fmt: skip
    start = np.array([0.6, 0.4]) * problem.size
    room = np.array([[0.4 * problem.size]])
    gamma = step_size(problem, 1)
    slope = np.array([problem.h + problem.f + problem.theta, problem.theta])
    assert approximate(problem, room, start).tolist() == pytest.approx((start - gamma * slope).tolist())
    short = np.array([0.5, 0.4]) * problem.size
    slope = np.array([problem.h + problem.f - problem.lambda_under, problem.theta])
    assert approximate(problem, room, short).tolist() == pytest.approx((short - gamma * slope).tolist())


def test_the_projection_of_the_printed_tables_keeps_the_market_order() -> None:
    found = [
        within_size(np.array(x), 100.0).tolist() for x in ([30.0, 90.0, -5.0], [130.0, 1.0, 2.0], [-1.0, 101.0, 50.0])
    ]
    assert found == [[30.0, 70.0, 0.0], [100.0, 0.0, 0.0], [0.0, 100.0, 50.0]]
