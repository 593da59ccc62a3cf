"""The report for people at a terminal: tables that fit 80 columns, in the terminal's own 16 colours or in none.

Everything is read from the report's JSON object, so that what is printed here is what is in the file; a strategy or
a key that is added there shows up here by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sor.report.words import NOTHING, money, price, signed, venue_names

if TYPE_CHECKING:
    from sor.report.model import Report

WIDTH = 80  # what every terminal and every mail has; prose is not made wider than is good to read


def print_report(report: Report, console: Console | None = None) -> None:
    """Print the report as tables on standard output (or on the console that is given)."""
    console = Console(highlight=False) if console is None else console
    width = min(console.width, WIDTH)
    console.print()
    for block in blocks(report.data, width):
        console.print(block, width=width)
        console.print()


def blocks(data: Mapping[str, Any], width: int = WIDTH) -> Iterator[RenderableType]:
    """The parts of the printed report in their order; parts that have nothing to say are left out."""
    yield _headline(data)
    yield _strategies(data, with_cash=width >= WIDTH)
    if _has_more_to_say(data):
        yield _completion(data)
    yield _savings(data)
    if data["out_of_sample"].get("slices"):
        yield _out_of_sample(data)
    if len(data["optimized"].get("venues", ())) > 1:
        yield _venues(data)
    yield _notes(data)
    if data["warnings"]:
        yield _warnings(data["warnings"])


# -- the parts ---------------------------------------------------------------------------------------------------------


def _headline(data: Mapping[str, Any]) -> RenderableType:
    order, tape = data["order"], data["tape"]
    what = f"{order['side'].capitalize()} {order['quantity']:,} {tape['symbol'] or 'shares'}"
    limit = order.get("limit_price")
    lines = [
        Text.assemble(
            (what, "bold"),
            "" if limit is None else f", limit {money(limit)}",
            f", {_window(order['start'], order['end'])}",
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


def _strategies(data: Mapping[str, Any], *, with_cash: bool) -> Table:
    table = _table("Cost against arrival in bps: slippage = timing + placement + fees")
    table.add_column("strategy", no_wrap=True)
    cash = ("total cash",) if with_cash else ()
    for name in ("avg price", *cash, "slippage", "timing", "placement", "fees"):
        table.add_column(name, justify="right", no_wrap=True)
    chosen = _chosen(data)
    for name, entry in data["strategies"].items():
        table.add_row(
            _name(name, chosen),
            price(entry["avg_fill_px"]),
            *((money(entry["total_cash"]),) if with_cash else ()),
            *(signed(entry.get(f"{part}_bps")) for part in ("slippage", "timing", "placement")),
            signed(entry["fees_bps"]) if entry["kind"] == "strategy" else NOTHING,
            style="bold" if name == chosen else "dim" if entry["kind"] == "benchmark" else None,
        )
    return table


def _has_more_to_say(data: Mapping[str, Any]) -> bool:
    keys = ("forced", "leaves", "making_share")
    return any(entry.get(key) for entry in _tradable(data).values() for key in keys)


def _completion(data: Mapping[str, Any]) -> Table:
    table = _table("How the shares were done")
    table.add_column("strategy", no_wrap=True)
    left = any(entry["leaves"] for entry in _tradable(data).values())
    for name in ("filled", "made", "forced", "beyond shown", "left", "fills", *(("shortfall",) if left else ())):
        table.add_column(name, justify="right", no_wrap=True)
    chosen = _chosen(data)
    for name, entry in _tradable(data).items():
        making = entry.get("making_share")
        table.add_row(
            _name(name, chosen),
            f"{entry['filled']:,}",
            NOTHING if making is None else f"{float(making):.1%}",
            *(
                Text(f"{entry[key]:,}", style="yellow" if entry[key] else "")
                for key in ("forced", "forced_beyond_displayed", "leaves")
            ),
            f"{entry['fills']:,}",
            *((signed(entry["implementation_shortfall_bps"]),) if left else ()),
            style="bold" if name == chosen else None,
        )
    return table


def _savings(data: Mapping[str, Any]) -> Table:
    chosen = _chosen(data)
    table = _table(f"What {chosen} saves, this order")
    for name, justify in (("against", "left"), ("bps", "right"), ("dollars", "right"), ("", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for name, saved in data["savings_vs_baselines_bps"].items():
        baseline = data["baselines"][name]
        table.add_row(name, _gain(saved), _gain(_dollars_saved(data, baseline), digits=2), _who(name, chosen, baseline))
    return table


def _who(name: str, chosen: str, baseline: Mapping[str, Any]) -> Text:
    note = "itself" if name == chosen else "no one can trade it" if baseline["kind"] == "benchmark" else ""
    return Text(note, style="dim")


def _dollars_saved(data: Mapping[str, Any], baseline: Mapping[str, Any]) -> Decimal | None:
    """The difference in cash, where both did all of the order."""
    mine = data["optimized"]
    if mine["total_cash"] is None or baseline["total_cash"] is None or mine["leaves"] or baseline["leaves"]:
        return None
    difference: Decimal = baseline["total_cash"] - mine["total_cash"]
    return difference if data["order"]["side"] == "buy" else -difference


def _out_of_sample(data: Mapping[str, Any]) -> Table:
    found = data["out_of_sample"]
    table = _table(f"Out of sample: mean savings over {found['slices']:,} slices, tuned on the past only")
    for name, justify in (("against", "left"), ("bps", "right"), ("95 % confidence", "right"), ("", "left")):
        table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for name, mean in found["mean_savings_bps"].items():
        interval = found["ci95"].get(name)
        table.add_row(name, _gain(mean), _interval(interval), Text(_verdict(interval), style="dim"))
    return table


def _interval(interval: Any) -> str:
    if not isinstance(interval, Sequence) or len(interval) != 2 or None in interval:
        return NOTHING
    return f"{signed(interval[0])} to {signed(interval[1])}"


def _verdict(interval: Any) -> str:
    if not isinstance(interval, Sequence) or len(interval) != 2 or None in interval:
        return ""
    return "may be chance" if interval[0] <= 0 <= interval[1] else "not chance alone"


def _venues(data: Mapping[str, Any]) -> Table:
    mine = data["optimized"]
    table = _table(f"Where {_chosen(data)} traded")
    table.add_column("venue", no_wrap=True)
    for name in ("shares", "of all", "made", "avg price", "fees", "rebates"):
        table.add_column(name, justify="right", no_wrap=True)
    names, total = venue_names(), sum(venue["shares"] for venue in mine["venues"])
    for venue in mine["venues"]:
        table.add_row(
            names.get(venue["publisher_id"], f"venue {venue['publisher_id']}"),
            f"{venue['shares']:,}",
            f"{venue['shares'] / total:.1%}",
            f"{venue['made']:,}",
            price(venue["avg_px"]),
            money(venue["fees"]),
            money(venue["rebates"]),
        )
    return table


def _notes(data: Mapping[str, Any]) -> RenderableType:
    best = ", ".join(f"{name} {_short(value)}" for name, value in data["best_parameters"].items())
    search = data["search"]
    tried = f"{search['candidates']:,} candidates" if search["candidates"] != 1 else "1 candidate"
    effect = "" if search["parameters_matter"] else ", none of which changes anything"
    return Text(f"best parameters: {best}\n({tried}{effect})", style="dim")


def _warnings(sentences: Sequence[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    for sentence in sentences:
        table.add_row(Text("!", style="bold yellow"), Text(sentence))
    return table


# -- figures -----------------------------------------------------------------------------------------------------------


def _gain(value: Decimal | None, digits: int = 2) -> Text:
    """Green where money was saved, red where it was lost; the sign says the same to those who see no colours."""
    text = signed(value, digits)
    return Text(text, style={"+": "green", "-": "red"}.get(text[0], "") if text != NOTHING else "")


def _short(value: Any) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, Decimal | float) else str(value)


def _window(start: str, end: str) -> str:
    """One date where the window lies in one day."""
    day = "" if end[:10] == start[:10] else f"{end[:10]} "
    return f"{start[:10]} from {_clock(start)} to {day}{_clock(end)} UTC"


def _clock(time: str) -> str:
    """13:36:32.491 of an ISO time; whole seconds without decimals."""
    clock = time[11:23]
    return clock.removesuffix(".000")


# -- helpers -----------------------------------------------------------------------------------------------------------


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold cyan",
        box=box.SIMPLE_HEAD,
        header_style="dim",
        border_style="dim",
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _chosen(data: Mapping[str, Any]) -> str:
    return str(data["rules"]["strategy"])


def _tradable(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: entry for name, entry in data["strategies"].items() if entry["kind"] != "benchmark"}


def _name(name: str, chosen: str) -> str:
    return f"> {name}" if name == chosen else f"  {name}"
