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

LONGEST_NAME = 14
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
    if rows := _remarkable(data):
        yield _completion(rows, _chosen(data))
    if data["out_of_sample"].get("slices"):
        # The headline: what was saved is judged where nothing was tuned. The savings on one order come after it.
        slices = f"{data['out_of_sample']['slices']:,} slices, tuned on the past only"
        yield _intervals(f"Out of sample: mean savings over {slices}", data["out_of_sample"])
    yield _savings(data)
    if orders := data.get("orders"):
        title = f"Over {orders['count']:,} parent orders of {orders['quantity']:,}: mean savings"
        yield _intervals(title, orders, orders.get("spread_bps", {}))
    if data.get("router", {}).get("queue_models"):
        yield _queue_models(data["router"]["queue_models"])
    if len(data["optimized"].get("venues", ())) > 1:
        yield _venues(data)
    yield _parameters(data)
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


def _strategies(data: Mapping[str, Any], *, with_cash: bool) -> RenderableType:
    cash = ("total cash",) if with_cash else ()
    table = _table("strategy", "avg price", *cash, "slippage", "timing", "placement", "fees")
    chosen = _chosen(data)
    for name, entry in data["strategies"].items():
        table.add_row(
            _name(name, chosen),
            price(entry["avg_fill_px"]),
            *((money(entry["total_cash"]),) if with_cash else ()),
            *(signed(entry.get(f"{part}_bps")) for part in ("slippage", "timing", "placement")),
            signed(entry["fees_bps"]) if entry["kind"] == "strategy" else NOTHING,
            style=_row_style(name, entry, chosen),
        )
    return _titled("Cost against arrival, bps: slippage = timing + placement + fees", table)


def _remarkable(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The strategies that did not simply take all of their shares."""
    keys = ("forced", "leaves", "making_share")
    return {name: entry for name, entry in data["strategies"].items() if any(entry.get(key) for key in keys)}


def _completion(entries: Mapping[str, Mapping[str, Any]], chosen: str) -> RenderableType:
    left = any(entry["leaves"] for entry in entries.values())
    table = _table("strategy", "filled", "made", "forced", "beyond shown", "left", *(("shortfall",) if left else ()))
    for name, entry in entries.items():
        making = entry.get("making_share")
        amiss = (entry[key] for key in ("forced", "forced_beyond_displayed", "leaves"))
        table.add_row(
            _name(name, chosen),
            f"{entry['filled']:,}",
            NOTHING if making is None else f"{float(making):.1%}",
            *(Text(f"{shares:,}", style="yellow" if shares else "") for shares in amiss),
            *((signed(entry["implementation_shortfall_bps"]),) if left else ()),
            style=_row_style(name, entry, chosen),
        )
    return _titled("How the shares were done, where not all were taken", table)


def _savings(data: Mapping[str, Any]) -> RenderableType:
    chosen = _chosen(data)
    table = _table("against", "bps", "dollars", "")
    for name, saved in data["savings_vs_baselines_bps"].items():
        entry = data["baselines"][name]
        table.add_row(name, _gain(saved), _gain(_dollars_saved(data, entry)), _who(name, chosen, entry))
    tuned = ", its parameters tuned on this very order" if data["search"]["parameters_matter"] else ""
    return _titled(f"What {chosen} saves on this order{tuned}", table)


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


def _intervals(title: str, found: Mapping[str, Any], spread: Mapping[str, Any] | None = None) -> RenderableType:
    """Means with their confidence intervals; `spread` adds the least and the greatest."""
    table = _table("against", "bps", "95 % confidence", *(("least", "greatest") if spread else ()), "")
    for name, mean in found["mean_savings_bps"].items():
        ends = (signed(spread[name]["min"]), signed(spread[name]["max"])) if spread and name in spread else ()
        verdict = str(found.get("verdict", {}).get(name, "")).partition(":")[0]
        table.add_row(name, _gain(mean), _interval(found["ci95"].get(name)), *ends, Text(verdict, style="dim"))
    return _titled(title, table)


def _interval(interval: Sequence[Decimal] | None) -> str:
    return NOTHING if not interval else f"{signed(interval[0])} to {signed(interval[1])}"


def _queue_models(models: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    """The bracket: resting orders are judged by what cancellations do to the queue ahead of them."""
    baselines = list(dict.fromkeys(name for entry in models.values() for name in entry["savings_vs_baselines_bps"]))
    table = _table("queue model", "avg price", "made", "forced", *(f"vs {name}" for name in baselines))
    for model, entry in models.items():
        making, saved = entry["making_share"], entry["savings_vs_baselines_bps"]
        table.add_row(
            model,
            price(entry["avg_fill_px"]),
            NOTHING if making is None else f"{float(making):.1%}",
            f"{entry['forced']:,}",
            *(_gain(saved.get(name)) for name in baselines),
        )
    return _titled("cont_kukanov under each queue model: savings in bps", table)


def _venues(data: Mapping[str, Any]) -> RenderableType:
    venues, names = data["optimized"]["venues"], venue_names()
    table = _table("venue", "shares", "of all", "made", "avg price", "fees", "rebates")
    total = sum(venue["shares"] for venue in venues)
    for venue in venues:
        table.add_row(
            names.get(venue["publisher_id"], f"venue {venue['publisher_id']}"),
            f"{venue['shares']:,}",
            f"{venue['shares'] / total:.1%}",
            f"{venue['made']:,}",
            *(price(venue[key]) for key in ("avg_px", "fees", "rebates")),
        )
    return _titled(f"Where {_chosen(data)} traded", table)


def _parameters(data: Mapping[str, Any]) -> RenderableType:
    search, multiples = data["search"], data["best_parameters"].get("multiples", {})
    best = ", ".join(
        f"{name} {_penalty(value, multiples.get(name))}"
        for name, value in data["best_parameters"].items()
        if name != "multiples"
    )
    tried = f"{search['candidates']:,} candidate{'s' * (search['candidates'] != 1)}"
    effect = "" if search["parameters_matter"] else ", which all give the same answer"
    return Text(f"Best in sample of {tried}{effect}:\n{best}", style="dim")


def _penalty(value: Any, multiple: Any) -> str:
    """Dollars, with the multiple beside them; the multiple alone where nothing is known that it is of."""
    times = "" if multiple is None else f"{_short(multiple)}x"
    if value is None:
        return times
    return f"{_short(value)} ({times})" if times else _short(value)


def _warnings(sentences: Sequence[str]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(overflow="fold")
    for sentence in sentences:
        table.add_row(Text("!", style="bold yellow"), Text(sentence))
    return table


# -- figures -----------------------------------------------------------------------------------------------------------


def _gain(value: Decimal | None) -> Text:
    """Green where money was saved, red where it was lost; the sign says the same to those who see no colours."""
    text = signed(value)
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


def _table(*columns: str) -> Table:
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
        table.add_column(name, justify="left" if at == 0 or not name else "right", no_wrap=True)
    return table


def _titled(title: str, table: Table) -> RenderableType:
    return Group(Text(title, style="bold cyan"), table)


def _chosen(data: Mapping[str, Any]) -> str:
    return str(data["rules"]["strategy"])


def _row_style(name: str, entry: Mapping[str, Any], chosen: str) -> str | None:
    return "bold" if name == chosen else "dim" if entry["kind"] == "benchmark" else None


def _name(name: str, chosen: str) -> str:
    """Marked where it is the chosen one; a long name goes over two lines, so that no figure is cut."""
    head, tail = name, ""
    if len(name) > LONGEST_NAME and "_" in name[:LONGEST_NAME]:
        cut = name.rindex("_", 0, LONGEST_NAME)
        head, tail = name[:cut], f"\n    {name[cut:]}"
    return f"{'>' if name == chosen else ' '} {head}{tail}"
