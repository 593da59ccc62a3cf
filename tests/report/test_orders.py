"""Child orders: nothing is lost between orders, fills and the strategies' figures, and every end has its reason."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from sor.core.units import parse_time
from sor.paths import bundled_tape
from sor.report.files.folder import write
from sor.report.ledger import FillRecord
from sor.report.report import Report

pytestmark = pytest.mark.usefixtures("tape_read_once")

COLUMNS = {True: ["bid_px_00", "bid_sz_00"], False: ["ask_px_00", "ask_sz_00"]}  # where a buy rests, and a sell
OPTIONS: list[dict[str, Any]] = [
    {"strategy": "cont_kukanov", "start": "13:31:00", "end": "13:33:00", "quantity": 1_000},
    {"strategy": "X_E", "start": "13:31:00", "end": "13:33:00", "latency_us": 5_000, "side": "sell"},
    {"strategy": "X_E", "start": "13:31:00", "end": "13:32:00", "queue_model": "optimistic", "child_lot": 10},
]


@pytest.fixture(scope="module", params=range(len(OPTIONS)))
def report(request: pytest.FixtureRequest) -> Report:
    from sor import backtest

    return backtest(**OPTIONS[request.param])


def by_child(fills: tuple[FillRecord, ...]) -> dict[tuple[str, int], list[FillRecord]]:
    found: dict[tuple[str, int], list[FillRecord]] = defaultdict(list)
    for fill in fills:
        found[fill.strategy, fill.child].append(fill)
    return found


def test_shares_are_conserved(report: Report) -> None:
    fills, seen = by_child(report.fill_records), set()
    for order in report.order_records:
        mine = fills.get((order.strategy, order.child), [])
        seen.add((order.strategy, order.child))
        assert order.filled == sum(fill.qty for fill in mine) <= order.qty
        assert {fill.publisher_id for fill in mine} <= {order.publisher_id}
        if mine:
            assert (order.first_fill, order.last_fill) == (mine[0].ts, mine[-1].ts)
        else:
            assert order.first_fill is order.last_fill is None
    assert seen >= set(fills)
    assert len(seen) == len(report.order_records)
    for name, entry in report.data["strategies"].items():
        if entry["kind"] == "strategy":
            mine_ = [order for order in report.order_records if order.strategy == name]
            assert sum(o.filled for o in mine_ if o.kind != "forced") == entry["filled"]
            assert sum(o.filled for o in mine_ if o.kind == "forced") == entry["forced"]


def test_times_are_in_order_and_prices_within_the_limit(report: Report) -> None:
    sign = 1 if report.data["order"]["side"] == "buy" else -1
    limits = {(order.strategy, order.child): order.px * sign for order in report.order_records}
    for order in report.order_records:
        times = [order.decided, order.arrived, order.first_fill, order.last_fill, order.ended]
        known = [time for time in times if time is not None]
        assert known == sorted(known)
        assert (order.arrived is None) <= (order.filled == 0)
    for fill in report.fill_records:
        assert fill.px * sign <= limits[fill.strategy, fill.child]


def test_reasons(report: Report) -> None:
    for order in report.order_records:
        assert (order.why == "filled" or order.kind == "forced") == (order.filled == order.qty)
        assert (order.kind == "rest") or order.queue_ahead is None
    traded = "sold" if report.data["order"]["side"] == "buy" else "bought"
    for fill in report.fill_records:
        if fill.kind == "make":
            assert "at or through our price" in fill.why or f" {traded} behind " in fill.why
        else:
            assert fill.why == {"take": "took", "forced": "forced at the deadline"}[fill.kind]


def test_a_trade_fills_what_it_brings_beyond_the_queue(report: Report) -> None:
    """What the words say adds up: no more than the trade less what stood ahead."""
    for fill in report.fill_records:
        if " behind " in fill.why:
            sold, ahead = (int(text.split()[0].replace(",", "")) for text in fill.why.split(" behind "))
            assert 0 < fill.qty <= sold - ahead + 1  # `ahead` is rounded up to whole shares


def test_the_queue_ahead_is_what_the_venue_showed_on_arrival(report: Report) -> None:
    """Read off the tape once more, as of the time of arrival: later than the decision where there is latency."""
    buys = report.data["order"]["side"] == "buy"
    tape = pd.read_csv(bundled_tape(), usecols=["ts_event", "publisher_id", *COLUMNS[buys]])
    tape["ts_event"] = pd.to_datetime(tape["ts_event"]).astype("int64")
    shown = dict(list(tape.groupby("publisher_id")))
    fills, seen = by_child(report.fill_records), 0
    for order in report.order_records:
        if order.kind != "rest" or order.arrived is None or order.why.startswith("refused"):
            continue
        rows = shown[order.publisher_id]
        last = rows.iloc[int(rows["ts_event"].searchsorted(order.arrived, side="right")) - 1]
        best, size = (last[name] for name in COLUMNS[buys])
        if best == float(order.px):
            assert order.queue_ahead == size
            seen += 1
        elif (best < order.px) == buys:
            assert order.queue_ahead == 0  # our price is the venue's best now
        assert {fill.queue_ahead for fill in fills.get((order.strategy, order.child), [])} <= {order.queue_ahead}
    assert seen > 20


def test_the_files_hold_the_same(report: Report, tmp_path: Path) -> None:
    write(report, tmp_path, pictures=False)
    orders = report.order_records
    table = pq.read_table(tmp_path / "orders.parquet")
    for name in ("strategy", "child", "slice", "mic", "px", "spread", "queue_ahead", "filled", "why"):
        assert table.column(name).to_pylist() == [getattr(order, name) for order in orders]
    for name in ("decided", "arrived", "first_fill", "ended"):
        assert table.column(name).cast("int64").to_pylist() == [getattr(order, name) for order in orders]
    with (tmp_path / "orders.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len(orders)
    for row, order in zip(rows, orders, strict=True):
        assert (int(row["child"]), Decimal(row["px"]), row["why"]) == (order.child, order.px, order.why)
        assert (parse_time(row["arrived"]) if row["arrived"] else None) == order.arrived


def test_the_frame_holds_the_same(report: Report) -> None:
    frame, fills = report.orders, report.fills
    assert len(frame) == len(report.order_records)
    assert [None if pd.isna(s) else int(s) for s in frame["slice"]] == [o.slice for o in report.order_records]
    shares = fills.groupby(["strategy", "child"])["qty"].sum()
    filled = frame.set_index(["strategy", "child"])["filled"]
    pd.testing.assert_series_equal(shares.sort_index(), filled[filled > 0].sort_index(), check_names=False)


def test_refused_orders_are_there_with_their_reason(made: Callable[..., Report]) -> None:
    """1.5 s after some decisions the ask has come down to the price."""
    report = made(strategy="X_E", router_interval=7, latency_us=1_500_000, quantity=600)
    refused = [order for order in report.order_records if order.why.startswith("refused")]
    assert refused
    assert all(order.kind == "rest" and order.filled == 0 for order in refused)


def test_no_orders_make_an_empty_frame_of_the_same_types(made: Callable[..., Report]) -> None:
    empty, some = made(limit_price="1").orders, made().orders
    assert len(empty) == 0 < len(some)
    assert dict(empty.dtypes) == dict(some.dtypes)
