"""The columns of SEC Rule 606(b)(3), in its order and units: fees in cents a hundred shares to four decimals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from sor.core.tca.routing.rule606 import VenueHandling
from sor.core.units import round_half_even
from sor.report.sections.venues import venue_name
from sor.report.tca.costs import CENT, share

if TYPE_CHECKING:
    from sor.report.types.tca_venues import HandlingRow


def venue_table(found: Sequence[VenueHandling]) -> list[HandlingRow]:
    """One row a venue."""
    return [_row(one) for one in found]


def _row(one: VenueHandling) -> HandlingRow:
    wait = one.provided_wait
    return {
        **venue_name(one.venue),
        "shares_routed": one.routed,
        "shares_routed_ioc": one.ioc,
        "shares_further_routable": 0,
        "average_order_size": _mean(one.routed, one.orders),
        "shares_executed": one.executed,
        "fill_rate": share(one.executed, one.routed),
        "average_fill_size": _mean(one.executed, one.fills),
        "net_fee_cents_per_100": _per_hundred(one.fees, one.executed),
        "shares_at_midpoint": one.midpoint,
        "share_at_midpoint": share(one.midpoint, one.executed),
        "shares_near_side": one.near,
        "share_near_side": share(one.near, one.executed),
        "shares_far_side": one.far,
        "share_far_side": share(one.far, one.executed),
        "shares_provided": one.provided,
        "share_provided": share(one.provided, one.executed),
        "provided_milliseconds": None if wait is None else round_half_even(wait / 1_000_000, 3),
        "provided_fee_cents_per_100": _per_hundred(one.provided_fees, one.provided),
        "shares_removed": one.removed,
        "share_removed": share(one.removed, one.executed),
        "removed_fee_cents_per_100": _per_hundred(one.removed_fees, one.removed),
    }


def _mean(total: int, count: int) -> Decimal | None:
    return round_half_even(Fraction(total, count), 3) if count else None


def _per_hundred(fees: int, shares: int) -> Decimal | None:
    return round_half_even(Fraction(fees * 100, shares * CENT), 4) if shares else None
