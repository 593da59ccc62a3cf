"""What a venue charges and pays, in exact nanodollars: a share at a dollar and more, a part of the value below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from sor.core.units import NANO, Price

DOLLAR = NANO
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class VenueFee:
    """take, make: nanodollars a share. take > 0 is charged to a taker, make > 0 paid to a maker; inverted venues have
    both < 0. take_below, make_below: the same for shares priced below one dollar, in millionths of the value (0.30 % is
    3,000); None where what a share costs is the same at every price.
    """

    take: Price = 0
    make: Price = 0
    take_below: int | None = None
    make_below: int | None = None

    def take_at(self, px: Price) -> Price:
        """Nanodollars a share taken at this price, half to even; prices may be negative, as an oriented sell's are."""
        return self.take if self.take_below is None else _at(px, self.take, self.take_below)

    def make_at(self, px: Price) -> Price:
        """Nanodollars a share made at this price."""
        return self.make if self.make_below is None else _at(px, self.make, self.make_below)


def _at(px: Price, flat: Price, below: int) -> Price:
    px = abs(px)
    return flat if px >= DOLLAR else round(Fraction(px * below, MILLION))


FREE = VenueFee()

Period = tuple[date, VenueFee]  # from this day on


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The fees of each venue by publisher_id; a venue that is absent has 0. periods: later schedules of a venue, in the
    order of time, of which `on` takes the one of a day; until it is asked, `venues` hold. Without a price,
    `take` and `make` tell what holds at a dollar and more."""

    venues: Mapping[int, VenueFee] = field(default_factory=dict)
    periods: Mapping[int, tuple[Period, ...]] = field(default_factory=dict)

    def at_venue(self, venue: int) -> VenueFee:
        return self.venues.get(venue, FREE)

    def take(self, venue: int, px: Price = DOLLAR) -> Price:
        """Charged to us for each share taken there at this price; negative where the venue pays for it."""
        return self.at_venue(venue).take_at(px)

    def make(self, venue: int, px: Price = DOLLAR) -> Price:
        """Paid to us for each share made there at this price; negative where the venue charges for it."""
        return self.at_venue(venue).make_at(px)

    def on(self, day: date) -> FeeSchedule:
        """The fees of one day."""
        if not self.periods:
            return self
        later = {venue: _latest(periods, day) for venue, periods in self.periods.items()}
        return FeeSchedule({**self.venues, **{venue: fee for venue, fee in later.items() if fee is not None}})


def _latest(periods: tuple[Period, ...], day: date) -> VenueFee | None:
    return next((fee for first, fee in reversed(periods) if first <= day), None)


NO_FEES = FeeSchedule()
