"""A bound on the missing shares against enumeration of every allocation in whole shares (Everett's theorem)."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

from sor.core.place.whole.shares import IntegerSample
from sor.core.router.shortfall_bound import FINE, within_shortfall
from sor.core.router.slice_problems import SliceProblem

H, F, REBATES = Fraction(5_000_000), 3_000_000, (2_000_000, 1_000_000)
THETA, OVER = Fraction(500_000), Fraction(12_000_000)


def small(seed: int) -> SliceProblem:
    rng = Random(seed)
    size, venues = rng.choice((3, 5, 6)), rng.choice((1, 2))
    sold = np.array([[rng.choice((0, 0, 1, 3, 8)) for _ in range(venues)] for _ in range(rng.choice((4, 9)))])
    sample = IntegerSample.build(size, sold, H, F, REBATES[:venues])
    make = tuple(map(Fraction, REBATES[:venues]))
    return SliceProblem(size, 10**9, tuple(range(venues)), H, F, make, sample)


def cost_and_short(problem: SliceProblem, x: tuple[int, ...]) -> tuple[Fraction, Fraction]:
    """E v without lambda_under, and E (S - A)+, written from the model's text."""
    cost = short = Fraction(0)
    outcomes = problem.sample.e[1:].T.tolist()
    for e in outcomes:
        fills = [min(limit, out) for limit, out in zip(x[1:], e, strict=True)]
        got = x[0] + sum(fills)
        missing, too_many = max(problem.size - got, 0), max(got - problem.size, 0)
        cost += (H + F) * x[0] - sum((H + r) * n for r, n in zip(problem.make, fills, strict=True))
        cost += THETA * (sum(x) + missing) + OVER * too_many
        short += missing
    return cost / len(outcomes), short / len(outcomes)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("most", [Fraction(0), Fraction(1, 2), Fraction(2), Fraction(9)])
def test_nothing_is_cheaper_that_leaves_no_more_missing(seed: int, most: Fraction) -> None:
    problem = small(seed)
    x = within_shortfall(problem, THETA, OVER, most)
    cost, short = cost_and_short(problem, x)
    assert short <= most
    every = (cost_and_short(problem, y) for y in product(range(problem.size + 1), repeat=len(x)))
    assert cost == min(other for other, missing in every if missing <= short)


def test_a_tighter_bound_leaves_no_more_missing_and_costs_no_less() -> None:
    for seed in range(12):
        problem = small(seed)
        found = [cost_and_short(problem, within_shortfall(problem, THETA, OVER, Fraction(m))) for m in (3, 2, 1, 0)]
        assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("most", [Fraction(0), Fraction(1, 2), Fraction(1), Fraction(2)])
def test_lambda_under_is_the_least_that_keeps_the_bound(seed: int, most: Fraction) -> None:
    """From that price on, what keeps the bound is cheapest; a 64th above it, no dearer allocation is."""
    problem = small(seed)
    every = [cost_and_short(problem, y) for y in product(range(problem.size + 1), repeat=1 + len(problem.venues))]
    keep, break_ = ([pair for pair in every if (pair[1] <= most) is kept] for kept in (True, False))
    turns = (min((c - cost) / (short - s) for c, s in keep) for cost, short in break_)
    fine = max(H + F, *turns) + (H + F) / FINE + 1
    least = min(cost + fine * short for cost, short in every)
    dearest = max(cost for cost, short in every if cost + fine * short == least)
    assert cost_and_short(problem, within_shortfall(problem, THETA, OVER, most))[0] <= dearest
