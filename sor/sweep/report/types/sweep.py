"""The report of a sweep as one object, as `sor sweep report DIR --json` prints it."""

from typing import Annotated, TypedDict

from sor.report.types.values import Count, FloatInterval, FloatPart, Positive, Text, one_of, says
from sor.sweep.report.types.estimates import (
    Found,
    GroupSavings,
    JudgedSavings,
    Markouts,
    Savings,
    VariantName,
    VenueSavings,
)


class FailureReason(TypedDict):
    """Why cells failed."""

    reason: Annotated[Text, says("The reason, in one line.")]
    cells: Annotated[Positive, says("Cells that failed for it.")]


class SweepFacts(TypedDict):
    """What the sweep's table holds."""

    cells: Annotated[Positive, says("Cells of the plan: an order worked by a variant.")]
    done: Annotated[Positive, says("Cells that were done.")]
    failed: Annotated[Count, says("Cells that failed.")]
    missing: Annotated[Count, says("Cells that are still to be done: the report is of a part.")]
    reasons: Annotated[list[FailureReason], says("Why cells failed, the most frequent first, at most 20.")]
    tapes: Annotated[Positive, says("Tapes of the cells that were done.")]
    symbols: Annotated[list[str], says("Their symbols.")]
    days: Annotated[Positive, says("Their days.")]
    orders: Annotated[Positive, says("Their orders, whatever worked them.")]


class SweepMethod(TypedDict):
    """How figures were found, in words."""

    blocks: Annotated[str, says("What a block is: a day, or a window of time.")]
    interval: Annotated[str, says("Intervals and p-values.")]
    multiple_testing: Annotated[str, says("How p-values are corrected.")]
    split: Annotated[str, says("Where parameters are tuned, and where they are judged.")]
    savings: Annotated[str, says("What a mean of savings is.")]
    markouts: Annotated[str, says("What a markout is.")]


class BakeOffRouter(TypedDict):
    """A router in the bake-off."""

    strategy: Annotated[Text, says("The strategy, with those of its parameters that vary in the sweep.")]
    mean_savings_bps: Annotated[float, says("What it saved against X_M's parents, weighted by money, in basis points.")]
    ci95: Annotated[
        FloatInterval | None, says("95 % confidence interval, [low, high]; null where there are too few units to say.")
    ]
    p: Annotated[FloatPart | None, says("Two-sided p-value of a mean of zero, uncorrected.")]
    found: Found
    probability_best: Annotated[FloatPart, says("The share of resamples in which it saved most, X_M among them.")]
    filled: Annotated[FloatPart, says("Of the shares of its orders, those that rested and were filled.")]
    cost_cents_a_share: Annotated[
        float | None, says("Cost against the mid at the decision, fees included, in cents a share.")
    ]


class BakeOff(TypedDict):
    """Routers on the same slices. Null where fewer than two routers worked any order in common."""

    against: Annotated[str, one_of("X_M"), says("The baseline.")]
    orders: Annotated[Positive, says("Orders that all of them worked.")]
    slices: Annotated[Count, says("Slices of these orders.")]
    drawn: Annotated[str, says("What is drawn in a resample, in words: days, orders or blocks of slices.")]
    units: Annotated[Count, says("How many there are to draw from: days, orders or slices.")]
    routers: Annotated[list[BakeOffRouter], says("The routers, the one that saved most first.")]
    probability_that_the_best_is_the_best: Annotated[FloatPart, says("probability_best of the first.")]
    probability_that_X_M_is_the_best: Annotated[FloatPart, says("The same of X_M, which saves nothing.")]


class ParameterRow(TypedDict):
    """Whether a parameter matters to a strategy."""

    strategy: Annotated[Text, says("The strategy.")]
    parameter: Annotated[Text, says("The parameter.")]
    values: Annotated[list[str], says("Its values in the sweep.")]
    makes_a_difference: Annotated[bool, says("Whether any order cost anything else with another value.")]
    orders_it_changed: Annotated[FloatPart, says("Of the orders, those that did; all other parameters the same.")]
    largest_difference_bps: Annotated[
        float, says("The largest difference between an order's costs, in basis points of the least.")
    ]
    verdict: Annotated[Text, says("The same in a sentence.")]


class _HowDone(TypedDict):
    orders: Annotated[Positive, says("Orders that it is judged on.")]
    fill_rate: Annotated[FloatPart, says("Of their shares, those that the strategy itself did.")]
    forced: Annotated[FloatPart, says("Of their shares, those forced at the deadline.")]
    leaves: Annotated[FloatPart, says("Of their shares, those left at the deadline.")]
    making_share: Annotated[
        FloatPart | None, says("Of the shares done, those of resting orders that were hit: mean over orders.")
    ]
    taking_share: Annotated[FloatPart | None, says("Of the shares done, those taken or forced: mean over orders.")]
    implementation_shortfall_bps: Annotated[
        float | None, says("Mean cost of a whole order against its arrival price, in basis points.")
    ]
    timing_bps: Annotated[float | None, says("Of that, the mid at each decision against the arrival price.")]
    placement_bps: Annotated[float | None, says("Of that, each price against the mid at its decision.")]
    fees_bps: Annotated[float | None, says("Of that, take fees less make rebates.")]
    opportunity_bps: Annotated[float | None, says("Of that, what was left at the deadline.")]


class ExecutionRow(VariantName, _HowDone, Markouts):
    """How a variant did the orders that it is judged on."""


class SavingsBy(TypedDict):
    """Where savings come from."""

    symbol: Annotated[list[GroupSavings], says("By symbol.")]
    side: Annotated[list[GroupSavings], says("By side.")]
    quantity: Annotated[list[GroupSavings], says("By the order's shares.")]
    time_of_day: Annotated[list[GroupSavings], says("By when an order begins, HH:MM, UTC.")]
    venue: Annotated[list[VenueSavings], says("By the venue that shares were done at.")]


class SweepReportJson(TypedDict):
    """What `sor sweep report DIR --json` prints. Figures are statistics, not money. Keys that are not described here
    may follow in later versions.
    """

    verdict: Annotated[list[Text], says("The answer in plain sentences, the most important first.")]
    sweep: SweepFacts
    method: SweepMethod
    judged: Annotated[
        list[JudgedSavings], says("Every strategy against every baseline, out of sample where parameters were tuned.")
    ]
    overall: Annotated[
        list[Savings],
        says("Every parameter set against every baseline, over all orders: in sample, the best praised for its luck."),
    ]
    bake_off: BakeOff | None
    parameters: Annotated[list[ParameterRow], says("Parameters with several values: whether they matter.")]
    execution: Annotated[list[ExecutionRow], says("How the strategies that are judged did their orders.")]
    by: SavingsBy
