"""Every fill on the path of the national best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sor.core.units import NANO
from sor.report.model import ReportData
from sor.report.pictures.strategies import strategy_colours, strategy_legend, window
from sor.report.pictures.style import FAINT, clock_axis, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sor.report.ledger import FillRecord


def fills_on_path(report: ReportData, ax: Axes) -> None:
    """The national best bid and ask over the window, and every fill on it; areas grow with shares."""
    title(ax, "Fills on the price path", "grey: best bid to best ask; areas are shares; hollow: made, cross: forced")
    start, end = window(report)
    path = [point for point in report.path if point.take is not None and point.rest is not None]
    seconds = [(point.ts - start) / NANO for point in path]
    take, rest = ([getattr(point, side) / NANO for point in path] for side in ("take", "rest"))
    ax.fill_between(seconds, take, rest, step="post", color=FAINT, linewidth=0.6, edgecolor="#BBBBBB", zorder=1)
    most = max((fill.qty for fill in report.fill_records), default=1)
    for name, (colour, marker) in reversed(list(strategy_colours(report).items())):
        fills = [fill for fill in report.fill_records if fill.strategy == name]
        for kind in ("take", "make", "forced"):
            _scatter(ax, [fill for fill in fills if fill.kind == kind], kind, colour, marker, start, most)
    clock_axis(ax, start, end)
    ax.set_ylabel("dollars")
    ax.margins(y=0.12)
    strategy_legend(report, ax)


def _scatter(ax: Axes, fills: Sequence[FillRecord], kind: str, colour: str, marker: str, start: int, most: int) -> None:
    if not fills:
        return
    ax.scatter(
        [(fill.ts - start) / NANO for fill in fills],
        [float(fill.px) for fill in fills],
        s=[14 + 110 * fill.qty / most for fill in fills],
        marker="X" if kind == "forced" else marker,
        facecolor="none" if kind == "make" else colour,
        edgecolor=colour if kind == "make" else "white",
        linewidth=1.2 if kind == "make" else 0.6,
        alpha=0.85,
        zorder=4,
        clip_on=False,
        rasterized=len(fills) > 2000,  # an SVG with a hundred thousand markers helps no one
    )
