"""What was saved, in sample and out of sample."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from msgspec import Meta

from sor.report.types.strategies import StrategyEntry
from sor.report.types.values import Count, Interval, Part, Positive, Verdict, one_of, says


class Baselines(TypedDict):
    """What the chosen strategy is compared with: views of `strategies`."""

    X_M: NotRequired[
        Annotated[
            StrategyEntry,
            says("The router's own slices, all market: the baseline on equal clocks. Present where a router ran."),
        ]
    ]
    best_ask: Annotated[
        StrategyEntry, says("Takes what is available at the lowest price of any venue, at every snapshot, until done.")
    ]
    twap: Annotated[StrategyEntry, says("Equal slices over the horizon, each bought as best_ask does.")]
    vwap: Annotated[
        StrategyEntry,
        says("Average of the displayed quotes, weighted by displayed size: a benchmark that no one can trade."),
    ]


class SavingsOnThisOrder(TypedDict):
    """(b - x) / |b| of the costs a share, in basis points, half to even to 1e-6: positive where the chosen strategy
    x was cheaper than the baseline b, on both sides.
    """

    X_M: NotRequired[
        Annotated[
            Decimal | None,
            says(
                "Against X_M, first because it works the same slices. Present where a router ran; null where one of "
                "the two has no cash."
            ),
        ]
    ]
    best_ask: Annotated[Decimal | None, says("Against best_ask. Null where one of the two has no cash.")]
    twap: Annotated[Decimal | None, says("Against twap. Null where one of the two has no cash.")]
    vwap: Annotated[Decimal | None, says("Against vwap. Null where one of the two has no cash.")]


class JudgedSlices(TypedDict):
    """How many slices were judged."""

    judged: Annotated[
        Count,
        says(
            "Slices in which orders were placed with parameters tuned on slices before (a router without "
            "parameters: in which orders rested). In the others there was nothing to judge."
        ),
    ]
    of: Annotated[Positive, says("Slices of the schedule.")]


class HeadlineSection(TypedDict):
    """The figure to quote: what the walk-forward parent saved against X_M's parent, share by share, on the same
    slices. Null where no router ran, or there never was an opposite quote.
    """

    strategy: Annotated[
        str,
        says(
            "The parent that is judged: the router with parameters tuned on earlier slices, or a router without "
            "parameters."
        ),
    ]
    against: Annotated[str, one_of("X_M"), says("The baseline.")]
    mean_savings_bps: Annotated[
        Decimal,
        says(
            "Mean over all slices, weighted by X_M's cost: exactly what the parent order saved, half to even to 1e-6."
        ),
    ]
    ci95: Annotated[
        Interval | None,
        says("95 % confidence interval, [low, high] in basis points; null where there are too few slices to say."),
    ]
    slices: JudgedSlices
    verdict: Annotated[Verdict, says("What the interval says, at 5 %.")]
    by_slice_bps: NotRequired[
        Annotated[
            list[Decimal],
            Meta(min_length=1),
            says(
                "What each slice saved, in basis points of X_M's mean cost a slice: the sample that the interval is "
                "of, and that `sor compare` sets against another report's, slice by slice. Its mean is "
                "mean_savings_bps."
            ),
        ]
    ]


class OutOfSample(TypedDict):
    """The walk-forward parent against every tradable baseline: the j-th share of one against the j-th share of the
    other, grouped by the router's slices. X_M first.
    """

    slices: Annotated[Count, says("Slices of the schedule, which the means are over; 0 where no router ran.")]
    judged: Annotated[Count, says("Slices in which orders were placed with parameters tuned on slices before.")]
    mean_savings_bps: Annotated[
        dict[str, Decimal], says("Mean savings by baseline, weighted by the baseline's cost, in basis points.")
    ]
    ci95: Annotated[
        dict[str, Interval | None],
        says(
            "95 % confidence interval of each mean, [low, high] in basis points; null where there are too few "
            "slices to say. Against other schedules (`other_schedules`) it speaks of the slices of this tape "
            "alone: their drift is one draw a tape, so do not quote it."
        ),
    ]
    p_value: NotRequired[
        Annotated[
            dict[str, Part | None],
            says(
                "Two-sided p-value of a mean of zero, uncorrected; null where there are too few slices to say. For "
                "other schedules see ci95."
            ),
        ]
    ]
    verdict: Annotated[
        dict[str, Verdict | None],
        says(
            "X_M: the one planned test, at 5 % alone; the others with Holm's correction for all of them "
            "together. For other schedules see ci95."
        ),
    ]
    other_schedules: NotRequired[
        Annotated[
            list[str],
            says(
                "Baselines that do not work the router's slices: what is saved against them is mostly the "
                "difference of the schedules."
            ),
        ]
    ]
    ci_method: NotRequired[Annotated[str, says("How the intervals were found.")]]
    skipped: NotRequired[
        Annotated[dict[str, Positive], says("Slices that the tuning could not use: how many, by reason.")]
    ]
