"""Spreads, markouts, improvement and shortfall."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.strategies import VenueName
from sor.report.types.values import Count, Interval, one_of, says


class MoneyPart(TypedDict):
    """One part of a cost."""

    usd: Annotated[Decimal, says("Exact dollars; positive hurts.")]
    bps: Annotated[Decimal | None, says("In basis points of the order's value at the decision.")]


class SpreadsAfter(TypedDict):
    """The spread of these fills split by the mid that long after."""

    seconds: Annotated[Decimal, says("Horizon.")]
    shares: Annotated[Count, says("Shares with a mid then.")]
    effective_usd: Annotated[Decimal, says("Effective spread of these shares, exact dollars.")]
    realized_usd: Annotated[Decimal, says("Sum of 2 (price - mid at the horizon), exact dollars.")]
    impact_usd: Annotated[Decimal, says("Sum of 2 (mid at the horizon - prevailing mid), exact dollars.")]
    effective_cents: NotRequired[Annotated[Decimal | None, says("Effective, cents a share.")]]
    realized_cents: NotRequired[Annotated[Decimal | None, says("Realized, cents a share.")]]
    impact_cents: NotRequired[Annotated[Decimal | None, says("Impact, cents a share.")]]


class SpreadsRow(TypedDict):
    """Spreads of one kind of fill, at one venue or at all."""

    kind: Annotated[str, one_of("maker", "taker", "forced"), says("maker, taker, or forced at the deadline.")]
    venue: Annotated[VenueName | None, says("The venue; null: all of them.")]
    fills: Annotated[Count, says("Fills.")]
    shares: Annotated[Count, says("Shares of them.")]
    quoted_cents: Annotated[Decimal | None, says("Mean national spread that prevailed, cents a share.")]
    effective_usd: Annotated[
        Decimal, says("Sum of 2 (price - prevailing mid) over the shares, signed by side: exact dollars.")
    ]
    effective_cents: Annotated[Decimal | None, says("The same, cents a share.")]
    effective_bps: Annotated[Decimal | None, says("The same, of the value.")]
    effective_over_quoted: Annotated[
        Decimal | None, says("E/Q: effective over quoted spread, over the shares for which both sides were quoted.")
    ]
    after: Annotated[
        list[SpreadsAfter],
        says(
            "Realized spread and impact by horizon, over the fills whose mid that long after is on the tape: "
            "effective = realized + impact to the nanodollar."
        ),
    ]


class MarkoutRow(TypedDict):
    """The mean move of the mid at one horizon."""

    seconds: Annotated[Decimal, says("Horizon.")]
    fills: Annotated[Count, says("Fills whose mid then is on the tape.")]
    mean_bps: Annotated[
        Decimal | None,
        says("Mean by value of (mid - price) / price, signed by side: positive is in the order's favour."),
    ]
    ci95_bps: Annotated[
        Interval | None, says("95 % interval over clusters in time; null where there are fewer than five.")
    ]


class PeroldSplit(TypedDict):
    """Perold (1988)."""

    execution: Annotated[MoneyPart, says("What was done, against the mid at the decision.")]
    opportunity: Annotated[MoneyPart, says("What was left, from the decision to its completion price.")]
    fees: Annotated[MoneyPart, says("Fees less rebates.")]


class WagnerSplit(TypedDict):
    """Wagner and Edwards (1993)."""

    delay: Annotated[MoneyPart, says("The whole order, from the decision to the start.")]
    trading: Annotated[MoneyPart, says("What was done, against the arrival mid.")]
    opportunity: Annotated[MoneyPart, says("What was left, from the arrival to its completion price.")]
    fees: Annotated[MoneyPart, says("Fees less rebates.")]


class ShortfallSection(TypedDict):
    """Implementation shortfall against the mid at the decision time, split twice; both splits sum to `total`. Null
    where a mid is not known.
    """

    total: Annotated[MoneyPart, says("All of it.")]
    perold: PeroldSplit
    wagner: WagnerSplit


class HalfSpreadsSection(TypedDict):
    """Costs in units of the mean half-spread at the decisions; null where there were none."""

    half_spread_cents: Annotated[Decimal, says("The unit, cents a share.")]
    timing: Annotated[Decimal | None, says("Timing.")]
    placement: Annotated[Decimal, says("Placement: 1 is the whole half-spread paid, -1 earned.")]
    fees: Annotated[Decimal, says("Fees less rebates.")]


class MarkoutsSection(TypedDict):
    """Markout curves."""

    maker: NotRequired[Annotated[list[MarkoutRow], says("Of maker fills.")]]
    taker: NotRequired[Annotated[list[MarkoutRow], says("Of taker fills.")]]
    forced: NotRequired[Annotated[list[MarkoutRow], says("Of forced fills.")]]


class ImprovementSection(TypedDict):
    """Price and size improvement of takes against the national best at the decision."""

    shares: Annotated[Count, says("Shares taken.")]
    improved: Annotated[Count, says("At a better price than the best at the decision.")]
    improved_usd: Annotated[Decimal, says("By how much, exact dollars.")]
    improved_cents: Annotated[Decimal | None, says("Cents a share of these.")]
    at_quote: Annotated[Count, says("At that price.")]
    outside: Annotated[Count, says("At a worse price.")]
    outside_usd: Annotated[Decimal, says("By how much, exact dollars.")]
    outside_cents: Annotated[Decimal | None, says("Cents a share of these.")]
    unquoted: Annotated[Count, says("Decided when there was no best.")]
    beyond_displayed: Annotated[
        Count, says("Taken at the best of the instant or better in excess of all that was displayed there.")
    ]
    missed: Annotated[Count, says("Sent to take, and gone on arrival.")]
