"""What a study's totals say: the best candidate in dollars, whether parameters mattered, costs beside X_M's."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np

from sor.core.router.search_result import flat, searched
from sor.core.router.walk_forward import Scale
from sor.core.spec import Grid, Level


def level(value: str, *, multiple: bool = True) -> Level:
    return Level(Fraction(value), multiple=multiple)


GRID = Grid((level("1.1"), level("2")), (level("0.05", multiple=False), level("3")), (level("0.5"),))
SCALE = Scale(Fraction(5_000_000), Fraction(8_000_000), Fraction(7_000_000))


def study(totals: list[int], *, market_cost: int = 1_000_000, tuned: int = 2, scale: Scale | None = SCALE) -> Any:
    return SimpleNamespace(
        grid=GRID, totals=np.array(totals, np.int64), best=int(np.argmin(totals)), gaps=[0.5, 0.25][:tuned],
        tuned=tuned, market_cost=market_cost, mean_scale=lambda: scale,
    )  # fmt: skip


def test_a_multiple_is_so_many_dollars_of_the_mean_slice() -> None:
    """lambda_over of h + max r, lambda_under of h + f, theta of h; a number in dollars is what it is."""
    found = searched(study([0, 0, 0, -1]))
    assert found.best == GRID.candidates()[3]
    assert found.dollars == (Fraction("0.014"), Fraction("0.024"), Fraction("0.0025"))
    assert searched(study([0, 0, -1, 0])).dollars == (Fraction("0.014"), Fraction("0.05"), Fraction("0.0025"))
    assert searched(study([0, 0, -1, 0], scale=None)).dollars == (None, Fraction("0.05"), None)
    assert flat(GRID).dollars == (None, Fraction("0.05"), None)


def test_parameters_matter_where_any_two_candidates_differ() -> None:
    assert [searched(study(totals)).parameters_matter for totals in ([7, 7, 7, 7], [7, 7, 8, 7])] == [False, True]


def test_costs_are_in_basis_points_of_the_market_orders() -> None:
    found = searched(study([0, 100, -50, 0]))
    assert found.costs == (0.0, 1.0, -0.5, 0.0)
    assert (found.pool_gap, found.evaluated, found.candidates) == ((0.5, 0.375), 4, 4)
    assert searched(study([0, 1, 0, 0], market_cost=0)).costs == (0.0, 10_000.0, 0.0, 0.0)


def test_without_a_slice_to_tune_on_nothing_was_evaluated() -> None:
    found = searched(study([0] * 4, market_cost=0, tuned=0, scale=None))
    assert (found.evaluated, found.costs, found.pool_gap, found.parameters_matter) == (0, None, None, False)


def test_where_there_is_nothing_to_search_one_candidate_stands_for_all() -> None:
    found = flat(GRID)
    assert (found.evaluated, found.costs, found.parameters_matter, found.candidates) == (1, None, False, 4)
