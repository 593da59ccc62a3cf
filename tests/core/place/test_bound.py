"""Lower bounds: the optimum by MILP, a grid that holds it, and that nothing known is ever below a bound."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sample_problems import by_milp, random_problem, solved
from thorough import THOROUGH

from sor.core.place.bound import Bound, Box, Dual, _halves, first_prices, root_bound
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search


@pytest.mark.parametrize(("k", "n"), [(1, 12), (2, 10), (2, 18), (3, 10), (3, 14), (4, 8), (4, 10)])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_and_the_bound_against_milp(k: int, n: int, seed: int) -> None:
    p, scale = random_problem(100 * k + seed, k, n, ties=seed == 2)
    exact = by_milp(p)
    x, total, bound = solved(p, scale)
    assert total == pytest.approx(p.total(x), abs=1e-9 * scale)
    assert exact - 1e-7 * scale <= total <= exact + 1e-4 * scale
    assert bound <= exact + 1e-7 * scale
    assert total - bound <= 1e-4 * scale


@pytest.mark.parametrize("seed", range(6 * THOROUGH))
def test_two_venues_against_a_fine_grid(seed: int) -> None:
    p, scale = random_problem(seed, 2, 40, ties=True)
    _, total, bound = solved(p, scale)
    axis = np.linspace(0, 1000, 21)  # the optimum of outcomes in steps of 250 is on it
    best = min(p.total(np.array(point)) for point in product(axis, repeat=3))
    assert total <= best + 1e-9 * scale
    assert bound <= best + 1e-9 * scale
    assert best <= total + 1e-4 * scale


@pytest.mark.parametrize("seed", range(30 * THOROUGH))
def test_any_prices_over_any_box_bound_every_point_of_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 6))
    p, scale = random_problem(seed, k, int(rng.integers(1, 40)), ties=bool(seed % 2))
    low = rng.uniform(0, 800, k)
    box = Box(low, np.minimum(low + rng.uniform(0, 500, k), 1000))
    price = rng.random(p.n)
    value, answer = Dual(p).evaluate(box, price)
    least, most = box.market(1000.0)
    for _ in range(30):
        x = np.concatenate([[rng.uniform(least, most)], rng.uniform(box.low, box.high)])
        assert value <= p.total(x) + 1e-9 * scale
    found = Dual(p).maximise(box, first_prices(p, answer), answer, np.inf, 1e-6 * scale)
    for _ in range(30):
        x = np.concatenate([[rng.uniform(least, most)], rng.uniform(box.low, box.high)])
        assert found.value <= p.total(x) + 1e-9 * scale


@pytest.mark.parametrize("seed", range(120 * THOROUGH))
def test_bound_is_never_above_anything_that_is_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 6))
    p, scale = random_problem(seed, k, int(rng.integers(1, 25)), ties=bool(seed % 3))
    start = rng.uniform(0, 1000, k + 1)
    search = Search(p, start)
    search.settle()
    assert float(search.total) == pytest.approx(p.total(search.x), abs=1e-9 * scale)
    assert float(search.total) <= p.total(start) + 1e-9 * scale
    bound = root_bound(p, start, float(search.total), 1e-5 * scale).value
    assert bound <= float(search.total) + 1e-9 * scale
    for _ in range(5):
        assert bound <= p.total(rng.uniform(0, 1000, k + 1)) + 1e-9 * scale


@pytest.mark.parametrize("seed", range(12 * THOROUGH))
def test_order_of_venues_scale_and_useless_venues_change_nothing(seed: int) -> None:
    k = 1 + seed % 4
    p, scale = random_problem(seed, k, 30, ties=bool(seed % 2))
    _, total, _ = solved(p, scale)
    rng = np.random.default_rng(seed)
    order = np.concatenate([[0], 1 + rng.permutation(k)])
    permuted = SampleProblem(p.e[order], p.b[order], p.theta, p.lam, p.size)
    dearer = SampleProblem(p.e, p.b * 7, p.theta * 7, p.lam * 7, p.size)
    larger = SampleProblem(p.e * 3, p.b, p.theta, p.lam, p.size * 3)
    smaller = SampleProblem(p.e / 1000, p.b, p.theta, p.lam, p.size / 1000)
    useless = SampleProblem(np.vstack([p.e, np.zeros((1, p.n))]), np.append(p.b, p.b[-1]), p.theta, p.lam, p.size)
    for other, factor in ((permuted, 1.0), (dearer, 7.0), (larger, 3.0), (smaller, 0.001), (useless, 1.0)):
        assert solved(other, scale * factor)[1] / factor == pytest.approx(total, abs=2e-5 * scale)


@pytest.mark.parametrize(("mean", "cut"), [(1.0, 4.0), (10.0, 10.0), (39.0, 36.0)])
def test_a_box_is_cut_where_mixing_gains_most_and_its_halves_are_all_of_it(mean: float, cut: float) -> None:
    """At the mean, but a tenth of the side from its ends; a side of no length is not cut, whatever it gains."""
    box = Box(np.array([0.0, 0.0, 5.0]), np.array([100.0, 40.0, 5.0]))
    bound = Bound(0.0, (), np.array([7.0, 50.0, mean, 5.0]), np.array([1.0, 2.0, 9.0]))
    left, right = _halves(box, bound, 100.0)
    assert (box.low.tolist(), box.high.tolist()) == ([0, 0, 5], [100, 40, 5])
    assert (left.low.tolist(), left.high.tolist()) == ([0, 0, 5], [100, cut, 5])
    assert (right.low.tolist(), right.high.tolist()) == ([0, cut, 5], [100, 40, 5])


def test_prices_that_an_allocation_suggests() -> None:
    """Of 100 shares 90, 100 and 110 are bought."""
    p = SampleProblem(np.array([[100.0] * 3, [10.0, 20.0, 30.0]]), np.array([0.07, 0.03]), 0.0, 0.1, 100.0)
    found = [price.tolist() for price in first_prices(p, np.array([80.0, 100.0]))]
    assert found == [[1.0, 0.5, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
