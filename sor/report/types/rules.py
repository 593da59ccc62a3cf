"""The execution rules, the fees and the grid."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from sor.report.types.values import (
    CLOSED,
    Count,
    GridLevel,
    NotNegative,
    Positive,
    QueueModelName,
    Seconds,
    one_of,
    says,
)


class VenueFees(TypedDict):
    """One venue's fees in dollars a share, of the day of the window."""

    name: Annotated[str | None, says("Of the exchange. Null where it is not known.")]
    mic: Annotated[str | None, says("Its market identifier code. Null where it is not known.")]
    take: Annotated[Decimal, says("Charged for each share taken; negative is paid to us.")]
    make: Annotated[Decimal, says("Paid for each share made; negative is charged to us.")]
    take_below: NotRequired[
        Annotated[
            Decimal,
            says("The same for shares priced below one dollar, as a part of the value. Absent: as at any price."),
        ]
    ]
    make_below: NotRequired[
        Annotated[
            Decimal,
            says("The same for shares priced below one dollar, as a part of the value. Absent: as at any price."),
        ]
    ]


class GridSection(TypedDict):
    """The candidates of the search: all combinations of these levels, dollars a share or multiples (1.5x)."""

    lambda_over: Annotated[
        list[GridLevel], Meta(min_length=1), says("Levels of lambda_over, in the order they were tried.")
    ]
    lambda_under: Annotated[
        list[GridLevel], Meta(min_length=1), says("Levels of lambda_under, in the order they were tried.")
    ]
    theta_queue: Annotated[
        list[GridLevel], Meta(min_length=1), says("Levels of theta_queue, in the order they were tried.")
    ]


class RulesSection(TypedDict):
    """How orders are executed, the same for every strategy."""

    profile: Annotated[str, one_of("default", "seed"), says("default, or seed: the original system's rules.")]
    strategy: Annotated[str, says("Which strategy is `optimized`.")]
    liquidity: Annotated[
        str,
        one_of("consume", "replenish"),
        says(
            "consume: what the order took stays taken until the price changes; replenish: every snapshot shows "
            "fresh shares."
        ),
    ]
    interval_s: Annotated[Seconds, says("TWAP's slices, in seconds.")]
    router_interval_s: Annotated[Seconds, says("The router's slices, in seconds.")]
    queue_model: Annotated[
        QueueModelName,
        says(
            "What cancellations do to the queue ahead of a resting order: conservative none, proportional their "
            "share, optimistic all."
        ),
    ]
    adverse_selection: Annotated[
        bool, says("Whether the router lowers a rebate by the mean move of the mid against past fills.")
    ]
    latency_us: Annotated[NotNegative, says("Microseconds from a decision to the market.")]
    latency_us_by_venue: Annotated[
        dict[str, NotNegative], says("Venues (publisher_id) to which it takes another time.")
    ]
    cancel_latency_us: Annotated[NotNegative, says("Microseconds from a cancel to its effect.")]
    cancel_latency_us_by_venue: Annotated[
        dict[str, NotNegative], says("Venues (publisher_id) at which it takes another time.")
    ]
    child_min: Annotated[Positive, says("Smaller child orders are not sent.")]
    child_lot: Annotated[Positive, says("Child orders are whole multiples of it.")]
    max_quote_age_s: Annotated[Decimal | None, says("Older quotes do not take part, in seconds. Null: no limit.")]
    stale_crossed_s: Annotated[
        Decimal | None,
        says("Seconds after which a quote that crosses a newer one of another venue is left out. Null: never."),
    ]
    tz: Annotated[str, says("The time zone in which times were typed and are shown to people; here they are UTC.")]
    fees: Annotated[dict[str, Annotated[VenueFees, CLOSED]], says("By publisher_id; a venue that is absent has 0.")]
    seed: Annotated[Count, says("Seed of everything that is random.")]
    grid: Annotated[GridSection, CLOSED]
    orders: Annotated[Positive, says("How many parent orders were spread over the window.")]
