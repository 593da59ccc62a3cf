"""A grid in the money of a slice: whole units of every price, bounds that hold, and nothing kept that differs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from test_grid_pool import problem

from sor.core.router.allocators import penalties
from sor.core.router.priced_grid import PricedGrid
from sor.core.router.slice_problems import SliceProblem
from sor.core.spec import MULTIPLES


def with_prices(h: Fraction, f: int, *make: Fraction) -> SliceProblem:
    return replace(problem(1, len(make)), h=h, f=f, make=make)


def test_each_axis_is_every_candidates_penalty_in_whole_units() -> None:
    """Means of past falls leave rebates in thirds and sevenths, and not only at the venue with the highest."""
    p = with_prices(Fraction(5_000_000, 3), 3_000_000, Fraction(2_000_000), Fraction(1_000_000, 7))
    found = PricedGrid(MULTIPLES).prices(p)
    assert all((price * found.unit).denominator == 1 for price in (p.h, *p.make))
    over, under, theta = (np.array(axis, object) for axis in found.axes)
    for index, candidate in enumerate(MULTIPLES.candidates()):
        cost = penalties(candidate, p)
        i, j, k = found.at(index)
        assert (over[i], under[j], theta[k]) == tuple(x * found.unit for x in (cost.over, cost.under, cost.theta))


def test_a_crossed_market_has_no_queue_risk_below_zero() -> None:
    """Rebates may make it worth to rest where h is below 0."""
    theta = PricedGrid(MULTIPLES).prices(with_prices(Fraction(-500_000), 3_000_000, Fraction(2_000_000))).axes[2]
    assert set(theta) == {0}


def test_what_is_kept_is_of_the_same_half_spread_fee_and_rebates() -> None:
    grid, half, third = PricedGrid(MULTIPLES), Fraction(5_000_000), Fraction(1_000_000, 3)
    for p in (
        with_prices(half, 3_000_000, Fraction(2_000_000), Fraction(0)),
        with_prices(half, 2_000_000, Fraction(2_000_000), Fraction(0)),
        with_prices(half * 2, 2_000_000, Fraction(2_000_000), Fraction(0)),
        with_prices(half, 2_000_000, Fraction(2_000_000), third),
        with_prices(half, 3_000_000, Fraction(2_000_000), Fraction(0)),
    ):
        assert grid.prices(p) == PricedGrid(MULTIPLES).prices(p)


def test_a_function_that_is_linear_in_the_parameters_is_interpolated_exactly() -> None:
    found = PricedGrid(MULTIPLES).prices(problem(2, 2))
    over, under, theta = (np.array(axis, np.float64) for axis in found.axes)
    linear = (7 + 2 * over[:, None, None] + 3 * under[None, :, None] - 5 * theta[None, None, :]).ravel()
    between = sum(linear[corner] * weight for corner, weight in found.corners)
    assert len(found.corners) == 8
    assert np.allclose(between, linear)
