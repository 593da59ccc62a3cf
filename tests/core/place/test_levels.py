"""Market orders deeper than the touch: against enumeration from the model's text, the closed form, and convexity."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from math import log
from random import Random
from typing import Any

import numpy as np
import pytest

from sor.core.place import Problem, place, place_within
from sor.errors import InputError

MONEY = {"h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05}
EXPONENTIAL = {"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}


def small(seed: int) -> dict[str, Any]:
    rng = Random(seed)
    rows = rng.choice((3, 5))
    venues = [
        {
            "queue": 0,
            "rebate": rng.choice((0.002, 0.001, -0.001)),
            "outflow": {"family": "empirical", "samples": [rng.choice((0, 0, 1, 2, 4)) for _ in range(rows)]},
        }
        for _ in range(rng.choice((1, 2)))
    ]
    take = [
        {"price": rng.choice((0.02, 0.03, 0.04, 0.06)), "size": rng.choice((1, 2, 3)), "fee": rng.choice((0.003, 0.0))}
        for _ in range(rng.choice((1, 2, 3)))
    ]
    return {"S": 4, **MONEY, "venues": venues, "take": take}


def expected_cost(data: dict[str, Any], m: float, limits: tuple[float, ...]) -> float:
    """E v of X, M share by share at the cheapest level that has any; shares come in halves."""
    halves = sorted((one["price"] + one["fee"] for one in data["take"] for _ in range(2 * one["size"])), reverse=False)
    taking = sum(halves[: int(2 * m)]) / 2
    total = 0.0
    outcomes = list(zip(*(venue["outflow"]["samples"] for venue in data["venues"]), strict=True))
    for outflow in outcomes:
        fills = [min(float(xi), limit) for xi, limit in zip(outflow, limits, strict=True)]
        missing = max(data["S"] - m - sum(fills), 0.0)
        too_many = max(m + sum(fills) - data["S"], 0.0)
        made = sum((data["h"] + v["rebate"]) * fill for v, fill in zip(data["venues"], fills, strict=True))
        placed = m + sum(limits) + missing
        total += taking - made + data["theta"] * placed
        total += data["lambda_under"] * missing + data["lambda_over"] * too_many
    return total / len(outcomes)


@pytest.mark.parametrize("seed", range(25))
def test_no_placement_in_half_shares_is_cheaper(seed: int) -> None:
    data = small(seed)
    answer = place(Problem.from_json(data))
    halves = [half / 2 for half in range(9)]
    deep = sum(one["size"] for one in data["take"])
    venues = len(data["venues"])
    every = product([m for m in halves if m <= deep], *[halves] * venues)
    least = min(expected_cost(data, m, limits) for m, *rest in every if (limits := tuple(rest)) is not None)
    assert least + 1e-9 >= answer.V
    assert answer.lower_bound <= least + 1e-9
    assert deep + 1e-9 >= answer.M


def test_an_endless_level_at_the_touch_changes_nothing() -> None:
    plain = {"S": 1000, **MONEY, "venues": [EXPONENTIAL, {**EXPONENTIAL, "queue": 1500}]}
    endless = plain | {"take": [{"price": 0.02, "size": 9e9}]}
    touch, level = (place(Problem.from_json(data), samples=1024) for data in (plain, endless))
    assert pytest.approx(touch.V, rel=1e-4) == level.V
    assert level.lower_bound <= touch.V + 1e-9
    assert touch.lower_bound <= level.V + 1e-9


@pytest.mark.parametrize("sizes", [(300, 5000), (700, 5000), (100, 200)])
def test_one_venue_rests_as_the_closed_form_with_the_last_level_touched(sizes: tuple[int, int]) -> None:
    take = [{"price": price, "size": size} for price, size in zip((0.02, 0.03), sizes, strict=True)]
    data = {"S": 1000, **MONEY, "lambda_under": 0.06, "venues": [EXPONENTIAL], "take": take}
    answer = place(Problem.from_json(data), samples=4096)

    def limit(cost: float) -> float:
        """F(Q + L) = (cost + h + r) / (lambda_under + h + r + theta)."""
        return -2200 * log(1 - (cost + 0.022) / (0.06 + 0.022 + 0.0005)) - 2000

    cheap, deep = limit(0.023), limit(0.033)
    # At the touch alone as far as it goes; deeper where that pays; what is left over rests.
    taken = max(min(1000 - cheap, sizes[0]), min(1000 - deep, sum(sizes)))
    assert pytest.approx(taken, abs=5) == answer.M
    assert answer.L[0] == pytest.approx(1000 - taken, abs=5)


def test_what_is_taken_costs_a_convex_amount_the_cheapest_first() -> None:
    take = [{"price": 0.04, "size": 3}, {"price": 0.02, "size": 2}, {"price": 0.03, "size": 1, "fee": -0.02}]
    problem = Problem.from_json({"S": 6, **MONEY, "venues": [EXPONENTIAL], "take": take})
    costs = np.array([problem.take_cost(m) for m in range(7)])
    assert np.diff(costs) == pytest.approx([0.01, 0.023, 0.023, 0.043, 0.043, 0.043])
    assert problem.take_cost(7) == float("inf")


@pytest.mark.long
def test_more_to_take_is_never_dearer_and_a_bound_may_be_out_of_reach() -> None:
    data = {"S": 1000, **MONEY, "venues": [EXPONENTIAL], "take": [{"price": 0.02, "size": 300}]}
    shallow = Problem.from_json(data)
    deep = replace(shallow, levels=(*shallow.levels, replace(shallow.levels[0], cost=0.03)))
    assert place(deep, samples=512).V <= place(shallow, samples=512).V + 1e-9
    within = place_within(deep, 300, samples=512)
    assert within.shortfall <= 300


@pytest.mark.parametrize(
    ("take", "words"),
    [
        ([], "at least one level"),
        ({}, "a list of at least one level"),
        ([3], "an object is wanted"),
        ([{"price": 0.02}], r"take\[0\].size: is missing"),
        ([{"price": 0.01, "size": 1}], "better than the touch"),
        ([{"price": 0.02, "size": 0}], "shares above 0"),
        ([{"price": 0.02, "size": 1, "more": 1}], "unknown"),
        ([{"price": 0.02, "size": 1, "fee": -1}], "must be above 0"),
        ([{"price": 0.02, "size": 1}] * 51, "at most 50"),
    ],
)
def test_a_level_that_is_wrong_is_one_sentence(take: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Problem.from_json({"S": 1000, **MONEY, "venues": [EXPONENTIAL], "take": take})


@pytest.mark.parametrize("method", ["closed", "sa"])
def test_methods_without_levels_say_so(method: str) -> None:
    data = {"S": 1000, **MONEY, "venues": [EXPONENTIAL], "take": [{"price": 0.02, "size": 300}]}
    with pytest.raises(InputError, match="takes no levels"):
        place(Problem.from_json(data), method)
