"""Strategy by strategy: what it cost, what it did, and what the chosen one saves."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sor.core.feed import ROUND_LOT
from sor.report.format import NOTHING, chosen_strategy, money, price, signed
from sor.report.tables.cells import figures_table, gain, marked_name, row_style, titled
from sor.report.tuned import tuned_here


def strategies_table(data: Mapping[str, Any]) -> RenderableType:
    table = figures_table("strategy", "avg price", "slippage", "drift", "selection", "placement", "fees")
    chosen = chosen_strategy(data)
    for name, entry in data["strategies"].items():
        drift = entry.get("schedule_drift_bps")
        table.add_row(
            marked_name(name, chosen),
            price(entry["avg_fill_px"]),
            signed(entry.get("slippage_bps")),
            signed(entry.get("timing_bps") if drift is None else drift),
            signed(entry.get("selection_bps")),
            signed(entry.get("placement_bps")),
            signed(entry["fees_bps"]) if entry["kind"] == "strategy" else NOTHING,
            style=row_style(name, entry, chosen),
        )
    return titled("Cost against arrival, bps: slippage = drift + selection + placement + fees", table)


def completion_table(data: Mapping[str, Any], *, with_cash: bool) -> RenderableType:
    entries = {name: entry for name, entry in data["strategies"].items() if entry["kind"] == "strategy"}
    left = any(entry["leaves"] for entry in entries.values())
    # Where shares are left, by a limit price or since the run was stopped, none were forced.
    wrong = {"leaves": "left"} if left else {"forced": "forced", "forced_beyond_displayed": "excess"}
    cash = ("total cash",) if with_cash else ()
    shortfall = ("shortfall",) if left else ()
    table = figures_table("strategy", *cash, "filled", "made", *wrong.values(), "orders", "odd", *shortfall)
    for name, entry in entries.items():
        making, chosen = entry.get("making_share"), chosen_strategy(data)
        table.add_row(
            marked_name(name, chosen),
            *((money(entry["total_cash"]),) if with_cash else ()),
            f"{entry['filled']:,}",
            NOTHING if making is None else f"{float(making):.1%}",
            *(Text(f"{entry[key]:,}", style="yellow" if entry[key] else "") for key in wrong),
            *(NOTHING if entry[key] is None else f"{entry[key]:,}" for key in ("orders", "odd_lot_fills")),
            *((signed(entry["implementation_shortfall_bps"]),) if left else ()),
            style=row_style(name, entry, chosen),
        )
    excess = any(entry["forced_beyond_displayed"] for entry in entries.values())
    note = "excess: forced beyond the size displayed; " if excess else ""
    round_lot = data["tape"].get("round_lot", ROUND_LOT)
    return titled(f"Shares; {note}odd: fills of fewer than {round_lot:,}", table)


def savings_table(data: Mapping[str, Any]) -> RenderableType:
    chosen = chosen_strategy(data)
    table = figures_table("against", "bps", "dollars", "")
    for name, saved in data["savings_vs_baselines_bps"].items():
        entry = data["baselines"][name]
        table.add_row(name, gain(saved), gain(dollars_saved(data, entry)), _who(name, chosen, entry))
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


def venues_table(data: Mapping[str, Any]) -> RenderableType:
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
    return titled(f"Where {chosen_strategy(data)} traded", table)
