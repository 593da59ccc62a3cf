"""Small tapes that went wrong once, each with its right outcome, from the file to the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sor import backtest
from sor.errors import InputError
from sor.tapes.info.facts import tape_info

CASES = Path(__file__).parents[1].parent / "shared" / "cases" / "tapes"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not beside the project")

BASE = "100021.0"  # what 1,000 shares of the plain tape cost


def run(name: str, **options: Any) -> dict[str, Any]:
    order: dict[str, Any] = {"quantity": 1000, "fees": "none", "strategy": "best_ask"} | options
    return dict(backtest(tape=CASES / name, **order).data)


@pytest.mark.parametrize(
    "name",
    [
        "base.csv",
        "a_lower.csv",
        "n_float_sizes.csv",
        "n_float_venue.csv",
        "n_some_noise.csv",
        "f_total_row.csv",
        "f_multi_padded.csv.gz",
        "f_zip.zip",
        "t_mixed_z_bare.csv",
    ],
)
def test_the_same_tape_in_other_clothes_gives_the_same_figures(name: str) -> None:
    report, plain = run(name), run("base.csv")
    assert str(report["optimized"]["total_cash"]) == BASE
    assert report["optimized"] == plain["optimized"]
    assert report["strategies"] == plain["strategies"]
    for fact in ("rows", "bad_rows", "snapshots", "quotes", "volume_in_window", "trades_in_window"):
        assert report["tape"][fact] == plain["tape"][fact]
    assert report["tape"]["volume_in_window"] == 1000


@pytest.mark.parametrize(
    ("name", "options", "cash", "filled", "forced"),
    [
        ("n_subpenny_raw.csv", {}, "5.00105", 1000, 0),
        ("x_zero_ask.csv", {"quantity": 300}, "3003.0", 300, 0),
        ("x_zero_bid.csv", {"quantity": 300, "side": "sell"}, "2997.0", 300, 0),
        ("y_consolidated.csv", {"quantity": 400}, "4004.0", 200, 200),
        ("y_without.csv", {"quantity": 400}, "4004.0", 200, 200),
    ],
)
def test_right_figures(name: str, options: dict[str, Any], cash: str, filled: int, forced: int) -> None:
    found = run(name, **options)["optimized"]
    assert (str(found["total_cash"]), found["filled"], found["forced"]) == (cash, filled, forced)


def test_feeds_of_an_exchange_have_its_fees() -> None:
    venues = run("v_equs_all.csv", fees=None)["optimized"]["venues"]
    assert {venue["name"] for venue in venues} == {"Nasdaq", "NYSE Arca", "Cboe EDGX"}
    assert all(venue["fees"] for venue in venues)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("n_tick_1e4.csv", "look scaled"),
        ("o_twice.csv", "50 of the 100 rows stand on the tape twice"),
        ("o_duplicated.csv", "50 of the 100 rows stand on the tape twice"),
        ("x_stub.csv", "that is no market"),
        ("x_crossed_nbbo.csv", "crossed for 100.0%"),
        ("y_subdollar.csv", "below one dollar"),
        ("y_consolidated.csv", "is the sum of venues"),
        ("f_total_row.csv", "Line 52 is a total"),
    ],
)
def test_what_figures_should_not_be_built_on_is_said(name: str, words: str) -> None:
    assert any(words in warning for warning in run(name, quantity=200)["warnings"])
    info = tape_info(CASES / name)
    assert any(words in text for text in [*info["looks_wrong"], *info["worth_knowing"], *info["left_out"]])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "t_epoch_ms.csv",
            'the times are milliseconds.*event = { read = \\["ts_event"\\], as = "ms" }.*--format ms.toml',
        ),
        ("pd_ids.csv", "stocks are named by instrument_id only.*--symbol-in"),
        ("pd_collide.csv", "stocks are named by instrument_id only.*--symbol-in"),
        ("d_two_days.csv", "holds a night.*--day 2024-06-03"),
    ],
)
def test_refused_with_what_to_do(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(name)


@pytest.mark.parametrize(("factor", "unit"), [("0.001", "seconds"), ("1000", "microseconds")])
def test_the_other_wrong_units_of_time_are_named_too(factor: str, unit: str, tmp_path: Path) -> None:
    rows = (CASES / "t_epoch_ms.csv").read_text().splitlines()
    tape = tmp_path / "epoch.csv"
    times = [(int(int(row.split(",", 1)[0]) * float(factor)), row.split(",", 1)[1]) for row in rows[1:]]
    tape.write_text("\n".join([rows[0], *(f"{ts},{rest}" for ts, rest in times)]) + "\n")
    with pytest.raises(InputError, match=f"the times are {unit}"):
        backtest(tape=tape, quantity=1000, fees="none", strategy="best_ask")


def test_an_offer_below_our_bid_fills_us_at_our_price() -> None:
    order = run("x_crossed_no_trade.csv", quantity=300, strategy="cont_kukanov")["strategies"]["X_L_2"]
    assert (sum(venue["made"] for venue in order["venues"]), order["forced"]) == (300, 0)
    assert order["avg_fill_px"] == 10


def test_a_night_before_the_order_changes_no_figure_of_it(tmp_path: Path) -> None:
    """100 rows with a night between them: only what the order's day can look back on is worked, from any file."""
    window: dict[str, Any] = {"start": "2024-06-03T13:30:00", "end": "2024-06-03T13:31:20", "strategy": "cont_kukanov"}
    rows = (CASES / "d_evening_start.csv").read_text().splitlines()
    tape = tmp_path / "d_evening_start.csv"
    tape.write_text("\n".join([rows[0], *(row for row in rows if row.startswith("2024-06-03"))]) + "\n")
    whole, alone = run("d_evening_start.csv", **window), backtest(tape=tape, quantity=1000, fees="none", **window).data
    assert whole["headline"] == alone["headline"]
    assert whole["strategies"] == alone["strategies"]
