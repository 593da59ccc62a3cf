"""A report that the version before the transaction cost analysis wrote still opens, and its request makes it again."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sor import backtest
from sor.cli import run
from sor.comparison.compare import compare
from sor.report.files.saved import read_saved
from sor.report.report import Report

pytestmark = pytest.mark.usefixtures("tape_read_once")

OLD = Path(__file__).with_name("kept_before_tca")


def plain(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def test_it_opens_with_its_fills() -> None:
    saved, written = read_saved(OLD), plain(OLD / "report.json")
    assert "tca" not in written
    for key in ("headline", "request"):
        assert saved.data[key] == written[key]
    for name, entry in written["strategies"].items():
        assert {key: saved.data["strategies"][name][key] for key in entry} == entry
    assert saved.fills is not None
    assert len(saved.fills) == sum(entry.get("fills", 0) for entry in saved.data["strategies"].values())


def test_it_is_printed_and_made_into_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", str(OLD)], "sor") == 0
    assert "X_E against X_M" in capsys.readouterr().out
    assert run(["report", str(OLD), "--html", str(tmp_path / "old.html")], "sor") == 0
    assert "X_E" in (tmp_path / "old.html").read_text(encoding="utf-8")


def test_its_request_gives_its_figures_again() -> None:
    """What a newer version adds is beside them: the old keys have the old values."""
    old = plain(OLD / "report.json")
    new = json.loads(backtest(**old["request"]).to_json(), parse_float=Decimal)
    for name, entry in old["strategies"].items():
        assert {key: new["strategies"][name][key] for key in entry} == entry, name
    for key in ("order", "headline", "savings_vs_baselines_bps", "stream"):
        assert {inner: new[key][inner] for inner in old[key]} == old[key]
    for key in ("name", "rows", "files", "first", "last"):
        assert new["tape"][key] == old["tape"][key]


def test_it_is_compared_with_one_of_today() -> None:
    old = read_saved(OLD, with_fills=False).data
    today = backtest(**{**old["request"], "latency_us": 1_000})
    assert len(compare(OLD, today).data["reports"]) == 2


def test_a_request_makes_the_same_bytes_again(router_report: Report) -> None:
    again = backtest(**router_report.data["request"])
    assert again.to_json().encode() == router_report.to_json().encode()
    assert router_report.data["version"]
    for file in router_report.data["tape"]["files"]:
        assert file["rows"] > 0
        assert file["first"] < file["last"]
