"""A bound on the shortfall in place of its penalty: how many shares may be missing on average.

    minimise E[v(X, xi)] without lambda_u, over X with E (S - A)+ <= m

R. Cont, A. Kukanov (arXiv:1210.1625v4), Appendix A: lambda_u is the multiplier of such a bound. An X that minimises V
at some lambda_u is the cheapest of all X with no more shortfall than its own (H. Everett, "Generalized Lagrange
multiplier method", Oper. Res. 1963), whatever V looks like, and the shortfall of the minimisers falls as lambda_u
grows. So the least lambda_u that keeps the bound is found by bisection. V is not convex for K >= 2: where the shortfall
jumps, the bound is kept with room to spare.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sor.core.place.closed_form import expected_fill, marginal
from sor.core.place.draw import draw
from sor.core.place.problem import Placement, Problem
from sor.core.place.solve import SAMPLES, place
from sor.errors import InputError

Floats = NDArray[np.float64]
_STEPS = 24  # of the bisection: lambda_u to one part in ten million of the bracket
_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class ConstrainedPlacement:
    """The answer at the multiplier found ($/share), and the shares that it leaves missing on average."""

    placement: Placement
    lambda_under: float
    shortfall: float


def _shortfall(problem: Problem, x: Floats, outflows: Callable[[], Floats]) -> float:
    """E (S - A)+ in shares of X = (M, L_1..L_K): exact for K = 1 where M + L <= S, else over the problem's samples."""
    if len(problem.venues) == 1 and x.sum() <= problem.size:
        (venue,) = problem.venues
        return problem.size - float(x[0]) - expected_fill(marginal(problem, venue), venue.queue, float(x[1]))
    queue = np.array([venue.queue for venue in problem.venues])
    fills = np.minimum(np.maximum(outflows() - queue, 0.0), x[1:]).sum(axis=1)
    return float(np.maximum(problem.size - x[0] - fills, 0.0).mean())


def place_within(
    problem: Problem,
    max_shortfall: float,
    method: str = "exact",
    samples: int | None = None,
    seed: int = 0,
    certify: float = 0.0,
) -> ConstrainedPlacement:
    """The cheapest placement that leaves at most `max_shortfall` shares missing on average; the problem's own
    lambda_under does not matter. InputError for a bound below 0 or beyond the order."""
    if not 0 <= max_shortfall <= problem.size:
        raise InputError(f"max-shortfall: 0 to {problem.size:g} shares (S), not {max_shortfall:g}")
    # The outcomes do not depend on lambda_under: drawn once for all steps, and only where they are needed.
    outflows = cache(lambda: draw(problem, samples or SAMPLES, seed))

    def at(under: float) -> ConstrainedPlacement:
        now = replace(problem, lambda_under=under)
        answer = place(now, method, samples, seed, certify)
        shortfall = _shortfall(now, np.array([answer.M, *answer.L]), outflows)
        return ConstrainedPlacement(answer, under, shortfall)

    least = (problem.h + problem.f) * (1 + 1e-9) + 1e-12  # A3
    return _least(at, least, max_shortfall)


def _least(at: Callable[[float], ConstrainedPlacement], least: float, bound: float) -> ConstrainedPlacement:
    low, found = least, at(least)
    high = max(2 * least, 1e-3)
    for _ in range(_DOUBLINGS):
        if found.shortfall <= bound:
            break
        low, found = found.lambda_under, at(high)
        high *= 2
    else:
        raise InputError(f"max-shortfall: no penalty brings the shortfall down to {bound:g} shares; allow more")
    for _ in range(_STEPS if found.lambda_under > least else 0):
        middle = at((low + found.lambda_under) / 2)
        if middle.shortfall <= bound:
            found = middle
        else:
            low = middle.lambda_under
    return found
