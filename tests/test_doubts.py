"""What figures should not be built on is said: in reports, and by `sor data info`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sor import backtest
from sor.paths import bundled_tape
from sor.tapes.convert import convert
from sor.tapes.info.facts import tape_info

pytestmark = pytest.mark.usefixtures("tape_read_once")

CASES = Path(__file__).resolve().parents[1].parent / "shared" / "cases" / "tapes"
needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the small tapes are not beside the repository")

WRONG = [
    ("x_crossed_nbbo", {}, ["crossed for 100.0%", "venue 2 (Nasdaq)", "venue 8 (Cboe EDGX)"]),
    ("x_stub", {"quantity": 300}, ["0.01 to 199999.99", "no market"]),
    ("y_subdollar", {}, ["below one dollar", "0.49"]),
    ("n_tick_1e4", {}, ["look scaled"]),
    ("o_twice", {}, ["50 of the 100 rows stand on the tape twice"]),
    ("o_duplicated", {}, ["50 of the 100 rows stand on the tape twice"]),
]


@needs_cases
@pytest.mark.parametrize(("name", "options", "words"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_report_says_it_and_so_does_data_info(
    name: str, options: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    tape = CASES / f"{name}.csv"
    order: dict[str, Any] = {"quantity": 1000, "fees": "none"} | options
    report = backtest(tape=tape, strategy="twap", **order)
    info = tape_info(tape)
    for said in (report.data["warnings"], info["looks_wrong"]):
        assert any(all(word in sentence for word in words) for sentence in said), said
    convert(tape, tmp_path / f"{name}.parquet")
    again = backtest(tape=tmp_path / f"{name}.parquet", strategy="twap", **order)
    assert again.data["warnings"] == report.data["warnings"]
    assert again.data["strategies"] == report.data["strategies"]


@needs_cases
@pytest.mark.parametrize(("name", "side"), [("x_zero_ask", "buy"), ("x_zero_bid", "sell")])
def test_a_price_of_zero_is_no_quote(name: str, side: str) -> None:
    report = backtest(tape=CASES / f"{name}.csv", strategy="best_ask", quantity=300, side=side, fees="none")
    assert report.data["optimized"]["avg_fill_px"] > 9


@needs_cases
def test_a_stale_quote_is_left_out_and_the_book_is_no_longer_crossed() -> None:
    tape = CASES / "x_crossed_nbbo.csv"
    # The two venues speak a millisecond apart, every second: neither is stale.
    with_all = backtest(tape=tape, strategy="twap", quantity=100, fees="none", stale_crossed=10)
    assert any("crossed" in sentence for sentence in with_all.data["warnings"])
    without = backtest(tape=tape, strategy="twap", quantity=100, fees="none", stale_crossed="0.0005")
    assert with_all.data["rules"]["stale_crossed_s"] == 10
    shares = [sentence for sentence in without.data["warnings"] if "crossed" in sentence]
    assert all("100.0%" not in sentence for sentence in shares)


def test_a_venue_without_a_fee_is_said_unless_no_fees_were_wanted() -> None:
    def said(fees: Any) -> list[str]:
        report = backtest(strategy="twap", quantity=100, fees=fees)
        return [sentence for sentence in report.data["warnings"] if "fee" in sentence]

    assert said(None) == []
    assert said("none") == []
    [sentence] = said({2: {"take": 0.003, "make": 0.002}})
    assert "venue 8 (Cboe EDGX)" in sentence
    assert "venue 2" not in sentence


def test_nothing_is_said_of_the_bundled_tape() -> None:
    assert tape_info(bundled_tape())["looks_wrong"] == []


@needs_cases
def test_fees_below_a_dollar_are_a_part_of_the_value() -> None:
    """0.30 % of 0.50 dollars is 0.0015 a share, not 0.003."""
    report = backtest(tape=CASES / "y_subdollar.csv", strategy="best_ask", quantity=1000)
    assert report.data["optimized"]["fees"] == Decimal("1.5")


@needs_cases
def test_other_publishers_of_an_exchange_pay_its_fees() -> None:
    found = backtest(tape=CASES / "v_equs_all.csv", strategy="twap", quantity=300)
    assert found.data["optimized"]["fees"] == Decimal("0.9")
    assert not any("No fee" in sentence for sentence in found.data["warnings"])
