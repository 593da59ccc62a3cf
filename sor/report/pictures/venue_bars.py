"""Where the shares were done, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sor.report.model import ReportData
from sor.report.pictures.strategies import strategy_colours, strategy_legend
from sor.report.pictures.style import QUIET, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MOST_VENUES = 8  # bars beyond which the smallest venues are shown together
BARS: tuple[dict[str, Any], ...] = ({}, {"hatch": "/////", "linewidth": 0.8}, {"linewidth": 1.2})  # as in Done
Done = tuple[int, int, int]  # taken, made, forced


def shares_by_venue(report: ReportData, ax: Axes) -> None:
    """Where each strategy's shares were done; hatched: made, outlined: forced at the deadline."""
    title(ax, "Shares by venue", "solid: taken, hatched: made, outlined: forced at the deadline")
    rows = _venue_rows(report)
    if not rows:
        return say(ax, "no shares were done")
    names = strategy_colours(report)
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
    return strategy_legend(report, ax, bars=True)


def _venue_rows(report: ReportData) -> dict[str, dict[str, Done]]:
    """By venue's name, largest first, then by strategy; the smallest venues together in the last row."""
    found: dict[int, dict[str, Done]] = {}
    names: dict[int, str] = {}
    for name in strategy_colours(report):
        for venue in report.data["strategies"][name]["venues"]:
            names[venue["publisher_id"]] = venue["name"] or f"venue {venue['publisher_id']}"
            done = (venue["taken"], venue["made"], venue["forced"])
            found.setdefault(venue["publisher_id"], {})[name] = done
    ranked = sorted(found, key=lambda venue: (-sum(sum(done) for done in found[venue].values()), venue))
    shown = ranked if len(ranked) <= MOST_VENUES else ranked[: MOST_VENUES - 1]
    rows = {names[venue]: found[venue] for venue in shown}
    if others := ranked[len(shown) :]:
        rows[f"{len(others)} others"] = {
            name: _added(found[v].get(name, (0, 0, 0)) for v in others) for name in strategy_colours(report)
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
