"""The table of a sweep: one row an order, the same whichever process works it out, and what went wrong as rows."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sweep_tools import make_tape, planned, rows, run_sweep

from sor import backtest
from sor.errors import InputError
from sor.report.encode import encode
from sor.sweep.row import SCHEMA
from sor.sweep.store import read_table
from sor.tapes.convert import convert

TABLE: dict[str, object] = {
    "side": ["buy", "sell"],
    "quantity": [300, 900],
    "every": 15,
    "strategy": ["twap", "best_ask"],
    "interval": 5,
}


@pytest.mark.long
def test_two_workers_give_the_same_table_as_one(days: list[Path], tmp_path: Path) -> None:
    options = {**TABLE, "tape": [str(day) for day in days]}
    assert run_sweep(tmp_path / "one", options, workers=1).failed == 0
    tally = run_sweep(tmp_path / "two", options, workers=2)
    one, two = read_table(tmp_path / "one"), read_table(tmp_path / "two")
    assert one.equals(two)
    assert one.schema == SCHEMA
    assert len(one) == tally.done == 3 * 2 * 2 * 3 * 2  # days, sides, quantities, starts, strategies
    assert one.column("cell").to_pylist() == list(range(len(one)))
    files = [
        sorted(p.relative_to(tmp_path / n) for p in (tmp_path / n).glob("results/**/*.parquet")) for n in ("one", "two")
    ]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_tapes_are_read_as_a_backtest_reads_them(tmp_path: Path) -> None:
    quotes, form = tmp_path / "quotes.csv", tmp_path / "mine.toml"
    head = "stamp,got,ticker,exch,b,bs,a,as\n"
    row = "2024-06-03T13:30:{0:02}Z,2024-06-03T13:30:{0:02}.5Z,AB,XNAS,10.00,3,10.0{1},{2}\n"
    quotes.write_text(head + "".join(row.format(i, 1 + i % 3, 1 + i % 4) for i in range(30)))
    form.write_text(
        'holds = "quotes"\nheader = ["stamp", "exch"]\nsymbol = ["ticker"]\nvenue = { column = "exch" }\n'
        'event = { read = ["stamp"], as = "iso" }\nrecv = { read = ["got"], as = "iso" }\n'
        'quote = { bid = "b", bid_size = "bs", ask = "a", ask_size = "as" }\n'
    )
    read: dict[str, Any] = {"format": str(form), "lot": 100, "clock": "recv"}
    order: dict[str, Any] = {"tape": str(quotes), "quantity": 700, "strategy": "twap", "interval": 5, "fees": "none"}
    run_sweep(tmp_path / "out", order | read)
    (row_of_sweep,) = rows(tmp_path / "out")
    alone = backtest(**order, **read)
    data = json.loads(row_of_sweep["report"], parse_float=Decimal)
    assert encode(data | {"request": alone.data["request"]}) == alone.to_json()
    with pytest.raises(InputError, match="no such format"):
        planned(order | {"format": "none-such"})


def test_a_row_is_the_report_of_that_order(days: list[Path], tmp_path: Path) -> None:
    """The report in a row is, byte for byte but for the options, that of a backtest of the same order alone."""
    options = {**TABLE, "tape": str(days[0]), "strategy": "twap,static,best_ask", "fees": "none"}
    run_sweep(tmp_path / "out", options)
    found = rows(tmp_path / "out")
    for row in found[::7]:
        alone = backtest(
            tape=days[0],
            side=row["side"],
            quantity=row["quantity"],
            start=row["start"].value,
            end=row["end"].value,
            interval=5,
            strategy=row["strategy"],
            fees="none",
        )
        data = json.loads(row["report"], parse_float=Decimal)
        assert encode(data | {"request": alone.data["request"]}) == alone.to_json()
        report = json.loads(row["report"], parse_float=Decimal)
        assert row["total_cash"] == report["optimized"]["total_cash"]
        for name, figure in report["savings_vs_baselines_bps"].items():
            assert row[f"savings_{name}_bps"] == pytest.approx(float(figure), abs=1e-6)
        assert row["slippage_bps"] == float(report["optimized"]["slippage_bps"])
        assert row["filled"] + row["forced"] == row["quantity"]


def test_a_strategy_against_itself_saves_nothing(days: list[Path], tmp_path: Path) -> None:
    run_sweep(tmp_path / "out", {**TABLE, "tape": [str(day) for day in days]})
    found = rows(tmp_path / "out")
    assert {row["savings_twap_bps"] for row in found if row["strategy"] == "twap"} == {0.0}
    assert {row["savings_best_ask_bps"] for row in found if row["strategy"] == "best_ask"} == {0.0}
    assert any(row["savings_twap_bps"] for row in found if row["strategy"] == "best_ask")


def test_the_router_has_one_row_for_each_parameter_set(tmp_path: Path) -> None:
    tape = make_tape(tmp_path / "day.csv", minutes=1.5)
    options = {
        "tape": str(tape), "quantity": 400, "start": "13:30:50", "end": "13:31:20", "lambda_over": ["1.5x", "3x"],
        "lambda_under": "1.5x", "theta_queue": "0", "strategy": "cont_kukanov",
    }  # fmt: skip
    run_sweep(tmp_path / "out", options)
    found = rows(tmp_path / "out")
    assert [(row["lambda_over"], row["lambda_under"], row["theta_queue"]) for row in found] == [
        ("1.5x", "1.5x", "0"),
        ("3x", "1.5x", "0"),
    ]
    assert all(row["candidates"] == 1 and row["savings_X_M_bps"] is not None for row in found)
    passive = [fill for row in found for fill in row["passive_fills"]]
    assert passive
    assert sum(fill["qty"] for fill in found[0]["passive_fills"]) == found[0]["passive_shares"]
    # 13:31:20 and ten seconds is on this tape of 90 seconds, and 13:31:20 and sixty is not.
    assert all(fill["markout_1s_bps"] is not None and fill["markout_60s_bps"] is None for fill in passive)


def test_a_bad_tape_fails_its_cells_alone(days: list[Path], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("this is no tape\n")
    (tmp_path / "b.csv").write_bytes(b"")
    for day in days[:2]:
        os.symlink(day, tmp_path / day.name)
    options = {**TABLE, "tape": str(tmp_path / "*.csv"), "strategy": "twap", "every": 30}
    tally = run_sweep(tmp_path / "out", options, workers=2)
    found = rows(tmp_path / "out")
    failed = [row for row in found if row["status"] == "failed"]
    assert {os.path.basename(row["tape"]) for row in failed} == {"a.csv", "b.csv"}
    assert all(row["reason"] and "\n" not in row["reason"] and row["total_cash"] is None for row in failed)
    assert all("a.csv" in row["reason"] or "b.csv" in row["reason"] for row in failed)
    good = {**options, "tape": [str(day) for day in days[:2]]}
    run_sweep(tmp_path / "good", good)
    names = ("tape", "cell")
    kept = [{k: v for k, v in row.items() if k not in names} for row in found if row["status"] == "done"]
    assert kept == [{k: v for k, v in row.items() if k not in names} for row in rows(tmp_path / "good")]
    assert (tally.failed, tally.done) == (len(failed), len(kept))


def test_orders_outside_the_tape_fail_with_a_reason(days: list[Path], tmp_path: Path) -> None:
    options = {"tape": str(days[0]), "start": "13:30:30", "end": "13:33:00", "every": 60, "strategy": "twap"}
    run_sweep(tmp_path / "out", options)
    found = rows(tmp_path / "out")
    assert [row["status"] for row in found] == ["done", "failed"]
    assert "no snapshot of the tape lies in the window" in found[1]["reason"]


def test_several_symbols(tmp_path: Path) -> None:
    tape = make_tape(tmp_path / "two.csv", symbols=("AAA", "BBB"), minutes=0.3)
    options = {"tape": str(tape), "symbol": "*", "quantity": 100, "strategy": "twap", "interval": 2}
    run_sweep(tmp_path / "out", options)
    both = rows(tmp_path / "out")
    assert [(row["symbol"], row["status"]) for row in both] == [("AAA", "done"), ("BBB", "done")]
    run_sweep(tmp_path / "b", {**options, "symbol": "BBB,CCC"})
    b, c = rows(tmp_path / "b")
    assert b["report"] == both[1]["report"]
    assert "CCC" in c["reason"]


def test_an_unfinished_sweep_goes_on(days: list[Path], tmp_path: Path) -> None:
    """Files that are missing are made again, files that are there are not touched; the table is the same."""
    options = {**TABLE, "tape": [str(day) for day in days]}
    run_sweep(tmp_path / "out", options)
    whole = read_table(tmp_path / "out")
    parts = sorted((tmp_path / "out").glob("results/*/*/*.parquet"))
    for part in parts[1::2]:
        part.unlink()
    left = {part: part.stat().st_mtime_ns for part in parts[::2]}
    tally = run_sweep(tmp_path / "out", options)
    assert tally.before > 0
    assert tally.done > 0
    assert read_table(tmp_path / "out").equals(whole)
    assert {part: part.stat().st_mtime_ns for part in left} == left
    assert run_sweep(tmp_path / "out", options).done == 0


def test_another_sweep_does_not_mix_with_it(days: list[Path], tmp_path: Path) -> None:
    options = {**TABLE, "tape": str(days[0])}
    run_sweep(tmp_path / "out", options)
    with pytest.raises(InputError, match="holds another sweep"):
        run_sweep(tmp_path / "out", {**options, "quantity": 301})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        run_sweep(tmp_path / "full", options)


def test_a_plan_says_how_many_cells_before_anything_runs(days: list[Path]) -> None:
    options = {**TABLE, "tape": [str(day) for day in days]}
    assert len(planned(options)) == sum(len(chunk.cells) for chunk in planned(options).chunks()) == 72
    times = {"tape": "no-such-file.csv", "start": "13:00:00", "end": "14:00:00", "every": 600, "horizon": 300}
    assert len(planned(times)) == 6  # told by arithmetic, no tape was opened


def test_windows_of_a_parquet_tape_give_the_table_of_the_whole_one(tmp_path: Path) -> None:
    """Every row, the router's with its history included, is that of the CSV tape read from end to end."""
    tape = make_tape(tmp_path / "day.csv", minutes=2)
    convert(tape, tmp_path / "day.parquet")
    options = {
        "every": 40, "horizon": 15, "quantity": 300, "interval": 5, "side": "buy,sell", "lambda_over": "1.5x",
        "lambda_under": "1.5x", "theta_queue": "0", "strategy": "cont_kukanov,twap,static",
    }  # fmt: skip
    for name in ("csv", "parquet"):
        run_sweep(tmp_path / name, {**options, "tape": str(tmp_path / f"day.{name}")})
    csv, parquet = (rows(tmp_path / name) for name in ("csv", "parquet"))
    assert [{**row, "tape": ""} for row in csv] == [{**row, "tape": ""} for row in parquet]
    assert {row["status"] for row in csv} == {"done"}
    assert any(row["passive_shares"] for row in csv)


def test_files_of_one_day_by_venue_are_one_tape_and_other_days_others(tmp_path: Path) -> None:
    for number, name in enumerate(("monday", "tuesday")):
        make_tape(tmp_path / f"{name}.csv", day=number, seed=number + 1)
        lines = (tmp_path / f"{name}.csv").read_text().splitlines(keepends=True)
        venues = sorted({line.split(",")[3] for line in lines[1:]})
        for venue in venues:
            mine = [line for line in lines[1:] if line.split(",")[3] == venue]
            (tmp_path / f"{name}-{venue}.csv").write_text("".join([lines[0], *mine]))
    options = {"strategy": "twap", "interval": "5", "fees": "none"}
    run_sweep(
        tmp_path / "whole", {**options, "tape": [str(tmp_path / f"{name}.csv") for name in ("monday", "tuesday")]}
    )
    run_sweep(tmp_path / "split", {**options, "tape": str(tmp_path / "*day-*.csv")})
    whole, split = rows(tmp_path / "whole"), rows(tmp_path / "split")
    assert [row["tape"].count("+") for row in split] == [2, 2]
    assert [row["total_cash"] for row in split] == [row["total_cash"] for row in whole]
