"""Executions that somebody had, as the result of a strategy: so that the same analysis is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sor.core.execution.accounting import STRATEGY, StrategyResult, at_venues, split
from sor.core.fees import FeeSchedule
from sor.core.order import Fill, ParentOrder


def own_result(
    name: str, order: ParentOrder, fills: Sequence[Fill], fees: FeeSchedule, arrival2: int | None, left_px: int | None
) -> StrategyResult:
    """left_px: what a share that was left costs (the last opposite quote and its take fee), None where nothing says."""
    venues = at_venues(fills, fees)
    forced = sum(venue.forced for venue in venues)
    filled = sum(fill.qty for fill in fills) - forced
    leaves = order.quantity - filled - forced
    gross, paid, received = (sum(getattr(venue, part) for venue in venues) for part in ("cost", "fees", "rebates"))
    cost = gross + paid - received
    known = left_px is not None or not leaves
    timing, placement = split(fills, arrival2)
    return StrategyResult(
        name=name,
        kind=STRATEGY,
        side=order.side,
        quantity=order.quantity,
        filled=filled,
        forced=forced,
        leaves=leaves,
        forced_beyond_displayed=0,
        cost=cost,
        fees=paid,
        rebates=received,
        left_px=left_px,
        comparable=Fraction(cost + leaves * (left_px or 0), order.quantity) if known else None,
        timing=timing,
        placement=placement,
        maker_shares=sum(venue.maker_shares for venue in venues),
        venues=venues,
        executed=tuple(fills),
    )
