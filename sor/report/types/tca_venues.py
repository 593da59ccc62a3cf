"""The venue table of SEC Rule 606(b)(3)."""

from decimal import Decimal
from typing import Annotated, TypedDict

from sor.report.types.strategies import VenueName
from sor.report.types.values import Count, says


class RoutedToVenue(VenueName):
    """What orders that were sent show of a venue."""

    shares_routed: Annotated[Count, says("Total shares routed.")]
    shares_routed_ioc: Annotated[Count, says("Of those, immediate or cancel: takes.")]
    shares_further_routable: Annotated[Count, says("Of those, further routable: none are.")]
    average_order_size: Annotated[Decimal | None, says("Average order size routed.")]


class ExecutedAtVenue(TypedDict):
    """What executions show of a venue."""

    shares_executed: Annotated[Count, says("Total shares executed.")]
    fill_rate: Annotated[Decimal | None, says("Shares executed over shares routed.")]
    average_fill_size: Annotated[Decimal | None, says("Average fill size.")]
    net_fee_cents_per_100: Annotated[
        Decimal | None, says("Average net execution fee, cents per 100 shares; a rebate is negative.")
    ]
    shares_at_midpoint: Annotated[Count, says("Executed at the prevailing midpoint.")]
    share_at_midpoint: Annotated[Decimal | None, says("The same as a part of the shares executed.")]
    shares_near_side: Annotated[Count, says("Executed on the side of the spread more favourable to the order.")]
    share_near_side: Annotated[Decimal | None, says("The same as a part of the shares executed.")]
    shares_far_side: Annotated[Count, says("Executed on the less favourable side.")]
    share_far_side: Annotated[Decimal | None, says("The same as a part of the shares executed.")]
    shares_provided: Annotated[Count, says("Executed of orders that provided liquidity.")]
    share_provided: Annotated[Decimal | None, says("The same as a part of the shares executed.")]
    provided_milliseconds: Annotated[
        Decimal | None, says("Average time from entry to execution or cancellation of orders that provide liquidity.")
    ]
    provided_fee_cents_per_100: Annotated[
        Decimal | None, says("Average net fee of shares that provided, cents per 100 shares.")
    ]
    shares_removed: Annotated[Count, says("Executed of orders that removed liquidity.")]
    share_removed: Annotated[Decimal | None, says("The same as a part of the shares executed.")]
    removed_fee_cents_per_100: Annotated[
        Decimal | None, says("Average net fee of shares that removed, cents per 100 shares.")
    ]


class HandlingRow(RoutedToVenue, ExecutedAtVenue):
    """A row of the table of Rule 606(b)(3)."""
