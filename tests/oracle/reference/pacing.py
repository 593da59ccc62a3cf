"""Schedules whose slices are not equal: Almgren and Chriss's (is), pov and vwap_schedule.

Each changes the targets of the equal schedule and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

from reference.schedule import Schedule

DIGITS = 80
DAY = 6 * 3600 + 1800  # seconds of trading


@dataclass(slots=True)
class Paced:
    """The clock of the equal schedule. `traded` is written by who works the order."""

    equal: Schedule
    traded: int = 0

    @property
    def slices(self) -> int:
        return self.equal.slices

    @property
    def quantity(self) -> int:
        return self.equal.order.quantity

    def index(self, ts: int) -> int:
        return self.equal.index(ts)

    def passive_end(self, index: int) -> int:
        return self.equal.passive_end(index)

    def target(self, index: int) -> int:
        return self.equal.target(index)


@dataclass(slots=True)
class Shortfall(Paced):
    """x_j = X sinh(kappa (T - t_j)) / sinh(kappa T), with 2 (cosh(kappa tau) - 1) / tau^2 = risk sigma^2 / eta."""

    risk: Fraction = Fraction(1, 10_000)
    sigma: Fraction = Fraction(95, 100)
    eta: Fraction = Fraction(25, 10_000_000)

    def target(self, index: int) -> int:
        """What is left after slice `index` is x_j to the nearest share."""
        if self.risk == 0:
            return Paced.target(self, index)
        tau = Fraction(self.equal.interval, 1_000_000_000 * DAY)
        growth = growth_of(1 + self.risk * self.sigma**2 / self.eta * tau**2 / 2)
        n, left = self.slices, self.slices - index - 1
        with localcontext(prec=DIGITS):
            held = (growth**left - growth**-left) / (growth**n - growth**-n) * self.quantity
            return self.quantity - int(held + Decimal("0.5"))


def growth_of(cosh: Fraction) -> Decimal:
    """e^(kappa tau), where cosh(kappa tau) is given."""
    with localcontext(prec=DIGITS):
        c = Decimal(cosh.numerator) / Decimal(cosh.denominator)
        return c + (c * c - 1).sqrt()


@dataclass(slots=True)
class PartOfVolume(Paced):
    """`rate` shares for each that was traded until the slice began, in whole shares and never more than the order."""

    rate: Fraction = Fraction(1, 10)

    def target(self, index: int) -> int:
        return min(self.quantity, int(self.rate * self.traded))


@dataclass(slots=True)
class Curve(Paced):
    """`volumes`: (from, until, shares), in the order's own ns; within a stretch volume is even."""

    volumes: Sequence[tuple[int, int, int]] = ()

    def target(self, index: int) -> int:
        start = self.equal.order.start
        done = self.until(self.equal.ends(index)) - self.until(start)
        whole = self.until(self.equal.order.end) - self.until(start)
        return int(self.quantity * done / whole)

    def until(self, ts: int) -> Fraction:
        return sum(
            (
                Fraction(shares * (min(ts, end) - begin), end - begin)
                for begin, end, shares in self.volumes
                if ts > begin
            ),
            Fraction(0),
        )
