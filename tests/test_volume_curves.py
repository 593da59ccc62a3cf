"""Volume curves from files, and schedules on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sor import backtest
from sor.cli import run
from sor.core.schedules import SCHEDULES
from sor.core.units import NANO
from sor.errors import InputError
from sor.options.zones import Zone
from sor.paths import bundled_tape
from sor.volume_curves import read_curve

pytestmark = pytest.mark.usefixtures("tape_read_once")

SHORT: dict[str, Any] = {"end": "13:32:00", "quantity": 900}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "curve.csv"
    path.write_text("time,volume\n09:30,300\n09:31,100\n09:31:30,0\n")
    return path


def test_a_table_by_hand(table: Path) -> None:
    curve = read_curve(str(table))
    begin = 9 * 3600 + 30 * 60
    assert [edge // NANO - begin for edge in curve.edges] == [0, 60, 90, 120]
    assert curve.totals == (0, 300, 400, 400)
    assert curve.traded((begin + 75) * NANO) == 350
    day = Zone.named("America/New_York").parse("2024-06-03T00:00:00")
    assert curve.midnight(day + begin * NANO) == day


def test_a_tape_is_counted_by_minute() -> None:
    curve = read_curve(str(bundled_tape()))
    facts = backtest(strategy="twap").data["order"]
    assert curve.until is not None
    assert curve.edges[0] // NANO == 9 * 3600 + 30 * 60
    assert len(curve.edges) == 11
    assert curve.totals[-1] == pytest.approx(5_000 / float(facts["participation"]), rel=1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,volume\n09:30,1\n", "fewer than two lines"),
        ("time,volume\n09:30,1\n09:30,2\n", "line 3: times must rise"),
        ("time,volume\n09:30,-1\n09:31,2\n", "line 2: times must rise, shares be 0 or more"),
        ("time,volume\nmorning,1\n", "line 2: write HH:MM,SHARES"),
    ],
)
def test_a_table_that_is_wrong_is_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_curve(str(path))


def test_a_curve_of_the_orders_own_day_looks_ahead_and_is_refused() -> None:
    with pytest.raises(InputError, match="name an earlier day"):
        backtest(strategy="vwap_schedule", param={"curve": bundled_tape()}, **SHORT)
    with pytest.raises(InputError, match=r"curve no\.csv: cannot be read"):
        backtest(strategy="vwap_schedule", param={"curve": "no.csv"}, **SHORT)
    with pytest.raises(InputError, match="it needs --param curve=VALUE"):
        backtest(strategy="vwap_schedule", **SHORT)


def test_a_flat_curve_is_x_m_and_its_folder_is_in_no_report(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("time,volume\n09:30,70\n09:31,70\n09:32,70\n")
    found = backtest(strategy="vwap_schedule", param={"curve": path}, **SHORT).data
    mine, market = found["strategies"]["vwap_schedule"], found["strategies"]["X_M"]
    assert mine["total_cash"] == market["total_cash"]
    assert found["headline"]["mean_savings_bps"] == 0
    assert found["request"]["param"] == {"curve": "flat.csv"}


@pytest.mark.parametrize(
    "words", [["pov", "--param", "router=delay", "--param", "c=0.01"], pytest.param(["is"], marks=pytest.mark.long)]
)
def test_schedules_are_found_by_name_and_pass_the_check(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["strategy", "list"], "sor") == 0
    assert set(SCHEDULES) <= set(capsys.readouterr().out.split())
    assert run(["strategy", "check", *words], "sor") == 0
    assert "no look-ahead" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pov", "--param", "rate=2"], "pov: rate must be above 0 and at most 1"),
        (["pov", "--param", "router=is"], "router 'is' is none"),
        (["pov", "--param", "c=1"], "there is no parameter 'c': it takes rate, router"),
        (["is", "--param", "eta=0"], "eta above 0"),
        (["is", "--param", "router=delay", "--param", "d=1"], "strategy delay: there is no parameter 'd'"),
    ],
)
def test_each_mistake_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "--json", "--strategy", *words], "sor") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_a_router_inside_a_schedule_rests_and_several_orders_are_worked(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["backtest", "--json", "--strategy", "is", "--param", "router=proportional_update", "--orders", "2"]
    assert run([*words, "--end", "13:32:00", "--quantity", "900"], "sor") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["optimized"]["making_share"] > 0
    assert found["orders"]["count"] == 2
