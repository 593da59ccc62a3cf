"""Directions of several quantities at once: their slopes against the total itself, a little further on."""

from __future__ import annotations

import ctypes
from functools import partial
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from sor.core.place.local_search.directions import LOOKED_AT, ladder, ridge_steps, trio_steps
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.slopes import count, pair_slopes, single_slopes

LITTLE = 1 / 16  # no direction reaches the next whole number, where slopes change
Floats = NDArray[np.float64]


def drawn(seed: int, quantities: int) -> tuple[SampleProblem, Floats]:
    """Whole numbers of which many outcomes fill exactly S, and some quantities can only rise or only fall."""
    rng = np.random.default_rng(seed)
    size = 12
    x = rng.integers(0, 7, quantities).astype(float)
    e = rng.integers(0, 7, (quantities, 60)).astype(float)
    e[0] = size
    filled = np.minimum(e, x[:, None]).sum(axis=0)
    wanted = np.flatnonzero(filled <= size)
    e, x = e[:, wanted], x
    if seed % 3 == 0:
        x[rng.integers(quantities)] = size if seed % 2 else 0
    b = np.append(rng.integers(20, 30), rng.integers(2, 18, quantities - 1)).astype(float)
    return SampleProblem(e, b, float(rng.integers(0, 3)), 40.0, float(size)), x


def slope(p: SampleProblem, x: Floats, d: tuple[int, ...] | NDArray[np.int64]) -> float:
    there = x + LITTLE * np.array(d)
    if there.min() < 0 or there.max() > p.size:
        return np.inf
    return float(p.total(there) - p.total(x)) / LITTLE


def tables(quantities: int) -> list[set[tuple[int, ...]]]:
    """{-1, 0, 1} and the same with one of them doubled, where three or more move and not all one way."""
    signs = list(product((-1, 0, 1), repeat=quantities))
    doubled = [(*d[:k], 2 * d[k], *d[k + 1 :]) for d in signs for k in range(quantities) if d[k]]
    return [{d for d in table if np.count_nonzero(d) >= 3 and min(d) < 0 < max(d)} for table in (signs, doubled)]


@pytest.mark.parametrize("seed", range(24))
def test_the_steepest_of_every_table_and_no_others(seed: int) -> None:
    quantities = 3 + seed % 3
    p, x = drawn(seed, quantities)
    gap = p.size - np.minimum(p.e, x[:, None]).sum(axis=0)
    fixed = np.flatnonzero(x >= p.size).tolist(), np.flatnonzero(x <= 0).tolist()
    at = x[:, None]
    counts = count(np.concatenate([p.e > at, p.e >= at]), gap, 0.0, fixed)
    even, floor = p.e[:, gap == 0], 5.0
    found = [tuple(d.tolist()) for d in ridge_steps(even, None, x, counts, p.b, p.n * p.theta, p.lam, floor)]
    expected = list[float]()
    for table in tables(quantities):
        lowest = sorted(slope(p, x, d) for d in table)[:LOOKED_AT]
        expected += [value for value in lowest if value < -floor]
    assert [slope(p, x, d) for d in found] == expected
    assert len(set(found)) == len(found)


class Litter(ctypes.Structure):
    """Signalling NaNs. What a function is given by value lies on the stack afterwards."""

    _fields_ = (("words", ctypes.c_uint32 * 15_000),)


def test_what_lies_on_the_stack_is_no_invalid_value() -> None:
    """numpy warns of it where a BLAS kernel reads there, beside five columns: five patterns of outcomes."""
    leave = ctypes.CDLL(None).abs
    leave.argtypes = [Litter]
    litter = Litter((ctypes.c_uint32 * 15_000)(*[0x7FA00000] * 15_000))
    p = SampleProblem(
        np.array([[12.0] * 5, [4.0, 5.0, 0.0, 0.0, 2.0], [4.0, 4.0, 8.0, 9.0, 6.0]]),
        np.array([25.0, 3.0, 4.0]), 1.0, 40.0, 12.0,
    )  # fmt: skip
    x = np.array([4.0, 4.0, 8.0])
    counts = count(np.concatenate([p.e > x[:, None], p.e >= x[:, None]]), np.zeros(5), 0.0, ([], []))
    steps = partial(ridge_steps, p.e, None, x, counts, p.b, p.n * p.theta, p.lam, -1e9)
    found = [d.tolist() for d in steps()]
    with np.errstate(invalid="raise"):
        leave(litter)
        assert [d.tolist() for d in steps()] == found != []


@pytest.mark.parametrize("seed", range(24))
def test_one_against_two_is_the_steepest_beside_the_best_pair_of_each(seed: int) -> None:
    """Every quantity keeps the partner of its best pair; the second partner is the best beside those two."""
    p, x = drawn(seed, 8)
    x = np.clip(x, 1, p.size - 1)
    gap = p.size - np.minimum(p.e, x[:, None]).sum(axis=0)
    at = x[:, None]
    counts = count(np.concatenate([p.e > at, p.e >= at]), gap, 0.0, ([], []))
    theta = np.array([[p.n * p.theta], [-p.n * p.theta]])
    single = single_slopes(counts, p.b, theta, p.lam)
    both = pair_slopes(counts, single, p.lam)
    np.fill_diagonal(both, -1e9)  # of no use, whatever is there
    found = list(trio_steps(p.e[:, gap == 0], None, x, single, both.copy(), p.lam, 5.0))
    expected = list[float]()
    unit = np.eye(8, dtype=np.int64)
    for sign in (-1, 1):
        least = np.inf
        for one in range(8):
            mates = [k for k in range(8) if k != one]
            first = min(mates, key=lambda k: slope(p, x, sign * (unit[one] - unit[k])))
            seconds = [sign * (unit[one] - unit[first] - unit[k]) for k in mates if k != first]
            least = min(least, *(slope(p, x, d) for d in seconds))
        if least < -5.0:
            expected.append(least)
    assert [slope(p, x, d) for d in found] == expected


@pytest.mark.parametrize("least", [0.0, 1e-3, 0.3, 1 / np.pi, 0.5, 0.77777, 0.999, 1.0])
def test_a_ladder_is_refined_around_its_best_step(least: float) -> None:
    """Each round looks between the neighbours of the best of 33 steps, a sixteenth of the line before."""
    far = 80.0
    cost, at = ladder(lambda t: (t - least * far) ** 2, (2 * far) ** 2, (0.0, far), 33, 4, np.dtype(float))
    assert abs(at - least * far) <= far / 32 / 16**3 / 2
    assert cost == (at - least * far) ** 2
    _, rough = ladder(lambda t: (t - least * far) ** 2, (2 * far) ** 2, (0.0, far), 33, 1, np.dtype(float))
    assert rough == far * round(32 * least) / 32


def distance(there: int, t: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.abs(t - there)


@pytest.mark.parametrize("far", [1, 2, 31, 32, 33, 34, 100, 5_000])
def test_a_ladder_in_whole_numbers_ends_at_the_lowest(far: int) -> None:
    for least in {1, 2, far // 3, far // 2, far - 1, far} - {0}:
        found = ladder(partial(distance, least), far + 1, (1, far), 33, 4, np.dtype(np.int64))
        assert found == (0 if least <= far else least - far, min(least, far))


def test_a_ladder_on_which_nothing_is_lower_or_that_has_no_length_is_not_climbed() -> None:
    asked = list[int]()

    def cost(t: NDArray[np.int64]) -> NDArray[np.int64]:
        asked.extend(t.tolist())
        return 7 + t

    assert ladder(cost, 7, (0, 5), 33, 4, np.dtype(np.int64)) == (7, 0)
    assert asked == [0, 1, 2, 3, 4, 5]  # all of them, so once is enough
    assert ladder(cost, 99, (1, 0), 33, 4, np.dtype(np.int64)) == (99, 0)
    assert ladder(cost, 99, (0, 0), 33, 4, np.dtype(np.int64)) == (99, 0)
    assert len(asked) == 6


def test_one_that_fills_whole_makes_room_for_two_that_fill_by_turns() -> None:
    """5 + 2 of 7 shares in either outcome: one less of the first, which fills exactly, is one more of either other."""
    p = SampleProblem(np.array([[5.0, 5.0], [7.0, 0.0], [0.0, 7.0]]), np.array([0.9, 0.1, 0.1]), 0.0, 1.0, 7.0)
    x = np.array([5.0, 2.0, 2.0])
    at = x[:, None]
    counts = count(np.concatenate([p.e > at, p.e >= at]), np.zeros(2), 0.0, ([], []))
    single = single_slopes(counts, p.b, np.zeros((2, 1)), p.lam)
    found = list(trio_steps(p.e, None, x, single, pair_slopes(counts, single, p.lam), p.lam, 1.0))
    assert [d.tolist() for d in found] == [[-1, 1, 1]]
    assert slope(p, x, found[0]) == pytest.approx(2 * (0.1 - 0.9))
