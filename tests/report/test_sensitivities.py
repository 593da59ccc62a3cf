"""Sensitivities: only where they were asked for, beside the other figures and never in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from sor.errors import InputError
from sor.report.report import Report
from sor.report.schema import load_schema
from sor.report.tables.report_table import print_report
from sor.request import BacktestRequest

GRID = {"lambda_over": "2x", "lambda_under": "2x", "theta_queue": "1x", "router_interval": 5, "quantity": 1_500}


def printed(report: Report) -> str:
    console = Console(file=StringIO(), width=80)
    print_report(report.data, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("strategy", ["cont_kukanov", "X_E", "best_ask"])
def test_they_stand_beside_the_report(made: Callable[..., Report], strategy: str) -> None:
    options: dict[str, Any] = {**GRID, "strategy": strategy}
    plain, asked = made(**options), made(**options, take_fade=[0.8, "0.5"], impact=1)
    assert plain.data["sensitivities"] == {}
    other = {"sensitivities", "request"}
    assert {key: value for key, value in asked.data.items() if key not in other} == {
        key: value for key, value in plain.data.items() if key not in other
    }
    Draft202012Validator(load_schema()).validate(json.loads(asked.to_json()))
    levels = asked.data["sensitivities"]["take_fade"]
    assert [level["there"] for level in levels] == [1, Decimal("0.8"), Decimal("0.5")]
    first = levels[0]
    assert first["savings_vs_baselines_bps"] == plain.data["savings_vs_baselines_bps"]
    assert first["headline_bps"] == (plain.data["headline"] or {}).get("mean_savings_bps")
    names = {name for name, entry in plain.data["strategies"].items() if entry["kind"] == "strategy"}
    for level in levels:
        assert set(level["strategies"]) == names
    assert all(entry["cost_bps"] == entry["missed"] == 0 for entry in first["strategies"].values())
    assert levels[2]["strategies"]["best_ask"]["missed"] > levels[1]["strategies"]["best_ask"]["missed"] > 0
    assert "Where takes find only a part" in printed(asked)


def test_the_charge_is_the_same_for_all_and_in_the_shortfall(made: Callable[..., Report]) -> None:
    data = made(**GRID, impact="0.5").data
    found = data["sensitivities"]["impact"]
    root = (Decimal(GRID["quantity"]) / found["volume"]).sqrt()  # type: ignore[arg-type]
    charge = Decimal("0.5") * found["volatility_bps"] * root
    assert charge > 0
    for name, entry in found["strategies"].items():
        assert abs(entry["charge_bps"] - charge) < Decimal("1e-4")
        shortfall = data["strategies"][name]["implementation_shortfall_bps"]
        assert abs(entry["implementation_shortfall_bps"] - shortfall - entry["charge_bps"]) < Decimal("3e-6")


def test_an_order_within_one_percent_is_not_charged(made: Callable[..., Report]) -> None:
    report = made(**GRID | {"quantity": 30}, impact=1)
    assert {entry["charge_bps"] for entry in report.data["sensitivities"]["impact"]["strategies"].values()} == {0}
    assert "no charge" in printed(report)


@pytest.mark.parametrize("option", [{"take_fade": "1.2"}, {"take_fade": "x"}, {"take_fade": "-0.1"}, {"impact": 0}])
def test_what_cannot_be(option: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(option)).replace("_", "-")):
        BacktestRequest(**option).spec()


def test_all_of_it_is_what_the_report_itself_has() -> None:
    assert BacktestRequest(take_fade="1").spec().take_fade == ()
