"""What every router reads off a view: where an order can rest, the queue there, and what resting and taking cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.fees import FeeSchedule
from sor.core.strategies.allocation import resting_places
from sor.core.strategies.interface import View
from sor.core.units import FAR


@dataclass(frozen=True, slots=True)
class Touch:
    """px: the national best rest price p; venues: where an order at p can rest, ascending; queues: Q_k, shares at p;
    h: half the spread, f: the take fee, gains: h + r_k, in nanodollars a share."""

    px: int
    venues: tuple[int, ...]
    queues: tuple[int, ...]
    h: Fraction
    f: int
    gains: tuple[Fraction, ...]


def touch(view: View, fees: FeeSchedule) -> Touch | None:
    """None where there is no two-sided market, nowhere to rest, or no venue at which resting gains anything."""
    offers = [v for v in view.venues if v.take_px < FAR]
    px = max((v.rest_px for v in view.venues), default=-FAR)
    places = set(resting_places(view, px))
    if not offers or not places:
        return None
    first = min(offers, key=lambda v: (v.available <= 0, v.take_px, -v.available, v.venue))
    h = Fraction(min(v.take_px for v in offers) - px, 2)
    at = [v for v in view.venues if v.venue in places and h + fees.make(v.venue, px) > 0]
    if not at:
        return None
    return Touch(
        px,
        tuple(v.venue for v in at),
        tuple(v.rest_sz if v.rest_px == px else 0 for v in at),
        h,
        fees.take(first.venue, first.take_px),
        tuple(h + fees.make(v.venue, px) for v in at),
    )


def whole(parts: Sequence[Fraction], total: int) -> list[int]:
    """Whole shares for parts >= 0 that sum to at most `total`: rounded down, and what the parts' sum still holds in
    whole shares goes to the largest fractions, the first of equals."""
    shares = [int(part) for part in parts]
    missing = min(total, int(sum(parts, Fraction(0)))) - sum(shares)
    for k in sorted(range(len(parts)), key=lambda k: shares[k] - parts[k])[:missing]:
        shares[k] += 1
    return shares
