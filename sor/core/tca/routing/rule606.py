"""The venue table of SEC Rule 606(b)(3) (17 CFR 242.606), column by column; forced shares were never routed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution.child_orders import ChildKind, ChildOrder
from sor.core.fees import FeeSchedule
from sor.core.order import Fill
from sor.core.tca.market.fill_quotes import FillQuotes


@dataclass(frozen=True, slots=True)
class VenueHandling:
    """Shares routed to a venue and executed there. ioc: routed to take at once or not at all; fees: nanodollars paid, a
    rebate is negative; midpoint, near, far: executed at the prevailing mid, on the side of the spread more favourable
    to the order, and on the less favourable (of the shares with a mid); provided, removed: liquidity; provided_wait:
    mean ns from entry to execution or cancellation of orders that provided, None without any."""

    venue: int
    orders: int
    routed: int
    ioc: int
    fills: int
    executed: int
    fees: int
    midpoint: int
    near: int
    far: int
    provided: int
    provided_fees: int
    provided_wait: Fraction | None
    removed: int
    removed_fees: int


def venue_handling(
    orders: Iterable[ChildOrder], fills: Sequence[Fill], quotes: FillQuotes, fees: FeeSchedule
) -> tuple[VenueHandling, ...]:
    """One row a venue that anything was sent to, by id."""
    sent: dict[int, list[ChildOrder]] = {}
    done: dict[int, list[tuple[Fill, int | None]]] = {}
    for order in orders:
        if order.kind is not ChildKind.FORCED:
            sent.setdefault(order.venue, []).append(order)
    for fill, mid2 in zip(fills, quotes.mid2, strict=True):
        if not fill.forced:
            done.setdefault(fill.venue, []).append((fill, mid2))
    return tuple(_venue(v, sent.get(v, []), done.get(v, []), fees) for v in sorted({*sent, *done}))


def _venue(
    venue: int, orders: Sequence[ChildOrder], done: Sequence[tuple[Fill, int | None]], fees: FeeSchedule
) -> VenueHandling:
    made = sum(-fees.make(venue, f.px) * f.qty for f, _ in done if f.is_maker)
    paid = sum(fees.take(venue, f.px) * f.qty for f, _ in done if not f.is_maker)
    against = [(fill.qty, 2 * fill.px - mid2) for fill, mid2 in done if mid2 is not None]
    waits = [
        order.ended - order.arrived for order in orders if order.kind is ChildKind.REST and order.arrived is not None
    ]
    return VenueHandling(
        venue=venue,
        orders=len(orders),
        routed=sum(order.qty for order in orders),
        ioc=sum(order.qty for order in orders if order.kind is ChildKind.TAKE),
        fills=len(done),
        executed=sum(fill.qty for fill, _ in done),
        fees=made + paid,
        midpoint=sum(qty for qty, cost in against if not cost),
        near=sum(qty for qty, cost in against if cost < 0),
        far=sum(qty for qty, cost in against if cost > 0),
        provided=sum(fill.qty for fill, _ in done if fill.is_maker),
        provided_fees=made,
        provided_wait=Fraction(sum(waits), len(waits)) if waits else None,
        removed=sum(fill.qty for fill, _ in done if not fill.is_maker),
        removed_fees=paid,
    )
