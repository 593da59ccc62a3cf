"""The static allocator's closed form against its exhaustive definition."""

from __future__ import annotations

from fractions import Fraction

import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import CENT, examples

from sor.core.strategies.static import Offer, allocate

# (ask, size, fee, rebate) of a venue. Few prices and fees, so that sums of both tie often; odd lots and empty venues.
venues = st.lists(
    st.tuples(
        st.sampled_from((0, CENT, CENT, 2 * CENT)),
        st.sampled_from((0, 1, 99, 100, 101, 199, 200, 250, 300, 500, 999)),
        st.sampled_from((-CENT, 0, 0, CENT, 3_000_000)),
        st.sampled_from((-CENT, 0, 2_000_000)),
    ),
    max_size=5,
)
penalties = st.sampled_from((Fraction(0), Fraction(1, 3), Fraction(50_000_000), Fraction(10**12)))


def closed(quantity: int, offered: list[tuple[int, int, int, int]], step: int = 100) -> list[int] | None:
    return allocate(quantity, [Offer(k, ask + fee, size) for k, (ask, size, fee, _) in enumerate(offered)], step)


@examples(800)
@given(st.sampled_from((100, 200, 300, 400, 500, 600, 50, 150)), venues, penalties, penalties, penalties)
def test_closed_form_is_the_exhaustive_search(
    quantity: int, offered: list[tuple[int, int, int, int]], over: Fraction, under: Fraction, theta: Fraction
) -> None:
    """Same split, term by term, whatever lambda, theta and the rebates are: they cannot matter."""
    expected = oracle.exhaustive(quantity, offered, over, under, theta)
    assert closed(quantity, offered) == expected


@examples(100)
@given(st.integers(1, 40), st.sampled_from((1, 7, 100)), venues)
def test_lot_by_lot_is_the_same(lots: int, step: int, offered: list[tuple[int, int, int, int]]) -> None:
    pairs = [(ask + fee, size) for ask, size, fee, _ in offered]
    assert closed(lots * step, offered, step) == oracle.lot_by_lot(lots * step, pairs, step)


@examples(100)
@given(st.integers(1, 60), st.lists(st.tuples(st.integers(0, 2**62), st.integers(0, 2**62)), max_size=11))
def test_an_answer_is_whole_and_within_what_is_shown(lots: int, offered: list[tuple[int, int]]) -> None:
    split = allocate(lots * 100, [Offer(k, px, size) for k, (px, size) in enumerate(offered)])
    enough = sum(size // 100 for _, size in offered) >= lots
    assert (split is not None) == enough
    if split is not None:
        assert sum(split) == lots * 100
        assert all(q % 100 == 0 and 0 <= q <= size for q, (_, size) in zip(split, offered, strict=True))


@pytest.mark.parametrize(
    ("quantity", "offers", "expected"),
    [
        (200, [(1, 100), (1, 200)], [0, 200]),  # among equals the last venue first
        (300, [(2, 300), (1, 250)], [100, 200]),  # odd lots are of no use
        (300, [(1, 199), (1, 199)], None),
        (150, [(1, 1_000)], None),
        (100, [], None),
    ],
)
def test_by_hand(quantity: int, offers: list[tuple[int, int]], expected: list[int] | None) -> None:
    assert allocate(quantity, [Offer(k, cost, size) for k, (cost, size) in enumerate(offers)]) == expected
