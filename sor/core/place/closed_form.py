"""What has a closed form: one venue (Proposition 3), and several venues without overbooking."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sor.core.place.distributions import Outflow, blend
from sor.core.place.problem import PlaceVenue, Problem

Floats = NDArray[np.float64]


def marginal(problem: Problem, venue: PlaceVenue) -> Outflow:
    """The law of the outflow of one venue by itself."""
    if problem.common is None:
        return venue.outflow
    return blend(problem.common.weight, problem.common.outflow, venue.outflow)


def expected_fill(law: Outflow, queue: float, limit: float) -> float:
    """E min(max(xi - Q, 0), L)."""
    fill = float(law.limited(queue + limit)) - float(law.limited(queue))
    return min(max(fill, 0.0), limit)


def split_value(problem: Problem, x: Floats) -> float:
    """V of an allocation with M + sum L = S, exact: nothing can overfill, so the shortfall is what limits leave open.

    V = (h + f) M + theta S + sum_k [(theta + lambda_u) L_k - (h + r_k + theta + lambda_u) E fill_k] .
    """
    under = problem.theta + problem.lambda_under
    value = (problem.h + problem.f) * float(x[0]) + problem.theta * problem.size
    for venue, limit in zip(problem.venues, x[1:].tolist(), strict=True):
        fill = expected_fill(marginal(problem, venue), venue.queue, limit)
        value += under * limit - (problem.h + venue.rebate + under) * fill
    return value


def solve_single(problem: Problem) -> Floats:
    """(M, L) for K = 1, exact for every law (Proposition 3).

    V is convex along M = S - L with slope proportional to F(Q + L) - c, c = (2h + f + r) / (lambda_u + h + r + theta),
    so L is the smallest with F(Q + L) >= c: the generalised inverse where F has steps. The thresholds of the
    proposition are the same comparisons at L = 0 and L = S.
    """
    (venue,) = problem.venues
    law = marginal(problem, venue)
    s, q = problem.size, venue.queue
    level = (2 * problem.h + problem.f + venue.rebate) / (
        problem.lambda_under + problem.h + venue.rebate + problem.theta
    )
    if float(law.cdf(q + s)) <= level:
        limit = s
    elif float(law.cdf(q)) >= level:
        limit = 0.0
    else:
        limit = min(max(float(law.quantile(level)) - q, 0.0), s)
    return np.array([s - limit, limit])


def thresholds(problem: Problem) -> tuple[float, float]:
    """lambda_u up to the first: all limit; from the second on: all market (Proposition 3)."""
    (venue,) = problem.venues
    law = marginal(problem, venue)
    top = 2 * problem.h + problem.f + venue.rebate
    rest = problem.h + venue.rebate + problem.theta
    levels = [float(law.cdf(venue.queue + extra)) for extra in (problem.size, 0.0)]
    lower, upper = (top / level - rest if level > 0 else np.inf for level in levels)
    return lower, upper


def solve_separable(problem: Problem) -> Floats:
    """(M, L_1..L_K) without overbooking, M + sum L = S: exact on that set for any dependence between venues.

    F_k(Q_k + L_k) = (2h + f + r_k - nu) / (lambda_u + theta + h + r_k), L_k clipped to [0, S]; nu = 0 if sum L <= S,
    else the nu that makes sum L = S, by bisection. Where F has steps sum L may jump over S at nu; between the two sides
    of the jump V is linear, so any point of the segment with sum L = S will do.
    """
    laws = [marginal(problem, venue) for venue in problem.venues]

    def limits(nu: float) -> Floats:
        out = np.zeros(len(laws))
        for k, (law, venue) in enumerate(zip(laws, problem.venues, strict=True)):
            top = 2 * problem.h + problem.f + venue.rebate - nu
            level = top / (problem.lambda_under + problem.theta + problem.h + venue.rebate)
            if float(law.cdf(venue.queue)) < level:
                out[k] = min(max(float(law.quantile(level)) - venue.queue, 0.0), problem.size)
        return out

    found = limits(0.0)
    if found.sum() > problem.size:
        low, high = 0.0, 2 * problem.h + problem.f + max(venue.rebate for venue in problem.venues)
        for _ in range(100):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if limits(middle).sum() > problem.size else (low, middle)
        more, fewer = limits(low), limits(high)
        room = problem.size - fewer.sum()
        jump = (more - fewer).sum()
        found = fewer + (more - fewer) * (min(room / jump, 1.0) if jump > 0 else 0.0)
    return np.concatenate([[max(problem.size - found.sum(), 0.0)], found])
