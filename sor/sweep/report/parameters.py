"""Whether a parameter matters: what orders cost with each of its values, all else the same."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sor.sweep.report.figures import rounded
from sor.sweep.report.orders import Row, SweepOrders, order_of

if TYPE_CHECKING:
    from sor.sweep.report.types.sweep import ParameterRow


def parameters(orders: SweepOrders) -> list[ParameterRow]:
    """For each strategy and each parameter with several values: whether any order cost anything else."""
    strategies = dict.fromkeys(str(row["strategy"]) for row in orders.rows)
    return [_parameter(orders, strategy, name) for strategy in strategies for name in orders.varied]


def _parameter(orders: SweepOrders, strategy: str, name: str) -> ParameterRow:
    others = [n for n in orders.varied if n != name]
    groups: dict[Any, dict[str, Row]] = defaultdict(dict)
    for row in orders.rows:
        if row["strategy"] == strategy:
            groups[order_of(row), tuple(row[n] for n in others)][row[name] or "default"] = row
    values = list(dict.fromkeys(value for group in groups.values() for value in group))
    spreads = []
    for group in groups.values():
        costs = [row["cost_a_share"] for row in group.values() if row["cost_a_share"] is not None]
        spreads.append((max(costs) - min(costs)) / abs(min(costs)) * 1e4 if costs and min(costs) else 0.0)
    matters = any(spreads)
    what = f"{name} makes no difference to {strategy}: every order cost the same whatever its value"
    return {
        "strategy": strategy,
        "parameter": name,
        "values": values,
        "makes_a_difference": matters,
        "orders_it_changed": sum(spread > 0 for spread in spreads) / len(spreads),
        "largest_difference_bps": rounded(max(spreads)),
        "verdict": what if not matters else f"{name} changes what {strategy} costs",
    }
