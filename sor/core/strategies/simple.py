"""The simple strategies. Each is a few lines: the engine does the work."""

from __future__ import annotations

from dataclasses import dataclass

from sor.core.fees import FeeSchedule
from sor.core.schedule import Schedule
from sor.core.strategies.interface import Depth, Plan, Take, View
from sor.core.strategies.static import STEP, Offer, allocate


@dataclass(slots=True)
class BestAsk:
    """Take what can be had at the lowest price, at every snapshot, until done."""

    name: str = "best_ask"

    def decide(self, view: View) -> Plan:
        return Plan(sweep=view.leaves, any_size=True)


@dataclass(slots=True)
class Twap:
    """In every slice, buy whatever is behind the cumulative target, as best_ask does."""

    schedule: Schedule
    name: str = "twap"

    def decide(self, view: View) -> Plan:
        index = self.schedule.index(view.ts)
        behind = max(0, self.schedule.target(index) - view.done - view.working)
        last = index == self.schedule.slices - 1
        wake = None if last else self.schedule.begins(index + 1)
        return Plan(sweep=behind, wake=wake, goal=view.done + view.working + behind, any_size=last)


@dataclass(slots=True)
class Static:
    """The seed's allocator: waits until it can split the whole of the leaves, then takes it."""

    fees: FeeSchedule
    name: str = "static"

    def decide(self, view: View) -> Plan:
        if view.leaves % STEP:
            return Plan()
        offers = [
            Offer(v.venue, v.take_px + self.fees.take(v.venue, v.take_px), v.available)
            for v in view.venues
            if v.available > 0
        ]
        split = allocate(view.leaves, offers)
        if split is None:
            return Plan(wake=Depth(view.leaves, STEP))
        takes = [Take(offer.venue, qty) for offer, qty in zip(offers, split, strict=True) if qty]
        return Plan(takes=takes, any_size=True)
