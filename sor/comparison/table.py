"""A comparison for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sor.report.format import NOTHING, price, signed
from sor.text import terminal

COLUMNS = {
    "against_X_M": "bps, interval, p, found",
    "chance_of_best": "best",
    "behind_best": "behind",
}  # that a method explains


def print_comparison(data: Mapping[str, Any], console: Console | None = None) -> None:
    """Tables on standard output, or on the console that is given."""
    console = terminal(highlight=False) if console is None else console
    for block in _blocks(data):
        console.print()
        console.print(block)
    console.print()


def _blocks(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    days = data["days"]
    when = days[0] if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]}"
    yield Text(f"{data['order']}, {when}", style="bold")
    yield _routers(data)
    yield _reports(data)
    if data["options"]:
        yield _options(data)
    if data["warnings"]:
        yield Text("\n".join(f"! {line}" for line in data["warnings"]))
    yield Text("\n".join(f"{COLUMNS.get(name, name)}: {text}" for name, text in data["method"].items()), style="dim")


def _routers(data: Mapping[str, Any]) -> Table:
    table = _table(
        f"Saved against X_M, over {data['over']}", "router", "bps", "95 % interval", "p", "best", "behind", "found"
    )
    for one in data["routers"]:
        table.add_row(
            one["router"],
            signed(one["mean_savings_bps"]),
            interval(one["ci95"]),
            NOTHING if one["p_value"] is None else f"{one['p_value']:.4f}",
            per_cent(one["chance_of_best"]),
            signed(one["behind_best_bps"]),
            (one["verdict"] or NOTHING).removesuffix(" of a difference"),
        )
    return table


def _reports(data: Mapping[str, Any]) -> Table:
    several = len(data["days"]) > 1
    table = _table(
        "Reports", "router", *(["day"] if several else []), "avg price", "slippage", "made", "fills", "forced", "left"
    )
    for one in data["reports"]:
        table.add_row(
            one["router"],
            *([one["day"]] if several else []),
            price(one["avg_fill_px"]),
            signed(one["slippage_bps"]),
            per_cent(one["making_share"]),
            *(NOTHING if one[key] is None else f"{one[key]:,}" for key in ("fills", "forced", "leaves")),
        )
    return table


def _options(data: Mapping[str, Any]) -> Table:
    table = _table("What differs in the options", "router", "option", "")
    for option, values in data["options"].items():
        for router, value in values.items():
            table.add_row(router, option.replace("_", " "), value)
    return table


def interval(ends: Any) -> str:
    return NOTHING if not ends else f"{signed(ends[0])} to {signed(ends[1])}"


def per_cent(share: Any) -> str:
    return NOTHING if share is None else f"{float(share):.1%}"


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    table.add_column(first, overflow="fold", max_width=32)
    for name in columns:
        words = name in ("found", "option", "")
        table.add_column(name, justify="left" if words else "right", no_wrap=not words, overflow="fold")
    return table
