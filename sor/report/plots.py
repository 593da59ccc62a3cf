"""The report as pictures: four panels, each of which can be drawn alone on axes of the caller's.

Nothing here touches pyplot, the user's backend or settings, so it works without a screen and inside notebooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sor.core.units import NANO, parse_time
from sor.report.format import signed, window_words
from sor.report.model import ReportData
from sor.report.style import (
    FAINT,
    INK,
    QUIET,
    apart,
    clock_axis,
    colours,
    legend_below,
    look,
    picture,
    save,
    say,
    title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sor.report.ledger import FillRecord

__all__ = ["cumulative_cost", "fills_on_path", "overview", "save", "savings_split", "shares_by_venue"]

MOST_STRATEGIES = 5
MOST_VENUES = 8  # bars beyond which the smallest venues are shown together
PARTS = {"timing": "#BBBBBB", "placement": "#332288", "fees": "#DDCC77", "rebates": "#44AA99", "unfilled": "#FFFFFF"}
HATCHES = {"unfilled": "////"}
BARS: tuple[dict[str, Any], ...] = ({}, {"hatch": "/////", "linewidth": 0.8}, {"linewidth": 1.2})  # as in Done


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


def cumulative_cost(report: ReportData, ax: Axes) -> None:
    """Each strategy's cost so far, in bps of the whole order at the arrival price; it ends at its slippage.

    The grey line is the market: what the whole order would have cost at the best opposite quote of that moment.
    """
    order = report.data["order"]
    quote = "ask" if order["side"] == "buy" else "bid"
    title(ax, "Cumulative cost against the market", f"bps of the order at arrival; grey: all of it at the best {quote}")
    if order["arrival_px"] is None:
        return say(ax, "no arrival price")
    start, end = _window(report)
    whole = order["arrival_px"] * order["quantity"]
    market = [
        (point.ts, _bps(_turn(report, Decimal(point.take).scaleb(-9) - order["arrival_px"]), order["arrival_px"]))
        for point in report.path
        if point.take is not None
    ]
    ax.plot(*_xy(market, start), color="#AAAAAA", linewidth=1, drawstyle="steps-post", zorder=1)
    ax.axhline(0, color=QUIET, linewidth=0.8, zorder=1)
    last = {}
    for name, (colour, _) in reversed(list(_colours(report).items())):
        path = _running_cost(report, name, float(whole), start, end)
        chosen = name == _chosen(report)
        ax.plot(*_xy(path, start), color=colour, linewidth=2.4 if chosen else 1.6, drawstyle="steps-post", zorder=3)
        last[name] = path[-1][1]
    clock_axis(ax, start, end)
    ax.set_ylabel("bps (up costs more)")
    return _label_ends(report, ax, last, (end - start) / 1e9)


def fills_on_path(report: ReportData, ax: Axes) -> None:
    """The national best bid and ask over the window, and every fill on it; areas grow with shares."""
    title(ax, "Fills on the price path", "grey: best bid to best ask; areas are shares; hollow: made, cross: forced")
    start, end = _window(report)
    path = [point for point in report.path if point.take is not None and point.rest is not None]
    seconds = [(point.ts - start) / NANO for point in path]
    take, rest = ([getattr(point, side) / NANO for point in path] for side in ("take", "rest"))
    ax.fill_between(seconds, take, rest, step="post", color=FAINT, linewidth=0.6, edgecolor="#BBBBBB", zorder=1)
    most = max((fill.qty for fill in report.fill_records), default=1)
    for name, (colour, marker) in reversed(list(_colours(report).items())):
        fills = [fill for fill in report.fill_records if fill.strategy == name]
        for kind in ("take", "make", "forced"):
            _scatter(ax, [fill for fill in fills if fill.kind == kind], kind, colour, marker, start, most)
    clock_axis(ax, start, end)
    ax.set_ylabel("dollars")
    ax.margins(y=0.12)
    _legend(report, ax)


def shares_by_venue(report: ReportData, ax: Axes) -> None:
    """Where each strategy's shares were done; hatched: made, outlined: forced at the deadline."""
    title(ax, "Shares by venue", "solid: taken, hatched: made, outlined: forced at the deadline")
    rows = _venue_rows(report)
    if not rows:
        return say(ax, "no shares were done")
    names = _colours(report)
    height = 0.82 / len(names)
    widest = max(sum(done) for by_name in rows.values() for done in by_name.values())
    for i, (name, (colour, _)) in enumerate(names.items()):
        for y, by_name in enumerate(rows.values()):
            _bar(ax, y + (i - (len(names) - 1) / 2) * height, height * 0.88, by_name.get(name, (0, 0, 0)), colour)
            shares = sum(by_name.get(name, (0, 0, 0)))
            if shares and len(rows) * len(names) <= 24:
                _bar_label(ax, shares, y + (i - (len(names) - 1) / 2) * height, widest)
    ax.set_yticks(range(len(rows)), list(rows))
    spare = max(0, 3 - len(rows)) / 2  # one venue's bars need not fill the panel
    ax.set_ylim(len(rows) - 0.5 + spare, -0.5 - spare)
    ax.set_xlim(0, widest * 1.12)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel("shares", loc="right")
    return _legend(report, ax, bars=True)


def savings_split(report: ReportData, ax: Axes) -> None:
    """What the chosen strategy saves against each baseline, split as the costs are; the dot is the whole.

    In bps of the whole order at the arrival price. `unfilled` is what a limit price left undone. A benchmark cannot
    be traded, so it has no split.
    """
    chosen = _chosen(report)
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


# -- cumulative cost ---------------------------------------------------------------------------------------------------


def _running_cost(report: ReportData, name: str, whole: float, start: int, end: int) -> list[tuple[int, float]]:
    """(time, cost so far in bps of the whole), from (start, 0) to the end of the window."""
    arrival = report.data["order"]["arrival_px"]
    cost, path = Decimal(0), [(start, 0.0)]
    for fill in report.fill_records:
        if fill.strategy == name:
            cost += _turn(report, fill.px - arrival) * fill.qty + fill.fee
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
            color=_colours(report)[name][0],
            fontweight="bold" if name == _chosen(report) else "normal",
        )
    ax.set_ylim(low, high)


# -- fills -------------------------------------------------------------------------------------------------------------


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


# -- venues ------------------------------------------------------------------------------------------------------------

Done = tuple[int, int, int]  # taken, made, forced


def _venue_rows(report: ReportData) -> dict[str, dict[str, Done]]:
    """By venue's name, largest first, then by strategy; the smallest venues together in the last row."""
    found: dict[int, dict[str, Done]] = {}
    names: dict[int, str] = {}
    for name in _colours(report):
        for venue in report.data["strategies"][name]["venues"]:
            names[venue["publisher_id"]] = venue["name"] or f"venue {venue['publisher_id']}"
            done = (venue["taken"], venue["made"], venue["forced"])
            found.setdefault(venue["publisher_id"], {})[name] = done
    ranked = sorted(found, key=lambda venue: (-sum(sum(done) for done in found[venue].values()), venue))
    shown = ranked if len(ranked) <= MOST_VENUES else ranked[: MOST_VENUES - 1]
    rows = {names[venue]: found[venue] for venue in shown}
    if others := ranked[len(shown) :]:
        rows[f"{len(others)} others"] = {
            name: _added(found[v].get(name, (0, 0, 0)) for v in others) for name in _colours(report)
        }
    return rows


def _added(parts: Any) -> Done:
    taken, made, forced = (sum(column) for column in zip(*parts, strict=True))
    return taken, made, forced


def _bar(ax: Axes, y: float, height: float, done: Done, colour: str) -> None:
    left = 0
    for shares, dress in zip(done, BARS, strict=True):
        if shares:
            edge: dict[str, Any] = {"edgecolor": colour, "facecolor": "white"} if dress else {"color": colour}
            ax.barh(y, shares, height=height, left=left, **edge, **dress)
        left += shares


def _bar_label(ax: Axes, shares: int, y: float, widest: int) -> None:
    ax.text(shares + widest * 0.012, y, f"{shares:,}", va="center", fontsize=8, color=QUIET)


# -- savings -----------------------------------------------------------------------------------------------------------


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


# -- what the panels share ---------------------------------------------------------------------------------------------


def _headline(report: ReportData) -> str:
    order, tape = report.data["order"], report.data["tape"]
    limit = "" if order.get("limit_price") is None else f" limit {order['limit_price']}"
    return (
        f"{order['side'].capitalize()} {order['quantity']:,} {tape['symbol'] or 'shares'}{limit}   "
        f"{window_words(report.data)}   ({tape['name'] or 'stream'})"
    )


def _chosen(report: ReportData) -> str:
    return str(report.data["rules"]["strategy"])


def _colours(report: ReportData) -> Mapping[str, tuple[str, str]]:
    """The strategies to draw: the chosen one, the baselines, and others while they can be told apart.

    Benchmarks have no fills to draw.
    """
    strategies, chosen = report.data["strategies"], _chosen(report)
    first = (chosen, *report.data["baselines"])
    order = sorted(strategies, key=lambda name: first.index(name) if name in first else len(first))
    tradable = [name for name in order if strategies[name]["kind"] != "benchmark"]
    return colours(tradable[:MOST_STRATEGIES], chosen)


def _window(report: ReportData) -> tuple[int, int]:
    order = report.data["order"]
    return parse_time(order["start"]), parse_time(order["end"])


def _turn(report: ReportData, value: Decimal) -> Decimal:
    """A price difference as a cost: turned for a sell."""
    return value if report.data["order"]["side"] == "buy" else -value


def _bps(part: Decimal, whole: Decimal) -> float:
    return float(part / abs(whole)) * 1e4


def _xy(path: Sequence[tuple[int, float]], start: int) -> tuple[list[float], list[float]]:
    return [(ts - start) / NANO for ts, _ in path], [value for _, value in path]


def _legend(report: ReportData, ax: Axes, *, bars: bool = False) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = _colours(report)
    handles: list[Any] = [
        Patch(color=colour)
        if bars
        else Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=7, markeredgecolor="white")
        for colour, marker in names.values()
    ]
    legend_below(ax, handles, list(names))
