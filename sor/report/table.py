"""The report for people at a terminal: tables that fit 80 columns, in the terminal's own 16 colours or in none.

Everything is read from the report's JSON object, so that what is printed here is what is in the file; a strategy or
a key that is added there shows up here by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from sor.core.feed import ROUND_LOT
from sor.core.spec import ROUTER
from sor.report.format import NOTHING, money, price, signed, window_words
from sor.report.tca.table import add_spreads, rate_columns, rate_rows, spread_columns
from sor.report.tuned import followed, given, has_penalties, tuned_here, tuned_on_the_past
from sor.report.withheld import without_drift

LONGEST_NAME = 14
WIDTH = 80  # what every terminal and every mail has; prose is not made wider than is good to read


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
        yield "out of sample", _intervals(title, data["out_of_sample"], data)
    yield "costs", _strategies(data)
    yield "shares", _completion(data, with_cash=width >= WIDTH)
    yield "savings", _savings(data)
    if orders := data.get("orders"):
        title = f"Over {orders['count']:,} parent orders of {orders['quantity']:,}: mean savings"
        yield "orders", _intervals(title, orders, data, orders.get("spread_bps", {}))
    if data.get("router", {}).get("queue_models"):
        yield "queue models", _queue_models(data["router"]["queue_models"])
    yield from (("sensitivities", part) for part in _sensitivities(data))
    if len(data["optimized"].get("venues", ())) > 1:
        yield "venues", _venues(data)
    yield from (("executions", part) for part in _executions(data))
    if parameters := _parameters(data):
        yield "parameters", parameters
    if data["warnings"]:
        yield "warnings", _warnings(data["warnings"])


# -- the parts ---------------------------------------------------------------------------------------------------------


def _order(data: Mapping[str, Any]) -> RenderableType:
    order, tape = data["order"], data["tape"]
    what = f"{order['side'].capitalize()} {order['quantity']:,} {tape['symbol'] or 'shares'}"
    limit = order.get("limit_price")
    lines = [
        Text.assemble(
            (what, "bold"),
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
    interval = f" ({_interval(found['ci95'])})" if found["ci95"] else ""
    judged = f"{slices['judged']:,} of {slices['of']:,} slices"
    how = (
        f"{judged} had orders placed with parameters tuned on the past only."
        if tuned_on_the_past(data)
        else f"It worked {judged} in another way than X_M, and was shown the past only."
    )
    return Text.assemble(
        (f"{name} against {against}, {label} on the same slices: ", "bold"),
        _judged(found["mean_savings_bps"], found["verdict"]),
        f" bps{interval}, {found['verdict']}. {how}",
    )


def _strategies(data: Mapping[str, Any]) -> RenderableType:
    table = figures_table("strategy", "avg price", "slippage", "drift", "selection", "placement", "fees")
    chosen = _chosen(data)
    for name, entry in data["strategies"].items():
        drift = entry.get("schedule_drift_bps")
        table.add_row(
            _name(name, chosen),
            price(entry["avg_fill_px"]),
            signed(entry.get("slippage_bps")),
            signed(entry.get("timing_bps") if drift is None else drift),
            signed(entry.get("selection_bps")),
            signed(entry.get("placement_bps")),
            signed(entry["fees_bps"]) if entry["kind"] == "strategy" else NOTHING,
            style=_row_style(name, entry, chosen),
        )
    return titled("Cost against arrival, bps: slippage = drift + selection + placement + fees", table)


def _completion(data: Mapping[str, Any], *, with_cash: bool) -> RenderableType:
    entries = {name: entry for name, entry in data["strategies"].items() if entry["kind"] == "strategy"}
    left = any(entry["leaves"] for entry in entries.values())
    # Where shares are left, by a limit price or since the run was stopped, none were forced.
    amiss = {"leaves": "left"} if left else {"forced": "forced", "forced_beyond_displayed": "excess"}
    cash = ("total cash",) if with_cash else ()
    shortfall = ("shortfall",) if left else ()
    table = figures_table("strategy", *cash, "filled", "made", *amiss.values(), "orders", "odd", *shortfall)
    for name, entry in entries.items():
        making, chosen = entry.get("making_share"), _chosen(data)
        table.add_row(
            _name(name, chosen),
            *((money(entry["total_cash"]),) if with_cash else ()),
            f"{entry['filled']:,}",
            NOTHING if making is None else f"{float(making):.1%}",
            *(Text(f"{entry[key]:,}", style="yellow" if entry[key] else "") for key in amiss),
            *(NOTHING if entry[key] is None else f"{entry[key]:,}" for key in ("orders", "odd_lot_fills")),
            *((signed(entry["implementation_shortfall_bps"]),) if left else ()),
            style=_row_style(name, entry, chosen),
        )
    excess = any(entry["forced_beyond_displayed"] for entry in entries.values())
    note = "excess: forced beyond the size displayed; " if excess else ""
    round_lot = data["tape"].get("round_lot", ROUND_LOT)
    return titled(f"Shares; {note}odd: fills of fewer than {round_lot:,}", table)


def _savings(data: Mapping[str, Any]) -> RenderableType:
    chosen = _chosen(data)
    table = figures_table("against", "bps", "dollars", "")
    for name, saved in data["savings_vs_baselines_bps"].items():
        entry = data["baselines"][name]
        table.add_row(name, _gain(saved), _gain(dollars_saved(data, entry)), _who(name, chosen, entry))
    tuned = ", its parameters tuned on this very order" if tuned_here(data) else ""
    return titled(f"What {chosen} saves on this order{tuned}", table)


def _who(name: str, chosen: str, baseline: Mapping[str, Any]) -> Text:
    note = "itself" if name == chosen else "no one can trade it" if baseline["kind"] == "benchmark" else ""
    return Text(note, style="dim")


def dollars_saved(data: Mapping[str, Any], baseline: Mapping[str, Any]) -> Decimal | None:
    """The difference in cash, where both did all of the order."""
    mine = data["optimized"]
    if mine["total_cash"] is None or baseline["total_cash"] is None or mine["leaves"] or baseline["leaves"]:
        return None
    difference: Decimal = baseline["total_cash"] - mine["total_cash"]
    return difference if data["order"]["side"] == "buy" else -difference


def _intervals(
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
            _judged(mean, found.get("verdict", {}).get(name, "")),
            _interval(found["ci95"].get(name)),
            *ends,
            Text("; ".join(note for note in notes if note), style="dim"),
        )
    return titled(title, table)


def _notes(name: str, found: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[str]:
    if name in found.get("other_schedules", ()):
        yield "another schedule"
    if label := data["strategies"][name].get("label"):
        yield str(label)


def _interval(interval: Sequence[Decimal] | None) -> str:
    return NOTHING if not interval else f"{signed(interval[0])} to {signed(interval[1])}"


def _queue_models(found: Mapping[str, Any]) -> RenderableType:
    """The walk-forward allocations again: what was made is a bracket, what it cost a sensitivity."""
    table = figures_table("queue model", "made", "of all", "cost, bps")
    for model, entry in found["models"].items():
        share = entry["made_share"]
        table.add_row(
            model,
            f"{entry['made']:,}",
            NOTHING if share is None else f"{float(share):.1%}",
            signed(entry["cost_bps"], 4),
        )
    title = (
        f"Under each queue model: the same {found['slices']:,} allocations, {found['shares']:,} shares to make\n"
        "made is a bracket; cost, against the configured model's, a sensitivity"
    )
    return titled(title, table)


def _sensitivities(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What was asked for of takes that find less and of the charge for the order's size."""
    found = data.get("sensitivities", {})
    if levels := found.get("take_fade"):
        chosen, against = _chosen(data), list(levels[0]["savings_vs_baselines_bps"])
        table = figures_table("there", "headline", *against, "cost", "missed")
        for level in levels:
            mine = level["strategies"][chosen]
            saved = (level["savings_vs_baselines_bps"][name] for name in against)
            table.add_row(
                f"{float(level['there']):.0%}",
                *map(_gain, (level["headline_bps"], *saved)),
                signed(mine["cost_bps"]),
                f"{mine['missed']:,}",
            )
        title = (
            f"Where takes find only a part of what is displayed: bps that {chosen}\nsaves against each, and costs more"
        )
        yield titled(title, table)
    if charge := found.get("impact"):
        yield _impact(charge, data)


def _impact(found: Mapping[str, Any], data: Mapping[str, Any]) -> RenderableType:
    mine = found["strategies"][_chosen(data)]
    if mine["charge_bps"] is None:
        return Text("Square-root impact: no charge, as nothing was traded or no mid was known.", style="dim")
    if not mine["charge_bps"]:
        most = f"{float(found['least_participation']):.0%} of the {found['volume']:,} shares traded"
        return Text(f"Square-root impact: no charge, as at most {most} were done.", style="dim")
    return Text.assemble(
        ("Square-root impact: ", "bold"),
        f"{signed(mine['charge_bps'])} bps on every share ({_short(found['coefficient'])} x volatility "
        f"{_short(found['volatility_bps'])} bps x root of the part of {found['volume']:,} shares traded), the same for "
        "every strategy that does as many shares: the order's shortfall grows, savings do not.",
    )


def _venues(data: Mapping[str, Any]) -> RenderableType:
    venues = data["optimized"]["venues"]
    table = figures_table("venue", "shares", "of all", "made", "avg price", "fees", "rebates")
    total = sum(venue["shares"] for venue in venues)
    for venue in venues:
        table.add_row(
            venue["name"] or f"venue {venue['publisher_id']}",
            f"{venue['shares']:,}",
            f"{venue['shares'] / total:.1%}",
            f"{venue['made']:,}",
            *(price(venue[key]) for key in ("avg_px", "fees", "rebates")),
        )
    return titled(f"Where {_chosen(data)} traded", table)


def _executions(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """How the chosen strategy executed, where that was analysed."""
    found = data.get("tca", {}).get("strategies", {}).get(_chosen(data))
    if not found:
        return
    if found["spreads"]:
        table = figures_table(*spread_columns())
        add_spreads(table, found["spreads"])
        yield titled(f"Spreads of {_chosen(data)}'s fills, cents a share", table)
    if found["fill_rates"]:
        table = figures_table(*rate_columns())
        for row in rate_rows(found["fill_rates"]):
            table.add_row(*row)
        yield titled(f"How {_chosen(data)}'s resting orders were filled", table)


def _parameters(data: Mapping[str, Any]) -> RenderableType | None:
    """What was best in sample; None where nothing that worked this order has such parameters."""
    search, multiples = data["search"], data["best_parameters"].get("multiples", {})
    tried = f"Best in sample of {search['candidates']:,} candidates"
    if "followed" in search:
        slices = "; ".join(f"{parameters} in {count:,}" for parameters, count in followed(data)) or "none"
        best = f"{given(search['cheapest_in_sample'])}\nFollowed slice by slice: {slices}"
    elif has_penalties(data):
        best = ", ".join(
            f"{name} {_penalty(value, multiples.get(name))}"
            for name, value in data["best_parameters"].items()
            if name != "multiples"
        )
        tried += "" if _chosen(data) == ROUTER else f" of {ROUTER}"
        if search["candidates"] <= 1:
            return Text(f"Nothing was tuned; the penalties of {ROUTER}:\n{best}", style="dim")
    else:
        return None
    effect = "" if search["parameters_matter"] else ", which all give the same answer"
    return Text(f"{tried}{effect}:\n{best}", style="dim")


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


def _judged(mean: Decimal | None, verdict: str) -> Text:
    """In colour only where there is a verdict, and it is more than luck may give."""
    return Text(signed(mean)) if not verdict or str(verdict).startswith("no evidence") else _gain(mean)


def _short(value: Any) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, Decimal | float) else str(value)


# -- helpers -----------------------------------------------------------------------------------------------------------


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
