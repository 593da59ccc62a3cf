"""The first thing to read of a report: what was saved, whether that is more than luck, and what to be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sor.core.spec import ROUTER
from sor.report.words import money, price, signed
from tui.desk import Opened

SHOWN_WARNINGS = 4


def verdict(opened: Opened, width: int) -> RenderableType:
    """The heading of the result screen; `width` in cells."""
    data = opened.data
    parts: list[RenderableType] = [_heading(opened, width)]
    if opened.partial or data.get("stream", {}).get("complete") is False:
        parts.append(Text("PARTIAL: the stream was not read to its end", style="bold yellow"))
    parts.append(_table(data))
    parts += _warnings(data.get("warnings", ()), width)
    return Group(*parts)


def _heading(opened: Opened, width: int) -> Text:
    order, best = opened.data["order"], opened.data["optimized"]
    name = opened.data["rules"]["strategy"]
    took = f", {opened.seconds:.1f} s" if opened.seconds else ""
    text = Text.assemble(
        (f"{opened.name}: {name} ", "bold"),
        ("bought" if order["side"] == "buy" else "sold"),
        f" {best['filled']:,} at {price(best['avg_fill_px'])}, {money(best['total_cash'])} in all",
    )
    how = f"  ({opened.how}{took})"
    if text.cell_len + len(how) <= width:
        text.append(how, style="dim")
    return text


def _table(data: Mapping[str, Any]) -> Table:
    """A row a baseline: this order, and out of sample."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("saved, bps", no_wrap=True)
    # Out of sample it is always the router that is judged, whichever strategy the order was given to.
    router = "" if data["rules"]["strategy"] == ROUTER else "router, "
    for head in ("this order", f"{router}out of sample", "95 % interval"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    saved, sample = data["savings_vs_baselines_bps"], data["out_of_sample"]
    means = sample.get("mean_savings_bps", {})
    for name in dict.fromkeys([*saved, *(n for n in ("X_M",) if n in means)]):
        table.add_row(
            name,
            _gain(saved.get(name)),
            _gain(means.get(name)),
            _interval(sample.get("ci95", {}).get(name)),
            _words(sample.get("verdict", {}).get(name)),
        )
    return table


def _gain(value: Any) -> Text:
    text = signed(value)
    return Text(text, style={"+": "green", "-": "red"}.get(text[0], "") if value is not None else "dim")


def _interval(interval: Sequence[Any] | None) -> str:
    return "-" if not interval else f"{signed(interval[0])} to {signed(interval[1])}"


def _words(text: str | None) -> Text:
    if not text:
        return Text("")
    return Text(text.partition(":")[0], style={"cheaper": "green", "dearer": "red"}.get(text, "yellow"))


def _warnings(sentences: Sequence[str], width: int) -> list[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column(width=max(20, width - 3), overflow="fold")
    for sentence in sentences[:SHOWN_WARNINGS]:
        grid.add_row(Text("!", style="bold yellow"), Text(sentence))
    if len(sentences) > SHOWN_WARNINGS:
        grid.add_row("", Text(f"and {len(sentences) - SHOWN_WARNINGS} more below", style="dim"))
    return [grid] if sentences else []
