"""`from sor import backtest`: typed options in, the report object out, the command line's sentences for mistakes."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import sor
from sor import Report, backtest
from sor.cli import run
from sor.errors import InputError
from sor.paths import bundled_tape
from sor.request import BacktestRequest

SIMPLE: dict[str, Any] = {"strategy": "static", "end": "13:32:00", "quantity": 1_200}


def test_what_the_package_offers() -> None:
    assert "backtest" in sor.__all__
    assert sor.backtest is backtest
    with pytest.raises(AttributeError, match="nonsense"):
        _ = sor.nonsense  # type: ignore[attr-defined]


def test_a_type_checker_sees_what_is_loaded_on_first_use() -> None:
    stub = Path(sor.__file__).with_suffix(".pyi").read_text()
    said = {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", stub, re.M)}
    assert said == sor._API  # type: ignore[attr-defined]
    assert (Path(sor.__file__).parent / "py.typed").exists()


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
    assert backtest(BacktestRequest(**SIMPLE)).to_json() == backtest(**SIMPLE).to_json()


def test_fees_as_a_mapping_are_the_fees_of_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "fees.json"
    path.write_text('{"2": {"take": 0.003, "make": 0.002}, "43": {"take": 0.0012}}')
    mapping = {2: {"take": 0.003, "make": 0.002}, 43: {"take": 0.0012}}
    one, other = (dict(backtest(**SIMPLE, fees=fees).data) for fees in (mapping, path))
    assert one.pop("request") != other.pop("request")  # the options as they were given
    assert one == other


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
    ("options", "args"),
    [
        ({"quantity": 0}, ["--quantity", "0"]),
        ({"interval": -1}, ["--interval", "-1"]),
        ({"strategy": "clever"}, ["--strategy", "clever"]),
        ({"tape": "missing.csv"}, ["--tape", "missing.csv"]),
        ({"start": "20:00:00"}, ["--start", "20:00:00"]),
    ],
)
def test_mistakes_have_the_command_lines_sentence(
    options: dict[str, Any], args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as caught:
        backtest(**options)
    assert run(["backtest", *args], "sor") == caught.value.exit_code == 2
    said = capsys.readouterr().err.replace("'0'", "0").replace("'-1'", "-1")
    assert said == f"sor: {caught.value}\n"


def test_an_unknown_keyword_has_the_sentence_of_an_unknown_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError) as caught:
        backtest(quanity=5)
    assert run(["backtest", "--quanity", "5"], "sor") == caught.value.exit_code == 2
    assert capsys.readouterr().err.replace("--", "").startswith(f"sor: {caught.value}")
    assert "'quantity'" in str(caught.value)


def test_no_bool_is_a_quantity() -> None:
    with pytest.raises(InputError, match="quantity"):
        backtest(quantity=True)
