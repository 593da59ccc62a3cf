"""The report of a sweep as one HTML page that needs nothing else, from the templates that reports have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.report.format import NOTHING, signed
from sor.report.pages import write
from sor.report.pages.forest import Forest, forest
from sor.report.pages.render import render
from sor.sweep.report.analysis import SweepAnalysis
from sor.sweep.report.figures import label
from sor.sweep.report.tables import (
    BAKE_OFF,
    EXECUTION,
    FOUND,
    SHARES,
    TITLES,
    bake_off_cells,
    bake_off_words,
    by_venue,
    facts,
    interval,
    share,
)
from sor.sweep.row import MARKOUTS

SURE = ("saves", "costs")


@dataclass(frozen=True, slots=True)
class Name:
    """A leading cell of a row; one that goes on over several rows is in the first of them."""

    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """A table of means with their intervals, a row each: leading names, the drawing, and figures as they are read."""

    title: str
    names: list[list[Name]]
    plot: Forest
    heads: Sequence[str]
    figures: list[list[str]]
    leading: int
    note: str = ""


def write_page(found: SweepAnalysis, path: Path) -> None:
    """Write the page; it appears when it is whole. SorError where it cannot be written."""
    write.write_page(page(found.data), path)


def page(data: Mapping[str, Any]) -> str:
    """The whole page."""
    every = data["overall"] if len(data["overall"]) > len(data["judged"]) else []
    split = [
        _savings(f"Savings by {title}", data["by"][name], "value")
        for name, title in TITLES.items()
        if len({entry["value"] for entry in data["by"][name]}) > 1
    ]
    return render(
        "sweep.html",
        verdict=data["verdict"],
        facts=facts(data).splitlines(),
        judged=_savings("Savings, judged", data["judged"]),
        parameters=[f"{entry['verdict']}." for entry in data["parameters"]],
        execution_heads=[label(entry) for entry in data["execution"]],
        execution=_execution(data["execution"]),
        tables=[
            table
            for table in (
                _markouts(data["execution"]),
                *split,
                _savings("Savings by venue: what its shares added", by_venue(data), "value"),
                _savings("Every parameter set, all orders (in sample)", every),
            )
            if table
        ],
        bake_off_heads=("strategy", *BAKE_OFF),
        bake_off=[] if data["bake_off"] is None else bake_off_cells(data["bake_off"]),
        bake_off_words="" if data["bake_off"] is None else bake_off_words(data["bake_off"]),
        method={name.replace("_", " "): text for name, text in data["method"].items()},
    )


def _savings(title: str, entries: Sequence[Mapping[str, Any]], *first: str) -> Drawn | None:
    if not entries:
        return None
    names = [(*(str(entry[n]) for n in first), label(entry), str(entry["baseline"])) for entry in entries]
    more = [
        [
            NOTHING if entry["p_holm"] is None else f"{entry['p_holm']:.3f}",
            FOUND[entry["found"]],
            f"{entry['orders']:,}",
            f"{entry['blocks']:,}",
        ]
        for entry in entries
    ]
    marks = [(entry["mean_bps"], entry["ci95"], entry["found"] in SURE) for entry in entries]
    return _drawn(title, names, marks, ["p (Holm)", "found", "orders", "blocks"], more)


def _markouts(entries: Sequence[Mapping[str, Any]]) -> Drawn | None:
    found = [(entry, name) for entry in entries for name in MARKOUTS if entry[name] is not None]
    if not found:
        return None
    names = [(label(entry), name.split("_")[1]) for entry, name in found]
    marks = [(entry[name]["mean_bps"], entry[name]["ci95"], True) for entry, name in found]
    more = [[f"{entry[name]['orders']:,}"] for entry, name in found]
    note = "Where the mid went after passive fills; below zero, to the left, is adverse selection."
    return _drawn("Markouts", names, marks, ["orders"], more, note)


Row = tuple[float, Sequence[float] | None, bool]


def _drawn(
    title: str,
    names: Sequence[tuple[str, ...]],
    rows: Sequence[Row],
    heads: Sequence[str],
    more: Sequence[Sequence[str]],
    note: str = "",
) -> Drawn:
    figures = [[signed(mean, 3), interval(ci95), *rest] for (mean, ci95, _), rest in zip(rows, more, strict=True)]
    plot = forest([(mean, ci95, sure and _outside(ci95)) for mean, ci95, sure in rows])
    leading = [_names(names, at) for at in range(len(names))]
    return Drawn(title, leading, plot, ["mean bps", "95 % interval", *heads], figures, len(names[0]), note)


def _outside(ci95: Sequence[float] | None) -> bool:
    """Whether an interval leaves out zero."""
    return ci95 is not None and not ci95[0] <= 0 <= ci95[1]


def _names(names: Sequence[tuple[str, ...]], at: int) -> list[Name]:
    """From the coarsest on; what a row shares with the one above is not said again."""
    cells = []
    for depth in range(1, len(names[at]) + 1):
        mine = names[at][:depth]
        if at and names[at - 1][:depth] == mine:
            continue
        rows = next((n for n, name in enumerate(names[at:]) if name[:depth] != mine), len(names) - at)
        cells.append(Name(mine[-1], rows))
    return cells


def _execution(entries: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    return [
        [head, *(share(entry[key]) if key in SHARES else signed(entry[key], 3) for entry in entries)]
        for key, head in EXECUTION.items()
    ]
