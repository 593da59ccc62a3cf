"""The paper's stochastic approximation, for comparison: Robbins-Monro steps with averaged iterates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sor.core.place.problem import Problem

Floats = NDArray[np.float64]
Projection = Callable[[Floats, float], Floats]  # (X, S) -> the X from which the next step is made


def step_size(problem: Problem, n: int) -> float:
    """The paper's constant step for n iterations.

    gamma = sqrt(K) S [N (h + f + Lambda)^2 + N sum (h + r_k + Lambda)^2]^-1/2, Lambda = theta + lambda_u + lambda_o.
    """
    k = len(problem.venues)
    squares = (problem.h + problem.f + problem.lam) ** 2
    squares += sum((problem.h + venue.rebate + problem.lam) ** 2 for venue in problem.venues)
    return math.sqrt(k) * problem.size / math.sqrt(n * squares)


def nonnegative(x: Floats, size: float) -> Floats:
    """X >= 0: without it the iterates leave the domain. `size` plays no part."""
    return np.maximum(x, 0.0)


def within_size(x: Floats, size: float) -> Floats:
    """First M into [0, S], then every L_k into [0, S - M]: what the printed tables come from (docs/paper.md).

    Not the nearest point of that set: M is kept and the limits give way.
    """
    take = min(max(float(x[0]), 0.0), size)
    return np.concatenate([[take], np.minimum(np.maximum(x[1:], 0.0), size - take)])


def approximate(
    problem: Problem, outflows: Floats, start: Floats | None = None, project: Projection = nonnegative
) -> Floats:
    """The average of the iterates over (N, K) outflows, from `start`, a point of K + 1 shares, or an equal split."""
    n, k = outflows.shape
    gamma = step_size(problem, n)
    queue = np.array([venue.queue for venue in problem.venues])
    gain = np.array([problem.h + venue.rebate for venue in problem.venues])
    x = np.full(k + 1, problem.size / (k + 1)) if start is None else start
    total = np.zeros(k + 1)
    slope = np.empty(k + 1)
    under, over = problem.theta + problem.lambda_under, problem.lambda_over
    for room in outflows - queue:
        done = x[0] + np.minimum(np.maximum(room, 0.0), x[1:]).sum()
        push = -under if done < problem.size else (over if done > problem.size else 0.0)
        slope[0] = problem.h + problem.f + problem.theta + push
        slope[1:] = problem.theta + (room > x[1:]) * (push - gain)
        x = project(x - gamma * slope, problem.size)
        total += x
    return np.asarray(total / n)
