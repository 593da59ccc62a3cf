"""cont_kukanov with fixed penalties: the tuned router's twin, a bound in place of a penalty, and inside a schedule."""

from __future__ import annotations

from typing import Any

import pytest

from sor import backtest
from sor.errors import InputError

pytestmark = pytest.mark.usefixtures("tape_read_once")

WINDOW: dict[str, Any] = {"end": "13:31:00", "quantity": 900}
FIXED = "cont_kukanov_fixed"


def worked(**options: Any) -> dict[str, Any]:
    found = dict(backtest(**WINDOW, **options).data["optimized"])
    return {key: found[key] for key in ("total_cash", "fills", "orders", "venues", "timing_bps")}


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_it_works_as_the_tuned_router_with_a_grid_of_one(side: str) -> None:
    tuned = worked(lambda_over="1.3x", lambda_under="2x", theta_queue="0.2x", side=side)
    fixed = worked(strategy=FIXED, param={"lambda_over": "1.3x", "lambda_under": "2x", "theta": "0.2x"}, side=side)
    assert fixed == tuned


def test_the_option_is_the_router_with_a_bound() -> None:
    by_option = backtest(**WINDOW, max_shortfall=10, lambda_over="2x").data
    by_param = backtest(**WINDOW, strategy=FIXED, param={"max_shortfall": 10, "lambda_over": "2x"}).data
    assert {**by_option, "request": 0} == {**by_param, "request": 0}
    # Nothing may be missing and nothing is sure to be filled: all is taken.
    strict = backtest(**WINDOW, max_shortfall=0, lambda_over="1000x").data["strategies"]
    assert float(strict[FIXED]["making_share"]) <= float(by_option["optimized"]["making_share"])


def test_wrong_bounds_are_one_sentence() -> None:
    for options, words in (
        ({"max_shortfall": "x"}, "must be shares"),
        ({"max_shortfall": -1}, "must be shares"),
        ({"max_shortfall": 5, "lambda_under": "2x"}, "give one of them"),
        ({"max_shortfall": 5, "strategy": "twap"}, "max-shortfall is for cont_kukanov"),
        ({"strategy": FIXED, "param": {"lambda_over": "0.5x"}}, "a multiple must be above 1"),
        ({"strategy": FIXED, "param": {"lambda_under": "-0.01"}}, "must not be negative"),
        (
            {"strategy": FIXED, "param": {"theta": "x"}},
            "theta '' is not a number: write dollars, or a multiple",
        ),
        (
            {"strategy": FIXED, "param": {"lambda_over": "1e99999999"}},
            "sensible size: write dollars, or a multiple",
        ),
    ):
        with pytest.raises(InputError, match=words):
            backtest(**options)


def test_it_works_the_slices_of_a_schedule() -> None:
    inside = backtest(**WINDOW, strategy="is", param={"risk": 0, "router": "cont_kukanov", "theta": "0.2x"}).data
    alone = backtest(**WINDOW, strategy=FIXED, param={"theta": "0.2x"}).data
    # Without a price of risk the schedule is twap's, so the two are one.
    assert inside["optimized"]["total_cash"] == alone["optimized"]["total_cash"]
    assert inside["optimized"]["venues"] == alone["optimized"]["venues"]
