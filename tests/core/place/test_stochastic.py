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


def test_two_steps_by_hand_where_a_limit_fills_whole_and_too_much_is_bought() -> None:
    """S = 100, X = (40, 30, 50). At first 90 and 20 come: 30 and 20 fill, 90 of 100, so only venue 1 and M would buy
    more. Then 90 and 90 come, and both fill whole."""
    law = {"family": "exponential", "mean": 9}
    problem = Problem.from_json(
        {"S": 100, "h": 0.02, "f": 0.003, "theta": 0.001, "lambda_under": 0.05, "lambda_over": 0.06,
         "venues": [{"queue": 10, "rebate": r, "outflow": law} for r in (0.002, 0.004)]}
    )  # fmt: skip
    start, outflows = np.array([40.0, 30.0, 50.0]), np.array([[100.0, 30.0], [100.0, 100.0]])
    gamma = step_size(problem, 2)
    short, over = 0.001 + 0.05, 0.06
    first = start - gamma * np.array([0.024 - short, 0.001 - 0.022 - short, 0.001])
    assert first.sum() > 100
    second = first - gamma * np.array([0.024 + over, 0.001 - 0.022 + over, 0.001 - 0.024 + over])
    assert approximate(problem, outflows, start).tolist() == pytest.approx(((first + second) / 2).tolist())
    even = approximate(problem, outflows[:1])
    begin = np.full(3, 100 / 3)
    one = begin - step_size(problem, 1) * np.array([0.024 - short, 0.001 - 0.022 - short, 0.001])
    assert even.tolist() == pytest.approx(one.tolist())
    nothing = approximate(problem, np.full((1, 2), 500.0), np.zeros(3))
    assert nothing.min() >= 0  # and what falls below 0 is put back
    assert approximate(problem, np.full((1, 2), 500.0), np.array([100.0, 0.001, 0.0])).tolist()[1:] == [0.0, 0.0]
