"""Walk forward over the router's slices: tune on the past, apply to the next.

The study works every slice as a parent order of its own, once for each allocation that some candidate of the grid
chose, and keeps what each candidate would have cost in all slices so far. The candidate that was cheapest before a
slice is the one that the walk-forward parent uses in it. Slices as orders of their own serve this choice alone: what
the router earns is judged on the parents themselves (sor.core.backtest.headline).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sor.core.execution.accounting import settle
from sor.core.execution.engine import Execution
from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.order import ParentOrder, Rules
from sor.core.router.allocators import (
    MARKET,
    Allocator,
    CrossVenue,
    FixedAllocation,
    TunedCandidate,
    all_market,
    allocation_of,
    passive_end,
)
from sor.core.router.grid_pool import PoolAnswer, solve_grid
from sor.core.router.priced_grid import PricedGrid
from sor.core.router.slice_market import SliceCost, SliceMarket
from sor.core.router.slice_problems import SliceProblem, SliceProblems
from sor.core.schedule import Schedule
from sor.core.spec import Grid


@dataclass(frozen=True, slots=True)
class Scale:
    """What multiples are multiples of: h for theta, h + f for lambda_under, h + max r for lambda_over; nanodollars."""

    half_spread: Fraction
    under: Fraction
    over: Fraction


@dataclass(frozen=True, slots=True)
class WorkedSlice:
    """What the candidates of a slice came to. costs: beyond X_M's, by place in the pool; choice: each candidate's
    place; market_cost: X_M's, without its sign; shares, completed: of the chosen allocations, as in `Study`."""

    gap: float
    raised: bool
    scale: Scale
    costs: Ints
    choice: NDArray[np.int16]
    market_cost: int
    shares: int
    completed: int


@dataclass(frozen=True, slots=True)
class StudiedSlice:
    """What a study found in one slice. skipped: why it was not worked, None where there was nothing to buy either."""

    index: int
    skipped: str | None = None
    worked: WorkedSlice | None = None


@dataclass(slots=True)
class _Slice:
    """A slice that is worked by executions. pool: one for each allocation chosen, by its place in the pool."""

    index: int
    scale: Scale
    answer: PoolAnswer
    market: Execution
    pool: dict[int, Execution]

    @property
    def runs(self) -> list[Execution]:
        return [self.market, *self.pool.values()]


@dataclass(slots=True)
class Study:
    """Fed every book after the outflow history; `totals` int64[candidates]: cost beyond X_M so far, nanodollars.

    choices: which candidate is used in each slice, and on how many slices it was tuned; worked, completed: shares of
    the chosen allocations' orders, and how many of those were done at one price when their slice was over, whatever
    was displayed there. slices: which of the schedule's it works, all without one: others work the rest, and `join`
    makes one study of them; found: its slices, kept only where it does not work all.
    """

    order: ParentOrder
    rules: Rules
    grid: Grid
    interval: int
    problems: SliceProblems
    slices: range | None = None
    schedule: Schedule = field(init=False)
    totals: Ints = field(init=False)
    choices: dict[int, TunedCandidate] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    gaps: list[float] = field(default_factory=list)
    raised: int = 0
    tuned: int = 0
    market_cost: int = 0
    worked: int = 0
    completed: int = 0
    found: list[StudiedSlice] = field(default_factory=list)
    _scales: list[Scale] = field(default_factory=list)
    _next: int = field(init=False)
    _stop: int = field(init=False)
    _open: list[_Slice] = field(default_factory=list)
    _priced: PricedGrid = field(init=False)

    def __post_init__(self) -> None:
        self._priced = PricedGrid(self.grid)
        self.schedule = Schedule.for_order(self.order, self.interval)
        self.totals = np.zeros(len(self.grid), np.int64)
        slices = range(self.schedule.slices) if self.slices is None else self.slices
        self._next, self._stop = slices.start, slices.stop

    def on_book(self, book: Book) -> None:
        for one in self._open:
            self._advance(one, book)
        self._close_finished()
        row, stop = book.first_at(self.schedule.begins(self._next)), book.last_at(self.order.end) + 1
        while row < stop and self._next < self._stop:
            index = self.schedule.index(int(book.ts[row]))
            if index < self._stop:
                self._begin(book, row, index)
            self._next = index + 1
            row = book.first_at(self.schedule.begins(self._next))

    def on_end(self, *, stopped: bool = False) -> None:
        """The stream has ended. A slice that a stopped run broke off tells nothing."""
        if stopped:
            self._open.clear()
        for one in self._open:
            for run in one.runs:
                run.on_end()
        self._close_finished()

    @property
    def over(self) -> bool:
        """Whether all its slices are."""
        return self._next >= self._stop and not self._open

    def join(self, later: Iterable[StudiedSlice]) -> None:
        """Go on with the slices that follow, in their order, as another study found them."""
        for one in later:
            self._choose(one.index)
            if one.skipped is not None:
                self.skipped[one.skipped] += 1
            if one.worked is not None:
                self._meet(one.worked.gap, one.worked.raised, one.worked.scale)
                self._judge(one.worked)

    @property
    def best(self) -> int:
        """The candidate that was cheapest so far; the first of the grid among equals."""
        return int(np.argmin(self.totals))

    def mean_scale(self) -> Scale | None:
        """The mean over the slices that had a problem; None where none had."""
        n = len(self._scales)
        if not n:
            return None
        zero = Fraction(0)
        return Scale(
            sum((s.half_spread for s in self._scales), zero) / n,
            sum((s.under for s in self._scales), zero) / n,
            sum((s.over for s in self._scales), zero) / n,
        )

    # -- one slice -------------------------------------------------------------------------------------------------

    def _begin(self, book: Book, row: int, index: int) -> None:
        self._choose(index)
        quantity = self.schedule.target(index) - self.schedule.target(index - 1)
        if quantity <= 0:
            self._keep(StudiedSlice(index))
            return
        if int(book.ts[row]) >= passive_end(self.schedule, index):
            # Every candidate can only take: there is nothing to choose by.
            self._skip(index, "the first snapshot came after the passive phase")
            return
        last = index == self.schedule.slices - 1
        end = self.order.end if last else self.schedule.begins(index + 1) - 1
        order = ParentOrder(self.order.side, quantity, self.schedule.begins(index), end, self.order.limit_price)
        market = self._run(order, all_market)
        problem = self.problems.at(market.view(book, row), quantity)
        if isinstance(problem, str):
            self._skip(index, problem)
            return
        answer = solve_grid(problem, self._priced)
        scale = Scale(problem.h, problem.h + problem.f, problem.h + max(problem.make))
        self._meet(answer.gap, answer.raised, scale)
        if self.rules.at_once and order.end < book.times[-1]:
            self._record_slice(index, scale, answer, quantity, *self._worked_at_once(order, problem, answer, book, row))
            return
        pool = {place: self._run(order, self._fixed(problem, answer, place)) for place in answer.chosen}
        self._open.append(_Slice(index, scale, answer, market, pool))
        self._advance(self._open[-1], book)
        self._close_finished()

    def _worked_at_once(
        self, order: ParentOrder, problem: SliceProblem, answer: PoolAnswer, book: Book, row: int
    ) -> tuple[SliceCost, dict[int, SliceCost]]:
        """A slice that this book holds whole: what became of X_M, and of the allocations chosen."""
        until, model = passive_end(self._alone(order), 0), self.problems.history.model
        market = SliceMarket(order, self.rules.fees, model, book, row, until, problem.px, problem.venues)
        pool = {}
        for index in answer.chosen:
            worked = market.worked(answer.pool[index])
            if worked is None:
                run = self._run(order, self._fixed(problem, answer, index))
                run.advance(book)
                worked = _worked(run)
            pool[index] = worked
        all_taken = market.worked((order.quantity, *(0 for _ in problem.venues)))
        assert all_taken is not None  # nothing rests
        return all_taken, pool

    @staticmethod
    def _fixed(problem: SliceProblem, answer: PoolAnswer, index: int) -> FixedAllocation:
        return FixedAllocation(allocation_of(problem, answer.pool[index]))

    def _alone(self, order: ParentOrder) -> Schedule:
        """Of a slice as a parent order of its own: one slice, its resting orders cancelled when the router's are."""
        ends = self.schedule.ends(self.schedule.index(order.start))
        return Schedule(order.start, self.interval, 1, order.quantity, ends)

    def _run(self, order: ParentOrder, allocator: Allocator) -> Execution:
        strategy = CrossVenue(MARKET, self._alone(order), allocator)
        return Execution(order, self.rules, strategy, self.problems.history.model)

    @staticmethod
    def _advance(one: _Slice, book: Book) -> None:
        for run in one.runs:
            run.advance(book)

    def _close_finished(self) -> None:
        while self._open and all(run.closed for run in self._open[0].runs):
            one = self._open.pop(0)
            pool = {index: _worked(run) for index, run in one.pool.items()}
            self._record_slice(one.index, one.scale, one.answer, one.market.order.quantity, _worked(one.market), pool)

    def _record_slice(
        self,
        index: int,
        scale: Scale,
        answer: PoolAnswer,
        quantity: int,
        market: SliceCost,
        pool: Mapping[int, SliceCost],
    ) -> None:
        """A slice is over."""
        costs = np.zeros(len(answer.pool), np.int64)
        for place, worked in pool.items():
            costs[place] = worked.cost - market.cost
        shares, completed = quantity * len(pool), sum(worked.forced for worked in pool.values())
        slice_ = WorkedSlice(
            answer.gap, answer.raised, scale, costs, answer.choice, abs(market.cost), shares, completed
        )
        self._judge(slice_)
        self._keep(StudiedSlice(index, worked=slice_))

    # -- what is known after it ------------------------------------------------------------------------------------

    def _choose(self, index: int) -> None:
        self.choices[index] = TunedCandidate(self.best, self.tuned)

    def _skip(self, index: int, reason: str) -> None:
        self.skipped[reason] += 1
        self._keep(StudiedSlice(index, reason))

    def _meet(self, gap: float, raised: bool, scale: Scale) -> None:
        self.gaps.append(gap)
        self.raised += raised
        self._scales.append(scale)

    def _judge(self, worked: WorkedSlice) -> None:
        """Add what each candidate cost in a finished slice."""
        self.totals += worked.costs[worked.choice]
        self.tuned += 1
        self.market_cost += worked.market_cost
        self.worked += worked.shares
        self.completed += worked.completed

    def _keep(self, one: StudiedSlice) -> None:
        if self.slices is not None:
            self.found.append(one)


def _worked(run: Execution) -> SliceCost:
    """A slice that an execution worked."""
    comparable = settle(run, run.strategy.name, None).comparable
    assert comparable is not None  # a slice with a problem began with an opposite quote
    return SliceCost(int(comparable * run.order.quantity), run.forced)
