"""--orders that makes orders shorter than the slices of their schedules says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sor.report.report import Report

GRID = {"lambda_over": "2x", "lambda_under": "2x", "theta_queue": "1x"}


@pytest.mark.parametrize(
    ("orders", "interval", "said"),
    [
        (1, 60, None),
        (2, 30, None),
        (2, 31, "Each of the 2 parent orders lasts 30 s, and a slice of TWAP 31 s: there TWAP buys at once"),
        (
            20,
            60,
            "Each of the 20 parent orders lasts 3 s, and a slice of TWAP 60 s, of the router 5 s: neither cuts them.",
        ),
    ],
)
def test_short_orders(made: Callable[..., Report], orders: int, interval: int, said: str | None) -> None:
    warnings = made(**GRID, strategy="cont_kukanov", orders=orders, interval=interval).data["warnings"]
    found = [warning for warning in warnings if warning.startswith("Each of the")]
    assert len(found) == (said is not None)
    assert not said or found[0].startswith(said)
