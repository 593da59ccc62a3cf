"""`from sor import backtest`: typed wishes in, the report object out, and the command line's sentences for mistakes."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import sor
from sor import Report, backtest
from sor.bundled import bundled_tape
from sor.cli import run
from sor.errors import InputError
from sor.request import Request

SIMPLE: dict[str, Any] = {"strategy": "static", "end": "13:32:00", "quantity": 1_200}


def test_what_the_package_offers() -> None:
    assert "backtest" in sor.__all__
    assert sor.backtest is backtest
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sor.nonsense


def test_a_backtest_returns_a_report() -> None:
    report = backtest(**SIMPLE)
    assert isinstance(report, Report)
    assert report.data["order"]["quantity"] == 1_200
    assert json.loads(report.to_json())["version"] == sor.__version__
    assert list(report.to_frame().index)[:3] == ["best_ask", "twap", "static"]
    assert report.fills["qty"].sum() == 3 * 1_200


def test_a_report_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        backtest(**SIMPLE).data = {}  # type: ignore[misc]


@pytest.mark.parametrize(
    "same",
    [
        {"quantity": "1200", "interval": "60"},
        {"quantity": 1200.0, "interval": 60.0, "latency_us": 0},
        {"quantity": Decimal(1200), "fees": None, "profile": "default"},
        {"tape": bundled_tape()},
        {"tape": str(bundled_tape()), "lambda_over": "0.02,0.04"},
    ],
)
def test_the_type_of_a_wish_does_not_matter(same: dict[str, Any]) -> None:
    wanted, got = backtest(**SIMPLE).data, backtest(**(SIMPLE | same)).data
    assert got["strategies"] == wanted["strategies"]
    assert got["order"] == wanted["order"]


def test_a_request_is_the_same_as_its_fields() -> None:
    assert backtest(Request(**SIMPLE)).to_json() == backtest(**SIMPLE).to_json()


def test_fees_as_a_mapping_are_the_fees_of_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "fees.json"
    path.write_text('{"2": {"take": 0.003, "make": 0.002}, "43": {"take": 0.0012}}')
    mapping = {2: {"take": 0.003, "make": 0.002}, 43: {"take": 0.0012}}
    assert backtest(**SIMPLE, fees=mapping).to_json() == backtest(**SIMPLE, fees=path).to_json()


def test_progress_is_told_up_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    backtest(**SIMPLE, progress=lambda done, total: seen.append((done, total)))
    assert seen
    assert seen[-1][0] == seen[-1][1] == bundled_tape().stat().st_size


def test_parquet_and_csv_give_the_same_figures(tmp_path: Path) -> None:
    from sor.tapes.convert import convert

    out = tmp_path / "tape.parquet"
    convert(bundled_tape(), out)
    ours, theirs = backtest(**SIMPLE).data, backtest(**SIMPLE, tape=out).data
    for key in ("strategies", "order", "savings_vs_baselines_bps", "stream", "warnings"):
        assert ours[key] == theirs[key]


@pytest.mark.parametrize(
    ("wishes", "args"),
    [
        ({"quantity": 0}, ["--quantity", "0"]),
        ({"interval": -1}, ["--interval", "-1"]),
        ({"strategy": "clever"}, ["--strategy", "clever"]),
        ({"tape": "missing.csv"}, ["--tape", "missing.csv"]),
        ({"start": "20:00:00"}, ["--start", "20:00:00"]),
    ],
)
def test_mistakes_have_the_command_lines_sentence(
    wishes: dict[str, Any], args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as caught:
        backtest(**wishes)
    assert run(["backtest", *args], "sor") == caught.value.exit_code == 2
    said = capsys.readouterr().err.replace("'0'", "0").replace("'-1'", "-1")
    assert said == f"sor: {caught.value}\n"


def test_an_unknown_wish_is_pythons_own_error() -> None:
    with pytest.raises(TypeError, match="quanity"):
        backtest(quanity=5)


def test_no_bool_is_a_quantity() -> None:
    with pytest.raises(InputError, match="quantity"):
        backtest(quantity=True)
