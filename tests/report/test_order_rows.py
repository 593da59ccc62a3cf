"""Parent orders of --orders one by one, the decision time, and a golden of the analysis of simple executions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sor.errors import InputError
from sor.report.encode import encode
from sor.report.report import Report
from sor.request import BacktestRequest

GOLDEN = Path(__file__).with_name("golden_tca.json")


@pytest.fixture(scope="module")
def several(made: Callable[..., Report]) -> Report:
    return made(strategy="cont_kukanov", orders=4, quantity=300, router_interval=5, lambda_over="1.5x",
                lambda_under="1.5x", theta_queue="0.1x")  # fmt: skip


def test_one_row_an_order(several: Report) -> None:
    found = several.data["orders"]
    rows = found["rows"]
    assert [row["order"] for row in rows] == [1, 2, 3, 4]
    assert all(one["end"] < two["start"] for one, two in pairwise(rows))
    for row in rows:
        assert row["filled"] + row["forced"] + row["leaves"] == 300
        parts = row["timing_bps"] + row["placement_bps"] + row["fees_bps"]
        assert abs(parts - row["slippage_bps"]) <= Decimal("2e-6")  # each is rounded once
    for name, spread in found["spread_bps"].items():
        saved = [row["savings_bps"][name] for row in rows]
        assert (min(saved), max(saved)) == (spread["min"], spread["max"])
        assert abs(sum(saved) / 4 - found["mean_savings_bps"][name]) <= Decimal("2e-6")


def test_one_order_has_no_rows(made: Callable[..., Report]) -> None:
    assert made().data["orders"] == {}


def test_the_decision_time_is_a_delay_and_changes_nothing_else(made: Callable[..., Report]) -> None:
    start = "13:37:02"
    late = made(start=start, decision_time="13:36:36").data
    none = made(start=start).data
    assert late["strategies"] == none["strategies"]
    mine, right = (data["tca"]["strategies"]["static"]["shortfall"] for data in (late, none))
    assert right["wagner"]["delay"]["usd"] == 0
    # The mids: the bid is at 100.00 + (7 i mod 5) cents, i seconds after the first snapshot; the mid a cent above.
    moved = Decimal((30 * 7 % 5) - (4 * 7 % 5)) / 100
    assert mine["wagner"]["delay"]["usd"] == moved * 1_000
    assert mine["total"]["usd"] == right["total"]["usd"] + moved * 1_000
    for split in ("perold", "wagner"):
        assert sum(part["usd"] for part in mine[split].values()) == mine["total"]["usd"]
    assert mine["wagner"]["trading"] != mine["perold"]["execution"]
    assert BacktestRequest(decision_time="13:36:36").asked() == {"decision_time": "13:36:36"}


@pytest.mark.parametrize("typed", ["13:37:03", "13:36:31"])
def test_a_decision_is_not_after_the_start_nor_before_the_day(made: Callable[..., Report], typed: str) -> None:
    with pytest.raises(InputError, match="--decision-time") as caught:
        made(start="13:37:02", decision_time=typed)
    assert "\n" not in str(caught.value)


ORDERS: dict[str, dict[str, Any]] = {
    "buy": {},
    "sell": {"side": "sell", "latency_us": 1_500_000},
    "resting": {"strategy": "X_E", "router_interval": 7},
}


def figures(made: Callable[..., Report]) -> str:
    return encode({name: made(**options).data["tca"] for name, options in ORDERS.items()})


def test_the_analysis_of_a_small_tape_gives_the_same_bytes(made: Callable[..., Report]) -> None:
    """After a change that is meant to change these figures: `python tests/report/test_order_rows.py`, and look."""
    assert figures(made).encode() == GOLDEN.read_bytes()


if __name__ == "__main__":
    from report_fixtures import report_of_two_venues

    GOLDEN.write_bytes(figures(report_of_two_venues).encode())
