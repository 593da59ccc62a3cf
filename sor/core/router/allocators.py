"""The Cont-Kukanov router in the backtest: what it sees at a slice's start, and what it does.

At the start of a slice of its schedule it forms the placement problem from the book and from past outflows, and
solves it for (M, L_1..L_K). M is swept as best_ask does, L_k rests at the national best for 90 % of the slice; then L
is cancelled and what is missing is swept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Generic, TypeVar

from sor.core.market.oriented import FAR
from sor.core.order import Latency
from sor.core.place.whole.shares import IntegerSample
from sor.core.router.outflow_history import EVERY, LATEST
from sor.core.router.slice_problems import SliceProblem, SliceProblems
from sor.core.schedule import Schedule
from sor.core.spec import Level, Parameters
from sor.core.strategies.allocation import Allocation, resting_places
from sor.core.strategies.interface import Plan, Rest, View
from sor.core.strategies.observed import Observed

STARTS = 2
MARKET, EQUAL, ALL_LIMIT = "X_M", "X_E", "X_L_"  # the paper's names of its simple allocations; X_L_2 rests at venue 2
LEAST = Fraction(1)  # a nanodollar: how far a penalty is raised above the bound it must exceed


@dataclass(frozen=True, slots=True)
class Penalties:
    """Dollars of the slice: theta, lambda_under, lambda_over in nanodollars; raised: a plain number was too small."""

    theta: Fraction
    under: Fraction
    over: Fraction
    raised: bool


@dataclass(frozen=True, slots=True)
class TunedCandidate:
    """The candidate of the grid that is used in a slice, and on how many slices before it was tuned."""

    candidate: int = 0
    tuned_on: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What a router did at the start of a slice: `size` is the slice's S."""

    ts: int
    size: int
    allocation: Allocation


def allocation_of(problem: SliceProblem, x: Sequence[int]) -> Allocation:
    """x: M, and L_k in the order of the problem's venues."""
    return Allocation(x[0], problem.px, tuple(zip(problem.venues, x[1:], strict=True)))


def penalties(parameters: Parameters, problem: SliceProblem) -> Penalties:
    """A candidate's penalties on this slice: multiples of its h, f and r, or dollars raised to the least admissible."""
    take, make = problem.h + problem.f, problem.h + max(problem.make)
    theta = scaled(parameters.theta_queue, problem.h)
    under, raised_under = admissible(parameters.lambda_under, take)
    over, raised_over = admissible(parameters.lambda_over, make)
    return Penalties(max(theta, Fraction(0)), under, over, raised_under or raised_over)


def scaled(level: Level, scale: Fraction) -> Fraction:
    """The level in nanodollars."""
    return level.value * (scale if level.multiple else 10**9)


def admissible(level: Level, bound: Fraction) -> tuple[Fraction, bool]:
    """The level in nanodollars, above `bound` as the model's assumptions A2 and A3 want it."""
    value = scaled(level, bound)
    if value > bound:
        return value, False
    return max(bound + LEAST, Fraction(0)), not level.multiple


@dataclass(slots=True)
class RouterStats:
    """What the router met on its way, for the report: reasons of slices that went all market, raised penalties.

    judged: slices that were not worked as X_M, with parameters that were tuned on slices before.
    """

    slices: int = 0
    all_market: Counter[str] = field(default_factory=Counter)
    raised: int = 0
    judged: int = 0


Allocator = Callable[[View, int], Allocation]
Pace = Callable[[View, int], int]  # shares of the parent to be done by the end of a slice, as of its decisions
A = TypeVar("A", bound=Allocator)


@dataclass(slots=True)
class CrossVenue(Generic[A]):
    """A strategy that splits every slice between taking and resting, as its allocator says."""

    name: str
    schedule: Schedule
    allocate: A
    decisions: list[Decision] = field(default_factory=list)
    observed: Observed | None = None
    pace: Pace | None = None  # where the targets are not the schedule's
    _resting_in: int = -1

    @property
    def observes(self) -> bool:
        """Whether the engine is to show what became of its orders and what was sold."""
        return self.observed is not None

    def decide(self, view: View) -> Plan:
        if self.observed is not None:
            self.observed.on_view(view)
        index = self.schedule.index(view.ts)
        goal = self.schedule.target(index) if self.pace is None else self.pace(view, index)
        missing = goal - view.done - view.working
        cancel = passive_end(self.schedule, index)
        last = index == self.schedule.slices - 1
        after = None if last else self.schedule.begins(index + 1)
        if missing <= 0:
            return Plan(wake=after, goal=view.done + view.working)
        if view.ts >= cancel or self._resting_in == index:
            return Plan(sweep=missing, wake=after, goal=goal, any_size=last)
        self._resting_in = index
        allocation = self.allocate(view if self.observed is None else self.observed.since(view), missing)
        self.decisions.append(Decision(view.ts, missing, allocation))
        rests = [Rest(venue, allocation.px, qty, cancel) for venue, qty in allocation.limits if qty]
        return Plan(sweep=allocation.market, rests=rests, wake=cancel, goal=goal, any_size=last)


def passive_end(schedule: Schedule, index: int) -> int:
    """When the resting orders of a slice are cancelled: after 90 % of it."""
    begins = schedule.begins(index)
    return begins + (schedule.ends(index) - begins) * 9 // 10


def window_length(interval: int) -> int:
    """T of the model, in ns: the passive phase of a slice."""
    return interval * 9 // 10


def lookback(interval: int, cancels: Latency) -> int:
    """How far before an order its router can see, in ns: its past windows, of which one may begin a second early."""
    return (LATEST + 2) * EVERY + window_length(interval) + cancels.longest


@dataclass(slots=True)
class Solver:
    """The Cont-Kukanov allocator: solves the slice's problem with fixed parameters."""

    parameters: Parameters
    problems: SliceProblems
    tally: RouterStats = field(default_factory=RouterStats)

    def __call__(self, view: View, size: int) -> Allocation:
        self.tally.slices += 1
        problem = self.problems.at(view, size)
        if isinstance(problem, str):
            self.tally.all_market[problem] += 1
            return Allocation(size, reason=problem)
        cost = penalties(self.parameters, problem)
        self.tally.raised += cost.raised
        if self.parameters not in problem.answers:
            x = problem.sample.search(cost.theta, cost.under, cost.over, promising(problem.sample, cost))
            problem.answers[self.parameters] = allocation_of(problem, x)
        return problem.answers[self.parameters]


def promising(sample: IntegerSample, cost: Penalties) -> list[tuple[int, ...]]:
    """The cheapest of the usual starts. Two of them are not exact, and no number of starts is: of 560 tiny problems
    that brute force can solve they miss the optimum in 3, eight starts in 2, all of them in 1
    (benchmarks/search_starts.py). On problems of ordinary size the others end at the same place or a worse one.
    """
    return sample.cheapest(sample.starts(), cost.theta, cost.under, cost.over, STARTS)


@dataclass(slots=True)
class TunedSolver:
    """The allocator that uses, in each slice, the candidate that a study found best in the slices before it."""

    schedule: Schedule
    candidates: Sequence[Parameters]
    choices: Mapping[int, TunedCandidate]
    solver: Solver

    def __call__(self, view: View, size: int) -> Allocation:
        choice = self.choices.get(self.schedule.index(view.ts), TunedCandidate())
        self.solver.parameters = self.candidates[choice.candidate]
        allocation = self.solver(view, size)
        self.solver.tally.judged += choice.tuned_on > 0 and allocation.market != size
        return allocation


def all_market(view: View, size: int) -> Allocation:
    """X_M of the paper: take everything at once."""
    return Allocation(size)


@dataclass(frozen=True, slots=True)
class FixedAllocation:
    """An allocation that was decided beforehand."""

    allocation: Allocation

    def __call__(self, view: View, size: int) -> Allocation:
        return self.allocation


@dataclass(frozen=True, slots=True)
class AllLimit:
    """X_L of the paper: rest everything at one venue."""

    venue: int

    @property
    def name(self) -> str:
        return f"{ALL_LIMIT}{self.venue}"

    def __call__(self, view: View, size: int) -> Allocation:
        px = max((v.rest_px for v in view.venues), default=-FAR)
        if self.venue not in resting_places(view, px):
            return Allocation(size, reason="nowhere to rest")
        return Allocation(0, px, ((self.venue, size),))


def equal_split(view: View, size: int) -> Allocation:
    """X_E of the paper: S / (K + 1) to the market and to each venue, what does not divide to the market."""
    px = max((v.rest_px for v in view.venues), default=-FAR)
    venues = resting_places(view, px)
    part = size // (len(venues) + 1)
    return Allocation(size - part * len(venues), px, tuple((venue, part) for venue in venues if part))
