"""The whole-share solver against brute force, and its exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import gcd, lcm
from typing import Any

import numpy as np
import pytest

from sor.core.place.whole.search import WholeSearch
from sor.core.place.whole.shares import IntegerSample, Money
from sor.errors import InputError


def instance(seed: int, k: int, n: int, size: int) -> tuple[IntegerSample, tuple[Fraction, Fraction, Fraction]]:
    """A random slice with half nanodollars and lambdas in twentieths, as the backtest makes them."""
    rng = np.random.default_rng(seed)
    h = Fraction(int(rng.integers(5, 30)) * 10**6 + 1, 2)
    f = int(rng.integers(-2, 4)) * 10**6
    rebates = [int(v) * 10**5 for v in rng.integers(-20, 40, k)]
    under = Fraction(int(rng.integers(21, 80)), 20) * (h + f)
    over = Fraction(int(rng.integers(21, 80)), 20) * (h + max(rebates))
    theta = Fraction(int(rng.integers(0, 5)), 4) * h
    if rng.random() < 0.5:
        fills = rng.integers(0, 2, (n, k)) * rng.integers(0, 3 * size, (n, k))
    else:
        fills = np.maximum(0, rng.exponential(size, (n, k)) + rng.exponential(size, (n, 1)) - size).astype(np.int64)
    return IntegerSample.build(size, fills, h, f, rebates), (theta, under, over)


def slow_cost(sample: IntegerSample, x: tuple[int, ...], theta: Money, under: Money, over: Money) -> Fraction:
    """The cost v of the paper word by word."""
    total = Fraction(0)
    for outcome in sample.e[1:].T.tolist():
        fills = [min(e, limit) for e, limit in zip(outcome, x[1:], strict=True)]
        a = x[0] + sum(fills)
        total += sample.take * x[0] - sum(m * g for m, g in zip(sample.make, fills, strict=True))
        total += theta * (sum(x) + max(sample.size - a, 0))
        total += under * max(sample.size - a, 0) + over * max(a - sample.size, 0)
    return total


@pytest.mark.parametrize("seed", range(40))
def test_finds_the_optimum_of_brute_force_ties_included(seed: int) -> None:
    rng = np.random.default_rng(1000 + seed)
    k = int(rng.integers(1, 4))
    size = {1: 40, 2: 16, 3: 8}[k]
    sample, money = instance(seed, k, int(rng.integers(1, 30)), size)
    pool = list(product(range(size + 1), repeat=k + 1))
    rough = np.array([[float(a), b, c, d] for a, b, c, d in sample.coefficients(pool)])
    values = rough @ np.array([1.0, *map(float, money)])
    near = np.argsort(values, kind="stable")[:60]
    best = min((sample.cost(pool[i], *money), pool[i]) for i in near)
    answer = sample.solve(*money)
    assert (answer.cost, answer.x) == best


@pytest.mark.parametrize("seed", range(30))
def test_a_search_stays_where_it_is_said_to_stay(seed: int) -> None:
    """At many prices at once: where no direction goes down from x, and only there, the way down from x ends at x."""
    sample, (theta, under, over) = instance(seed, 1 + seed % 5, 40, 5_000 if seed % 3 else 30)
    points = [(theta * i / 4, under * (1 + j), over * (1 + j)) for i in (0, 1, 8) for j in (0, Fraction(1, 3), 5)]
    unit = 480 * lcm(*(Fraction(value).denominator for point in points for value in point), sample.take.denominator)
    prices = sample.prices([sample.reduced(unit, *(int(value * unit) for value in point)) for point in points])
    found = [sample.search(*point, sample.starts(), thorough=False) for point in points]
    said = set()
    for x in [*sample.starts(), *found]:
        for i, stays in enumerate(sample.stays(prices, x)):
            assert (sample.descend(prices, i, x) == x) is stays
            said.add(stays)
    assert said == {True, False}


def test_searches_that_meet_go_on_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, money = instance(5, 2, 40, 30)
    best = sample.search(*money)
    settled = list[tuple[int, ...]]()
    monkeypatch.setattr(WholeSearch, "settle", lambda search: settled.append(search.x))
    assert sample.search(*money, [best, best, sample.starts()[0], best]) == best
    assert best in settled
    assert len(settled) == len(set(settled))


@pytest.mark.parametrize("seed", range(20))
def test_cost_is_the_papers_and_linear_in_the_parameters(seed: int) -> None:
    sample, money = instance(seed, 1 + seed % 5, 20, 60)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        x = tuple(int(v) for v in rng.integers(0, 61, 1 + len(sample.make)))
        assert sample.cost(x, *money) == slow_cost(sample, x, *money)
        a, *slopes = sample.coefficients([x])[0]
        assert a + sum(c * m for c, m in zip(slopes, money, strict=True)) == slow_cost(sample, x, *money)


@pytest.mark.parametrize("seed", range(20))
def test_a_warm_start_never_ends_above_its_start(seed: int) -> None:
    sample, money = instance(seed, 5, 120, 100)
    rng = np.random.default_rng(seed)
    start = tuple(int(v) for v in rng.integers(0, 101, 6))
    warm = sample.solve(*money, starts=[start])
    assert warm.cost <= sample.cost(start, *money)
    assert warm == sample.solve(*money, starts=[start])
    again = sample.solve(*money, starts=[warm.x])
    assert again.cost <= warm.cost


def test_money_with_long_denominators_is_still_costed_exactly() -> None:
    sample, (theta, under, over) = instance(3, 2, 500, 5_000)
    odd = Fraction(1, 10**15 + 37)
    answer = sample.solve(theta + odd, under + odd, over + odd)
    assert answer.cost == slow_cost(sample, answer.x, theta + odd, under + odd, over + odd)


@pytest.mark.parametrize("seed", range(10))
def test_prices_are_in_proportion_and_without_a_common_divisor(seed: int) -> None:
    sample, (theta, under, over) = instance(seed, 1 + seed % 3, 20, 60)
    unit = 40 * lcm(*(value.denominator for value in (theta, under, over, sample.take, *sample.make)))
    reduced = sample.reduced(unit, *(int(value * unit) for value in (theta, under, over)))
    money = [theta, theta + under + over, over + sample.take, *(over - make for make in sample.make)]
    assert gcd(*reduced) == 1
    assert [Fraction(price, reduced[1]) for price in reduced] == [value / money[1] for value in money]


def test_prices_whose_totals_would_not_fit_are_rounded_to_the_nearest_of_a_coarser_unit() -> None:
    """S = 5,000, three outcomes, two quantities: of weight 120,000, so that prices end below 2^52 / 120,000, or 2^35.2:
    the least power of two that takes 2^40 + 1 and 3 x 2^39 below it is 2^6."""
    sample = IntegerSample.build(5_000, np.ones((3, 1), int), 1, 0, [0])
    row = [32, 3 * 2**39, 2**40 + 1, 2**20 + 33]
    prices = sample.prices([row, [0, 9, 7, 5]])
    assert (prices.theta.tolist(), prices.lam.tolist()) == ([[0], [0]], [[3 * 2**33], [9]])
    assert prices.b.tolist() == [[2**34, 2**14 + 1], [7, 5]]


@pytest.mark.parametrize(("h", "over"), [(Fraction(1, 2), 5_000_000), (Fraction(3, 2), 5_000_000), (1, 20_000_000)])
def test_the_optimum_is_exact_where_the_scales_of_money_are_far_apart(h: Money, over: int) -> None:
    """Half a nanodollar beside a penalty in dollars: the search alone cannot tell these costs apart."""
    rng = np.random.default_rng(7)
    for _ in range(12):
        size = int(rng.integers(2, 6))
        fills = rng.integers(0, 2, (40, 2)) * rng.integers(0, 9, (40, 2))
        sample = IntegerSample.build(size, fills, h, 0, [0, 0])
        money = (h * Fraction(1, 50), h * Fraction(3, 2), over)
        best = min((sample.cost(x, *money), x) for x in product(range(size + 1), repeat=3))
        answer = sample.solve(*money)
        assert (answer.cost, answer.x) == best


def test_venue_that_never_fills_gets_nothing() -> None:
    fills = np.array([[50, 0], [80, 0], [0, 0]])
    sample = IntegerSample.build(100, fills, 5_000_000, 3_000_000, [0, 0])
    assert sample.solve(1_000_000, 20_000_000, 20_000_000).limits[1] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 0}, "S:"),
        ({"size": 2**31 + 1}, "S:"),
        ({"fills": np.zeros((0, 1), int)}, "fills"),
        ({"fills": np.zeros((3, 2), int)}, "fills"),
        ({"fills": np.zeros((3, 1))}, "fills"),
        ({"rebates": [-9_000_000]}, "A1"),
        ({"rebates": [-5_000_000]}, "A1"),  # h + r is 0
        ({"lambda_over": 1}, "A2"),
        ({"lambda_over": 5_000_000}, "A2"),  # h + r itself
        ({"lambda_under": 1}, "A3"),
        ({"lambda_under": 5_000_000}, "A3"),  # h + f itself
        ({"theta": -1}, "theta"),
        ({"starts": []}, "starts"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], words: str) -> None:
    usual: dict[str, Any] = {"size": 10, "fills": np.ones((3, 1), int), "h": 5_000_000, "f": 0, "rebates": [0]}
    search: dict[str, Any] = {"theta": 0, "lambda_under": 9_000_000, "lambda_over": 9_000_000, "starts": None}
    for part in (usual, search):
        part.update({key: value for key, value in change.items() if key in part})
    with pytest.raises(InputError, match=words):
        IntegerSample.build(**usual).solve(**search)
