"""Fill rates and times to a fill."""

from decimal import Decimal
from typing import Annotated, TypedDict

from sor.report.types.strategies import VenueName
from sor.report.types.values import Count, one_of, says


class RestingRate(TypedDict):
    """How often resting orders were filled."""

    orders: Annotated[Count, says("Resting orders that joined a queue.")]
    shares: Annotated[Count, says("Shares of them.")]
    filled: Annotated[Count, says("Shares filled.")]
    share_filled: Annotated[Decimal | None, says("Part of the shares that was filled.")]
    orders_touched: Annotated[Decimal | None, says("Part of the orders with any fill.")]
    orders_complete: Annotated[Decimal | None, says("Part of the orders filled whole.")]
    refused: Annotated[Count, says("Post-only orders that were refused on arrival.")]
    mean_seconds: Annotated[Decimal | None, says("Mean time from joining to the first fill, of those with one.")]
    median_seconds: Annotated[Decimal | None, says("Median of the same.")]


class VenueRate(VenueName, RestingRate):
    """The same at one venue."""


class FillCurve(TypedDict):
    """Time to a fill."""

    orders: Annotated[Count, says("Orders that joined a queue.")]
    filled_orders: Annotated[Count, says("Those that were filled; the others are censored when they ended.")]
    median_seconds: Annotated[Decimal | None, says("Time until half are filled; null if never.")]
    seconds: Annotated[list[Decimal], says("Times.")]
    at_risk: Annotated[list[int], says("Orders still open just before each.")]
    filled: Annotated[list[Decimal], says("Kaplan-Meier estimate of the share filled by then.")]
    low: Annotated[list[Decimal], says("Lower 95 % bound (Greenwood).")]
    high: Annotated[list[Decimal], says("Upper 95 % bound.")]


class VenueCurve(VenueName, FillCurve):
    """Time to the first fill at one venue."""


class _Third(TypedDict):
    third: Annotated[str, one_of("low", "middle", "high"), says("Which third of the orders.")]


class _QueueBounds(_Third):
    least: Annotated[int, says("Least queue ahead, shares in it.")]
    most: Annotated[int, says("Greatest queue ahead, shares in it.")]


class _SpreadBounds(_Third):
    least: Annotated[Decimal, says("Least spread, dollars in it.")]
    most: Annotated[Decimal, says("Greatest spread, dollars in it.")]


class QueueThird(_QueueBounds, RestingRate):
    """A third of the orders, by the shares ahead of them."""


class SpreadThird(_SpreadBounds, RestingRate):
    """A third of the orders, by the spread."""


class FillRatesSection(TypedDict):
    """Resting orders; null where nothing rested."""

    all: Annotated[RestingRate, says("All of them.")]
    venues: Annotated[list[VenueRate], says("By venue.")]
    queue_ahead: Annotated[list[QueueThird], says("By terciles of the shares ahead at joining.")]
    spread: Annotated[list[SpreadThird], says("By terciles of the national spread at the decision.")]


class TimeToFill(TypedDict):
    """Kaplan-Meier curves from joining the queue; null where nothing rested."""

    first_fill: Annotated[FillCurve, says("To the first fill.")]
    completion: Annotated[FillCurve, says("To the last share.")]
    venues: Annotated[list[VenueCurve], says("To the first fill, by venue.")]
