"""The strategies without limit orders: best_ask, twap and the static allocator."""

from __future__ import annotations

from dataclasses import dataclass

from reference.execution import Desk
from reference.rules import Order
from reference.schedule import Schedule

STEP = 100  # shares: the static allocator's


@dataclass(slots=True)
class BestAsk:
    """At every snapshot takes what it can at the lowest price, until done. One slice, which is the last one."""

    def decide(self, desk: Desk) -> None:
        return

    def wanted(self, desk: Desk) -> int:
        return desk.open

    def exempt(self, desk: Desk) -> bool:
        return True

    def swept(self, qty: int) -> None:
        return

    def goal(self) -> int | None:
        return None


@dataclass(slots=True)
class Twap:
    """Whatever is behind the slice's cumulative target is bought as best_ask does."""

    schedule: Schedule

    @classmethod
    def of(cls, order: Order, interval: int) -> Twap:
        return cls(Schedule(order, interval))

    def decide(self, desk: Desk) -> None:
        return

    def wanted(self, desk: Desk) -> int:
        target = self.schedule.target(self.schedule.index(desk.book.now))
        return max(0, target - desk.done - desk.sent)

    def exempt(self, desk: Desk) -> bool:
        return self.schedule.index(desk.book.now) == self.schedule.slices - 1

    def swept(self, qty: int) -> None:
        return

    def goal(self) -> int | None:
        return None


@dataclass(slots=True)
class Static:
    """Called at every snapshot with the leaves and what is available, until it answers; then it takes, once."""

    answered: bool = False

    def decide(self, desk: Desk) -> None:
        if self.answered:
            return
        offers = []
        for venue in desk.book.taking_part():
            if venue.ask is not None and desk.within_limit(venue.ask.px):
                cost = venue.ask.px + desk.rules.fee(venue.id).take
                offers.append((venue.id, cost, desk.book.available(venue)))
        split = cheapest_split(desk.open, offers)
        if split is None:
            return
        self.answered = True
        for venue_id, qty in split:
            if qty:
                desk.send_take(venue_id, qty)

    def wanted(self, desk: Desk) -> int:
        return 0

    def exempt(self, desk: Desk) -> bool:
        return True

    def swept(self, qty: int) -> None:
        return

    def goal(self) -> int | None:
        return None


def cheapest_split(quantity: int, offers: list[tuple[int, int, int]]) -> list[tuple[int, int]] | None:
    """(venue, shares) in the order of venues; offers are (venue, cost a share, size). None: there is no answer."""
    if quantity % STEP or sum(size // STEP for _, _, size in offers) * STEP < quantity:
        return None
    filled = {venue: 0 for venue, _, _ in offers}
    left = quantity
    for venue, _, size in sorted(offers, key=lambda offer: (offer[1], -offer[0])):
        filled[venue] = min(left, size // STEP * STEP)
        left -= filled[venue]
    return list(filled.items())
