"""The pool answers a whole grid: the cheapest of the pool by the formula, and near the optimum of each candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from sor.core.place.whole.shares import IntegerSample
from sor.core.router import grid_pool
from sor.core.router.allocators import Penalties, penalties
from sor.core.router.grid_pool import solve_grid
from sor.core.router.priced_grid import PricedGrid
from sor.core.router.slice_problems import SliceProblem
from sor.core.spec import MULTIPLES, Grid, Level

CENT = 10_000_000
Sums = tuple[Fraction, int, int, int]


def problem(seed: int, venues: int, size: int = 90, windows: int = 120, scale: int = 1) -> SliceProblem:
    random = Random(seed)
    common = [random.choice((0, 0, random.randint(0, 2 * size))) for _ in range(windows)]
    sold = np.array([[max(0, c + random.randint(-size, size)) for _ in range(venues)] for c in common], np.int64)
    h, f = Fraction(random.choice((1, 2, 3)) * CENT, 2) * scale, 3_000_000 * scale
    make = tuple(Fraction(random.choice((2_000_000, 0, -500_000)) * scale) for _ in range(venues))
    sample = IntegerSample.build(size, sold, h, f, make)
    return SliceProblem(size, 0, tuple(range(venues)), h, f, make, sample)


def cost_by_hand(p: SliceProblem, x: tuple[int, ...], cost: Penalties, known: dict[tuple[int, ...], Sums]) -> Fraction:
    """N V by the formula. known: sums over the outcomes, one after the other, which do not depend on the penalties."""
    if x not in known:
        known[x] = sums_by_hand(p, x)
    fixed, placed, short, much = known[x]
    return fixed + cost.theta * placed + cost.under * short + cost.over * much


def sums_by_hand(p: SliceProblem, x: tuple[int, ...]) -> Sums:
    """Money that is sure, and shares that are placed or bought at the end, missing, and too many."""
    fixed, placed, short, much = Fraction(0), 0, 0, 0
    market, limits = x[0], x[1:]
    for i in range(p.sample.n):
        fills = [min(int(p.sample.e[k + 1, i]), limits[k]) for k in range(len(limits))]
        done = market + sum(fills)
        missing = max(p.size - done, 0)
        fixed += (p.h + p.f) * market - sum((p.h + r) * q for r, q in zip(p.make, fills, strict=True))
        placed += market + sum(limits) + missing
        short, much = short + missing, much + max(done - p.size, 0)
    return fixed, placed, short, much


@pytest.mark.parametrize(("seed", "venues"), [(1, 1), (2, 2), (3, 3), (4, 5)])
def test_every_candidate_gets_the_cheapest_of_the_pool(seed: int, venues: int) -> None:
    p = problem(seed, venues)
    answer = solve_grid(p, PricedGrid(MULTIPLES))
    candidates = MULTIPLES.candidates()
    assert len(answer.choice) == len(candidates) == 4_875
    assert list(answer.pool) == sorted(answer.pool)
    known: dict[tuple[int, ...], Sums] = {}
    for index in Random(seed).sample(range(len(candidates)), 100):
        cost = penalties(candidates[index], p)
        costs = [cost_by_hand(p, x, cost, known) for x in answer.pool]
        assert int(answer.choice[index]) == costs.index(min(costs))


def test_among_equals_the_smaller_allocation_is_chosen() -> None:
    """Two venues that always fill whole: all at one costs what all at the other does. M first, then the first L."""
    h, f, make = Fraction(CENT), 3_000_000, (Fraction(0), Fraction(0))
    sample = IntegerSample.build(90, np.full((40, 2), 90), h, f, make)
    twins = SliceProblem(90, 0, (0, 1), h, f, make, sample)
    answer, candidates, ties = solve_grid(twins, PricedGrid(MULTIPLES)), MULTIPLES.candidates(), 0
    known: dict[tuple[int, ...], Sums] = {}
    for index in range(0, len(candidates), 400):
        cost = penalties(candidates[index], twins)
        costs = [cost_by_hand(twins, x, cost, known) for x in answer.pool]
        assert answer.choice[index] == costs.index(min(costs))
        ties += costs.count(min(costs)) > 1
    assert ties > 3


@pytest.mark.parametrize(("seed", "venues"), [(5, 1), (6, 2), (7, 3), (8, 5)])
def test_the_pool_is_near_the_optimum_of_every_candidate(seed: int, venues: int) -> None:
    p = problem(seed, venues)
    answer = solve_grid(p, PricedGrid(MULTIPLES))
    candidates = MULTIPLES.candidates()
    losses = []
    for index in Random(seed).sample(range(len(candidates)), 25):
        cost = penalties(candidates[index], p)
        best = p.sample.solve(cost.theta, cost.under, cost.over)
        chosen = answer.pool[int(answer.choice[index])]
        mine = p.sample.cost(chosen, cost.theta, cost.under, cost.over)
        losses.append(float((mine - best.cost) / max(abs(best.cost), p.h * p.size * p.sample.n)))
    assert min(losses) >= 0
    assert sum(losses) / len(losses) < 0.01
    assert max(losses) < 0.15


@pytest.mark.parametrize("scale", [10**6, 10**8])
def test_sums_beyond_64_bits_change_no_choice(scale: int) -> None:
    """Prices and penalties many times as large: the same allocations, in the end by Python's integers."""
    small, large = (
        solve_grid(problem(9, 3), PricedGrid(MULTIPLES)),
        solve_grid(problem(9, 3, scale=scale), PricedGrid(MULTIPLES)),
    )
    candidates = Random(9).sample(range(4_875), 200)
    same = [small.pool[small.choice[i]] == large.pool[large.choice[i]] for i in candidates]
    assert sum(same) == len(same)


def test_one_candidate_is_solved_and_nothing_else() -> None:
    p = problem(10, 3)
    levels = (Level(Fraction(3, 2), multiple=True),)
    grid = Grid(levels, levels, levels)
    answer = solve_grid(p, PricedGrid(grid))
    cost = penalties(grid.candidates()[0], p)
    best = p.sample.solve(cost.theta, cost.under, cost.over)
    assert p.sample.cost(answer.pool[int(answer.choice[0])], cost.theta, cost.under, cost.over) == best.cost
    assert answer.gap == 0


@pytest.mark.parametrize(("over", "under"), [("0.0001", "0.1"), ("0.1", "0.0001"), ("0.0001", "0.0001")])
def test_dollars_that_are_too_small_are_raised_and_said(over: str, under: str) -> None:
    """Either lambda alone is enough."""
    first, second = ((Level(Fraction(text), multiple=False),) for text in (over, under))
    zero = (Level(Fraction(0), multiple=True),)
    assert solve_grid(problem(11, 2), PricedGrid(Grid(first, second, zero))).raised


def test_admissible_dollars_and_multiples_are_not_raised() -> None:
    dollars, zero = (Level(Fraction("0.1"), multiple=False),), (Level(Fraction(0), multiple=True),)
    assert not solve_grid(problem(11, 2), PricedGrid(Grid(dollars, dollars, zero))).raised
    assert not solve_grid(problem(11, 2), PricedGrid(MULTIPLES)).raised


def dollars(value: Fraction | int) -> tuple[Level, ...]:
    return (Level(Fraction(value), multiple=False),)


@pytest.mark.parametrize("power", range(15, 21))
def test_penalties_that_are_all_as_large_fit_or_are_worked_out_otherwise(power: int) -> None:
    """Costs from 2^60 to 2^66: a sum that wrapped around would look the cheapest."""
    p = problem(9, 3)
    answer = solve_grid(p, PricedGrid(Grid(*[dollars(2**power)] * 3)))
    money = (Fraction(2**power * 10**9),) * 3
    costs = [p.sample.cost(x, *money) for x in answer.pool]
    assert answer.choice.tolist() == [costs.index(min(costs))]
    assert answer.pool[answer.choice[0]] == min((cost, x) for cost, x in zip(costs, answer.pool, strict=True))[1]


def test_a_pool_whose_costs_outgrow_floats_has_all_of_them_in_integers() -> None:
    """2^53 + 1 is no float: beside one that is, it would seem to cost as little as 2^53."""
    p, dollar = problem(9, 3), dollars(1)
    pool = grid_pool._AllocationPool(p, PricedGrid(Grid(dollar, dollar, dollar)).prices(p))
    pool._coefficients = {(1, 0, 0, 0): (2**53 - 2, 0, 0, 0), (0, 1, 0, 0): (2**53 - 1, 0, 0, 0)}
    pool.spread()
    pool._coefficients[0, 0, 1, 0] = 2**53 + 1, 0, 0, 0
    pool._extend(pool.prices.costs([pool._coefficients[0, 0, 1, 0]]))
    assert [costs.tolist() for costs in pool._costs] == [[2**53 - 2], [2**53 - 1], [2**53 + 1]]
    assert {costs.dtype for costs in pool._costs} == {np.dtype(np.int64)}
    assert pool.least.tolist() == [2**53 - 2]


def between(prices: Sequence[Penalties], at: int, solved: Mapping[int, int]) -> Fraction:
    """The costs of the grid's eight corners, each weighed by how near it is on every axis."""
    first, last, mine, total = prices[0], prices[-1], prices[at], Fraction(0)
    for corner, one in enumerate(prices):
        weight = Fraction(1)
        for name in ("over", "under", "theta"):
            low, high, here, end = (getattr(price, name) for price in (first, last, mine, one))
            weight *= ((high - here) if end == low else (here - low) if end == high else 0) / (high - low)
        total += weight * solved[corner] if weight else 0
    return total


def test_a_gap_is_measured_by_what_the_slice_costs_or_earns() -> None:
    """Or by its half spread; where that is 0 too, the gap is still a number."""
    p = replace(problem(1, 2), h=Fraction(CENT + 1, 2))
    pool = grid_pool._AllocationPool(p, PricedGrid(MULTIPLES).prices(p))
    assert pool.prices.unit > 1
    spread = float(p.h) * p.size * p.sample.n * pool.prices.unit
    assert [pool.scale(value * spread) / spread for value in (-3, -0.5, 0, 0.5, 3)] == [3, 1, 1, 1, 3]
    assert grid_pool._AllocationPool(replace(p, h=Fraction(0)), pool.prices).scale(0.0) > 0


@pytest.mark.parametrize("seed", range(2))
def test_six_more_candidates_are_solved_each_where_the_pool_looked_worst(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Farthest above the interpolation of the corners' costs: by fractions, one candidate after the other."""
    axes = range(21, 69, 8), range(21, 101, 16), range(4)
    p, grid = problem(seed, 3), Grid(*(tuple(Level(Fraction(n, 20), multiple=True) for n in axis) for axis in axes))
    prices = [penalties(one, p) for one in grid.candidates()]
    corners: list[dict[int, int]] = []
    asked: list[tuple[int, list[tuple[int, ...]], int]] = []
    interpolate, solve = grid_pool._AllocationPool.interpolate, grid_pool._AllocationPool.solve

    def noted(pool: grid_pool._AllocationPool, solved: dict[int, int]) -> NDArray[np.float64]:
        corners.append(dict(solved))
        return interpolate(pool, solved)

    def watched(pool: grid_pool._AllocationPool, index: int) -> int:
        known = list(pool._coefficients)
        asked.append((index, known, solve(pool, index)))
        return asked[-1][-1]

    monkeypatch.setattr(grid_pool._AllocationPool, "interpolate", noted)
    monkeypatch.setattr(grid_pool._AllocationPool, "solve", watched)
    answer = solve_grid(p, PricedGrid(grid))
    (solved,) = corners
    unit = PricedGrid(grid).prices(p).unit
    floor = [between(prices, at, solved) for at in range(len(prices))]
    assert len(asked) == 6
    for at, (index, known, after) in enumerate(asked):
        rows = [[part * unit for part in row] for row in p.sample.coefficients(known)]
        least = [min(a + b * m.theta + c * m.under + d * m.over for a, b, c, d in rows) for m in prices]
        open_ = set(range(len(prices))) - solved.keys() - {i for i, *_ in asked[:at]}
        assert index in open_
        assert least[index] - floor[index] == pytest.approx(max(least[i] - floor[i] for i in open_), rel=1e-12)
        scale = max(abs(least[index]), p.h * p.size * p.sample.n * unit)
        gap = (least[index] - after) / scale
    assert answer.gap == pytest.approx(float(gap), abs=1e-15)
