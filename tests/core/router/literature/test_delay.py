"""Delay: the identities of water-filling, on the formula alone."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.router.literature.delay import Delay, water_fill
from sor.core.router.literature.touch import whole
from sor.errors import StrategyError

F = Fraction
LEAST = F(-8)
rates = st.lists(st.integers(0, 20).map(F), min_size=3, max_size=3)
gains = st.lists(st.integers(1, 9).map(F), min_size=3, max_size=3)
queues = st.lists(st.integers(0, 400), min_size=3, max_size=3)
waits = st.fractions(F(1, 100), F(2), max_denominator=100)


@settings(max_examples=40, deadline=None)
@given(queues, rates, gains, waits, st.integers(1, 500))
def test_it_is_a_water_filling(q: list[int], mu: list[Fraction], gain: list[Fraction], c: Fraction, size: int) -> None:
    limits = water_fill(size, q, mu, gain, c, LEAST)
    assert sum(limits) <= size
    levels = {gain[k] - c * (q[k] + limits[k]) / mu[k] for k in range(3) if limits[k]}
    assert len(levels) <= 1  # equal trade-off wherever it rests: equal delay (Q + L) / mu for equal rebates
    dry = [gain[k] - c * F(q[k]) / mu[k] for k in range(3) if mu[k] and not limits[k]]
    level = max(levels, default=LEAST)
    assert all(top <= level for top in dry)  # an unused venue is worth no more than the used ones, or than taking
    assert level >= LEAST
    if sum(limits) < size:
        assert level == LEAST
    assert all(limit == 0 for limit, rate in zip(limits, mu, strict=True) if rate == 0)
    assert limits == water_fill(size, q, [7 * m for m in mu], gain, 7 * c, LEAST)


def test_waiting_for_nothing_goes_to_the_largest_rebate_and_dear_waiting_to_the_market() -> None:
    q, mu, gain = [100, 5, 0], [F(2), F(3), F(1)], [F(7), F(6), F(5)]
    assert water_fill(300, q, mu, gain, F(1, 10**6), LEAST) == [300, 0, 0]
    assert water_fill(300, [100, 5, 1], mu, gain, F(10**6), LEAST) == [0, 0, 0]


def test_a_case_by_hand() -> None:
    """Two equal venues, the second twice as fast: 30 + L_1 and 0 + L_2 as 1 to 2, L_1 + L_2 = 120."""
    assert water_fill(120, [30, 0], [F(1), F(2)], [F(5), F(5)], F(1, 100), LEAST) == [20, 100]


@given(st.lists(st.fractions(0, 50, max_denominator=9), min_size=1, max_size=5))
def test_whole_shares_keep_the_sum(parts: list[Fraction]) -> None:
    found = whole(parts, 10**6)
    assert sum(found) == int(sum(parts))
    assert all(abs(share - part) <= 1 for share, part in zip(found, parts, strict=True))


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(StrategyError, match="c and window must be above 0"):
        Delay(c=0)
