"""Each strategy's cost so far against the market."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from sor.report.format import chosen_strategy, signed
from sor.report.model import ReportData
from sor.report.pictures.strategies import as_cost, in_seconds, strategy_colours, window
from sor.report.pictures.style import QUIET, apart, clock_axis, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cumulative_cost(report: ReportData, ax: Axes) -> None:
    """Each strategy's cost so far, in bps of the whole order at the arrival price; it ends at its slippage.

    The grey line is the market: what the whole order would have cost at the best opposite quote of that moment.
    """
    order = report.data["order"]
    quote = "ask" if order["side"] == "buy" else "bid"
    title(ax, "Cumulative cost against the market", f"bps of the order at arrival; grey: all of it at the best {quote}")
    if order["arrival_px"] is None:
        return say(ax, "no arrival price")
    start, end = window(report)
    whole = order["arrival_px"] * order["quantity"]
    market = [
        (point.ts, _bps(as_cost(report, Decimal(point.take).scaleb(-9) - order["arrival_px"]), order["arrival_px"]))
        for point in report.path
        if point.take is not None
    ]
    ax.plot(*in_seconds(market, start), color="#AAAAAA", linewidth=1, drawstyle="steps-post", zorder=1)
    ax.axhline(0, color=QUIET, linewidth=0.8, zorder=1)
    last = {}
    for name, (colour, _) in reversed(list(strategy_colours(report).items())):
        path = _running_cost(report, name, float(whole), start, end)
        chosen = name == chosen_strategy(report.data)
        ax.plot(
            *in_seconds(path, start), color=colour, linewidth=2.4 if chosen else 1.6, drawstyle="steps-post", zorder=3
        )
        last[name] = path[-1][1]
    clock_axis(ax, start, end)
    ax.set_ylabel("bps (up costs more)")
    return _label_ends(report, ax, last, (end - start) / 1e9)


def _running_cost(report: ReportData, name: str, whole: float, start: int, end: int) -> list[tuple[int, float]]:
    """(time, cost so far in bps of the whole), from (start, 0) to the end of the window."""
    arrival = report.data["order"]["arrival_px"]
    cost, path = Decimal(0), [(start, 0.0)]
    for fill in report.fill_records:
        if fill.strategy == name:
            cost += as_cost(report, fill.px - arrival) * fill.qty + fill.fee
            path.append((fill.ts, float(cost) / abs(whole) * 1e4))
    return [*path, (end, path[-1][1])]


def _label_ends(report: ReportData, ax: Axes, last: Mapping[str, float], span: float) -> None:
    """Each line's name and value at its end, where the eye arrives, instead of a legend."""
    low, high = ax.get_ylim()
    heights = apart(last, (high - low) * 0.062)
    for name, height in heights.items():
        ax.annotate(
            f"{name} {signed(last[name])}",
            (span * 1.03, height),
            annotation_clip=False,
            va="center",
            color=strategy_colours(report)[name][0],
            fontweight="bold" if name == chosen_strategy(report.data) else "normal",
        )
    ax.set_ylim(low, high)


def _bps(part: Decimal, whole: Decimal) -> float:
    return float(part / abs(whole)) * 1e4
