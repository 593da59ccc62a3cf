"""proportional_update: its drift, its projection, and where it ends on outflows whose answer is known."""

from __future__ import annotations

from itertools import product
from math import fsum
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.core.router.literature.proportional_update import drift, projected

parts = st.lists(st.integers(-40, 40).map(lambda n: n / 16), min_size=1, max_size=3)


@given(parts)
def test_the_projection_is_the_nearest_point_of_the_simplex(r: list[float]) -> None:
    found = projected(r)
    assert fsum(found) == pytest.approx(1)
    assert min(found) >= 0
    distance = fsum((a - b) ** 2 for a, b in zip(found, r, strict=True))
    grid = (point for point in product(range(9), repeat=len(r)) if sum(point) == 8)
    assert all(fsum((a / 8 - b) ** 2 for a, b in zip(point, r, strict=True)) >= distance - 1e-9 for point in grid)


@given(st.lists(st.tuples(st.integers(0, 9).map(float), st.booleans()), min_size=1, max_size=6))
def test_the_drift_sums_to_zero(venues: list[tuple[float, bool]]) -> None:
    assert fsum(drift(*map(list, zip(*venues, strict=True)))) == pytest.approx(0, abs=1e-12)


def test_exponential_outflows_are_shared_by_their_means() -> None:
    """V = 1, D_k exponential, equal rho: the venues fill theirs equally often where r_k is in proportion to m_k."""
    rng, means, r = Random(7), (0.1, 0.3, 0.6), [1 / 3] * 3
    late = [0.0] * 3
    for n in range(1, 8_001):
        filled = [part < rng.expovariate(1 / mean) for part, mean in zip(r, means, strict=True)]
        r = projected([part + n**-0.7 * push for part, push in zip(r, drift([1.0] * 3, filled), strict=True)])
        if n > 4_000:
            late = [total + part / 4_000 for total, part in zip(late, r, strict=True)]
    assert late == pytest.approx(means, abs=0.03)
