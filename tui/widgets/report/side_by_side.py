"""Reports beside one another: a row a fact, what differs in bold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from sor.report.format import price, signed
from sor.report.withheld import without_drift
from tui.state.app_state import Opened
from tui.state.kept_list import parameters

LABEL, COLUMN = 20, 22  # two reports have room in 80 cells
Facts = dict[str, Text]


def side_by_side(runs: Sequence[Opened]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), border_style="dim")
    table.add_column("", width=LABEL, style="dim", no_wrap=True)
    for run in runs:
        table.add_column(Text(run.name, style="bold"), width=COLUMN, justify="right", no_wrap=True)
    parts = [_parts(run) for run in runs]
    for title in parts[0]:
        if title:
            table.add_row(title)
        for label in dict.fromkeys(label for part in parts for label in part[title]):
            cells = [part[title].get(label, Text("-")) for part in parts]
            differs = len({cell.plain for cell in cells}) > 1
            name = Text(f"{'  ' if title else ''}{label}", style="bold" if differs else "dim")
            table.add_row(name, *cells, style="bold" if differs else "dim")
    return table


def _parts(run: Opened) -> dict[str, Facts]:
    """What there is to compare, under its titles."""
    data = without_drift(run.data)
    order, best, rules, sample = data["order"], data["optimized"], data["rules"], data["out_of_sample"]
    means, intervals = sample.get("mean_savings_bps", {}), sample.get("ci95", {})
    facts = {
        "order": f"{order['side']} {order['quantity']:,}",
        "symbol": str(data["tape"]["symbol"] or "-"),
        "day": order["start"][:10],
        "window": f"{order['start'][11:19]} to {order['end'][11:19]}",
        "strategy": rules["strategy"],
        "parameters": parameters(data),
        "queue model": rules["queue_model"],
        "liquidity": rules["liquidity"],
        "complete": "no, stopped" if run.partial else "yes",
        "warnings": str(len(data["warnings"])),
        "avg price": price(best["avg_fill_px"]),
        "filled": f"{best['filled']:,}",
        "forced": f"{best['forced']:,}",
        "slippage, bps": signed(best.get("slippage_bps")),
        "timing": signed(best.get("timing_bps")),
        "placement": signed(best.get("placement_bps")),
        "fees": signed(best.get("fees_bps")),
    }
    saved = {name: _gain(value) for name, value in data["savings_vs_baselines_bps"].items()}
    honest = {name: _with_interval(means.get(name), intervals.get(name)) for name in ("X_M", "twap")}
    return {
        "": {name: Text(value) for name, value in facts.items()},
        "on this order, bps": saved,
        "out of sample, bps": honest,
    }


def _with_interval(mean: Any, interval: Any) -> Text:
    between = f" ({signed(interval[0])} to {signed(interval[1])})" if interval else ""
    return Text.assemble(signed(mean), (between, "dim"))


def _gain(value: Any) -> Text:
    return Text(signed(value))
