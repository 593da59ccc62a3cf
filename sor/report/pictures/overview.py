"""The report as one picture of four panels, each of which can be drawn alone on axes of the caller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sor.report.format import side_and_shares, window_words
from sor.report.model import ReportData
from sor.report.pictures.cost_path import cumulative_cost
from sor.report.pictures.fills_path import fills_on_path
from sor.report.pictures.savings_bars import savings_split
from sor.report.pictures.style import INK, look, picture
from sor.report.pictures.venue_bars import shares_by_venue

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def overview(report: ReportData) -> Figure:
    """All four panels with a headline."""
    with look():
        figure = picture(13, 8.6)
        axes = figure.subplots(2, 2)
        figure.get_layout_engine().set(w_pad=0.18, h_pad=0.14, wspace=0.02, hspace=0.03)  # type: ignore[union-attr, call-arg]
        figure.suptitle(_headline(report), x=0.014, ha="left", fontsize=13.5, fontweight="bold", color=INK)
        for draw, ax in zip((cumulative_cost, fills_on_path, shares_by_venue, savings_split), axes.flat, strict=True):
            draw(report, ax)
    return figure


def _headline(report: ReportData) -> str:
    price = report.data["order"].get("limit_price")
    limit = "" if price is None else f" limit {price}"
    return (
        f"{side_and_shares(report.data)}{limit}   {window_words(report.data)}   "
        f"({report.data['tape']['name'] or 'stream'})"
    )
