"""What variants saved against baselines: an estimate, of what it is, and what it says."""

from typing import Annotated, TypedDict

from sor.report.types.values import Count, FloatInterval, FloatPart, Positive, Text, one_of, says

Found = Annotated[
    str,
    one_of("saves", "costs", "equal", "nothing", "unknown"),
    says(
        "saves, costs more, equal (the same in every order), nothing (no evidence of a difference) or unknown (too "
        "few blocks to tell)."
    ),
]


class MeanOfOrders(TypedDict):
    """A mean over orders."""

    orders: Annotated[Positive, says("Orders that it is over.")]
    blocks: Annotated[Positive, says("Blocks that they stand in: days, or windows of time; see method.blocks.")]
    mean_bps: Annotated[float, says("The mean, in basis points.")]
    ci95: Annotated[
        FloatInterval | None, says("95 % confidence interval, [low, high]; null where there are too few blocks to say.")
    ]
    p: Annotated[
        FloatPart | None, says("Two-sided p-value of a mean of zero, uncorrected; null where there are too few blocks.")
    ]


class Markouts(TypedDict):
    """The move of the mid after passive fills, weighted by shares; negative is adverse selection. Null without any."""

    markout_1s_bps: Annotated[MeanOfOrders | None, says("After a second.")]
    markout_10s_bps: Annotated[MeanOfOrders | None, says("After ten seconds.")]
    markout_60s_bps: Annotated[MeanOfOrders | None, says("After a minute.")]


class VariantName(TypedDict):
    """A strategy with its parameters."""

    strategy: Annotated[Text, says("The strategy.")]
    parameters: Annotated[
        dict[str, str], says("Those of its parameters that vary in the sweep, as they were given, else default.")
    ]


class AgainstBaseline(VariantName):
    """A variant and what it is compared with."""

    baseline: Annotated[Text, says("The strategy or benchmark that savings are against.")]


class Judgement(TypedDict):
    """What an estimate says among others of its table."""

    p_holm: Annotated[FloatPart | None, says("p with Holm's correction for all comparisons of its table.")]
    found: Found
    verdict: Annotated[Text, says("The same in a sentence, with its figures.")]


class SavingsEstimate(AgainstBaseline, MeanOfOrders):
    """Mean savings, each order with one vote; positive is cheaper than the baseline."""


class Savings(SavingsEstimate, Judgement):
    """What a variant saved against a baseline over all orders."""


class Tuning(TypedDict):
    """How the variant was chosen."""

    sets: Annotated[Positive, says("Parameter sets that it was chosen from.")]
    orders: Annotated[Count, says("Orders of the earlier part, which it was chosen on; 0: none, see note.")]
    note: Annotated[Text | None, says("Why nothing could be tuned; null where it was.")]


class TunedEstimate(SavingsEstimate):
    """Savings of the variant that stands for its strategy."""

    tuned: Annotated[
        Tuning | None, says("How it was chosen from the strategy's parameter sets; null where there is one.")
    ]


class JudgedSavings(TunedEstimate, Judgement):
    """What a strategy saved against a baseline, judged on the orders that its parameters were not tuned on."""


class _GroupValue(TypedDict):
    value: Annotated[str | int, says("What its orders have in common.")]


class GroupEstimate(_GroupValue, SavingsEstimate):
    """Savings over the orders of a group."""


class GroupSavings(GroupEstimate, Judgement):
    """What a strategy saved against a baseline over the orders of a group."""


class _VenueValue(TypedDict):
    value: Annotated[int, says("The venue: Databento's publisher_id.")]


class _VenueShares(TypedDict):
    shares: Annotated[Positive, says("Shares done there.")]
    making_share: Annotated[FloatPart, says("Of those, shares of resting orders that were hit.")]


class VenueEstimate(_VenueValue, AgainstBaseline, _VenueShares, MeanOfOrders, Markouts):
    """What the shares done at a venue added to an order's savings: over venues they sum to it, but for leaves."""


class VenueSavings(VenueEstimate, Judgement):
    """What the shares that a strategy did at a venue added to its savings against a baseline."""
