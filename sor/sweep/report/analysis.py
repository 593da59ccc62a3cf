"""What a sweep answers: savings by strategy, symbol, venue, time of day and size, and whether they are luck.

Every order has one vote. Parameter sets of a strategy are tuned on the first part of the days and judged on the rest
(purged: what lies next to the cut is in neither), so that the best of many is not praised for its luck.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sor.core.units import NANO
from sor.errors import InputError
from sor.sweep.report.bake_off import bake_off
from sor.sweep.report.bootstrap import DRAWS, LEVEL
from sor.sweep.report.execution import execution
from sor.sweep.report.figures import label
from sor.sweep.report.groups import by_groups
from sor.sweep.report.orders import ENOUGH_DAYS, Row, SweepOrders, named, order_of
from sor.sweep.report.parameters import parameters
from sor.sweep.report.savings import savings, verdicts, with_judgements
from sor.sweep.report.tuning import judged
from sor.sweep.row import DONE, SCHEMA
from sor.sweep.store import read_plan, read_table

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import Savings
    from sor.sweep.report.types.sweep import SweepFacts, SweepMethod, SweepReportJson


@dataclass(frozen=True, slots=True)
class SweepAnalysis:
    """The report of a sweep as a JSON object (sor/sweep/report/schema.json); tables and pages are made from it."""

    data: Mapping[str, Any]


def answer(folder: Path, *, seed: int = 0) -> SweepAnalysis:
    """Read a sweep's table and report on it. InputError where there is no order to report on."""
    plan = read_plan(folder)
    rows = read_table(folder, [name for name in SCHEMA.names if name != "report"]).to_pylist()
    done = [row for row in rows if row["status"] == DONE]
    if not done:
        why = f" (the first: {rows[0]['reason']})" if rows else ""
        raise InputError(f"{folder}: no order of this sweep was done{why}: there is nothing to report")
    return SweepAnalysis(_report(SweepOrders(done, seed), _sweep(rows, done, int(plan.get("cells", len(rows))))))


def _sweep(rows: Sequence[Row], done: Sequence[Row], cells: int) -> SweepFacts:
    reasons = Counter(row["reason"] for row in rows if row["status"] != DONE)
    return {
        "cells": cells,
        "done": len(done),
        "failed": len(rows) - len(done),
        "missing": cells - len(rows),
        "reasons": [{"reason": reason, "cells": count} for reason, count in reasons.most_common(20)],
        "tapes": len({row["tape"] for row in done}),
        "symbols": sorted({str(row["symbol"]) for row in done}),
        "days": len({row["day"] for row in done}),
        "orders": len({order_of(row) for row in done}),
    }


def _report(orders: SweepOrders, sweep: SweepFacts) -> SweepReportJson:
    comparisons, chosen = judged(orders)
    runs = {label(named(v)): {order_of(row): row for row in rows} for v, rows in orders.variants.items()}
    return {
        "verdict": verdicts(comparisons),
        "sweep": sweep,
        "method": _method(orders),
        "judged": comparisons,
        "overall": _overall(orders),
        "bake_off": bake_off(runs),
        "parameters": parameters(orders),
        "execution": [execution(orders, variant, rows) for variant, rows in chosen.items()],
        "by": by_groups(orders, chosen),
    }


def _overall(orders: SweepOrders) -> list[Savings]:
    found = (savings(orders, *pair) for pair in orders.compared(orders.variants))
    return [{**entry, **judgement} for entry, judgement in with_judgements([one for one in found if one is not None])]


def _method(orders: SweepOrders) -> SweepMethod:
    blocks = "days" if orders.by_day else f"windows of {orders.width / NANO:g} s (fewer than {ENOUGH_DAYS} days)"
    return {
        "blocks": blocks,
        "interval": f"95 %, studentised block bootstrap, {DRAWS:,} draws, seed {orders.seed}",
        "multiple_testing": f"Holm's step-down within each table, level {LEVEL:g}",
        "split": "parameter sets are tuned on the earlier half and judged on the later one; what touches the cut "
        "is purged",
        "savings": "mean over orders, each with one vote; positive is cheaper than the baseline",
        "markouts": "move of the mid after a passive fill, weighted by shares; negative is adverse selection",
    }
