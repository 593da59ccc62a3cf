"""`sor tca` as JSON: order by order what was executed, against the market and against strategies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sor
from sor.core.execution.accounting import savings
from sor.core.spec import ROUTER, TUNED, Spec
from sor.core.units import dollars, format_time
from sor.report.sections.figures import in_bps
from sor.report.sections.strategies import strategy_entry
from sor.report.sections.venues import venue_name
from sor.report.tca.benchmarks import benchmarks, schedule
from sor.report.tca.section import execution_costs, minutes
from sor.report.tca.venue_table import venue_table
from sor.sources.source import TapeFacts
from sor.tca.fills_file import OwnFill, OwnFills
from sor.tca.own_orders import OwnOrder

if TYPE_CHECKING:
    from sor.report.types.tca_venues import HandlingRow
    from sor.tca.types.own import AgainstStrategy, ImpossibleFill, OwnHandlingRow, OwnOrderRow, OwnReportJson, OwnTca


def own_report(
    fills: OwnFills, orders: Iterable[OwnOrder], spec: Spec, tape: TapeFacts, request: Mapping[str, Any]
) -> OwnReportJson:
    """request: the options as they were given."""
    return {
        "fills": {"name": fills.name, "rows": len(fills.fills), "simulated": fills.simulated},
        "tape": {"name": tape.name, "symbol": tape.symbol, "rows": tape.rows},
        "orders": [_order(order, spec, tape.round_lot) for order in orders],
        "request": dict(request),
        "version": sor.__version__,
    }


def compared_with(spec: Spec) -> tuple[str, ...]:
    """X_M, twap and the router: the one whose parameters are tuned on the past only."""
    router = TUNED if spec.strategy == ROUTER else spec.strategy
    return tuple(dict.fromkeys(("X_M", "twap", router)))


def _order(order: OwnOrder, spec: Spec, round_lot: int) -> OwnOrderRow:
    outcome, parent = order.outcome, order.outcome.order
    return {
        "order": order.name,
        "side": parent.side.value,
        "quantity": parent.quantity,
        "start": format_time(parent.start),
        "end": format_time(parent.end),
        **strategy_entry(order.result, outcome.arrival2, round_lot=round_lot),
        "against": _against(order, spec, round_lot),
        "impossible": [_problem(fill, why) for fill, why in order.problems],
        "tca": _tca(order),
    }


def _tca(order: OwnOrder) -> OwnTca:
    return {
        "benchmarks": benchmarks(order.outcome),
        "minutes": {**schedule(order.outcome), **minutes(order.analysis)},
        **execution_costs(order.analysis, order.result, order.outcome),
        "venues_606": [_without_orders(row) for row in venue_table(order.analysis.handling)],
    }


def _without_orders(row: HandlingRow) -> OwnHandlingRow:
    return {
        **row,
        "shares_routed": None,
        "shares_routed_ioc": None,
        "shares_further_routable": None,
        "average_order_size": None,
    }


def _against(order: OwnOrder, spec: Spec, round_lot: int) -> dict[str, AgainstStrategy]:
    """By strategy: what it would have paid, and what the own executions saved against it."""
    if order.compared is None:
        return {}
    results, arrival2 = order.compared.outcome.results, order.compared.outcome.arrival2
    return {
        name: {
            "savings_bps": in_bps(savings(order.result, results[name])),
            **strategy_entry(results[name], arrival2, round_lot=round_lot),
        }
        for name in compared_with(spec)
        if name in results
    }


def _problem(fill: OwnFill, why: str) -> ImpossibleFill:
    return {
        "row": fill.row,
        "time": format_time(fill.ts),
        "venue": venue_name(fill.venue),
        "price": dollars(fill.px),
        "size": fill.qty,
        "reason": why,
    }
