"""The parent order, and how the market answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Order:
    """A parent order: "buy" or "sell", shares, the closed window [start, end], a limit price or none."""

    side: str
    quantity: int
    start: int
    end: int
    limit: int | None = None


class Fee(NamedTuple):
    """Price units a share: `take` is charged to a taker, `make` paid to a maker."""

    take: int = 0
    make: int = 0


@dataclass(frozen=True, slots=True)
class Delay:
    """Time until an order or a cancel acts, in ns, by venue where it differs."""

    default: int = 0
    venues: Mapping[int, int] = field(default_factory=dict)

    def of(self, venue: int) -> int:
        return self.venues.get(venue, self.default)


@dataclass(frozen=True, slots=True)
class Rules:
    """What all strategies share. Times in ns; `cancel_latency` None: as orders; `max_quote_age` None: no limit."""

    fees: Mapping[int, Fee] = field(default_factory=dict)
    latency: Delay = Delay()
    cancel_latency: Delay | None = None
    max_quote_age: int | None = None
    replenish: bool = False
    child_min: int = 1
    child_lot: int = 1
    interval: int = 60 * SECOND  # of twap
    router_interval: int = 5 * SECOND  # of everything that works in the router's slices

    @property
    def cancels(self) -> Delay:
        return self.latency if self.cancel_latency is None else self.cancel_latency

    def fee(self, venue: int) -> Fee:
        return self.fees.get(venue, Fee())

    def child(self, wanted: int, available: int, *, exempt: bool) -> int:
        """Shares of a child order: min(wanted, available) in whole lots, 0 where that is below a lot or the minimum."""
        shares = min(wanted, available)
        if exempt:
            return max(0, shares)
        shares = shares // self.child_lot * self.child_lot
        return shares if shares >= max(1, self.child_min) else 0
