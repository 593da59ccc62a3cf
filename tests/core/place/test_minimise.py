"""The quick search beside the thorough one, and where it takes the split."""

from __future__ import annotations

import numpy as np
import pytest
from sample_problems import random_problem

from sor.core.place.bound import branch, root_bound
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.minimise import _LADDER, _smoothed, minimise, starts
from sor.core.place.split import split


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


def test_the_starts() -> None:
    assert [x.tolist() for x in starts(2, 8.0)] == [
        [0, 4, 4], [2, 3, 3], [4, 2, 2], [6, 1, 1],
        [0, 8, 8], [2, 6, 6], [4, 4, 4], [6, 2, 2],
        [8, 0, 0], [0, 8, 0], [0, 0, 8],
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_rounding_off_once_more_never_ends_above_where_exact_lines_had_led(seed: int) -> None:
    p, _ = random_problem(300 + seed, 2 + seed % 4, 60, ties=bool(seed % 2))
    x, total = minimise(p)
    assert total == pytest.approx(float(p.total(x)), rel=1e-9)
    first = split(p)
    search = Search(p, min((first, _smoothed(p, first, _LADDER)), key=p.total), quick=True)
    search.settle()
    assert total <= search.total
