"""The square-root charge: its formula, and that it does not depend on how long an order takes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose, sqrt

from sor.core.backtest.impact import PARTS, Impact, impact
from sor.core.market.nbbo_path import PathPoint


def path(mids: Sequence[int | None]) -> list[PathPoint]:
    """Known at PARTS + 1 times or fewer; a spread of 2."""
    return [
        PathPoint(n, None if mid is None else mid + 1, None if mid is None else mid - 1) for n, mid in enumerate(mids)
    ]


def test_the_formula() -> None:
    found = impact(0.5, path([100, 101, 101, 99]), 10_000)
    assert found is not None
    assert isclose(found.volatility, sqrt(0.01**2 + (2 / 101) ** 2), rel_tol=1e-12)
    assert isclose(found.charge(400), 0.5 * found.volatility * 0.2, rel_tol=1e-12)
    assert found.charge(100) == 0  # 1 % is not above 1 %
    assert found.charge(101) > 0


def test_nothing_to_charge_with() -> None:
    assert impact(1, path([100, 101]), 0) is None
    assert impact(1, path([None, 101, None]), 100) is None


def test_a_one_sided_moment_is_left_out() -> None:
    assert impact(1, path([100, None, 102]), 100) == impact(1, path([100, 102]), 100)


def test_a_long_path_is_looked_at_in_parts() -> None:
    zigzag = path([100 + n % 2 for n in range(20 * PARTS + 1)])
    found = impact(1, zigzag, 100)
    assert found == Impact(1, 0.0, 100)


def test_four_times_the_volume_and_time_charge_the_same() -> None:
    """A market that goes on in the same way: the volatility doubles, the part of the volume is a quarter."""
    short, long = [100, 101, 100, 101], [100, 101] * 6 + [100]
    one, four = impact(1, path(short), 1_000), impact(1, path(long), 4_000)
    assert one is not None
    assert four is not None
    assert isclose(one.charge(500), four.charge(500), rel_tol=0.02)


def test_a_moment_with_one_side_is_left_out_whichever_is_missing_and_two_others_are_enough() -> None:
    two = path([100, 102])
    expected = impact(1, two, 100)
    assert expected is not None
    assert isclose(expected.volatility, 0.02, rel_tol=1e-12)
    for one_sided in (PathPoint(5, 103, None), PathPoint(5, None, 99)):
        assert impact(1, [two[0], one_sided, two[1]], 100) == expected
    assert impact(1, path([0, 102]), 100) is None  # no return of a mid of nothing
