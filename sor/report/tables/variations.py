"""What the figures would be under other queue models, with takes that find less, with a charge for the size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sor.report.format import NOTHING, chosen_strategy, signed
from sor.report.tables.cells import figures_table, gain, short, titled


def queue_models_table(found: Mapping[str, Any]) -> RenderableType:
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


def sensitivity_tables(data: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What was asked for of takes that find less and of the charge for the order's size."""
    found = data.get("sensitivities", {})
    if levels := found.get("take_fade"):
        chosen, against = chosen_strategy(data), list(levels[0]["savings_vs_baselines_bps"])
        table = figures_table("there", "headline", *against, "cost", "missed")
        for level in levels:
            mine = level["strategies"][chosen]
            saved = (level["savings_vs_baselines_bps"][name] for name in against)
            table.add_row(
                f"{float(level['there']):.0%}",
                *map(gain, (level["headline_bps"], *saved)),
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
    mine = found["strategies"][chosen_strategy(data)]
    if mine["charge_bps"] is None:
        return Text("Square-root impact: no charge, as nothing was traded or no mid was known.", style="dim")
    if not mine["charge_bps"]:
        most = f"{float(found['least_participation']):.0%} of the {found['volume']:,} shares traded"
        return Text(f"Square-root impact: no charge, as at most {most} were done.", style="dim")
    return Text.assemble(
        ("Square-root impact: ", "bold"),
        f"{signed(mine['charge_bps'])} bps on every share ({short(found['coefficient'])} x volatility "
        f"{short(found['volatility_bps'])} bps x root of the part of {found['volume']:,} shares traded), the same for "
        "every strategy that does as many shares: the order's shortfall grows, savings do not.",
    )
