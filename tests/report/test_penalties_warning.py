"""Penalties in dollars that the model does not admit are raised, and the report says in how many slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sor.report.report import Report

ADMISSIBLE = {"lambda_over": "0.05", "lambda_under": "0.05", "theta_queue": "0"}


@pytest.mark.parametrize("low", [{}, {"lambda_over": "0.001"}, {"lambda_under": "0.001"}])
def test_raised_penalties_are_counted(made: Callable[..., Report], low: dict[str, Any]) -> None:
    """h + f is 1.3 cents; every slice with a placement problem is concerned, or none."""
    report = made(strategy="cont_kukanov", **(ADMISSIBLE | low))
    router = report.data["router"]
    problems = router["slices"] - sum(router["all_market"].values())
    assert problems > 0
    assert router["raised_penalties"] == (problems if low else 0)
    said = f"in {problems} of {router['slices']} slices a penalty given in dollars was below what the model admits"
    assert any(said in warning for warning in report.data["warnings"]) == bool(low)
