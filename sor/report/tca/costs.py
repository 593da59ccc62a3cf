"""Spreads, markouts, improvement and shortfall as JSON: sums are exact dollars, averages are rounded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from sor.core.tca.costs.half_spreads import HalfSpreads
from sor.core.tca.costs.improvement import Improvement
from sor.core.tca.costs.markouts import MarkoutCurve, MarkoutPoint
from sor.core.tca.costs.shortfall import Shortfall
from sor.core.tca.costs.spreads import AfterSpreads, Spreads
from sor.core.units import NANO, bps, dollars, round_half_even
from sor.report.sections.figures import figure, in_bps, seconds
from sor.report.sections.venues import venue_name

if TYPE_CHECKING:
    from sor.report.types.tca_costs import (
        HalfSpreadsSection,
        ImprovementSection,
        MarkoutRow,
        MarkoutsSection,
        MoneyPart,
        ShortfallSection,
        SpreadsAfter,
        SpreadsRow,
    )

CENT = NANO // 100


def cents(amount: int, shares: int) -> Decimal | None:
    """Nanodollars over shares as cents a share, to 1e-6."""
    return round_half_even(Fraction(amount, shares * CENT), 6) if shares else None


def share(part: int, whole: int) -> Decimal | None:
    """To 1e-6; None of nothing."""
    return round_half_even(Fraction(part, whole), 6) if whole else None


def spreads(found: Spreads) -> SpreadsRow:
    """`venue` null: all venues. effective = realized + impact in every row of `after`, to the nanodollar."""
    return {
        "kind": found.kind,
        "venue": None if found.venue is None else venue_name(found.venue),
        "fills": found.fills,
        "shares": found.shares,
        "quoted_cents": cents(found.quoted, found.quoted_shares),
        "effective_usd": dollars(found.effective),
        "effective_cents": cents(found.effective, found.effective_shares),
        "effective_bps": bps(Fraction(found.effective), Fraction(abs(found.value))),
        "effective_over_quoted": share(found.effective_quoted, found.quoted) if found.quoted > 0 else None,
        "after": [_after(one) for one in found.after],
    }


def _after(found: AfterSpreads) -> SpreadsAfter:
    return {
        "seconds": seconds(found.horizon),
        "shares": found.shares,
        "effective_usd": dollars(found.effective),
        "realized_usd": dollars(found.realized),
        "impact_usd": dollars(found.impact),
        "effective_cents": cents(found.effective, found.shares),
        "realized_cents": cents(found.realized, found.shares),
        "impact_cents": cents(found.impact, found.shares),
    }


def markouts(curves: Sequence[MarkoutCurve]) -> MarkoutsSection:
    """By kind of fill, the points of its curve."""
    return cast("MarkoutsSection", {curve.kind: [_markout(point) for point in curve.points] for curve in curves})


def _markout(point: MarkoutPoint) -> MarkoutRow:
    mean = point.mean
    bounds = () if mean is None else (mean.low, mean.high)
    return {
        "seconds": seconds(point.horizon),
        "fills": point.fills,
        "mean_bps": None if mean is None else in_bps(mean.value),
        "ci95_bps": [figure(Fraction(bound) * 10_000) for bound in bounds if bound is not None] or None,
    }


def improvement(found: Improvement) -> ImprovementSection:
    return {
        "shares": found.shares,
        "improved": found.improved,
        "improved_usd": dollars(found.improved_amount),
        "improved_cents": cents(found.improved_amount, found.improved),
        "at_quote": found.at_quote,
        "outside": found.outside,
        "outside_usd": dollars(found.outside_amount),
        "outside_cents": cents(found.outside_amount, found.outside),
        "unquoted": found.unquoted,
        "beyond_displayed": found.beyond_displayed,
        "missed": found.missed,
    }


def shortfall(found: Shortfall | None) -> ShortfallSection | None:
    """Each part in exact dollars and in basis points of the paper portfolio; both splits sum to `total`."""
    if found is None:
        return None

    def part(amount: int) -> MoneyPart:
        return {"usd": dollars(Fraction(amount, 2)), "bps": bps(Fraction(amount), Fraction(found.paper))}

    return {
        "total": part(found.total),
        "perold": {
            "execution": part(found.execution), "opportunity": part(found.opportunity), "fees": part(found.fees)
        },
        "wagner": {
            "delay": part(found.delay),
            "trading": part(found.trading),
            "opportunity": part(found.missed),
            "fees": part(found.fees),
        },
    }  # fmt: skip


def half_spreads(found: HalfSpreads | None) -> HalfSpreadsSection | None:
    if found is None:
        return None
    return {
        "half_spread_cents": round_half_even(found.width / CENT, 6),
        "timing": None if found.timing is None else figure(found.timing),
        "placement": figure(found.placement),
        "fees": figure(found.fees),
    }
