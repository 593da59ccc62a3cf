"""A comparison as one object, as `sor compare --json` prints it."""

from decimal import Decimal
from typing import Annotated, TypedDict

from sor.report.types.savings import SavingsOnThisOrder
from sor.report.types.strategies import (
    AverageFill,
    FillCount,
    ForcedShares,
    LeftShares,
    MakingShare,
    Shortfall,
    Slippage,
)
from sor.report.types.values import Count, Interval, Part, Text, Verdict, one_of, says

Day = Annotated[str, says("The date on which the order began, YYYY-MM-DD, UTC.")]


class RouterRow(TypedDict):
    """A router, over all its reports. Null: it cannot be judged, and `warnings` says why."""

    router: Annotated[Text, says("Its strategy's name, with the options in which it differs from others of that name.")]
    days: Annotated[Count, says("Days that it is judged on.")]
    mean_savings_bps: Annotated[
        Decimal | None, says("Mean of what it saved against X_M, over slices or days, in basis points.")
    ]
    ci95: Annotated[
        Interval | None, says("95 % confidence interval of that mean; null where there are too few values to say.")
    ]
    p_value: Annotated[Part | None, says("Two-sided p-value of a mean of zero, uncorrected.")]
    verdict: Annotated[Verdict | None, says("With Holm's correction for all routers together, at 5 %.")]
    chance_of_best: Annotated[
        Part | None, says("How sure it is that this one saves most: a share of resamples. Null for a single router.")
    ]
    behind_best_bps: Annotated[
        Decimal | None, says("What the router that saved most saved more than this one; null for that router itself.")
    ]
    behind_best_ci95: Annotated[Interval | None, says("95 % confidence interval of the same.")]


class ReportRow(TypedDict):
    """A report. Null: it does not have the figure."""

    report: Annotated[Text, says("The file or folder as it was given; of a report in memory, its number.")]
    day: Day
    router: Annotated[Text, says("Which of `routers` it is of.")]
    savings_vs_X_M_bps: Annotated[Decimal | None, says("The report's headline: headline.mean_savings_bps.")]
    ci95: Annotated[Interval | None, says("The interval of the headline.")]
    avg_fill_px: AverageFill
    slippage_bps: Slippage
    implementation_shortfall_bps: Shortfall
    making_share: MakingShare
    fills: FillCount | None
    forced: ForcedShares | None
    leaves: LeftShares | None
    savings_on_this_order_bps: SavingsOnThisOrder


class ComparisonMethod(TypedDict):
    """How figures were found, in words."""

    against_X_M: Annotated[str, says("Means, intervals, p-values and verdicts.")]
    chance_of_best: Annotated[str, says("Chances of being the best.")]
    behind_best: Annotated[str, says("Distances from the best.")]


class ComparisonJson(TypedDict):
    """What `sor compare --json` prints. Figures of routers are rounded to 1e-6; figures of reports are theirs. Keys
    that are not described here may follow in later versions.
    """

    order: Annotated[Text, says("The parent order that all reports are of, in words.")]
    days: Annotated[list[Day], says("The days of the reports, ascending.")]
    over: Annotated[str, one_of("slices", "days"), says("What means are over: days where there are several.")]
    routers: Annotated[list[RouterRow], says("The routers, in the order of the reports.")]
    reports: Annotated[list[ReportRow], says("The reports, in the order in which they were given.")]
    options: Annotated[
        dict[str, dict[str, str]],
        says("The options that differ: the option, then its value by router, in words; - where it has none."),
    ]
    method: ComparisonMethod
    warnings: Annotated[list[Text], says("What a reader must know before believing a figure, as plain sentences.")]
    version: Annotated[Text, says("The version of sor that made this comparison.")]
