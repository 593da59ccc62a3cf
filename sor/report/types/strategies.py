"""Every strategy and benchmark, and what it did at each venue."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.values import Count, Part, Positive, one_of, says


class VenueName(TypedDict):
    """A venue."""

    publisher_id: Annotated[int, says("Databento's publisher_id.")]
    name: Annotated[str | None, says("The exchange's name; null where it is not known.")]
    mic: Annotated[str | None, says("Its market identifier code; null where it is not known.")]


class VenueRow(VenueName):
    """What a strategy did at one venue."""

    shares: Annotated[Positive, says("Shares done there: made + taken + forced.")]
    made: Annotated[Count, says("Shares of resting orders that were hit there.")]
    taken: Annotated[Count, says("Shares taken from displayed quotes there.")]
    forced: Annotated[Count, says("Shares completed there at the deadline.")]
    avg_px: Annotated[
        Decimal, says("Average price of these shares in dollars, fees excluded; half to even to the nanodollar.")
    ]
    fees: Annotated[Decimal, says("Take fees paid there in dollars, exact; negative where the venue pays takers.")]
    rebates: Annotated[
        Decimal, says("Make rebates received there in dollars, exact; negative where the venue charges makers.")
    ]


# Values of an entry that a comparison shows as well.
AverageFill = Annotated[
    Decimal | None,
    says("total_cash / (filled + forced) in dollars a share, half to even to the nanodollar. Null without shares."),
]
LeftShares = Annotated[Count, says("Shares neither filled nor forced at the deadline.")]
ForcedShares = Annotated[
    Count,
    says("Shares completed at the deadline at the last best opposite quote, whatever its size; cash counts them."),
]
Slippage = Annotated[
    Decimal | None,
    says(
        "Cost against the arrival price, of the shares done, in basis points: timing + placement + fees. "
        "Positive hurts, on both sides."
    ),
]
Shortfall = Annotated[
    Decimal | None,
    says(
        "Cost of the whole parent order against the arrival price, leaves at the last best opposite quote, "
        "in basis points."
    ),
]
MakingShare = Annotated[
    Part | None, says("Of the shares done, those of resting orders that were hit. Strategies only.")
]
FillCount = Annotated[Count, says("Number of fills. Strategies only.")]


class StrategyEntry(TypedDict):
    """One strategy or benchmark, worked as if it were alone."""

    label: NotRequired[Annotated[str, says("What the name stands for, with the venue's name.")]]
    total_cash: Annotated[
        Decimal | None,
        says(
            "Dollars paid (buy) or received (sell), exact: sum of price x quantity, with take fees and make "
            "rebates, forced shares included. Null where there never was an opposite quote."
        ),
    ]
    avg_fill_px: AverageFill
    filled: Annotated[Count, says("Shares done by the strategy itself; forced shares are not counted here.")]
    leaves: LeftShares
    kind: Annotated[str, one_of("strategy", "benchmark"), says("A benchmark is an average that no one can trade.")]
    forced: ForcedShares
    forced_beyond_displayed: Annotated[
        Count,
        says("Those of the forced shares that were more than the venue had available: a gift that no market gives."),
    ]
    fees: Annotated[Decimal, says("Take fees paid in dollars, exact.")]
    rebates: Annotated[Decimal, says("Make rebates received in dollars, exact.")]
    slippage_bps: Slippage
    timing_bps: Annotated[
        Decimal | None,
        says(
            "Part of the slippage: the mid at each decision against the arrival price. Split into "
            "schedule_drift_bps and selection_bps."
        ),
    ]
    placement_bps: Annotated[
        Decimal | None,
        says(
            "Part of the slippage: each price against the mid at its decision. Read it together with "
            "selection_bps: placement alone flatters resting orders."
        ),
    ]
    fees_bps: Annotated[Decimal | None, says("Part of the slippage: take fees less make rebates.")]
    implementation_shortfall_bps: Shortfall
    schedule_drift_bps: NotRequired[
        Annotated[
            Decimal | None,
            says(
                "Part of the timing on the router's slices: the schedule's drift, which is X_M's timing. Null for "
                "other schedules."
            ),
        ]
    ]
    selection_bps: NotRequired[
        Annotated[
            Decimal | None,
            says(
                "The rest of the timing: what resting adds to it, because orders are filled when the price comes to "
                "them. Null for other schedules."
            ),
        ]
    ]
    making_share: NotRequired[MakingShare]
    taking_share: NotRequired[
        Annotated[Part | None, says("Of the shares done, those taken or forced. Strategies only.")]
    ]
    orders: NotRequired[Annotated[Count, says("Child orders sent, completion at the deadline included.")]]
    fills: NotRequired[FillCount]
    odd_lot_fills: NotRequired[
        Annotated[Count, says("Fills of fewer shares than a round lot has: 100, or what the tape's round_lot says.")]
    ]
    venues: NotRequired[Annotated[list[VenueRow], says("By venue, publisher_id ascending. Strategies only.")]]
