"""Moves of the local search: each ends at the lowest point of its line."""

from __future__ import annotations

import numpy as np
import pytest
from sample_problems import random_problem

from sor.core.place.local_search.search import Search


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
