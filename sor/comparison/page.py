"""A comparison as one page that needs nothing else, and as a piece of HTML for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sor.report.pages.figures import Figures
from sor.report.pages.forest import forest
from sor.report.pages.render import render
from sor.report.pages.report_page import verdict_words
from sor.report.sections.savings import UNKNOWN


def page(data: Mapping[str, Any]) -> str:
    """The whole page."""
    return render("compare.html", **_context(data))


def fragment(data: Mapping[str, Any]) -> str:
    """The same tables for a notebook's cell."""
    return render("compare_fragment.html", **_context(data))


def _context(data: Mapping[str, Any]) -> dict[str, Any]:
    known = [(at, one) for at, one in enumerate(data["routers"]) if one["mean_savings_bps"] is not None]
    rows = [(one["mean_savings_bps"], one["ci95"], one["verdict"] != UNKNOWN) for _, one in known]
    days = data["days"]
    return {
        "data": data,
        "fig": Figures(data),
        "known": [at for at, _ in known],
        "plot": forest(rows) if rows else None,
        "when": days[0] if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]}",
        "verdict_of": verdict_words,
    }
