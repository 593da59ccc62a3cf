"""How orders were done: how much of them, at what cost, and what the mid did after passive fills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from sor.sweep.report.figures import estimated, mean_of, rounded
from sor.sweep.report.orders import Row, SweepOrders, Variant, named
from sor.sweep.row import MARKOUTS

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import Markouts, MeanOfOrders
    from sor.sweep.report.types.sweep import ExecutionRow


def execution(orders: SweepOrders, variant: Variant, rows: Sequence[Row]) -> ExecutionRow:
    """How a variant did its orders."""
    asked = sum(row["quantity"] for row in rows)
    return {
        **named(variant),
        "orders": len(rows),
        "fill_rate": rounded(sum(row["filled"] for row in rows) / asked),
        "forced": rounded(sum(row["forced"] for row in rows) / asked),
        "leaves": rounded(sum(row["leaves"] for row in rows) / asked),
        "making_share": mean_of(row["making_share"] for row in rows),
        "taking_share": mean_of(row["taking_share"] for row in rows),
        "implementation_shortfall_bps": mean_of(row["implementation_shortfall_bps"] for row in rows),
        "timing_bps": mean_of(row["timing_bps"] for row in rows),
        "placement_bps": mean_of(row["placement_bps"] for row in rows),
        "fees_bps": mean_of(row["fees_bps"] for row in rows),
        "opportunity_bps": mean_of(row["opportunity_bps"] for row in rows),
        **markouts(orders, rows),
    }


def markouts(orders: SweepOrders, rows: Sequence[Row], venue: int | None = None) -> Markouts:
    """Markouts weighted by shares; each order is a piece of its block."""
    result: dict[str, MeanOfOrders | None] = {}
    for name in MARKOUTS:
        values, weights, where = [], [], []
        for row in rows:
            fills = [f for f in row["passive_fills"] or () if venue is None or f["publisher_id"] == venue]
            known = [(f["qty"], f[name]) for f in fills if f[name] is not None]
            if known:
                shares = sum(qty for qty, _ in known)
                values.append(sum(qty * bps for qty, bps in known) / shares)
                weights.append(float(shares))
                where.append(row)
        result[name] = estimated(orders.estimate(values, where, weights)) if values else None
    return cast("Markouts", result)
