"""Which of many slopes are followed at once."""

from __future__ import annotations

import numpy as np

from sor.core.place.local_search.slopes import AT_ONCE, steepest


def test_the_steepest_are_followed_but_no_quantity_twice_and_only_so_many_at_once() -> None:
    slopes = np.zeros((9, 9))
    for slope, j, k in ((-9, 1, 2), (-8, 2, 3), (-8, 3, 1), (-7, 4, 4), (-6, 4, 5), (-5, 3, 5), (-4, 6, 7), (-1, 8, 0)):
        slopes[j, k] = slope
    assert AT_ONCE == 3
    assert list(steepest(slopes, -0.5)) == [(1, 2), (4, 4), (3, 5)]
    assert list(steepest(slopes, -7.0)) == [(1, 2)]
    assert list(steepest(slopes, -9.0)) == []
    assert list(steepest(slopes[:3, :3], -0.5)) == [(1, 2)]
