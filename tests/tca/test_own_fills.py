"""`sor tca`: a router's fills fed back give the report's own figures; what cannot be is named; errors are one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
import tca_example
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from schema_keys import plain, undescribed, unknown

from sor import backtest
from sor.cli import cli
from sor.errors import InputError
from sor.report.files.folder import write
from sor.report.report import Report
from sor.report.types.json_schema import schema_text
from sor.request import BacktestRequest
from sor.tca.run import OwnReport, analyse_file, write_folder
from sor.tca.types.own import OwnReportJson
from sor.tca.types.schema import FILE, own_report_schema

pytestmark = pytest.mark.usefixtures("tape_read_once")

WITHOUT_ORDERS = ("shares_routed", "shares_routed_ioc", "shares_further_routable", "average_order_size")
STRATEGIES = ("cont_kukanov", "cont_kukanov_walk_forward", "X_M")


@pytest.fixture(scope="module")
def report() -> Report:
    return backtest(quantity=2_000, latency_us=2_000)


@pytest.fixture(scope="module")
def kept(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    write(report, folder, pictures=False)
    return folder


def back(report: Report, path: Path, name: str, **more: Any) -> OwnReport:
    order = report.data["order"]
    request = BacktestRequest(side="buy", quantity=2_000, start=order["start"], end=order["end"], latency_us=2_000)
    return analyse_file(path, request, only=name, compare=False, **more)


@pytest.mark.parametrize(
    ("name", "file"), [*((name, "fills.csv") for name in STRATEGIES), (STRATEGIES[0], "fills.parquet")]
)
def test_a_routers_fills_fed_back_give_the_reports_own_figures(
    report: Report, kept: Path, name: str, file: str
) -> None:
    own = back(report, kept / file, name).data["orders"][0]
    entry, tca = report.data["strategies"][name], report.data["tca"]
    for key in ("total_cash", "avg_fill_px", "filled", "leaves", "forced", "fees", "rebates", "fills", "venues",
                "making_share", "slippage_bps", "timing_bps", "placement_bps", "fees_bps"):  # fmt: skip
        assert own[key] == entry[key], key
    assert own["tca"]["benchmarks"] == tca["benchmarks"]
    assert own["tca"]["minutes"] == {
        **tca["minutes"],
        "filled": tca["strategies"][name]["minutes"]["filled"],
        "target": None,
    }
    mine, right = own["tca"], tca["strategies"][name]
    for key in ("against_benchmarks_bps", "shortfall", "half_spreads", "spreads", "markouts"):
        assert mine[key] == right[key], key
    assert mine["improvement"] | {"missed": right["improvement"]["missed"]} == right["improvement"]
    of_orders = (*WITHOUT_ORDERS, "fill_rate", "provided_milliseconds")
    executed = [row for row in right["venues_606"] if row["shares_executed"]]
    for row, expected in zip(mine["venues_606"], executed, strict=True):
        assert [row[name] for name in of_orders] == [None] * len(of_orders)
        assert {k: v for k, v in row.items() if k not in of_orders} == {
            k: v for k, v in expected.items() if k not in of_orders
        }


def test_a_simulations_fills_are_possible(report: Report, kept: Path) -> None:
    for name in STRATEGIES:
        assert back(report, kept / "fills.csv", name).data["orders"][0]["impossible"] == []


def test_what_the_tape_cannot_have_given_is_named(report: Report, kept: Path, tmp_path: Path) -> None:
    fills = pd.read_csv(kept / "fills.csv", dtype=str)
    mine = fills[fills.strategy == "X_M"].reset_index(drop=True)
    mine.loc[3, "px"] = "152.5"
    mine.loc[7, "qty"] = "1000000"
    mine.to_csv(tmp_path / "wrong.csv", index=False)
    order = report.data["order"]
    request = BacktestRequest(side="buy", start=order["start"], end=order["end"])
    found = analyse_file(tmp_path / "wrong.csv", request, compare=False).data["orders"][0]["impossible"]
    assert [one["row"] for one in found] == [4, 8]
    assert "outside the national range" in found[0]["reason"]
    assert found[1]["reason"].startswith("1,000,000 shares, where its venue traded ")


def test_the_example_is_the_one_that_is_shipped() -> None:
    assert tca_example.EXAMPLE.read_text(encoding="utf-8") == tca_example.example()


def test_the_example_on_the_command_line(tmp_path: Path) -> None:
    run = CliRunner().invoke(cli, ["tca", str(tca_example.EXAMPLE), "--json", "--out", str(tmp_path)])
    assert run.exit_code == 0, run.output
    found = json.loads((tmp_path / "tca.json").read_text(encoding="utf-8"))
    assert run.stdout.endswith((tmp_path / "tca.json").read_text(encoding="utf-8"))
    assert [(one["order"], one["side"], len(one["impossible"])) for one in found["orders"]] == [
        ("B-1", "buy", 0), ("S-1", "sell", 1)
    ]  # fmt: skip
    for one in found["orders"]:
        assert list(one["against"]) == ["X_M", "twap", "cont_kukanov_walk_forward"]
        for baseline in one["against"].values():
            buy = 1 if one["side"] == "buy" else -1
            saved = buy * (baseline["avg_fill_px"] - one["avg_fill_px"]) / baseline["avg_fill_px"] * 1e4
            assert baseline["savings_bps"] == pytest.approx(saved, abs=1e-4)
    fills = pd.read_csv(tmp_path / "fills.csv")
    assert len(fills) == sum(one["fills"] for one in found["orders"])
    assert set(fills.kind) == {"maker", "taker"}


def test_what_strategies_would_have_paid_is_what_a_backtest_says() -> None:
    request = BacktestRequest(start="13:31:00", end="13:34:00")
    found = analyse_file(tca_example.EXAMPLE, request, only="B-1").data["orders"][0]
    right = backtest(quantity=600, start="13:31:00", end="13:34:00").data["strategies"]
    for name, entry in found["against"].items():
        assert entry["total_cash"] == right[name]["total_cash"]


def test_quantity_left_is_priced_as_a_backtest_prices_it(tmp_path: Path) -> None:
    """An order of 600 that filled 599 fewer: what is left costs the last opposite quote."""
    first = "\n".join(tca_example.EXAMPLE.read_text(encoding="utf-8").splitlines()[:2])
    (tmp_path / "one.csv").write_text(first + "\n")
    request = BacktestRequest(quantity=600, start="13:31:00", end="13:34:00")
    found = analyse_file(tmp_path / "one.csv", request).data["orders"][0]
    assert (found["filled"], found["leaves"]) == (8, 592)
    assert found["tca"]["shortfall"]["perold"]["opportunity"]["usd"] != 0
    parts = found["tca"]["shortfall"]
    for split in ("perold", "wagner"):
        assert sum(part["usd"] for part in parts[split].values()) == parts["total"]["usd"]


def test_columns_can_be_named(tmp_path: Path) -> None:
    frame = pd.read_csv(tca_example.EXAMPLE, dtype=str)
    odd = frame.rename(columns={"transact_time": "when", "last_px": "how much"})
    odd.to_csv(tmp_path / "odd.csv", index=False)
    names = {"time": "when", "price": "how much"}
    same = analyse_file(tmp_path / "odd.csv", BacktestRequest(), columns=names, compare=False).data["orders"]
    assert same == analyse_file(tca_example.EXAMPLE, BacktestRequest(), compare=False).data["orders"]


def test_kinds_that_are_not_said_are_found_by_the_quotes(tmp_path: Path) -> None:
    """Who pays the opposite best or more took."""
    pd.read_csv(tca_example.EXAMPLE, dtype=str).drop(columns="liquidity").to_csv(tmp_path / "bare.csv", index=False)
    found = analyse_file(tmp_path / "bare.csv", BacktestRequest(), only="B-1", compare=False)
    write_folder(found, tmp_path)
    fills = pd.read_csv(tmp_path / "fills.csv")
    took = fills.price > fills.mid + fills.spread / 2 - 1e-9
    assert took.any()
    assert not took.all()
    assert (took == (fills.kind == "taker")).all()


HEAD = "time,venue,side,price,size\n"
ROW = "2024-06-03T13:31:00.068638349Z,XNAS,buy,149.89,8\n"


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "no column for time"),
        (HEAD, {}, "the file has no fill"),
        ("time,venue,price,size\n2024-06-03T13:31:00Z,XNAS,149.89,8\n", {}, "no column says buy or sell"),
        (HEAD + ROW.replace("149.89", "cheap"), {}, "row 1: 'cheap' is not a price"),
        (HEAD + ROW.replace(",8", ",8.5"), {}, "row 1: '8.5' is not a whole number of shares"),
        (HEAD + ROW.replace(",8", ",-8"), {}, "a price and a size above 0"),
        (HEAD + ROW.replace("XNAS", "XXXX"), {}, "venue 'XXXX' is unknown"),
        (HEAD + ROW.replace("buy", "hold"), {}, "neither buy nor sell"),
        (HEAD + ROW + ROW.replace("buy", "sell"), {}, "has buys and sells"),
        (HEAD + ROW.replace("13:31", "33:31"), {}, "is not a time"),
        (HEAD + ROW.replace("2024", "2023"), {}, "tape"),
        (HEAD + ROW, {"quantity": 3}, "less than the 8 shares"),
        (HEAD + ROW, {"start": "13:35:00", "end": "13:36:00"}, "outside its window"),
    ],
)
def test_wrong_files_are_one_line(tmp_path: Path, text: str, options: dict[str, Any], says: str) -> None:
    (tmp_path / "fills.csv").write_text(text)
    with pytest.raises(InputError) as caught:
        analyse_file(tmp_path / "fills.csv", BacktestRequest(**options), compare=False)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_folder_has_all_fills(tmp_path: Path) -> None:
    found = analyse_file(tca_example.EXAMPLE, BacktestRequest(), compare=False)
    assert [path.name for path in write_folder(found, tmp_path)] == ["tca.json", "fills.csv"]
    fills = pd.read_csv(tmp_path / "fills.csv")
    sell = fills[(fills.order == "S-1") & (fills.kind == "maker")]
    effective = (2 * (sell.mid - sell.price) * sell["size"]).sum()
    said = next(row for row in found.data["orders"][1]["tca"]["spreads"] if row["kind"] == "maker")
    assert effective == pytest.approx(float(said["effective_usd"]))


def test_the_schema_is_what_the_types_say_and_explains_every_key() -> None:
    """Else: python -m sor.tca.types.schema"""
    assert FILE.read_text(encoding="utf-8") == schema_text(own_report_schema())
    Draft202012Validator.check_schema(own_report_schema())
    assert undescribed(own_report_schema()) == []


@pytest.fixture(scope="module")
def example() -> OwnReport:
    return analyse_file(tca_example.EXAMPLE, BacktestRequest())


def test_analyses_are_what_the_types_say(example: OwnReport, report: Report, kept: Path) -> None:
    """Of executions against strategies, some of them impossible, and of a router's own fills alone."""
    assert any(order["impossible"] for order in example.data["orders"])
    for found in (example.data, back(report, kept / "fills.csv", "X_M").data):
        Draft202012Validator(own_report_schema()).validate(plain(found))
        assert unknown(plain(found), own_report_schema()) == []
        msgspec.convert(found, OwnReportJson)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("fills", "rows"), 0),
        (("orders", 0, "side"), "b"),
        (("orders", 0, "total_cash"), "89954.1526"),
        (("orders", 0, "against", "X_M", "savings_bps"), "much"),
        (("orders", 0, "tca", "venues_606", 0, "shares_routed"), 0),
        (("orders", 0, "tca", "minutes", "filled"), None),
        (("orders", 1, "impossible", 0, "time"), "13:31:00"),
    ],
)
def test_other_analyses_are_refused(example: OwnReport, place: tuple[str | int, ...], value: Any) -> None:
    found, validator = plain(example.data), Draft202012Validator(own_report_schema())
    assert validator.is_valid(found)
    inner: Any = found
    for key in place[:-1]:
        inner = inner[key]
    right = inner[place[-1]]
    inner[place[-1]] = value
    assert not validator.is_valid(found)
    inner[place[-1]] = right
    del inner[place[-1]]
    assert not validator.is_valid(found)
