"""Walk forward over parameters of a plug-in: each candidate works the whole order by itself, and the parent that is
judged works every slice as that candidate did which was cheapest until then.

A router may learn from what became of its own orders, so candidates cannot share them: each has a parent order of its
own, on the same slices. Of it the walk-forward parent knows what was filled before its decision, and the allocation of
this very slice, which rests on the same view of the market.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sor.core.execution.engine import Execution
from sor.core.fees import FeeSchedule
from sor.core.order import Side
from sor.core.router.allocators import CrossVenue, Decision
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import PluggedRouter
from sor.core.units import FAR


@dataclass(frozen=True, slots=True)
class ParameterChoices:
    """candidates: the parameters of each, as they were given; slices: how often each was followed, once there was
    anything to choose by; cheapest: over the whole order; costs: a candidate's, oriented nanodollars, in sample."""

    candidates: tuple[tuple[tuple[str, str], ...], ...]
    slices: tuple[int, ...]
    cheapest: int
    costs: tuple[int, ...]


@dataclass(slots=True)
class Tally:
    """What one candidate has done, read on as time goes by."""

    run: Execution
    fees: FeeSchedule
    cost: int = 0
    done: int = 0
    _fills: int = 0
    _decisions: int = 0

    def read_before(self, ts: int | None) -> None:
        """Fills before a time; None: all of them."""
        while self._fills < len(self.run.fills) and (ts is None or self.run.fills[self._fills].ts < ts):
            fill = self.run.fills[self._fills]
            venue, px = fill.venue, fill.px
            self.cost += fill.qty * (px + (-self.fees.make(venue, px) if fill.is_maker else self.fees.take(venue, px)))
            self.done += fill.qty
            self._fills += 1

    def decision_at(self, ts: int) -> Decision | None:
        """What it decided at this very time; a batch may hold later ones, which are not looked at."""
        found: Sequence[Decision] = self.run.strategy.decisions  # type: ignore[attr-defined]
        while self._decisions < len(found) and found[self._decisions].ts < ts:
            self._decisions += 1
        at = self._decisions
        return found[at] if at < len(found) and found[at].ts == ts else None


@dataclass(slots=True)
class FollowCheapest:
    """The allocator. candidates: their strategies, which a session works before this one and gives back as `runs`."""

    schedule: Schedule
    fees: FeeSchedule
    side: Side
    candidates: Sequence[CrossVenue[PluggedRouter]]
    followed: list[int] = field(default_factory=list)
    _tallies: list[Tally] = field(default_factory=list)

    def follow(self, runs: Sequence[Execution]) -> None:
        self._tallies = [Tally(run, self.fees) for run in runs]

    def __call__(self, view: View, size: int) -> Allocation:
        costs = self._costs(view)
        at = [tally.decision_at(view.ts) for tally in self._tallies]
        there = [k for k, decision in enumerate(at) if decision is not None]
        if not there:
            return Allocation(size, reason="no candidate had shares to do in this slice")
        best = min(there, key=lambda k: (costs[k], k))
        if self.schedule.index(view.ts):
            self.followed.append(best)
        decision = at[best]
        assert decision is not None
        return scaled(decision, size)

    def choices(self) -> ParameterChoices:
        """Of a session that has ended."""
        for tally in self._tallies:
            tally.read_before(None)
        costs = [tally.cost + (tally.run.left_px or 0) * tally.run.leaves for tally in self._tallies]
        return ParameterChoices(
            tuple(one.allocate.parameters for one in self.candidates),
            tuple(self.followed.count(k) for k in range(len(costs))),
            costs.index(min(costs)),
            tuple(costs),
        )

    def _costs(self, view: View) -> list[int]:
        """What each has paid until now for what the schedule wants by now; what it is short of or ahead by is valued
        at the best price to take now, for all alike."""
        offers = [(v.take_px + self.fees.take(v.venue, v.take_px)) for v in view.venues if v.take_px < FAR]
        due = self.schedule.target(self.schedule.index(view.ts) - 1)
        for tally in self._tallies:
            tally.read_before(view.ts)
        now = min(offers, default=0)
        return [tally.cost + (due - tally.done) * now for tally in self._tallies]


def scaled(decision: Decision, size: int) -> Allocation:
    """A candidate's allocation for a slice of another size; what whole shares do not hold goes to the market."""
    found, whole = decision.allocation, decision.size
    if size == whole:
        return found
    limits = tuple((venue, min(size, qty * size // whole)) for venue, qty in found.limits)
    total = (found.market + sum(qty for _, qty in found.limits)) * size // whole
    market = min(size, total - sum(qty for _, qty in limits))
    return Allocation(market, found.px, limits, found.reason)
