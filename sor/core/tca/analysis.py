"""All that is found of one strategy's executions, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import ChildOrder
from sor.core.fees import FeeSchedule
from sor.core.order import ParentOrder
from sor.core.tca.costs.half_spreads import HalfSpreads, in_half_spreads
from sor.core.tca.costs.improvement import Improvement, improvement
from sor.core.tca.costs.markouts import MarkoutCurve, markout_curves
from sor.core.tca.costs.shortfall import Shortfall, shortfall
from sor.core.tca.costs.spreads import Spreads, spreads
from sor.core.tca.market.fill_quotes import FillQuotes
from sor.core.tca.minutes import filled_by_minute, target_by_minute
from sor.core.tca.routing.fill_rates import FillRates, fill_rates
from sor.core.tca.routing.rule606 import VenueHandling, venue_handling
from sor.core.tca.routing.survival import SurvivalCurve, time_to_completion, time_to_first_fill


@dataclass(frozen=True, slots=True)
class Analysis:
    """None where there is nothing to say. first_fill_by_venue: of venues at which anything rested."""

    fill_rates: FillRates | None
    first_fill: SurvivalCurve | None
    completion: SurvivalCurve | None
    first_fill_by_venue: dict[int, SurvivalCurve]
    spreads: tuple[Spreads, ...]
    markouts: tuple[MarkoutCurve, ...]
    improvement: Improvement
    handling: tuple[VenueHandling, ...]
    shortfall: Shortfall | None
    half_spreads: HalfSpreads | None
    filled_by_minute: tuple[int, ...]
    target_by_minute: tuple[int, ...] | None


def analyse(
    result: StrategyResult,
    quotes: FillQuotes,
    order: ParentOrder,
    fees: FeeSchedule,
    *,
    decision2: int | None,
    arrival2: int | None,
    orders: Sequence[ChildOrder] | None = None,
) -> Analysis:
    """`quotes` at and after result.fills; decision2, arrival2: twice the oriented mids then; orders: the child
    orders, where they are not the result's."""
    fills, orders = result.fills, result.orders if orders is None else orders
    curves = {venue: time_to_first_fill(o for o in orders if o.venue == venue) for venue in {o.venue for o in orders}}
    return Analysis(
        fill_rates(orders),
        time_to_first_fill(orders),
        time_to_completion(orders),
        {venue: curve for venue, curve in sorted(curves.items()) if curve is not None},
        spreads(fills, quotes),
        markout_curves(fills, quotes),
        improvement(fills, quotes, orders),
        venue_handling(orders, fills, quotes, fees),
        shortfall(result, decision2, arrival2),
        in_half_spreads(result),
        filled_by_minute(fills, order),
        target_by_minute(result.schedule, order),
    )
