"""Means with their confidence intervals, out of sample and over several orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sor.report.format import signed
from sor.report.tables.cells import figures_table, interval_words, judged_savings, titled


def intervals_table(
    title: str, found: Mapping[str, Any], data: Mapping[str, Any], spread: Mapping[str, Any] | None = None
) -> RenderableType:
    """Means with their confidence intervals; `spread` adds the least and the greatest."""
    table = figures_table("against", "bps", "95 % confidence", *(("least", "greatest") if spread else ()), "")
    for name, mean in found["mean_savings_bps"].items():
        ends = (signed(spread[name]["min"]), signed(spread[name]["max"])) if spread and name in spread else ()
        verdict = (found.get("verdict", {}).get(name) or "").removesuffix(" of a difference")
        notes = [verdict, *_notes(name, found, data)]
        table.add_row(
            name,
            judged_savings(mean, found.get("verdict", {}).get(name, "")),
            interval_words(found["ci95"].get(name)),
            *ends,
            Text("; ".join(note for note in notes if note), style="dim"),
        )
    return titled(title, table)


def _notes(name: str, found: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    if name in found.get("other_schedules", ()):
        yield "another schedule"
    if label := data["strategies"][name].get("label"):
        yield str(label)
