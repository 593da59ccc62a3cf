"""The order's progress minute by minute, beside the market's volume and the schedule."""

from __future__ import annotations

from collections.abc import Sequence

from sor.core.order import Fill, ParentOrder
from sor.core.schedule import Schedule
from sor.core.tca.market.window_market import MINUTE, minute_edges


def filled_by_minute(fills: Sequence[Fill], order: ParentOrder) -> tuple[int, ...]:
    """Shares filled in each minute of the window; forced ones are the deadline's."""
    shares = [0] * len(minute_edges(order))
    for fill in fills:
        shares[(fill.ts - order.start) // MINUTE] += fill.qty
    return tuple(shares)


def target_by_minute(schedule: Schedule | None, order: ParentOrder) -> tuple[int, ...] | None:
    """Shares that the schedule wants done by the end of each minute; None where the strategy works none."""
    if schedule is None:
        return None
    ends = [min(edge + MINUTE - 1, order.end) for edge in minute_edges(order)]
    return tuple(schedule.target(schedule.index(end)) for end in ends)
