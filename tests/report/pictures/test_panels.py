"""The pictures: they say what the report says, for any report, and leave the user's matplotlib as it was."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure

from sor.report.pictures.cost_path import cumulative_cost
from sor.report.pictures.fills_path import fills_on_path
from sor.report.pictures.savings_bars import _parts, savings_split
from sor.report.pictures.style import apart, colours
from sor.report.pictures.venue_bars import shares_by_venue
from sor.report.report import Report

PANELS = [cumulative_cost, fills_on_path, shares_by_venue, savings_split]


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for ax in figure.axes for text in [*ax.texts, *ax.get_yticklabels(), ax.title])


def test_four_panels_that_can_be_drawn(router_report: Report) -> None:
    figure = router_report.plot()
    assert len(figure.axes) == 4
    out = BytesIO()
    figure.savefig(out, format="png")
    assert out.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("draw", PANELS)
def test_each_panel_can_be_drawn_alone(router_report: Report, draw: Callable[..., None]) -> None:
    figure = Figure()
    ax = figure.subplots()
    draw(router_report, ax)
    figure.canvas.draw()
    assert ax.get_title(loc="left").strip()


def test_costs_end_at_the_slippage(static_report: Report) -> None:
    figure = Figure()
    ax = figure.subplots()
    cumulative_cost(static_report, ax)
    ends = {line.get_color(): float(line.get_ydata()[-1]) for line in ax.lines}  # type: ignore[index, arg-type]
    strategies = static_report.data["strategies"]
    for name, (colour, _) in colours(["static", "best_ask", "twap"], "static").items():
        assert ends[colour] == pytest.approx(float(strategies[name]["slippage_bps"]), abs=1e-6)


def test_savings_are_written_beside_the_bars(static_report: Report) -> None:
    shown = texts(static_report.plot())
    for saved in static_report.data["savings_vs_baselines_bps"].values():
        assert f"{saved:+.2f} bps" in shown


def test_the_parts_of_a_saving_add_up_to_it(router_report: Report) -> None:
    data = router_report.data
    mine = _parts(router_report, data["optimized"])
    theirs = _parts(router_report, data["baselines"]["best_ask"])
    assert mine is not None
    assert theirs is not None
    saved = sum(theirs.values()) - sum(mine.values())
    assert saved == pytest.approx(float(data["savings_vs_baselines_bps"]["best_ask"]), rel=0.01)
    assert sum(mine.values()) == pytest.approx(float(data["optimized"]["implementation_shortfall_bps"]), abs=1e-5)


def test_the_shares_of_the_bars_are_those_of_the_report(static_report: Report) -> None:
    figure = Figure()
    ax = figure.subplots()
    shares_by_venue(static_report, ax)
    drawn = sum(bar.get_width() for bar in ax.patches)  # type: ignore[attr-defined]
    entries = [e for e in static_report.data["strategies"].values() if e["kind"] == "strategy"]
    assert drawn == sum(entry["filled"] + entry["forced"] for entry in entries)


@pytest.mark.parametrize(
    "options",
    [
        {"asks": False},
        {"side": "sell"},
        {"limit_price": "1"},
        {"limit_price": "100.02"},
        {"quantity": 1},
        {"quantity": 10_000_000},
        {"strategy": "best_ask"},
        {"strategy": "cont_kukanov"},
        {"start": "13:36:40", "end": "13:36:40"},
    ],
)
def test_odd_reports_have_pictures(made: Callable[..., Report], options: dict[str, Any]) -> None:
    made(**options).plot().savefig(BytesIO(), format="svg")


def test_settings_are_as_before(static_report: Report) -> None:
    before = dict(rcParams)
    static_report.plot()
    assert dict(rcParams) == before


def test_no_window_no_pyplot_no_backend() -> None:
    code = """
import sys
import matplotlib
from sor import backtest
report = backtest(strategy="static", end="13:31:00")
report.plot()
print("matplotlib.pyplot" in sys.modules, dict.__getitem__(matplotlib.rcParams, "backend"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pyplot, backend = done.stdout.split(maxsplit=1)
    assert pyplot == "False"
    assert "object object" in backend  # matplotlib has not had to choose one


def test_notebooks_can_show_it(static_report: Report) -> None:
    assert static_report.plot()._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_colours_and_markers_tell_strategies_apart() -> None:
    names = ["a", "b", "c", "d", "e"]
    given = colours(names, "c")
    assert set(given) == set(names)
    assert len({colour for colour, _ in given.values()}) == len({marker for _, marker in given.values()}) == 5


def test_labels_are_moved_apart() -> None:
    heights = apart({"a": 1.0, "b": 1.0, "c": 1.05, "d": 9.0}, 0.5)
    ordered = sorted(heights.values())
    assert min(b - a for a, b in itertools.pairwise(ordered)) >= 0.49
    assert heights["d"] == 9.0
