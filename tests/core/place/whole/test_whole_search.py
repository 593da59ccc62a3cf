"""Whole shares: lines by tables are lines by sorting, equal outcomes are one, a place is the same however reached."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sor.core.place.local_search.directions import trio_steps
from sor.core.place.whole.outcomes import TABULATED, Standing, WholeOutcomes
from sor.core.place.whole.search import Prices, WholeProblem, WholeSearch, stays

SEEDS = range(60)


def drawn(seed: int, venues: int = 5) -> tuple[WholeOutcomes, WholeOutcomes, Prices, np.random.Generator]:
    """Random outcomes, many of them equal: as they are searched by tables and, one by one, by sorting; one price."""
    rng = np.random.default_rng(seed)
    k, n, size = int(rng.integers(1, venues + 1)), int(rng.integers(1, 80)), int(rng.integers(1, 40))
    step = int(rng.integers(1, 8))
    e = np.full((k + 1, n), size)
    e[1:] = np.clip(rng.integers(-size // step, 2 * size // step + 1, (k, n)) * step, 0, size)
    cost, over = int(rng.integers(1, 9)), int(rng.integers(9, 30))
    b = np.array([[over + cost, *(over - rng.integers(1, 9, k))]])
    theta = int(rng.integers(0, 4))
    prices = Prices(b, np.array([[theta]]), np.array([[theta + over + cost + int(rng.integers(1, 30))]]))
    table = WholeOutcomes.from_sample(size, e)
    return table, WholeOutcomes(size, e, np.ones(n, np.int64), tabulated=False), prices, rng


def some_x(outcomes: WholeOutcomes, rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(rng.integers(0, outcomes.size + 1, len(outcomes.e)).tolist())


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_by_its_table_ends_where_sorting_does_and_nothing_on_it_is_lower(seed: int, ties: bool) -> None:
    table, by_one, prices, rng = drawn(seed)
    problem, same = WholeProblem(table, prices, 0), WholeProblem(by_one, prices, 0)
    for _ in range(6):
        x = some_x(table, rng)
        for j in range(len(x)):
            for k in range(j, len(x)):
                search, other = WholeSearch(problem, x), WholeSearch(same, x)
                moved = [s.coordinate(j, ties) if j == k else s.pair(j, k, ties) for s in (search, other)]
                assert moved[0] is moved[1]
                assert search.x == other.x
                assert search.total == other.total
                on_line = [at for at in line(x, j, k, table.size) if max(at) <= table.size]
                assert search.total == min(problem.total(at) for at in on_line)


def line(x: tuple[int, ...], j: int, k: int, size: int) -> list[tuple[int, ...]]:
    """Every share of L_j, or of L_j with L_j + L_k kept."""
    both = x[j] + x[k]
    if j == k:
        return [(*x[:j], t, *x[j + 1 :]) for t in range(size + 1)]
    return [tuple(t if i == j else both - t if i == k else v for i, v in enumerate(x)) for t in range(both + 1)]


@pytest.mark.parametrize("seed", SEEDS)
def test_equal_outcomes_made_one_change_no_way_down_and_no_sum(seed: int) -> None:
    table, by_one, prices, rng = drawn(seed, venues=9)
    for _ in range(4):
        x = some_x(table, rng)
        assert table.shares(np.array([x])).tolist() == by_one.shares(np.array([x])).tolist()
        assert table.sums(x) == table.sums(x) == by_one.shares(np.array([x]))[0].tolist()
        points = [x, some_x(table, rng), some_x(table, rng)]
        assert table.sums_of(points) == table.sums_of(points) == by_one.shares(np.array(points)).tolist()
        ends = []
        for outcomes in (table, by_one, replace(by_one, tabulated=True)):
            search = WholeSearch(WholeProblem(outcomes, prices, 0), x)
            search.settle()
            search.break_ties()
            ends.append(search.x)
        assert ends == [ends[0]] * 3


def test_distinct_outcomes_stand_in_the_order_in_which_they_occur_first() -> None:
    e = np.array([[9] * 6, [5, 1, 5, 0, 1, 5], [0, 2, 0, 9, 2, 1]])
    outcomes = WholeOutcomes.from_sample(9, e)
    assert outcomes.e[1:].T.tolist() == [[5, 0], [1, 2], [0, 9], [5, 1]]
    assert outcomes.times.tolist() == [2, 2, 1, 1]
    assert outcomes.n == 6


@pytest.mark.parametrize(
    ("size", "venues", "tabulated", "distinct"),
    [(TABULATED, 4, True, 1), (TABULATED + 1, 4, False, 9), (TABULATED, 5, True, 9), (5, 4_000, False, 9)],
)
def test_what_would_not_fit_is_searched_one_by_one(size: int, venues: int, tabulated: bool, distinct: int) -> None:
    outcomes = WholeOutcomes.from_sample(size, np.full((venues + 1, 9), size))
    assert outcomes.tabulated is tabulated
    assert outcomes.e.shape == (venues + 1, distinct)


def test_a_place_does_not_depend_on_the_way_there() -> None:
    table, _, _, rng = drawn(3)
    walked = Standing(table.e)
    for _ in range(30):
        x = some_x(table, rng)
        walked.move_to(x)
        at = np.array(x)[:, None]
        assert np.array(walked.filled).tolist() == np.minimum(table.e, at).tolist()
        assert walked.bought.tolist() == np.minimum(table.e, at).sum(axis=0).tolist()
        assert walked.met.tolist() == [*(table.e > at).tolist(), *(table.e >= at).tolist()]


@pytest.mark.parametrize("seed", range(20))
def test_directions_of_many_quantities_count_an_outcome_as_often_as_it_occurs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    e, times, x = rng.integers(0, 5, (8, 6)), rng.integers(1, 9, 6), rng.integers(0, 5, 8)
    single, both = -rng.integers(1, 60, (2, 8)).astype(float), -rng.integers(1, 90, (8, 8)).astype(float)
    steps = [
        [d.tolist() for d in trio_steps(outcomes, often, x, single, both.copy(), 3.0, 0.5)]
        for outcomes, often in ((e, times), (np.repeat(e, times, axis=1), None))
    ]
    assert steps[0] == steps[1] != []


def neighbours(x: tuple[int, ...], size: int) -> list[tuple[int, ...]]:
    """One share more or fewer of a quantity, or one share moved from one to another."""
    steps = [np.eye(len(x), dtype=int)[k] for k in range(len(x))]
    moves = [*steps, *(-step for step in steps), *(a - b for a in steps for b in steps if a is not b)]
    around = [tuple((np.array(x) + move).tolist()) for move in moves]
    return [at for at in around if min(at) >= 0 and max(at) <= size]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_way_down_ends_where_no_neighbour_is_lower_and_there_alone(seed: int) -> None:
    """Prices of a few units: the least slope is one."""
    table, _, prices, rng = drawn(seed)
    problem = WholeProblem(table, prices, 0)
    for _ in range(6):
        start = some_x(table, rng)
        search = WholeSearch(problem, start)
        search.descend()
        assert problem.total(search.x) <= min(problem.total(at) for at in neighbours(search.x, table.size))
        for x in (start, search.x, *neighbours(search.x, table.size)[:8]):
            lowest = min(problem.total(at) for at in neighbours(x, table.size))
            assert stays(table, prices, x) == [problem.total(x) <= lowest]


@pytest.mark.parametrize("seed", SEEDS)
def test_ties_are_broken_until_no_neighbour_that_costs_the_same_is_smaller(seed: int) -> None:
    """Smaller: fewer shares of one quantity, or shares of an earlier one moved to a later one."""
    table, _, prices, rng = drawn(seed, venues=3)
    problem = WholeProblem(table, prices, 0)
    for _ in range(6):
        search = WholeSearch(problem, some_x(table, rng))
        search.settle()
        total = search.total
        search.break_ties()
        assert search.total <= total
        same = [at for at in neighbours(search.x, table.size) if problem.total(at) == search.total]
        assert min([search.x, *same]) == search.x


def test_ties_are_broken_one_after_the_other() -> None:
    """Three venues that always fill: any split of S costs the same, and all at the last one is the smallest."""
    outcomes = WholeOutcomes.from_sample(10, np.full((4, 5), 10))
    prices = Prices(np.array([[20, 5, 5, 5]]), np.array([[0]]), np.array([[30]]))
    search = WholeSearch(WholeProblem(outcomes, prices, 0), (0, 5, 3, 2))
    search.settle()
    assert search.x == (0, 5, 3, 2)
    search.break_ties()
    assert search.x == (0, 0, 0, 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_direction_of_several_quantities_is_looked_at_share_by_share(seed: int) -> None:
    table, _, prices, rng = drawn(seed)
    problem = WholeProblem(table, prices, 0)
    for _ in range(10):
        x, d = some_x(table, rng), rng.integers(-1, 2, len(table.e))
        on_line = [np.array(x) + t * d for t in range(34)]
        there = [tuple(at.tolist()) for at in on_line if at.min() >= 0 and at.max() <= table.size]
        if not d.any() or len(there) > 33:
            continue
        search = WholeSearch(problem, x)
        assert search.along(d) is (search.x != x)
        assert problem.total(search.x) == min(problem.total(at) for at in there)
