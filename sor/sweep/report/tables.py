"""The report of a sweep for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sor.report.format import NOTHING, signed, venue_names
from sor.sweep.report.analysis import SweepAnalysis
from sor.sweep.report.bake_off import method
from sor.sweep.report.figures import label
from sor.sweep.row import MARKOUTS
from sor.text import terminal

FOUND = {"saves": "saves", "costs": "costs more", "equal": "equal", "nothing": "no evidence", "unknown": "too little"}
TITLES = {"symbol": "symbol", "side": "side", "quantity": "order size", "time_of_day": "time of day (UTC)"}


def print_answer(found: SweepAnalysis, console: Console | None = None) -> None:
    """Print the report as tables on standard output (or on the console that is given)."""
    console = terminal(highlight=False) if console is None else console
    for block in _blocks(found.data):
        console.print()
        console.print(block)
    console.print()


def _blocks(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    yield Text("\n".join(data["verdict"]), style="bold")
    yield Text(facts(data))
    yield _table("Judged" + (" out of sample" if _was_tuned(data) else ""), data["judged"])
    if data["bake_off"] is not None:
        yield _bake_off(data["bake_off"])
        yield Text(bake_off_words(data["bake_off"]), style="dim")
    if len(data["overall"]) > len(data["judged"]):
        yield _table(
            "Every parameter set, all orders (in sample: the best of them is praised for its luck)", data["overall"]
        )
    if data["parameters"]:
        yield Text("\n".join(entry["verdict"] for entry in data["parameters"]))
    yield _execution(data["execution"])
    for name, title in TITLES.items():
        if len({entry["value"] for entry in data["by"][name]}) > 1:
            yield _table(f"By {title}", data["by"][name], "value")
    if data["by"]["venue"]:
        yield _table("By venue: what its shares added to an order's savings", by_venue(data), "value")
    yield Text("\n".join(f"{name.replace('_', ' ')}: {text}" for name, text in data["method"].items()), style="dim")


def by_venue(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries by venue, with its name where it is known."""
    names = venue_names()
    return [e | {"value": f"{e['value']} {names.get(e['value'], '')}".strip()} for e in data["by"]["venue"]]


def facts(data: Mapping[str, Any]) -> str:
    sweep = data["sweep"]
    text = (
        f"{sweep['done']:,} of {sweep['cells']:,} cells: {sweep['orders']:,} orders, {_count(sweep['tapes'], 'tape')}, "
        f"{_count(sweep['days'], 'day')}, {', '.join(sweep['symbols'][:8])}"
    )
    if sweep["missing"]:
        text += f"\n{sweep['missing']:,} cells are still to be done: this report is of a part"
    for reason in sweep["reasons"]:
        text += f"\n{reason['cells']:,} cells failed: {reason['reason']}"
    return text


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"


def _was_tuned(data: Mapping[str, Any]) -> bool:
    return any(entry["tuned"] and entry["tuned"]["orders"] for entry in data["judged"])


def _table(title: str, entries: Sequence[Mapping[str, Any]], *first: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=0,
    )
    for _ in first:
        table.add_column("", overflow="fold", max_width=9)  # so that a table fits 80 columns
    table.add_column("strategy", overflow="fold", min_width=13)
    table.add_column("against", no_wrap=True)
    for head in ("orders", "bps", "95 % interval", "p"):  # after Holm, as the method says
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("found", no_wrap=True)
    for entry in entries:
        table.add_row(
            *(str(entry[name]) for name in first),
            label(entry),
            entry["baseline"],
            f"{entry['orders']:,}",
            signed(entry["mean_bps"]),
            interval(entry["ci95"]),
            NOTHING if entry["p_holm"] is None else f"{entry['p_holm']:.3f}",
            FOUND[entry["found"]],
        )
    return table


def _bake_off(found: Mapping[str, Any]) -> Table:
    table = Table(
        title="Bake-off: savings against X_M on the same slices", title_justify="left", title_style="bold",
        box=box.SIMPLE_HEAD, pad_edge=False, padding=0,
    )  # fmt: skip
    table.add_column("strategy", overflow="fold", min_width=13)
    for head in BAKE_OFF:
        table.add_column(head, justify="right", no_wrap=True)
    for cells in bake_off_cells(found):
        table.add_row(*cells)
    return table


BAKE_OFF = ("bps", "95 % interval", "p", "found", "best", "filled", "c/share")


def bake_off_cells(found: Mapping[str, Any]) -> list[list[str]]:
    """A row a router, the best first."""
    return [
        [
            str(entry["strategy"]), signed(entry["mean_savings_bps"]), interval(entry["ci95"]),
            NOTHING if entry["p"] is None else f"{entry['p']:.3f}", FOUND[entry["found"]],
            f"{entry['probability_best']:.1%}", share(entry["filled"]),
            NOTHING if entry["cost_cents_a_share"] is None else f"{entry['cost_cents_a_share']:.3f}",
        ]
        for entry in found["routers"]
    ]  # fmt: skip


def bake_off_words(found: Mapping[str, Any]) -> str:
    best, chance = found["routers"][0]["strategy"], found["probability_that_the_best_is_the_best"]
    return (
        f"{best} saved most; that it is the best of them and X_M: {chance:.1%} "
        f"({found['units']:,} {found['drawn']} drawn; {found['orders']:,} orders, {found['slices']:,} slices). "
        f"{method()}"
    )


def interval(ci95: Sequence[float] | None) -> str:
    return NOTHING if ci95 is None else f"{signed(ci95[0])} to {signed(ci95[1])}"


def _execution(entries: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        title="How it was done", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    names = [label(entry) for entry in entries]
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for key, head in EXECUTION.items():
        table.add_row(head, *(share(entry[key]) if key in SHARES else signed(entry[key], 3) for entry in entries))
    for key in MARKOUTS:
        cells = [entry[key] for entry in entries]
        table.add_row(
            f"markout {key.split('_')[1]}, bps",
            *(NOTHING if c is None else f"{signed(c['mean_bps'], 3)} ({interval(c['ci95'])})" for c in cells),
        )
    return table


SHARES = ("fill_rate", "forced", "leaves", "making_share", "taking_share")
EXECUTION = {
    "fill_rate": "filled",
    "forced": "forced at the deadline",
    "leaves": "left at the deadline",
    "making_share": "making",
    "taking_share": "taking",
    "implementation_shortfall_bps": "shortfall, bps",
    "timing_bps": "  timing",
    "placement_bps": "  placement",
    "fees_bps": "  fees",
    "opportunity_bps": "  opportunity",
}


def share(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1%}"
