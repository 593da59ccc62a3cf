"""What a venue charges and pays: exact nanodollars a share (DESIGN sections 2 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sor.core.units import Price


@dataclass(frozen=True, slots=True)
class VenueFee:
    """Nanodollars a share. take > 0 is charged to a taker, make > 0 paid to a maker; inverted venues have both < 0."""

    take: Price = 0
    make: Price = 0


FREE = VenueFee()


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The fees of each venue by publisher_id; a venue that is absent has 0."""

    venues: Mapping[int, VenueFee] = field(default_factory=dict)

    def of(self, venue: int) -> VenueFee:
        return self.venues.get(venue, FREE)

    def take(self, venue: int) -> Price:
        """Charged to us for each share taken there; negative where the venue pays for it."""
        return self.of(venue).take

    def make(self, venue: int) -> Price:
        """Paid to us for each share made there; negative where the venue charges for it."""
        return self.of(venue).make


NO_FEES = FeeSchedule()
