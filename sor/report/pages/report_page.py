"""A report as one page that needs nothing else, and as the piece of HTML that notebooks show."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sor.core.market.nbbo_path import PathPoint
from sor.core.spec import PENALTIES
from sor.report.format import chosen_strategy, side_and_shares, signed, window_words
from sor.report.pages.figures import Figures
from sor.report.pages.forest import CHEAPER, DEARER, Forest, forest, tone
from sor.report.pages.pictures import MOST_LINES, DrawnFill, Picture, cost_paths, price_path
from sor.report.pages.render import render
from sor.report.pages.tca_view import horizon, tca_view
from sor.report.tuned import followed, has_penalties, tuned_here, tuned_on_the_past
from sor.report.withheld import without_drift

FLAGS = ("clip", "adverse_selection", "strict")


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page is made of. fills, path: None where a saved report has none; why: what is missing, in words."""

    data: Mapping[str, Any]
    fills: Sequence[DrawnFill] | None
    path: Sequence[PathPoint] | None
    missing: Sequence[str] = ()


def page(shown: PageContent) -> str:
    """The whole page."""
    return render("report.html", **_context(shown))


def fragment(data: Mapping[str, Any]) -> str:
    """Headline, baselines, strategies and warnings, for a notebook's cell."""
    return render("fragment.html", **_context(PageContent(data, None, None)))


def _context(shown: PageContent) -> dict[str, Any]:
    data = without_drift(shown.data)
    chosen = chosen_strategy(data)
    strategies = data["strategies"]
    return {
        "data": data,
        "fig": Figures(data),
        "chosen": chosen,
        "window": window_words(data),
        "side": str(data["order"]["side"]),
        "tradable": [name for name, entry in strategies.items() if entry["kind"] != "benchmark"],
        "headline_tone": _headline_tone(data.get("headline")),
        "tuned_here": tuned_here(data),
        "walked": bool(data.get("headline")) and tuned_on_the_past(data),
        "penalties": PENALTIES if has_penalties(data) else (),
        "followed": list(followed(data)),
        "walk": _forest(data.get("out_of_sample") or {}),
        "over_orders": _forest(data.get("orders") or {}),
        "price": _price(shown, chosen),
        "costs_drawn": _costs(shown, chosen),
        "fill_shares": _fill_shares(shown, chosen),
        "venues": _venues(data["optimized"]),
        "command": command(data),
        "missing": list(shown.missing),
        "used_fees": _used_fees(data),
        "verdict_of": verdict_words,
        "tca": tca_view(data, chosen),
        "horizon": horizon,
    }


def _headline_tone(found: Mapping[str, Any] | None) -> str:
    return tone(found["mean_savings_bps"], found["ci95"]) if found else ""


def _forest(found: Mapping[str, Any]) -> tuple[list[str], Forest] | None:
    """Names and drawing of what was saved against each baseline; None where nothing was compared."""
    means = found.get("mean_savings_bps") or {}
    rows = [
        (mean, found.get("ci95", {}).get(name), found.get("verdict", {}).get(name) in (CHEAPER, DEARER))
        for name, mean in means.items()
    ]
    return (list(means), forest(rows)) if means else None


def verdict_words(verdict: str | None) -> str:
    """Short enough for a column."""
    return (verdict or "").removesuffix(" of a difference")


def _price(shown: PageContent, chosen: str) -> Picture | None:
    if shown.path is None:
        return None
    return price_path(shown.data, shown.path, [fill for fill in shown.fills or () if fill.strategy == chosen])


def _costs(shown: PageContent, chosen: str) -> Picture | None:
    data = shown.data
    names = [chosen, *(name for name in data["baselines"] if name != chosen)]
    drawn = [name for name in names if data["strategies"][name]["kind"] != "benchmark"][:MOST_LINES]
    return cost_paths(data, shown.fills or (), drawn)


def _fill_shares(shown: PageContent, chosen: str) -> dict[str, int]:
    """Shares of the chosen strategy by kind of fill."""
    shares: dict[str, int] = {}
    for fill in shown.fills or ():
        if fill.strategy == chosen:
            shares[fill.kind] = shares.get(fill.kind, 0) + fill.qty
    return shares


def _venues(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the chosen strategy traded, by shares, with the parts of each bar in per cent of the longest."""
    venues = list(enumerate(entry.get("venues") or ()))
    most = max((venue["shares"] for _, venue in venues), default=1)
    total = sum(venue["shares"] for _, venue in venues)
    found = []
    for at, venue in sorted(venues, key=lambda pair: (-pair[1]["shares"], pair[1]["publisher_id"])):
        left, parts = 0.0, []
        for kind in ("made", "taken", "forced"):
            width = venue[kind] / most * 100
            if width:
                parts.append({"kind": kind, "left": round(left, 2), "width": round(width, 2)})
            left += width
        found.append(
            {
                "at": at,
                "name": venue.get("name") or f"venue {venue['publisher_id']}",
                "parts": parts,
                "of_all": f"{venue['shares'] / total:.1%}".replace("%", " %"),
            }
        )
    return found


def _used_fees(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id, name) of the tape's venues that have a fee; the whole table of fees would fill the page."""
    fees = data["rules"].get("fees") or {}
    venues = data["tape"].get("venues") or ()
    return [
        (str(venue["publisher_id"]), str(venue.get("name") or f"venue {venue['publisher_id']}"))
        for venue in venues
        if str(venue["publisher_id"]) in fees
    ]


def command(data: Mapping[str, Any]) -> str:
    """What to type to make the report again, in a folder that has its files."""
    words = ["sor", "backtest"]
    for name, value in (data.get("request") or {}).items():
        option = "--" + name.replace("_", "-")
        if name in FLAGS:
            words += [option] if value else []
        elif isinstance(value, Mapping):
            words += [part for key, inner in value.items() for part in (option, f"{key}={inner}")]
        else:
            values = value if isinstance(value, list | tuple) else [value]
            words += [part for one in values for part in (option, str(one))]
    return shlex.join(words)


def summary(data: Mapping[str, Any]) -> str:
    """The page's title: what mail programs and tabs show."""
    what, found = side_and_shares(data), data.get("headline")
    return what if not found else f"{what}: {signed(found['mean_savings_bps'])} bps against {found['against']}"
