"""The whole of `tca`."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.tca_costs import (
    HalfSpreadsSection,
    ImprovementSection,
    MarkoutsSection,
    ShortfallSection,
    SpreadsRow,
)
from sor.report.types.tca_resting import FillRatesSection, TimeToFill
from sor.report.types.tca_venues import HandlingRow
from sor.report.types.values import Time, says


class PriceBenchmarks(TypedDict):
    """The average price, fees included, against each benchmark, in basis points: positive hurts."""

    interval_vwap: Annotated[Decimal | None, says("Average price of the window's trades on exchanges, by size.")]
    mid_twap: Annotated[Decimal | None, says("Average of the national mid over the window, by time.")]
    open: Annotated[Decimal | None, says("Price of the window's first trade.")]
    close: Annotated[Decimal | None, says("Price of the window's last trade.")]
    pwp_5: Annotated[
        Decimal | None,
        says(
            "Participation weighted price: average of the trades until the order's quantity is 5 % of them; "
            "null where the window ends before."
        ),
    ]
    pwp_10: Annotated[
        Decimal | None,
        says(
            "Participation weighted price: average of the trades until the order's quantity is 10 % of them; "
            "null where the window ends before."
        ),
    ]
    pwp_20: Annotated[
        Decimal | None,
        says(
            "Participation weighted price: average of the trades until the order's quantity is 20 % of them; "
            "null where the window ends before."
        ),
    ]


class StrategyMinutes(TypedDict):
    """By minute of the window."""

    filled: Annotated[list[int], says("Shares filled in each minute, forced ones at the deadline.")]
    target: Annotated[
        list[int] | None, says("Shares that the schedule wants done by the end of each; null without a schedule.")
    ]


class ExecutionCosts(TypedDict):
    """What executions cost, and how resting orders fared."""

    against_benchmarks_bps: Annotated[
        PriceBenchmarks,
        says("The average price, fees included, against each benchmark, in basis points: positive hurts."),
    ]
    shortfall: ShortfallSection | None
    half_spreads: HalfSpreadsSection | None
    spreads: Annotated[list[SpreadsRow], says("Rows by kind of fill, all venues first.")]
    markouts: MarkoutsSection
    improvement: ImprovementSection
    fill_rates: FillRatesSection | None
    time_to_fill: TimeToFill | None


class TcaStrategy(ExecutionCosts):
    """The analysis of one strategy's executions."""

    venues_606: Annotated[
        list[HandlingRow], says("The venue table of SEC Rule 606(b)(3); forced shares are not in it.")
    ]
    minutes: StrategyMinutes


class WindowMinutes(TypedDict):
    """The window by minute."""

    starts: Annotated[list[Time], says("When each begins.")]
    volume: Annotated[list[int], says("Shares traded on exchanges in each.")]


MarketPrices = Annotated[
    PriceBenchmarks, says("Prices of the market in the window, dollars; null where the tape has none.")
]


class TcaSection(TypedDict):
    """Transaction cost analysis (docs/tca.md): empty where nothing was analysed."""

    benchmarks: NotRequired[MarketPrices]
    minutes: NotRequired[WindowMinutes]
    strategies: NotRequired[
        Annotated[dict[str, TcaStrategy], says("By strategy: the chosen one, its walk forward, X_M.")]
    ]
