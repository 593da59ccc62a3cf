"""The figure: M* over lambda_u as in Figure 2, and the cost of Table 1's allocations over K."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sor.errors import MissingExtraError
from sor.files.writing import whole_file
from sor.paper.reproduce import SIZE, MarketShareCurve, Table1Row, Threshold


def draw_figure(
    path: Path, curves: Sequence[MarketShareCurve], marks: Sequence[Threshold], rows: Sequence[Table1Row]
) -> None:
    """Write a PNG. MissingExtraError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("the figure of `sor paper`", "plot") from None
    figure = Figure(figsize=(11, 4.2), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    for index, (curve, mark) in enumerate(zip(curves, marks, strict=True)):
        colour = f"C{index}"
        left.plot(curve.lambda_under, curve.market_share, color=colour, label=curve.law)
        left.plot([mark.lower, mark.upper], [0, 1], "o", color=colour, markersize=5, clip_on=False, zorder=5)
    left.set_xlabel("lambda_under ($/share)")
    left.set_ylabel("market share of the order, M* / S")
    left.set_title("Figure 2: one venue (dots: thresholds)")
    left.legend(frameon=False, loc="lower right")
    left.margins(x=0)
    venues = [row.venues for row in rows]
    lines: list[tuple[str, list[float], str]] = [
        ("all market, X_M", [row.all_market for row in rows], "s:"),
        ("all limit at one venue, X_L", [row.all_limit for row in rows], "^:"),
        ("equal split, X_E", [row.equal_split for row in rows], "v:"),
        ("stochastic approximation", [row.approximation for row in rows], "x--"),
        ("optimum, X*", [row.optimum for row in rows], "o-"),
    ]
    for name, values, style in lines:
        right.plot(venues, values, style, label=name, markersize=5)
    right.set_xticks(venues)
    right.set_xlabel("venues, K")
    right.set_ylabel("expected cost (cents a share)")
    right.set_title(f"Table 1: S = {SIZE:,.0f}, common weight 0.6")
    right.legend(frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    with whole_file(path) as draft:
        figure.savefig(draft, format="png", metadata={"Software": None})
