"""Parameter sets tuned on one part of the days and judged on the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sor.sweep.report.orders import Row, SweepOrders, Variant, ns_of
from sor.sweep.report.savings import savings, with_judgements

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import JudgedSavings, TunedEstimate, Tuning


def judged(orders: SweepOrders) -> tuple[list[JudgedSavings], dict[Variant, list[Row]]]:
    """One variant of each strategy against each baseline, and the rows that it is judged on."""
    family: list[TunedEstimate] = []
    chosen: dict[Variant, list[Row]] = {}
    for strategy in dict.fromkeys(variant[0] for variant in orders.variants):
        mine = {variant: rows for variant, rows in orders.variants.items() if variant[0] == strategy}
        variant, rows, tuning = _tuned(mine, orders.width)
        chosen[variant] = rows
        estimates = (savings(orders, variant, rows, baseline) for baseline in orders.baselines(strategy))
        family += [{**found, "tuned": tuning} for found in estimates if found is not None]
    return [{**entry, **judgement} for entry, judgement in with_judgements(family)], chosen


def _tuned(mine: Mapping[Variant, list[Row]], width: int) -> tuple[Variant, list[Row], Tuning | None]:
    """The cheapest variant on the tuning part, with its rows in the other; all of them where nothing varies."""
    first = next(iter(mine))
    if len(mine) == 1:
        return first, mine[first], None
    tune, judge = split([row for rows in mine.values() for row in rows], width)
    if not tune or not judge:
        reason = "too few days and windows to tune on one part and judge on the other: the first set stands"
        return first, mine[first], {"sets": len(mine), "orders": 0, "note": reason}
    costs = {variant: _mean_cost([row for row in rows if id(row) in tune]) for variant, rows in mine.items()}
    best = min(costs, key=lambda variant: costs[variant])  # the first among equals
    rows = [row for row in mine[best] if id(row) in judge]
    return best, rows, {"sets": len(mine), "orders": len(tune) // len(mine), "note": None}


def split(rows: Sequence[Row], width: int) -> tuple[set[int], set[int]]:
    """The ids of rows to tune on and to judge on: earlier and later days; of one day, windows of `width` ns.

    Purged: of five parts or more the one at the cut is in neither, and no order to tune on lasts until judging begins.
    """
    days = len({row["day"] for row in rows}) > 1

    def part(row: Row) -> Any:
        return row["day"] if days else ns_of(row) // width

    parts = sorted({part(row) for row in rows})
    half, gap = len(parts) // 2, int(len(parts) >= 5)
    if not half:
        return set(), set()
    tuning, judging = set(parts[: len(parts) - half - gap]), set(parts[-half:])
    begins = min(ns_of(row) for row in rows if part(row) in judging)
    tune = {id(row) for row in rows if part(row) in tuning and ns_of(row, "end") < begins}
    return tune, {id(row) for row in rows if part(row) in judging}


def _mean_cost(rows: Sequence[Row]) -> float:
    """Against arrival, in bps of it, so that orders of all sizes and prices count alike."""
    costs = [row["implementation_shortfall_bps"] for row in rows if row["implementation_shortfall_bps"] is not None]
    return float(np.mean(costs)) if costs else float("inf")
