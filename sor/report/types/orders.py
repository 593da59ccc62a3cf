"""The distribution over several parent orders, one by one too."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.values import Count, Interval, Positive, Time, Verdict, one_of, says


class SavingsSpread(TypedDict):
    """Savings in basis points."""

    min: Annotated[Decimal, says("The least.")]
    median: Annotated[Decimal, says("The median.")]
    max: Annotated[Decimal, says("The greatest.")]


class OrderRow(TypedDict):
    """One parent order."""

    order: Annotated[Positive, says("Its number.")]
    start: Annotated[Time, says("Its start.")]
    end: Annotated[Time, says("Its end.")]
    arrival_px: NotRequired[Annotated[Decimal | None, says("National mid at its start, dollars.")]]
    avg_fill_px: NotRequired[Annotated[Decimal | None, says("Average price, fees included, dollars.")]]
    filled: NotRequired[Annotated[Count, says("Shares filled.")]]
    forced: NotRequired[Annotated[Count, says("Shares forced at the deadline.")]]
    leaves: NotRequired[Annotated[Count, says("Shares left.")]]
    slippage_bps: NotRequired[Annotated[Decimal | None, says("Cost against arrival, of the shares done.")]]
    timing_bps: NotRequired[Annotated[Decimal | None, says("Of that, drift until the decisions.")]]
    placement_bps: NotRequired[Annotated[Decimal | None, says("Of that, prices against the mids at the decisions.")]]
    fees_bps: NotRequired[Annotated[Decimal | None, says("Of that, fees less rebates.")]]
    implementation_shortfall_bps: NotRequired[
        Annotated[Decimal | None, says("Cost of the whole order against arrival, leaves at their completion price.")]
    ]
    savings_bps: NotRequired[Annotated[dict[str, Decimal | None], says("Savings by baseline.")]]


class OrderOutlier(TypedDict):
    """A parent order whose cost stands out."""

    order: Annotated[Positive, says("Its number.")]
    implementation_shortfall_bps: Annotated[Decimal, says("Its cost.")]
    score: Annotated[Decimal, says("Its modified z-score.")]
    reason: Annotated[str, says("What made it so, in words.")]
    part: Annotated[
        str,
        one_of("timing", "placement", "fees", "left"),
        says("The part of the cost that is farthest from its median."),
    ]


class OrdersSection(TypedDict):
    """The distribution of savings over several parent orders (--orders); empty for one order."""

    count: NotRequired[Annotated[Positive, says("How many parent orders.")]]
    quantity: NotRequired[Annotated[Positive, says("Shares of each.")]]
    mean_savings_bps: NotRequired[Annotated[dict[str, Decimal], says("Mean savings by baseline, in basis points.")]]
    ci95: NotRequired[
        Annotated[
            dict[str, Interval | None],
            says(
                "95 % confidence interval of each mean, [low, high] in basis points; null where there are too few "
                "to say."
            ),
        ]
    ]
    verdict: NotRequired[Annotated[dict[str, Verdict], says("What each interval says, in words.")]]
    ci_method: NotRequired[Annotated[str, says("How the intervals were found.")]]
    spread_bps: NotRequired[Annotated[dict[str, SavingsSpread], says("Savings by baseline over the orders.")]]
    rows: NotRequired[Annotated[list[OrderRow], says("One row an order, by time.")]]
    outliers: NotRequired[
        Annotated[list[OrderOutlier], says("Orders whose shortfall stands out: |0.6745 (x - median) / MAD| above 3.5.")]
    ]
