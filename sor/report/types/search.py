"""What the search found, and what the router met."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.values import CLOSED, Count, NotNegative, Part, Positive, says


class PenaltyMultiples(TypedDict):
    """The same as multiples of the slices' natural scale, where the grid was in multiples: lambda_over of h + max
    r, lambda_under of h + f, theta_queue of h.
    """

    lambda_over: NotRequired[Annotated[NotNegative, says("Multiple of lambda_over.")]]
    lambda_under: NotRequired[Annotated[NotNegative, says("Multiple of lambda_under.")]]
    theta_queue: NotRequired[Annotated[NotNegative, says("Multiple of theta_queue.")]]


class BestParameters(TypedDict):
    """The candidate of the search that was cheapest in sample, in dollars a share; null for a multiple where no
    slice had anything that it could be a multiple of.
    """

    lambda_over: Annotated[NotNegative | None, says("Penalty for buying too much.")]
    lambda_under: Annotated[NotNegative | None, says("Penalty for buying too little.")]
    theta_queue: Annotated[NotNegative | None, says("Penalty for joining the queues.")]
    multiples: NotRequired[PenaltyMultiples]


class FollowedParameters(TypedDict):
    """One candidate of the grid."""

    parameters: Annotated[dict[str, str], says("As they were given.")]
    slices: Annotated[
        Count,
        says("Slices in which it was followed; the first one, where there was nothing to choose by, is not counted."),
    ]
    beyond_cheapest_bps: Annotated[Decimal | None, says("What it cost in sample beyond the cheapest.")]


class PoolGap(TypedDict):
    """How far the pool of allocations that answers for the whole grid is from the optimum, as a share of the
    cost."""

    max: Annotated[Decimal, says("The largest over candidates.")]
    mean: Annotated[Decimal, says("The mean over candidates.")]


class InSampleSavings(TypedDict):
    """Savings against X_M in sample over the grid, in basis points: the spread shows whether parameters matter."""

    best: Annotated[Decimal, says("Of the best candidate.")]
    worst: Annotated[Decimal, says("Of the worst candidate.")]


class SearchSection(TypedDict):
    """The search over parameters."""

    candidates: Annotated[Positive, says("Size of the grid.")]
    evaluated: NotRequired[Annotated[Count, says("How many candidates had to be worked out.")]]
    parameters_matter: Annotated[
        bool, says("False where every candidate gives the same answer: the objective is flat.")
    ]
    cheapest_in_sample: NotRequired[
        Annotated[
            dict[str, str], says("Of a grid of a plug-in's parameters, those that were cheapest over the whole order.")
        ]
    ]
    followed: NotRequired[
        Annotated[
            list[Annotated[FollowedParameters, CLOSED]],
            says(
                "Of a grid of a plug-in's parameters, how often each was followed by the walk-forward parent: it "
                "was cheapest until then."
            ),
        ]
    ]
    pool_gap: NotRequired[PoolGap]
    in_sample_savings_vs_X_M_bps: NotRequired[InSampleSavings]


class QueueModelRow(TypedDict):
    """One queue model."""

    made: Annotated[
        Count, says("Shares made before the end sweeps, at most S - M a slice. Over the models this is a bracket.")
    ]
    made_share: Annotated[Part | None, says("made / shares. Null without shares.")]
    cost_bps: Annotated[
        Decimal | None,
        says(
            "Cost of all these slices against their cost under the configured model (rules.queue_model), in "
            "basis points; negative is cheaper. A sensitivity, no bracket."
        ),
    ]


class QueueModelsSection(TypedDict):
    """The walk-forward allocations, each slice worked again as an order of its own under every queue model."""

    slices: Annotated[Count, says("Slices with resting orders.")]
    shares: Annotated[Count, says("Shares of them that could have been made: the sum of S - M.")]
    models: Annotated[dict[str, QueueModelRow], says("By queue model.")]


class RouterSection(TypedDict):
    """What the Cont-Kukanov router met; empty where it did not run."""

    slices: NotRequired[Annotated[Count, says("Slices it worked.")]]
    all_market: NotRequired[Annotated[dict[str, Positive], says("Slices that went all market: how many, by reason.")]]
    raised_penalties: NotRequired[
        Annotated[Count, says("Slices where a penalty in dollars was raised to the least that the model admits.")]
    ]
    queue_models: NotRequired[QueueModelsSection]
