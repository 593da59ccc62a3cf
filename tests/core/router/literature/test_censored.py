"""censored: Kaplan-Meier against the empirical tail, greedy against brute force and against `sor place`."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.place.distributions import Empirical
from sor.core.place.problem import PlaceVenue, Problem
from sor.core.place.solve import place
from sor.core.router.literature.censored import Run, greedy, tail, wilson
from sor.core.strategies.interface import Outcome

F = Fraction
LARGE = 10**6
fills = st.lists(st.integers(0, 7), min_size=3, max_size=12)


def curve(outcomes: list[Outcome], size: int, enough: int) -> list[Fraction]:
    """T(0) to T(size), one by one."""
    return [F(1), *(value for value, shares in tail(outcomes, size, enough) for _ in range(shares))]


def runs_of(tails: list[list[Fraction]]) -> list[list[Run]]:
    """The same the other way round, a share a run."""
    return [[(value, 1) for value in one[1:]] for one in tails]


@given(fills)
def test_without_censoring_it_is_the_empirical_tail(e: list[int]) -> None:
    found = curve([Outcome(1, LARGE, one) for one in e], 8, enough=1)
    assert found == [F(sum(one >= s for one in e), len(e)) for s in range(9)]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=10))
def test_with_censoring_it_is_the_product_of_the_hazards(pairs: list[tuple[int, int]]) -> None:
    seen = [(sent, min(sent, e)) for sent, e in pairs]
    found = curve([Outcome(1, sent, filled) for sent, filled in seen], 6, enough=1)
    survive = F(1)
    for s in range(min(6, max(sent for sent, _ in seen))):
        at_risk = sum(filled >= s and sent > s for sent, filled in seen)
        survive *= 1 - F(sum(filled == s < sent for sent, filled in seen), at_risk) if at_risk else 0
        assert abs(found[s + 1] - survive) < F(1, 10**8)
    assert sorted(found, reverse=True) == found


def test_a_cut_order_counts_as_one_that_was_filled_whole() -> None:
    whole = [Outcome(1, 9, 2), Outcome(1, 4, 4)]
    assert curve([whole[0], Outcome(1, 9, 4, cut=True)], 8, 1) == curve(whole, 8, 1)


def test_what_was_never_tried_is_hoped_for_and_less_so_with_every_failure() -> None:
    assert curve([], 3, enough=1) == [1, 1, 1, 1]
    hopes = [curve([Outcome(1, 5, 0)] * n, 1, enough=99)[1] for n in range(6)]
    assert hopes == [F(4, 4 + n) for n in range(6)]
    assert abs(wilson(5, 10) - F(5 + 2, 14) - F(14**0.5) / 14) < F(1, 10**5)


curves = st.lists(st.integers(0, 10), min_size=6, max_size=6).map(lambda t: [F(1), *sorted(F(x, 10) for x in t)[::-1]])


@settings(max_examples=30, deadline=None)
@given(st.lists(curves, min_size=2, max_size=2), st.lists(st.integers(1, 9).map(F), min_size=2, max_size=2),
       st.integers(0, 9).map(F))  # fmt: skip
def test_greedy_equals_brute_force(tails: list[list[Fraction]], worth: list[Fraction], least: Fraction) -> None:
    def value(limits: tuple[int, ...]) -> Fraction:
        resting = sum((w * sum(t[1 : x + 1], F(0)) for w, t, x in zip(worth, tails, limits, strict=True)), F(0))
        return resting + least * (6 - sum(limits))

    every = (x for x in product(range(7), repeat=2) if sum(x) <= 6)
    assert value(tuple(greedy(6, runs_of(tails), worth, least))) == max(map(value, every))
    turned = greedy(6, runs_of(tails[::-1]), worth[::-1], least)
    assert value(tuple(turned[::-1])) == max(map(value, (x for x in product(range(7), repeat=2) if sum(x) <= 6)))


def test_a_slice_of_any_size_is_one_step_a_run() -> None:
    """Share by share this would take more time and memory than there is. One order in ten was filled, of 100 shares."""
    seen = [Outcome(1, LARGE, 0)] * 9 + [Outcome(1, LARGE, 100)]
    huge = 2**53
    assert tail(seen, huge, enough=1) == [(F(1, 10), 100), (F(0), huge - 100)]
    assert greedy(huge, [tail(seen, huge, enough=1), tail([], huge, 1)], [F(2), F(1)], F(0)) == [0, huge]
    assert greedy(huge, [tail(seen, huge, enough=1)], [F(2)], F(1, 10)) == [100]


def test_with_the_samples_of_the_problem_it_costs_what_place_closed_costs() -> None:
    rng = np.random.default_rng(5)
    size, h, f, under, theta = 40, F(2, 100), F(3, 1000), F(5, 100), F(1, 1000)
    rebates, queues = [F(2, 1000), F(1, 1000)], [10, 4]
    xi = [rng.integers(0, 45, 60), rng.integers(0, 30, 60)]
    problem = Problem(
        size, float(h), float(f), float(theta), float(under), 0.09,
        tuple(PlaceVenue(q, float(r), Empirical(x.astype(float))) for q, r, x in zip(queues, rebates, xi, strict=True)),
    )  # fmt: skip
    closed = place(problem, "closed")
    tails = [
        tail([Outcome(k, LARGE, max(int(x) - q, 0)) for x in draws], size, 1)
        for k, (q, draws) in enumerate(zip(queues, xi, strict=True))
    ]
    limits = greedy(size, tails, [under + theta + h + r for r in rebates], under + theta - h - f)
    assert sum(limits) <= size
    assert np.allclose(closed.L, limits, atol=1)
    assert abs(size - sum(limits) - closed.M) <= 1
