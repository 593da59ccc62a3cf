"""What the chosen strategy saves against each baseline, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sor.report.format import chosen_strategy, signed
from sor.report.model import ReportData
from sor.report.pictures.style import INK, QUIET, legend_below, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes


PARTS = {"timing": "#BBBBBB", "placement": "#332288", "fees": "#DDCC77", "rebates": "#44AA99", "unfilled": "#FFFFFF"}
HATCHES = {"unfilled": "////"}


def savings_split(report: ReportData, ax: Axes) -> None:
    """What the chosen strategy saves against each baseline, split as the costs are; the dot is the whole.

    In bps of the whole order at the arrival price. `unfilled` is what a limit price left undone. A benchmark cannot
    be traded, so it has no split.
    """
    chosen = chosen_strategy(report.data)
    title(ax, f"What {chosen} saves, and by what", "bps of the order at arrival; dot: the sum; timing is luck")
    data = report.data
    mine = _parts(report, data["optimized"])
    others = {name: entry for name, entry in data["baselines"].items() if name != chosen}
    rows = [(name, entry, _parts(report, entry)) for name, entry in others.items()]
    if mine is None or all(theirs is None for _, _, theirs in rows):
        return say(ax, "no costs to compare")
    seen: dict[str, Any] = {}
    for y, (name, entry, theirs) in enumerate(rows):
        if theirs is None:
            continue
        total = sum(theirs.values()) - sum(mine.values())
        if entry["kind"] == "benchmark":
            ax.barh(y, total, height=0.5, facecolor="white", edgecolor=QUIET, linewidth=1, linestyle=(0, (3, 2)))
            edge = total
        else:
            ends = _stack(ax, y, {part: theirs[part] - mine[part] for part in PARTS}, seen)
            edge = ends[total > 0]
        _sum(ax, y, total, edge, data["savings_vs_baselines_bps"].get(name))
    _label_baselines(ax, rows)
    return _parts_legend(ax, seen)


def _parts(report: ReportData, entry: Mapping[str, Any]) -> dict[str, float] | None:
    """A strategy's cost in bps of the whole order at the arrival price, in parts that add up to its shortfall."""
    order = report.data["order"]
    shortfall = entry["implementation_shortfall_bps"]
    if order["arrival_px"] is None or shortfall is None:
        return None
    if entry["kind"] == "benchmark" or entry["timing_bps"] is None:
        return dict.fromkeys(PARTS, 0.0) | {"unfilled": float(shortfall)}
    share = (entry["filled"] + entry["forced"]) / order["quantity"]
    whole = abs(float(order["arrival_px"])) * order["quantity"]
    parts = {
        "timing": float(entry["timing_bps"]) * share,
        "placement": float(entry["placement_bps"]) * share,
        "fees": float(entry["fees"]) / whole * 1e4,
        "rebates": -float(entry["rebates"]) / whole * 1e4,
    }
    unfilled = float(shortfall) - sum(parts.values())
    return parts | {"unfilled": unfilled if share < 1 else 0.0}


def _stack(ax: Axes, y: float, parts: Mapping[str, float], seen: dict[str, Any]) -> dict[bool, float]:
    """Gains to the right of zero, losses to the left; returns how far right (True) and left the bars reach."""
    edge = {True: 0.0, False: 0.0}
    for part, value in parts.items():
        if abs(value) < 1e-9:
            continue
        bars = ax.barh(
            y,
            value,
            height=0.5,
            left=edge[value > 0],
            facecolor=PARTS[part],
            edgecolor=QUIET if part == "unfilled" else "white",
            hatch=HATCHES.get(part),
            linewidth=0.6,
        )
        edge[value > 0] += value
        seen.setdefault(part, bars)
    return edge


def _sum(ax: Axes, y: float, total: float, edge: float, saved: Decimal | None) -> None:
    """A dot at the sum, and the report's figure beyond the end of the bars on that side."""
    ax.plot(total, y, marker="o", color=INK, markersize=6, markeredgecolor="white", zorder=5, clip_on=False)
    away = 1 if total > 0 else -1
    ax.annotate(
        f"{signed(saved)} bps",
        (edge, y),
        xytext=(8 * away, 0),
        textcoords="offset points",
        ha="left" if total > 0 else "right",
        va="center",
        fontweight="bold",
        color=INK,
    )


def _label_baselines(ax: Axes, rows: Sequence[tuple[str, Mapping[str, Any], Any]]) -> None:
    ax.axvline(0, color=INK, linewidth=0.9)
    low, high = ax.get_xlim()
    room = (high - low) * 0.3  # for the figures beside the bars
    ax.set_xlim(low - (room if low < 0 else 0), high + (room if high > 0 else 0))
    labels = [f"{name}\n(benchmark)" if entry["kind"] == "benchmark" else name for name, entry, _ in rows]
    ax.set_yticks(range(len(rows)), labels)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("bps saved (right is cheaper)", loc="right")


def _parts_legend(ax: Axes, seen: Mapping[str, Any]) -> None:
    from matplotlib.lines import Line2D

    keys = {part: seen[part] for part in PARTS if part in seen}
    dot = Line2D([], [], color=INK, marker="o", linestyle="none", markersize=6, markeredgecolor="white")
    legend_below(ax, [*keys.values(), dot], [*keys, "sum"])
