"""The heading of a result: the verdict, what was done and paid, whether it came to its end, what to be warned of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from sor.report.format import money, price, signed
from tui.state.app_state import Opened


def heading(opened: Opened, width: int, page: Path | None) -> RenderableType:
    """`width` in cells; page: where the report is as a page for a browser."""
    lines = [Text(verdict(opened.data, width), style="bold"), _done(opened, width)]
    if opened.partial:
        lines.append(Text(_stopped(opened), style="bold yellow"))
    if warned := len(opened.data["warnings"]):
        lines.append(Text(f"! {warned} warning{'s' * (warned != 1)}: 4 shows what to be careful with", style="yellow"))
    if page is not None:
        lines.append(Text.assemble(("page ", "dim"), (str(page), f"link {page.as_uri()}"), ("  b opens it", "dim")))
    return Group(*lines)


def verdict(data: Mapping[str, Any], width: int) -> str:
    """One sentence that says whether anything was saved, with the figure and what makes it sure or not."""
    found = data.get("headline")
    if not found:
        return "No verdict: nothing was judged out of sample, so this order's own savings may be luck."
    whole, short = _grounds(found, data)
    text = f"{_answer(found, data)}: {signed(found['mean_savings_bps'])} bps against {found['against']}"
    return f"{text}{whole}." if len(text + whole) < width else f"{text}{short}."


def _answer(found: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    if _unsure(found):
        return "No evidence of a saving"
    return f"{data['rules']['strategy']} {'saved' if found['mean_savings_bps'] > 0 else 'cost more'}"


def _unsure(found: Mapping[str, Any]) -> bool:
    return str(found["verdict"]).startswith("no evidence")


def _grounds(found: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[str, str]:
    """What makes it sure or not: in full, and in few words."""
    label, ends = data["strategies"][found["against"]].get("label", ""), found["ci95"]
    against = f" ({label}), out of sample" if label else ", out of sample"
    if not ends:
        few = ", too few slices for an interval"
        return against + few, few
    between = f"{signed(ends[0])} to {signed(ends[1])}"
    holds = "includes" if ends[0] <= 0 <= ends[1] else "excludes"
    alone = " only before Holm's correction" if holds == "excludes" and _unsure(found) else ""
    return f"{against}; the 95 % interval {between} {holds} zero{alone}", f", {between} {holds} zero{alone}"


def _done(opened: Opened, width: int) -> Text:
    order, best = opened.data["order"], opened.data["optimized"]
    verb = "bought" if order["side"] == "buy" else "sold"
    took = f", {opened.seconds:.1f} s" if opened.seconds else ""
    text = Text.assemble(
        f"{opened.data['rules']['strategy']} {verb} {best['filled']:,}",
        f" at {price(best['avg_fill_px'])}, {money(best['total_cash'])} in all",
    )
    for more in (f"  ({opened.how}{took})", f"  {opened.name}"):
        if text.cell_len + len(more) <= width:
            text.append(more, style="dim")
    return text


def _stopped(opened: Opened) -> str:
    """In plain words: how far it came, and what that means for the figures."""
    order, best = opened.data["order"], opened.data["optimized"]
    return (
        f"Stopped before its end: {best['filled']:,} of {order['quantity']:,} shares were done, nothing was forced, "
        "and every figure is of what was done until then."
    )
