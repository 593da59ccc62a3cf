"""The tables of `tca` again, by pandas, from what `--out` writes and the rows of the bundled tape alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sor import backtest
from sor.paths import bundled_tape
from sor.report.files.folder import write
from sor.report.report import Report

NAMES = ("cont_kukanov", "cont_kukanov_walk_forward", "X_M")
SIDES = {"buy": 1, "sell": -1}


@pytest.fixture(scope="module", params=["buy", "sell"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    grid: dict[str, Any] = {"lambda_over": "1.05x", "lambda_under": "1.5x", "theta_queue": "0.1x"}
    report = backtest(side=request.param, quantity=2_000, latency_us=1_000, start="13:31:00", end="13:37:00", **grid)
    folder = tmp_path_factory.mktemp("out")
    write(report, folder, pictures=False)
    return report, folder


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    table = pd.read_csv(bundled_tape())
    table["ts"] = pd.to_datetime(table["ts_event"], utc=True).astype("int64")
    return table


@pytest.fixture(scope="module")
def national(rows: pd.DataFrame) -> pd.DataFrame:
    """Best bid and ask after each instant: each venue's last row of it, carried; no quote is a price of its own."""
    last = rows.groupby(["ts", "publisher_id"], sort=True).last()
    sides = {}
    for side, none, best in (("bid", -np.inf, "max"), ("ask", np.inf, "min")):
        shown = last[f"{side}_px_00"].where(last[f"{side}_sz_00"] > 0).fillna(none)
        sides[side] = getattr(shown.unstack("publisher_id").ffill().fillna(none), best)(axis=1)
    book = pd.DataFrame(sides)
    both = np.isfinite(book.bid) & np.isfinite(book.ask)
    book["mid"] = ((book.bid + book.ask) / 2).where(both).ffill()
    book["spread"] = (book.ask - book.bid).where(both)
    return book.reset_index()


def at(national: pd.DataFrame, times: pd.Series[int]) -> pd.DataFrame:
    """The book in force at each time, NaN after the tape."""
    place = np.searchsorted(national.ts, times, side="right") - 1
    found = national.iloc[np.maximum(place, 0)].reset_index(drop=True).astype("float64")
    found[(place < 0) | (times.to_numpy() > national.ts.iloc[-1])] = np.nan
    return found


def fills_of(case: tuple[Report, Path], name: str, national: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    report, folder = case
    fills = pd.read_csv(folder / "fills.csv")
    fills = fills[fills.strategy == name].reset_index(drop=True)
    for column in ("ts", "decided"):
        fills[column] = pd.to_datetime(fills[column], utc=True).astype("int64")
    before = at(national, fills.ts - (fills.kind == "make"))
    fills["before"], fills["spread"] = before.mid, before.spread
    return fills, SIDES[report.data["order"]["side"]]


def tca(case: tuple[Report, Path], name: str) -> dict[str, Any]:
    found: dict[str, Any] = case[0].data["tca"]["strategies"][name]
    return found


def close(value: Any, expected: float) -> None:
    assert float(value) == pytest.approx(expected, rel=1e-6, abs=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_spreads_and_markouts(case: tuple[Report, Path], national: pd.DataFrame, name: str) -> None:
    fills, sign = fills_of(case, name, national)
    words = {"maker": "make", "taker": "take", "forced": "forced"}
    for row in tca(case, name)["spreads"]:
        mine = fills[fills.kind == words[row["kind"]]]
        if row["venue"] is not None:
            mine = mine[mine.publisher_id == row["venue"]["publisher_id"]]
        effective = 2 * sign * (mine.px - mine.before)
        assert (row["fills"], row["shares"]) == (len(mine), mine.qty.sum())
        close(row["effective_usd"], (effective * mine.qty).sum())
        close(row["quoted_cents"], 100 * (mine.spread * mine.qty).sum() / mine.qty.sum())
        if row["effective_over_quoted"] is not None:
            close(row["effective_over_quoted"], (effective * mine.qty).sum() / (mine.spread * mine.qty).sum())
        for after in row["after"]:
            later = at(national, mine.ts + round(float(after["seconds"]) * 1e9)).mid.to_numpy()
            known = np.isfinite(later)
            assert after["shares"] == mine.qty[known].sum()
            close(after["realized_usd"], (2 * sign * (mine.px - later) * mine.qty)[known].sum())
            close(after["impact_usd"], (2 * sign * (later - mine.before) * mine.qty)[known].sum())
            assert after["effective_usd"] == after["realized_usd"] + after["impact_usd"]  # exact decimals
    for kind, points in tca(case, name)["markouts"].items():
        mine = fills[fills.kind == words[kind]]
        for point in points:
            horizon = round(float(point["seconds"]) * 1e9)
            mids = at(national, mine.ts + horizon).mid.to_numpy() if horizon else mine.before.to_numpy()
            known = np.isfinite(mids)
            if known.any():
                paid = mine.px * mine.qty
                close(point["mean_bps"], 1e4 * (sign * (mids - mine.px) * mine.qty)[known].sum() / paid[known].sum())


@pytest.mark.parametrize("name", NAMES)
def test_resting_orders_and_venues(case: tuple[Report, Path], national: pd.DataFrame, name: str) -> None:
    fills, sign = fills_of(case, name, national)
    orders = pd.read_csv(case[1] / "orders.csv")
    orders = orders[orders.strategy == name]
    for column in ("arrived", "first_fill", "ended"):
        orders[column] = pd.to_datetime(orders[column], utc=True)
    rested = orders[(orders.kind == "rest") & orders.arrived.notna() & ~orders.why.str.startswith("refused")]
    found = tca(case, name)
    if not len(rested):
        assert found["fill_rates"] is None or found["fill_rates"]["all"]["orders"] == 0
    else:
        waits = (rested.first_fill - rested.arrived).dt.total_seconds().dropna()
        rate = found["fill_rates"]["all"]
        assert (rate["orders"], rate["shares"], rate["filled"]) == (len(rested), rested.qty.sum(), rested.filled.sum())
        close(rate["orders_touched"], rested.first_fill.notna().mean())
        close(rate["orders_complete"], (rested.filled == rested.qty).mean())
        close(rate["median_seconds"], waits.median())
        for row in found["fill_rates"]["venues"]:
            mine = rested[rested.publisher_id == row["publisher_id"]]
            assert (row["orders"], row["filled"]) == (len(mine), mine.filled.sum())
        for third in found["fill_rates"]["queue_ahead"]:
            mine = rested[rested.queue_ahead.between(third["least"], third["most"])]
            assert (third["orders"], third["filled"]) == (len(mine), mine.filled.sum())
        for third in found["fill_rates"]["spread"]:
            mine = rested[rested.spread.between(float(third["least"]) - 1e-9, float(third["most"]) + 1e-9)]
            assert (third["orders"], third["filled"]) == (len(mine), mine.filled.sum())
    fills = fills[fills.kind != "forced"]
    for row in found["venues_606"]:
        sent = orders[(orders.publisher_id == row["publisher_id"]) & (orders.kind != "forced")]
        mine = fills[fills.publisher_id == row["publisher_id"]]
        cost = (sign * (mine.px - mine.before)).round(9)
        assert row["shares_routed"] == sent.qty.sum()
        assert row["shares_routed_ioc"] == sent.qty[sent.kind == "take"].sum()
        assert row["shares_executed"] == mine.qty.sum()
        assert row["shares_near_side"] == mine.qty[cost < 0].sum()
        assert row["shares_at_midpoint"] == mine.qty[cost == 0].sum()
        assert row["shares_provided"] == mine.qty[mine.kind == "make"].sum()
        if mine.qty.sum():
            expected = 1e4 * mine.fee.sum() / mine.qty.sum()
            assert float(row["net_fee_cents_per_100"]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_shortfall_half_spreads_and_minutes(case: tuple[Report, Path], national: pd.DataFrame, name: str) -> None:
    fills, sign = fills_of(case, name, national)
    order, found = case[0].data["order"], tca(case, name)
    start = pd.Timestamp(order["start"]).value
    arrival = at(national, pd.Series([start])).mid[0]
    close(order["arrival_px"], arrival)
    close(found["shortfall"]["wagner"]["trading"]["usd"], (sign * (fills.px - arrival) * fills.qty).sum())
    close(found["shortfall"]["perold"]["fees"]["usd"], fills.fee.sum())
    decided = at(national, fills.decided)
    half = decided.spread / 2
    close(
        found["half_spreads"]["placement"],
        (sign * (fills.px - decided.mid) * fills.qty).sum() / (half * fills.qty).sum(),
    )
    by_minute = fills.groupby((fills.ts - start) // 60_000_000_000).qty.sum()
    assert found["minutes"]["filled"] == by_minute.reindex(range(7), fill_value=0).tolist()


def test_benchmarks(case: tuple[Report, Path], rows: pd.DataFrame, national: pd.DataFrame) -> None:
    order, found = case[0].data["order"], case[0].data["tca"]
    start, end = (pd.Timestamp(order[key]).value for key in ("start", "end"))
    trades = rows[(rows.action == "T") & rows.ts.between(start, end)]
    close(found["benchmarks"]["interval_vwap"], (trades.price * trades["size"]).sum() / trades["size"].sum())
    close(found["benchmarks"]["open"], trades.price.iloc[0])
    close(found["benchmarks"]["close"], trades.price.iloc[-1])
    volume = trades.groupby((trades.ts - start) // 60_000_000_000)["size"].sum()
    assert found["minutes"]["volume"] == volume.reindex(range(7), fill_value=0).tolist()
    inside = national[national.ts.between(start + 1, end - 1)]
    times = np.array([start, *inside.ts, end])
    mids = np.array([at(national, pd.Series([start])).mid[0], *inside.mid])
    close(found["benchmarks"]["mid_twap"], (mids * np.diff(times)).sum() / (end - start))
    for rate in (5, 10, 20):
        wanted = 2_000 * 100 // rate
        shares = (trades["size"].cumsum().clip(upper=wanted)).diff().fillna(min(trades["size"].iloc[0], wanted))
        close(found["benchmarks"][f"pwp_{rate}"], (trades.price * shares).sum() / wanted)
