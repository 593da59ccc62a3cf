"""Where savings come from: by symbol, side, size and time of day, and by the venue that the shares were done at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sor.core.units import NANO
from sor.sweep.report.execution import markouts
from sor.sweep.report.figures import estimated, rounded
from sor.sweep.report.orders import Row, SweepOrders, Variant, named, ns_of
from sor.sweep.report.savings import savings, with_judgements

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import GroupEstimate, GroupSavings, VenueEstimate, VenueSavings
    from sor.sweep.report.types.sweep import SavingsBy

BUCKETS = (1800, 600, 300, 60)  # seconds: the coarsest time of day that gives more than one
Chosen = Mapping[Variant, list[Row]]


def by_groups(orders: SweepOrders, chosen: Chosen) -> SavingsBy:
    """All groupings; chosen: the variants, with the rows that they are judged on."""
    return {
        "symbol": _by(orders, chosen, lambda row: str(row["symbol"])),
        "side": _by(orders, chosen, lambda row: str(row["side"])),
        "quantity": _by(orders, chosen, lambda row: int(row["quantity"])),
        "time_of_day": _by(orders, chosen, _bucket(orders.rows)),
        "venue": _by_venue(orders, chosen),
    }


def _by(orders: SweepOrders, chosen: Chosen, key: Callable[[Row], str | int]) -> list[GroupSavings]:
    family: list[GroupEstimate] = []
    for value in sorted({key(row) for rows in chosen.values() for row in rows}):
        estimates = (
            savings(orders, variant, [row for row in rows if key(row) == value], baseline)
            for variant, rows, baseline in orders.compared(chosen)
        )
        family += [{"value": value, **found} for found in estimates if found is not None]
    return [{**entry, **judgement} for entry, judgement in with_judgements(family)]


def _bucket(rows: Sequence[Row]) -> Callable[[Row], str]:
    """The time of day an order starts in, UTC."""
    seconds = [ns_of(row) // NANO % 86_400 for row in rows]
    width = next((w for w in BUCKETS if len({s // w for s in seconds}) > 1), BUCKETS[-1])

    def bucket(row: Row) -> str:
        at = ns_of(row) // NANO % 86_400 // width * width
        return f"{at // 3600:02d}:{at // 60 % 60:02d}"

    return bucket


def _by_venue(orders: SweepOrders, chosen: Chosen) -> list[VenueSavings]:
    """What each venue's shares added to the savings of an order; all venues' sum to it, but for leaves."""
    venues = sorted({v["publisher_id"] for rows in chosen.values() for row in rows for v in row["venues"]})
    family = [
        entry
        for venue in venues
        for variant, rows, baseline in orders.compared(chosen)
        if (entry := _at_venue(orders, venue, variant, rows, baseline)) is not None
    ]
    return [{**entry, **judgement} for entry, judgement in with_judgements(family)]


def _at_venue(
    orders: SweepOrders, venue: int, variant: Variant, rows: Sequence[Row], baseline: str
) -> VenueEstimate | None:
    """None where the variant did no share there."""
    known = [row for row in rows if row[f"cost_a_share_{baseline}"]]
    parts = [[v for v in row["venues"] if v["publisher_id"] == venue] for row in known]
    if not any(parts):
        return None
    added = [_added(row, part, row[f"cost_a_share_{baseline}"]) for row, part in zip(known, parts, strict=True)]
    flat = [v for part in parts for v in part]
    made, shares = sum(v["made"] for v in flat), sum(_shares(v) for v in flat)
    return {
        "value": venue,
        **named(variant),
        "baseline": baseline,
        "shares": shares,
        "making_share": rounded(made / shares),
        **estimated(orders.estimate(added, known)),
        **markouts(orders, known, venue),
    }


def _shares(venue: Mapping[str, Any]) -> int:
    return int(venue["made"] + venue["taken"] + venue["forced"])


def _added(row: Row, venues: Sequence[Mapping[str, Any]], baseline: float) -> float:
    """Savings in bps of the whole order that come from the shares done there."""
    gained = sum(_shares(v) * (baseline - v["avg_cost"]) for v in venues)
    return float(gained / (row["quantity"] * abs(baseline)) * 10_000)
