"""`sor tca` for people at a terminal: a few short tables an order; everything is in the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from sor.report.format import NOTHING, price, signed
from sor.report.tables.cells import WIDTH, figures_table, titled
from sor.report.tables.executions import add_spreads, spread_columns
from sor.text import terminal

SHOWN = 10  # impossible fills that are listed; all of them are in the JSON


def print_own(data: Mapping[str, Any], console: Console | None = None) -> None:
    console = terminal(highlight=False) if console is None else console
    width = min(console.width, WIDTH)
    for order in data["orders"]:
        console.print()
        for block in _blocks(order):
            console.print(block, width=width)
            console.print()


def _blocks(order: Mapping[str, Any]) -> Iterator[RenderableType]:
    name = f"Order {order['order']}: " if order["order"] else ""
    done = order["filled"] + order["forced"]
    what = f"{order['side']} {order['quantity']:,}, {done:,} filled in {order['fills']:,} fills"
    yield Text.assemble((name + what, "bold"), f"\n{order['start']} to {order['end']}")
    yield _costs(order)
    if order["tca"]["spreads"]:
        yield _spreads(order["tca"]["spreads"])
    if order["impossible"]:
        yield _impossible(order["impossible"])


def _costs(order: Mapping[str, Any]) -> RenderableType:
    shown = figures_table("", "avg price", "slippage", "timing", "placement", "fees", "saved, bps")
    rows = [("own", order, None), *((n, e, e["savings_bps"]) for n, e in order["against"].items())]
    for name, entry, saved in rows:
        costs = (signed(entry[key]) for key in ("slippage_bps", "timing_bps", "placement_bps", "fees_bps"))
        shown.add_row(name, price(entry["avg_fill_px"]), *costs, NOTHING if saved is None else signed(saved))
    return titled("Cost against arrival, bps, and what the own executions saved", shown)


def _spreads(rows: list[Mapping[str, Any]]) -> RenderableType:
    shown = figures_table(*spread_columns())
    add_spreads(shown, rows)
    return titled("Spreads, cents a share", shown)


def _impossible(problems: list[Mapping[str, Any]]) -> RenderableType:
    lines = [f"row {one['row']}: {one['size']:,} at {price(one['price'])}: {one['reason']}" for one in problems[:SHOWN]]
    more = [f"and {len(problems) - SHOWN:,} more"] if len(problems) > SHOWN else []
    plural = "s" * (len(problems) != 1)
    return Text(
        "\n".join([f"{len(problems):,} fill{plural} that the tape cannot have given:", *lines, *more]), style="yellow"
    )
