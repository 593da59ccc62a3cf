"""What the panels share: the strategies that are drawn, in their colours, and the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sor.core.units import NANO, parse_time
from sor.report.format import chosen_strategy
from sor.report.model import ReportData
from sor.report.pictures.style import colours, legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_STRATEGIES = 5


def strategy_colours(report: ReportData) -> Mapping[str, tuple[str, str]]:
    """The strategies to draw: the chosen one, the baselines, and others while they can be told apart.

    Benchmarks have no fills to draw.
    """
    strategies, chosen = report.data["strategies"], chosen_strategy(report.data)
    first = (chosen, *report.data["baselines"])
    order = sorted(strategies, key=lambda name: first.index(name) if name in first else len(first))
    tradable = [name for name in order if strategies[name]["kind"] != "benchmark"]
    return colours(tradable[:MOST_STRATEGIES], chosen)


def window(report: ReportData) -> tuple[int, int]:
    order = report.data["order"]
    return parse_time(order["start"]), parse_time(order["end"])


def as_cost(report: ReportData, value: Decimal) -> Decimal:
    """A price difference as a cost: turned for a sell."""
    return value if report.data["order"]["side"] == "buy" else -value


def in_seconds(path: Sequence[tuple[int, float]], start: int) -> tuple[list[float], list[float]]:
    return [(ts - start) / NANO for ts, _ in path], [value for _, value in path]


def strategy_legend(report: ReportData, ax: Axes, *, bars: bool = False) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = strategy_colours(report)
    handles: list[Any] = [
        Patch(color=colour)
        if bars
        else Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=7, markeredgecolor="white")
        for colour, marker in names.values()
    ]
    legend_below(ax, handles, list(names))
