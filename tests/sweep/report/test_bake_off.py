"""Routers side by side in a sweep: rows are the backtest's, savings sum to the parents', and chances are by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_tools import planned, rows, run_sweep

from sor import backtest
from sor.core.statistics import best_of, bootstrap_t
from sor.errors import InputError
from sor.sweep.report.analysis import answer
from sor.sweep.report.bake_off import bake_off
from sor.sweep.report.page import page
from sor.sweep.report.tables import print_answer

MINE = """
from sor.strategies import Allocation, Router

class Mine(Router):
    def __init__(self, share: float = 0.5):
        self.share = share
    def allocate(self, view, size):
        return Allocation(size)
"""
series = st.lists(st.integers(-50, 50), min_size=1, max_size=12)


@settings(max_examples=20, deadline=None)
@given(series, st.integers(1, 5))
def test_a_series_is_best_by_itself_shares_ties_and_loses_to_what_is_always_better(values: list[int], k: int) -> None:
    assert best_of({"a": values}, k) == {"a": 1}
    assert best_of({"a": values, "b": values}, k) == {"a": Fraction(1, 2), "b": Fraction(1, 2)}
    assert best_of({"a": values, "b": [one + 1 for one in values]}, k) == {"a": 0, "b": 1}


def test_chances_agree_with_every_draw_there_is() -> None:
    """Two units, drawn twice: (0, 0), (0, 1), (1, 0), (1, 1) are equally likely; a wins the first, b the others."""
    found = best_of({"a": [5, 0], "b": [0, 6]}, block=1)
    assert sum(found.values()) == 1
    assert float(found["a"]) == pytest.approx(1 / 4, abs=0.03)


@pytest.fixture(scope="module")
def table(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("bake")
    code = folder / "mine.py"
    code.write_text(MINE)
    options = {
        "tape": [str(day) for day in days[:2]], "quantity": "600", "every": 25, "router_interval": 2,
        "side": "buy,sell",
        "strategy": ["X_M", "delay", "proportional_update", f"{code}:Mine"], "fees": "none",
        "param": ["delay.c=0.001", "Mine.share=0.25"],
    }  # fmt: skip
    run_sweep(folder / "out", options, workers=2)
    return folder / "out", code


@pytest.mark.long
def test_a_row_is_what_the_backtest_says(table: tuple[Path, Path], days: list[Path]) -> None:
    out, code = table
    found = [row for row in rows(out) if row["tape"] == str(days[1]) and row["number"] == 1 and row["side"] == "sell"]
    assert {row["strategy"]: row["param"] for row in found} == {
        "X_M": None, "delay": "c=0.001", "proportional_update": None, "Mine": "share=0.25",
    }  # fmt: skip
    for row in found:
        own = {"delay": {"c": 0.001}, "Mine": {"share": 0.25}}.get(row["strategy"])
        name = f"{code}:Mine" if row["strategy"] == "Mine" else row["strategy"]
        report = backtest(
            tape=days[1], strategy=name, param=own, quantity=600, side="sell", fees="none", router_interval=2,
            start=str(row["start"].value), end=str(row["end"].value),
        ).data  # fmt: skip
        theirs = json.loads(row["report"], parse_float=Decimal)
        mine = json.loads(json.dumps(report, default=float), parse_float=Decimal)
        assert theirs["optimized"]["total_cash"] == mine["optimized"]["total_cash"]
        assert row["headline_bps"] == pytest.approx(float(report["headline"]["mean_savings_bps"]))
        saved = sum(row["saved_by_slice"]) / float(abs(row["x_m_cost"])) * 1e-9 * 1e4
        assert saved == pytest.approx(row["headline_bps"], abs=1e-6)


def test_the_bake_off_is_what_all_parents_saved_together(table: tuple[Path, Path]) -> None:
    out, _ = table
    found = answer(out).data["bake_off"]
    assert found["orders"] == 8
    assert found["drawn"].startswith("blocks of 5 slices")
    by_name = {entry["strategy"]: entry for entry in found["routers"]}
    assert set(by_name) == {"delay", "proportional_update", "Mine"}
    assert by_name["Mine"]["mean_savings_bps"] == 0 == by_name["Mine"]["filled"]
    known = [row for row in rows(out) if row["strategy"] == "delay"]
    saved = sum(sum(row["saved_by_slice"]) for row in known)
    cost = sum(abs(row["x_m_cost"]) for row in known)
    assert by_name["delay"]["mean_savings_bps"] == pytest.approx(saved / float(cost) * 1e-5, abs=1e-6)
    assert by_name["delay"]["filled"] == pytest.approx(sum(r["passive_shares"] for r in known) / 4_800, abs=1e-6)
    chances = [entry["probability_best"] for entry in found["routers"]]
    assert sum(chances) + found["probability_that_X_M_is_the_best"] == pytest.approx(1, abs=1e-5)
    assert answer(out, seed=9).data["bake_off"] == found  # its draws have a seed of their own
    text = page(answer(out).data)
    assert "Bake-off" in text
    assert "that it is the best of them" in text
    print_answer(answer(out))


def made(saved: Mapping[str, list[list[int]]], days: int) -> dict[str, dict[Any, dict[str, Any]]]:
    """Rows of orders, of which each cost a thousand dollars."""
    row = {"x_m_cost": Decimal(1000), "quantity": 10, "passive_shares": 5, "placement_bps": -1.0, "fees_bps": 0.5,
           "arrival_px": 100.0}  # fmt: skip
    return {
        name: {(at,): row | {"saved_by_slice": one, "day": at % days} for at, one in enumerate(orders)}
        for name, orders in saved.items()
    }


def test_days_are_drawn_where_there_are_ten_of_them_else_orders() -> None:
    good = [[10**7 * (1 + at % 3), 0] for at in range(20)]
    bad = [[0, -one[0]] for one in good]
    for days, drawn, units in ((10, "days", 10), (2, "orders (fewer than 10 days)", 20)):
        found = bake_off(made({"good": good, "bad": bad, "X_M": [[0, 0]] * 20}, days))
        assert found is not None
        assert (found["drawn"], found["units"]) == (drawn, units)
        first, last = found["routers"]
        assert (first["strategy"], first["found"], first["probability_best"]) == ("good", "saves", 1.0)
        assert (last["strategy"], last["found"], last["probability_best"]) == ("bad", "costs", 0.0)
        assert first["mean_savings_bps"] == pytest.approx(sum(map(sum, good)) / 20 / 10**12 * 10**4, abs=1e-6)
        assert first["cost_cents_a_share"] == pytest.approx(-0.5)
        assert first["filled"] == 0.5
        estimate = bootstrap_t([sum(one) for one in good], block=1) if units == 20 else None
        if estimate is not None:
            assert estimate.p_value is not None
            assert first["p"] == pytest.approx(float(estimate.p_value), abs=1e-6)


def test_one_router_or_none_is_no_bake_off() -> None:
    assert bake_off(made({"X_M": [[0]], "one": [[1]]}, 1)) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"strategy": "delay,nonsense"}, "'nonsense' is unknown"),
        ({"strategy": "delay", "param": "delay.d=1"}, "there is no parameter 'd'"),
        ({"strategy": "delay", "param": "censored.c=1"}, "no strategy of that name is swept"),
        ({"strategy": "twap", "param": "c=1"}, "no strategy of this sweep takes parameters"),
        ({"strategy": "delay", "param": "c"}, "is not KEY=VALUE or NAME.KEY=VALUE"),
        ({"strategy": "delay,a.py:delay"}, "cannot be read"),
    ],
)
def test_each_mistake_is_one_line_before_anything_runs(days: list[Path], options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        planned({"tape": str(days[0]), **options})


def test_rows_of_strategies_that_cont_kukanov_works_as_well_have_their_own_headline(
    days: list[Path], tmp_path: Path
) -> None:
    run_sweep(tmp_path / "out", {"tape": str(days[0]), "quantity": 300, "strategy": "cont_kukanov,X_E,X_M"})
    for row in rows(tmp_path / "out"):
        alone = backtest(tape=days[0], quantity=300, strategy=row["strategy"]).data["headline"]
        assert row["headline_bps"] == float(alone["mean_savings_bps"])
