"""What the tables share: how one looks, figures that are good or bad."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sor.report.format import NOTHING, signed

WIDTH = 80  # what every terminal and every mail has; prose is not made wider than is good to read
LONGEST_NAME = 14


def figures_table(*columns: str) -> Table:
    """Words on the left (the first column, and one without a name), figures on the right; figures are never cut."""
    table = Table(
        box=box.SIMPLE_HEAD,
        header_style="dim",
        border_style="dim",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for at, name in enumerate(columns):
        table.add_column(name, justify="left" if at == 0 or not name else "right", no_wrap=bool(name))
    return table


def titled(title: str, table: Table) -> RenderableType:
    return Group(Text(title, style="bold cyan"), table)


def row_style(name: str, entry: Mapping[str, Any], chosen: str) -> str | None:
    return "bold" if name == chosen else "dim" if entry["kind"] == "benchmark" else None


def marked_name(name: str, chosen: str) -> str:
    """Marked where it is the chosen one; a long name goes over two lines, so that no figure is cut."""
    head, tail = name, ""
    if len(name) > LONGEST_NAME and "_" in name[:LONGEST_NAME]:
        cut = name.rindex("_", 0, LONGEST_NAME)
        head, tail = name[:cut], f"\n    {name[cut:]}"
    return f"{'>' if name == chosen else ' '} {head}{tail}"


def gain(value: Decimal | None) -> Text:
    """Green where money was saved, red where it was lost; the sign says the same to those who see no colours."""
    text = signed(value)
    return Text(text, style={"+": "green", "-": "red"}.get(text[0], "") if text != NOTHING else "")


def judged_savings(mean: Decimal | None, verdict: str) -> Text:
    """In colour only where there is a verdict, and it is more than luck may give."""
    return Text(signed(mean)) if not verdict or str(verdict).startswith("no evidence") else gain(mean)


def interval_words(interval: Sequence[Decimal] | None) -> str:
    return NOTHING if not interval else f"{signed(interval[0])} to {signed(interval[1])}"


def short(value: Any) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, Decimal | float) else str(value)
