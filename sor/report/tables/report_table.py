"""The report for people at a terminal: tables that fit 80 columns, in the terminal's own 16 colours or in none.

Everything is read from the report's JSON object, so that what is printed here is what is in the file; a strategy or
a key that is added there shows up here by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sor.report.format import money, side_and_shares, window_words
from sor.report.tables.cells import WIDTH, interval_words, judged_savings
from sor.report.tables.executions import execution_tables
from sor.report.tables.intervals import intervals_table
from sor.report.tables.parameters import parameter_words
from sor.report.tables.strategies import completion_table, savings_table, strategies_table, venues_table
from sor.report.tables.variations import queue_models_table, sensitivity_tables
from sor.report.tuned import tuned_on_the_past
from sor.report.withheld import without_drift


def print_report(data: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a report's JSON object as tables on standard output (or on the console that is given)."""
    console = Console(highlight=False) if console is None else console
    width = min(console.width, WIDTH)
    console.print()
    for block in blocks(data, width):
        console.print(block, width=width)
        console.print()


def blocks(data: Mapping[str, Any], width: int = WIDTH) -> Iterator[RenderableType]:
    """The parts of the printed report in their order; parts that have nothing to say are left out."""
    return (part for _, part in parts(data, width))


def parts(data: Mapping[str, Any], width: int = WIDTH) -> Iterator[tuple[str, RenderableType]]:
    """The same, each with its name."""
    data = without_drift(data)
    yield "order", _order(data)
    if data.get("headline"):
        # What was saved where nothing was tuned comes first; the savings on this one order come after it.
        yield "headline", _headline(data)
        title = (
            f"{'Walk forward against' if tuned_on_the_past(data) else 'Against'} each baseline, share by share: savings"
        )
        yield "out of sample", intervals_table(title, data["out_of_sample"], data)
    yield "costs", strategies_table(data)
    yield "shares", completion_table(data, with_cash=width >= WIDTH)
    yield "savings", savings_table(data)
    if orders := data.get("orders"):
        title = f"Over {orders['count']:,} parent orders of {orders['quantity']:,}: mean savings"
        yield "orders", intervals_table(title, orders, data, orders.get("spread_bps", {}))
    if data.get("router", {}).get("queue_models"):
        yield "queue models", queue_models_table(data["router"]["queue_models"])
    yield from (("sensitivities", part) for part in sensitivity_tables(data))
    if len(data["optimized"].get("venues", ())) > 1:
        yield "venues", venues_table(data)
    yield from (("executions", part) for part in execution_tables(data))
    if parameters := parameter_words(data):
        yield "parameters", parameters
    if data["warnings"]:
        yield "warnings", _warnings(data["warnings"])


def _order(data: Mapping[str, Any]) -> RenderableType:
    order, tape = data["order"], data["tape"]
    limit = order.get("limit_price")
    lines = [
        Text.assemble(
            (side_and_shares(data), "bold"),
            "" if limit is None else f", limit {money(limit)}",
            f", {window_words(data)}",
        ),
        _tape_line(tape),
    ]
    arrival, part = order.get("arrival_px"), order.get("participation")
    facts = [] if arrival is None else [f"arrival price {money(arrival)}"]
    facts += [] if part is None else [f"{float(part):.1%} of the volume traded in the window"]
    if facts:
        lines.append(Text(", ".join(facts), style="dim"))
    return Group(*lines)


def _tape_line(tape: Mapping[str, Any]) -> Text:
    venues = len(tape["venues"])
    seen = f"{tape['snapshots_in_window']:,} of {tape['snapshots']:,} snapshots"
    return Text(f"{tape['name'] or 'stream'}: {seen}, {venues} venue{'s' * (venues != 1)}", style="dim")


def _headline(data: Mapping[str, Any]) -> RenderableType:
    """The figure to quote, in a sentence."""
    found = data["headline"]
    name, against, slices = found["strategy"], found["against"], found["slices"]
    label = data["strategies"][against].get("label", "")
    interval = f" ({interval_words(found['ci95'])})" if found["ci95"] else ""
    judged = f"{slices['judged']:,} of {slices['of']:,} slices"
    how = (
        f"{judged} had orders placed with parameters tuned on the past only."
        if tuned_on_the_past(data)
        else f"It worked {judged} in another way than X_M, and was shown the past only."
    )
    return Text.assemble(
        (f"{name} against {against}, {label} on the same slices: ", "bold"),
        judged_savings(found["mean_savings_bps"], found["verdict"]),
        f" bps{interval}, {found['verdict']}. {how}",
    )


def _warnings(sentences: Sequence[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    for sentence in sentences:
        table.add_row(Text("!", style="bold yellow"), Text(sentence))
    return table
