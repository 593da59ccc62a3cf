"""The sample problem: exact line searches, the optimum by MILP, bounds that are never above it, invariants."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from thorough import THOROUGH

from sor.core.place.bound import Box, Dual, branch, first_prices, root_bound
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.matrix_game import solve_game
from sor.core.place.minimise import minimise
from sor.core.place.smooth import smooth_steps
from sor.core.place.split import split


def random_problem(seed: int, k: int, n: int, ties: bool = False) -> tuple[SampleProblem, float]:
    """A problem as in the paper with everything drawn, and h S N, the scale of its errors."""
    rng = np.random.default_rng(seed)
    h, f, r = rng.uniform(0.005, 0.03), rng.uniform(0, 0.004), rng.uniform(-0.002, 0.004, k)
    theta = rng.uniform(0, 0.5) * h
    under, over = (h + f) * rng.uniform(1.05, 4), (h + r.max()) * rng.uniform(1.05, 4)
    size = 1000.0
    room = (
        rng.exponential(rng.uniform(200, 2000, (k, 1)), (k, n)) + rng.exponential(500, n) - rng.uniform(0, 1500, (k, 1))
    )
    if ties:
        room = np.round(room / 250) * 250
    e = np.concatenate([np.full((1, n), size), np.clip(room, 0, size)])
    b = np.concatenate([[over + h + f], over - h - r])
    return SampleProblem(e, b, theta, theta + under + over, size), h * size * n


def by_milp(p: SampleProblem) -> float:
    """The least total, by HiGHS: each fill needs a binary, because to fill less than min(e, L) may pay."""
    rows, n = p.e.shape
    size = float(p.size)
    # variables: L (rows), fill (rows * n), full (rows * n) binary, short (n)
    fill0, full0, short0 = rows, rows + rows * n, rows + 2 * rows * n
    total = short0 + n
    cost = np.zeros(total)
    cost[:rows] = n * p.theta
    cost[fill0:full0] = np.repeat(p.b, n)
    cost[short0:] = p.lam
    matrix, low, high = [], [], []

    def add(entries: dict[int, float], lo: float, hi: float) -> None:
        row = np.zeros(total)
        for index, value in entries.items():
            row[index] = value
        matrix.append(row)
        low.append(lo)
        high.append(hi)

    for k in range(rows):
        for i in range(n):
            e, fill, full = float(p.e[k, i]), fill0 + k * n + i, full0 + k * n + i
            add({fill: 1, k: -1}, -np.inf, 0)  # fill <= L
            add({fill: 1, full: -e}, 0, np.inf)  # fill >= e where full
            add({fill: 1, k: -1, full: size}, 0, np.inf)  # fill >= L where not full
    for i in range(n):
        add({short0 + i: 1} | {fill0 + k * n + i: 1 for k in range(rows)}, size, np.inf)
    upper = np.concatenate([np.full(rows, size), p.e.ravel(), np.ones(rows * n), np.full(n, size)])
    integral = np.zeros(total)
    integral[full0:short0] = 1
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(matrix), low, high),
        bounds=Bounds(np.zeros(total), upper),
        integrality=integral,
        options={"mip_rel_gap": 1e-9},
    )
    assert found.success
    return float(found.fun)


def solved(p: SampleProblem, scale: float, nodes: int = 300) -> tuple[np.ndarray, float, float]:
    """What `place` does with a small sample: search, bound, branch."""
    x, total = minimise(p, wide=True)
    root = root_bound(p, x, total, 1e-7 * scale)
    left = iter(range(nodes))
    return branch(p, x, total, root, 1e-6 * scale, lambda: next(left, None) is not None)


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
    axis = np.linspace(0, 1000, 41)  # the optimum of outcomes in steps of 250 is on it
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


@pytest.mark.parametrize("seed", range(40))
def test_line_searches_find_the_minimum_of_their_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 5))
    p, scale = random_problem(seed, k, 30)
    size = float(p.size)
    x = rng.random(k + 1) * size
    for move in range(k + 1):
        search = Search(p, x)
        search.coordinate(move)
        for t in np.linspace(0, size, 101):
            other = x.copy()
            other[move] = t
            assert float(search.total) <= float(p.total(other)) + 1e-9 * scale
    for j in range(k + 1):
        for l in range(j + 1, k + 1):  # noqa: E741
            search = Search(p, x)
            search.pair(j, l)
            assert search.x[j] + search.x[l] == pytest.approx(x[j] + x[l])
            for t in np.linspace(-size, size, 201):
                other = x.copy()
                other[j] += t
                other[l] -= t
                if min(other[j], other[l]) >= 0 and max(other[j], other[l]) <= size:
                    assert float(search.total) <= float(p.total(other)) + 1e-6 * scale


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
    useless = SampleProblem(np.vstack([p.e, np.zeros((1, p.n))]), np.append(p.b, p.b[-1]), p.theta, p.lam, p.size)
    for other, factor in ((permuted, 1.0), (dearer, 7.0), (larger, 3.0), (useless, 1.0)):
        assert solved(other, scale * factor)[1] / factor == pytest.approx(total, abs=2e-5 * scale)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10**6), st.sampled_from([1.0, 1e-6, 1e9]))
def test_matrix_games_against_a_linear_program(rows: int, columns: int, seed: int, scale: float) -> None:
    payoff = np.random.default_rng(seed).integers(-5, 6, (rows, columns)).astype(np.float64) * scale
    value, row_mix, column_mix = solve_game(payoff)
    # maximise v with payoff^T mix >= v
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-payoff.T / scale, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
    )
    assert value / scale == pytest.approx(-found.fun, abs=1e-7)
    assert (row_mix @ payoff).min() / scale == pytest.approx(-found.fun, abs=1e-7)
    assert (payoff @ column_mix).max() / scale == pytest.approx(-found.fun, abs=1e-7)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("ties", [False, True])
def test_the_quick_search_is_near_the_thorough_one(seed: int, ties: bool) -> None:
    """Twelve venues; with ties many outcomes fill exactly S, and the search has to leave ridges."""
    p, scale = random_problem(100 + seed, 12, 300, ties)
    x, total = minimise(p)
    assert total == pytest.approx(float(p.total(x)), rel=1e-9)
    _, thorough = minimise(p, [x], wide=True)
    assert -1e-9 * scale <= total - thorough < 0.01 * scale


@pytest.mark.parametrize("seed", range(12))
def test_the_quick_search_finds_the_optimum_of_few_venues(seed: int) -> None:
    k = 2 + seed % 4
    p, scale = random_problem(200 + seed, k, 200, ties=bool(seed % 2))
    x, total = minimise(p)
    left = iter(range(60))
    root = root_bound(p, x, total, 1e-6 * scale)
    _, best, _ = branch(p, x, total, root, 1e-5 * scale, lambda: next(left, None) is not None)
    assert total - best <= 1e-4 * max(abs(best), scale)


@pytest.mark.parametrize("seed", range(20))
def test_split_is_the_best_that_cannot_overfill(seed: int) -> None:
    """Its linear program has one variable for each stretch between outcomes: fills are concave, gains only fall."""
    k = 1 + seed % 5
    p, scale = random_problem(seed, k, 25, ties=bool(seed % 2))
    x = split(p)
    assert x.sum() == pytest.approx(p.size)
    assert (x >= 0).all()
    stretch = np.diff(np.sort(p.e, axis=1), axis=1, prepend=0.0).ravel()
    gain = ((p.lam - p.b)[:, None] * np.arange(p.n, 0, -1)).ravel()
    found = linprog(-gain, A_eq=np.ones((1, len(gain))), b_eq=[p.size], bounds=[(0.0, w) for w in stretch])
    assert found.success
    assert p.total(x) == pytest.approx(p.n * (p.theta + p.lam) * p.size + found.fun, abs=1e-9 * scale)
    rng = np.random.default_rng(seed)
    for point in rng.dirichlet(np.ones(k + 1), 200) * p.size:
        assert p.total(x) <= p.total(point) + 1e-9 * scale


def test_where_outflows_hardly_vary_the_quick_search_takes_the_split() -> None:
    """Nothing is to be gained by overbooking, and the way there is a narrow valley: it is known, not searched."""
    rng = np.random.default_rng(42)
    e = np.full((13, 400), 1000.0)
    e[1:] = np.clip(rng.poisson(rng.uniform(50, 900, (12, 1)), (12, 400)) - rng.uniform(0, 300, (12, 1)), 0, 1000)
    p = SampleProblem(e, np.append(0.06, 0.05 - rng.uniform(0.018, 0.024, 12)), 0.005, 0.1, 1000.0)
    _, total = minimise(p)
    assert total <= p.total(split(p))
    _, thorough = minimise(p, wide=True)
    assert total - thorough <= 1e-4 * 0.02 * 1000 * p.n


def test_smooth_steps_go_down_a_ridge_that_stops_single_and_pair_moves() -> None:
    """M + L_1 = M + L_2 = S with one venue always full: only M up and both L down together saves."""
    size, n = 100.0, 40
    e = np.full((3, n), size)
    e[1, ::2] = e[2, 1::2] = 0.0
    p = SampleProblem(e, np.array([0.061, 0.05, 0.05]), 0.001, 0.1, size)
    x = np.array([20.0, 80.0, 80.0])
    search = Search(p, x, quick=True)
    search.descend()
    assert search.x.tolist() == x.tolist()
    moved = smooth_steps(p, x, size / 128, 4)
    assert ((moved >= 0) & (moved <= size)).all()
    assert p.total(moved) < p.total(x) - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_outcomes_shared_at_other_prices_are_another_problem(seed: int) -> None:
    p, _ = random_problem(seed, 3, 50)
    fresh = SampleProblem(p.e, p.b * 2, p.theta * 3, p.lam * 4, p.size)
    shared = p.priced(p.b * 2, p.theta * 3, p.lam * 4)
    x = np.array([100.0, 300.0, 50.0, 800.0])
    assert shared.total(x) == fresh.total(x)
    assert shared.ordered is p.ordered
    assert all(shared.filled(k, x).tolist() == fresh.filled(k, x).tolist() for k in range(4))


def test_a_thinned_sample_is_spread_over_all_and_meets_no_rhythm() -> None:
    n = 4096
    e = np.vstack([np.full(n, 1e4), np.arange(n, dtype=float)])
    thin = SampleProblem(e, np.array([2.0, 1.0]), 0.0, 3.0, 1e4).thin(64)
    kept = thin.e[1].astype(np.int64)
    assert len(kept) == 64
    assert np.diff(kept).min() > 16
    assert np.diff(kept).max() < 256
    assert np.bincount(kept % 8, minlength=8).min() >= 4
    assert thin.thin(64) is thin
