"""Fill rates and times to a fill as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sor.core.tca.analysis import Analysis
from sor.core.tca.routing.fill_rates import FillRate, FillRates
from sor.core.tca.routing.survival import SurvivalCurve
from sor.core.units import dollars
from sor.report.sections.figures import figure, seconds
from sor.report.sections.venues import venue_name
from sor.report.tca.costs import share

if TYPE_CHECKING:
    from sor.report.types.tca_resting import FillCurve, FillRatesSection, RestingRate, TimeToFill


def fill_rates(found: FillRates | None) -> FillRatesSection | None:
    """None where nothing rested."""
    if found is None:
        return None
    return {
        "all": _rate(found.all),
        "venues": [{**venue_name(venue), **_rate(rate)} for venue, rate in found.venues.items()],
        "queue_ahead": [
            {"third": one.name, "least": one.least, "most": one.most, **_rate(one.rate)} for one in found.ahead
        ],
        "spread": [
            {"third": one.name, "least": dollars(one.least), "most": dollars(one.most), **_rate(one.rate)}
            for one in found.spread
        ],
    }


def _rate(found: FillRate) -> RestingRate:
    return {
        "orders": found.orders,
        "shares": found.shares,
        "filled": found.filled,
        "share_filled": share(found.filled, found.shares),
        "orders_touched": share(found.touched, found.orders),
        "orders_complete": share(found.complete, found.orders),
        "refused": found.refused,
        "mean_seconds": None if found.mean_wait is None else seconds(found.mean_wait),
        "median_seconds": None if found.median_wait is None else seconds(found.median_wait),
    }


def time_to_fill(found: Analysis) -> TimeToFill | None:
    """Kaplan-Meier curves; None where nothing rested."""
    if found.first_fill is None or found.completion is None:
        return None
    return {
        "first_fill": _curve(found.first_fill),
        "completion": _curve(found.completion),
        "venues": [{**venue_name(venue), **_curve(curve)} for venue, curve in found.first_fill_by_venue.items()],
    }


def _curve(found: SurvivalCurve) -> FillCurve:
    """Points as columns: they are many, and alike."""
    points = found.points
    return {
        "orders": found.orders,
        "filled_orders": found.events,
        "median_seconds": None if found.median is None else seconds(found.median),
        "seconds": [seconds(point.time) for point in points],
        "at_risk": [point.at_risk for point in points],
        "filled": [figure(point.filled) for point in points],
        "low": [figure(point.low) for point in points],
        "high": [figure(point.high) for point in points],
    }
