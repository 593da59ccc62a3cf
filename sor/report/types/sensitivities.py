"""What the figures would be if the market answered otherwise."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.values import Count, Part, says


class FadedStrategy(TypedDict):
    """One strategy."""

    avg_fill_px: Annotated[Decimal | None, says("As in `strategies`.")]
    filled: Annotated[Count, says("As in `strategies`.")]
    forced: Annotated[Count, says("As in `strategies`.")]
    leaves: Annotated[Count, says("As in `strategies`.")]
    missed: Annotated[Count, says("Shares of takes that were not there when they arrived.")]
    cost_bps: Annotated[
        Decimal | None,
        says(
            "What it costs more than where all is there, basis points of that cost; negative is cheaper. A "
            "sensitivity, no bracket."
        ),
    ]


class TakeFade(TypedDict):
    """One part."""

    there: Annotated[Part, says("The part of a displayed size that is there when a take arrives.")]
    headline_bps: Annotated[
        Decimal | None,
        says(
            "What the headline's parent order saved against X_M's, basis points. Null where no router ran or a "
            "share had no price."
        ),
    ]
    savings_vs_baselines_bps: Annotated[
        dict[str, Decimal | None], says("What `optimized` saves against each baseline, basis points.")
    ]
    strategies: Annotated[dict[str, FadedStrategy], says("By name.")]


class ChargedStrategy(TypedDict):
    """One strategy."""

    charge_bps: Annotated[Decimal | None, says("On each share that was done. Null without volume or mids.")]
    implementation_shortfall_bps: Annotated[Decimal | None, says("With the charge.")]


class ImpactSection(TypedDict):
    """A square-root charge for the size of the order; docs/model.md has the formula and its source."""

    coefficient: Annotated[Decimal, says("Y, as asked for.")]
    least_participation: Annotated[Decimal, says("Part of the volume up to which nothing is charged.")]
    volume: Annotated[Count, says("Shares traded in the window.")]
    volatility_bps: Annotated[Decimal | None, says("Of the national mid over the window. Null where it is not known.")]
    strategies: Annotated[dict[str, ChargedStrategy], says("By name.")]


class Sensitivities(TypedDict):
    """What the figures would be if the market answered otherwise; empty unless --take-fade or --impact asked for
    it."""

    take_fade: NotRequired[
        Annotated[
            list[TakeFade],
            says(
                "Every strategy again where takes find only a part of the displayed size; one entry a part, all of "
                "it (the report itself) first."
            ),
        ]
    ]
    impact: NotRequired[ImpactSection]
