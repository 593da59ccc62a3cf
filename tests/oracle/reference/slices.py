"""Strategies in the router's slices: rest a part of each, take another, and buy what is missing at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reference.children import PASSIVE_OVER
from reference.execution import Desk
from reference.schedule import Clock


@dataclass(frozen=True, slots=True)
class View:
    """What a router sees at a decision. `queues`: shares displayed at the best bid at each venue that takes part."""

    ts: int
    index: int
    size: int  # S
    best_bid: int
    best_ask: tuple[int, int] | None  # price and venue
    queues: Mapping[int, int]


Allocate = Callable[[View], tuple[int, Mapping[int, int]]]  # M, {venue: L_k}; shares


def all_market(view: View) -> tuple[int, dict[int, int]]:
    """X_M."""
    return view.size, {}


def equal_split(view: View) -> tuple[int, dict[int, int]]:
    """X_E: S / (K + 1) each, whole shares; M has the remainder."""
    each = view.size // (len(view.queues) + 1)
    return view.size - each * len(view.queues), dict.fromkeys(view.queues, each)


def all_limit(venue: int) -> Allocate:
    """X_L_k; X_M in a slice that begins without a quote of the venue."""

    def allocate(view: View) -> tuple[int, dict[int, int]]:
        return (0, {venue: view.size}) if venue in view.queues else all_market(view)

    return allocate


@dataclass(frozen=True, slots=True)
class Decision:
    """What was sent for slice `index`; the shares of `rests` are in lots already."""

    ts: int
    index: int
    size: int
    goal: int
    market: int
    rests: Mapping[int, int]


@dataclass(slots=True)
class Sliced:
    """One slice after the other; the next decision waits until every cancel has acted."""

    schedule: Clock
    allocate: Allocate
    to_sweep: int = 0
    decisions: list[Decision] = field(default_factory=list)

    @property
    def index(self) -> int:
        return self.decisions[-1].index if self.decisions else -1

    # --- (6) --------------------------------------------------------------------------------------------------------

    def decide(self, desk: Desk) -> None:
        now = desk.book.now
        index = self.schedule.index(now)
        if index <= self.index or desk.limits_alive():
            return
        size = max(0, self.schedule.target(index) - desk.done - desk.sent)
        goal = desk.done + desk.sent + size
        bid = desk.book.best_bid()
        if bid is None or size == 0 or now >= self.schedule.passive_end(index):
            market, rests = size, dict[int, int]()
        else:
            market, rests = self.in_lots(desk, index, *self.allocate(self.view(desk, index, size, bid)))
        self.decisions.append(Decision(now, index, size, goal, market, rests))
        self.to_sweep = market
        for venue, qty in sorted(rests.items()):
            if bid is not None and desk.within_limit(bid):
                rest = desk.send_rest(venue, bid, qty)
                rest.cancel(self.schedule.passive_end(index) + desk.rules.cancels.of(venue), PASSIVE_OVER)

    def view(self, desk: Desk, index: int, size: int, bid: int) -> View:
        queues = {}
        for venue in desk.book.taking_part():
            queues[venue.id] = venue.bid.sz if venue.bid is not None and venue.bid.px == bid else 0
        return View(desk.book.now, index, size, bid, desk.book.best_ask(), queues)

    def in_lots(self, desk: Desk, index: int, market: int, limits: Mapping[int, int]) -> tuple[int, dict[int, int]]:
        """L_k in whole lots; what that loses goes to M."""
        exempt = index == self.schedule.slices - 1
        rests = {venue: desk.rules.child(qty, qty, exempt=exempt) for venue, qty in limits.items()}
        market += sum(limits.values()) - sum(rests.values())
        return market, {venue: qty for venue, qty in rests.items() if qty}

    # --- (7), (8) ---------------------------------------------------------------------------------------------------

    def wanted(self, desk: Desk) -> int:
        if not self.decisions:
            return 0
        missing = max(0, self.decisions[-1].goal - desk.done - desk.sent)
        over = desk.book.now >= self.schedule.passive_end(self.index) and not desk.limits_alive()
        return missing if over else min(missing, self.to_sweep)

    def exempt(self, desk: Desk) -> bool:
        return self.index == self.schedule.slices - 1

    def swept(self, qty: int) -> None:
        self.to_sweep -= qty

    def goal(self) -> int | None:
        return self.decisions[-1].goal if self.decisions else None
