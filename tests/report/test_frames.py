"""Frames for notebooks: the report's figures, typed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sor.report.report import Report


def test_one_row_a_strategy_with_its_figures(static_report: Report) -> None:
    frame = static_report.to_frame()
    strategies = static_report.data["strategies"]
    assert list(frame.index) == list(strategies)
    for name, entry in strategies.items():
        assert frame.loc[name, "total_cash"] == float(entry["total_cash"])
        assert frame.loc[name, "filled"] == entry["filled"]
    assert "venues" not in frame.columns


def test_savings_stand_beside_the_baselines_and_nowhere_else(static_report: Report) -> None:
    frame = static_report.to_frame()
    for name, saved in static_report.data["savings_vs_baselines_bps"].items():
        assert frame.loc[name, "savings_bps"] == float(saved)
    assert frame["savings_bps"].isna()["static"]


def test_fills_are_typed_and_in_time_order_within_a_strategy(static_report: Report) -> None:
    fills = static_report.fills
    assert len(fills) == len(static_report.fill_records)
    for name in ("ts", "decided", "joined"):
        assert str(fills[name].dtype) == "datetime64[ns, UTC]"
    for name in ("px", "mid", "fee"):
        assert fills[name].dtype == np.float64
    for _, of_one in fills.groupby("strategy"):
        assert of_one["ts"].is_monotonic_increasing


def test_fills_keep_nanoseconds(static_report: Report) -> None:
    assert static_report.fills["ts"].astype("int64").tolist() == [fill.ts for fill in static_report.fill_records]


def test_fills_add_up_to_the_strategies(static_report: Report) -> None:
    fills, frame = static_report.fills, static_report.to_frame()
    shares = fills.groupby("strategy")["qty"].sum()
    for name in shares.index:
        assert shares[name] == frame.loc[name, "filled"] + frame.loc[name, "forced"]


def test_no_fills_make_an_empty_frame_of_the_same_types(made: Callable[..., Report]) -> None:
    empty, some = made(limit_price="1").fills, made().fills
    assert len(empty) == 0
    assert dict(empty.dtypes) == dict(some.dtypes)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_frames_work_for_both_sides(made: Callable[..., Report], side: str) -> None:
    report = made(side=side)
    assert isinstance(report.to_frame(), pd.DataFrame)
    assert set(report.fills["kind"]) <= {"take", "make", "forced"}
