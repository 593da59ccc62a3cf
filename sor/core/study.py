"""Walk forward over the router's slices: tune on the past, apply to the next (DESIGN section 8).

Every slice is a parent order of its own for every strategy, so what is compared is placement on the same schedule.
The study keeps, for each candidate of the grid, what it would have cost in all slices so far; the candidate that was
cheapest before a slice is the one that is judged in it, and `candidates` keeps which one that was.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from sor.core.accounting import Result, benchmark, savings, settle
from sor.core.benchmarks import WindowAverages
from sor.core.book import Book
from sor.core.execution import Execution
from sor.core.market import Ints
from sor.core.order import ParentOrder, Rules
from sor.core.outflow import OutflowHistory
from sor.core.pool import PoolAnswer, solve_grid
from sor.core.router import (
    AllLimit,
    Allocation,
    Allocator,
    CrossVenue,
    SliceProblem,
    all_market,
    equal_split,
    passive_end,
    slice_problem,
)
from sor.core.schedule import Schedule
from sor.core.spec import Grid
from sor.core.strategy import View

MARKET = "X_M"


@dataclass(frozen=True, slots=True)
class SliceSavings:
    """One slice judged: savings of the candidate that was tuned on the slices before it, against each baseline."""

    start: int
    quantity: int
    candidate: int
    savings: dict[str, Fraction]


@dataclass(frozen=True, slots=True)
class Scale:
    """What multiples are multiples of: h for theta, h + f for lambda_under, h + max r for lambda_over; nanodollars."""

    half_spread: Fraction
    under: Fraction
    over: Fraction


@dataclass(slots=True)
class _Slice:
    """A slice whose window is not over."""

    order: ParentOrder
    candidate: int
    answer: PoolAnswer
    runs: dict[str, Execution]
    average: WindowAverages


@dataclass(slots=True)
class Study:
    """Fed every book after the outflow history; `totals` int64[candidates]: cost beyond X_M so far, nanodollars."""

    order: ParentOrder
    rules: Rules
    grid: Grid
    interval: int
    history: OutflowHistory
    adverse_selection: bool = False
    schedule: Schedule = field(init=False)
    totals: Ints = field(init=False)
    judged: list[SliceSavings] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    gaps: list[float] = field(default_factory=list)
    raised: int = 0
    tuned: int = 0
    market_cost: int = 0
    _scales: list[Scale] = field(default_factory=list)
    candidates: dict[int, int] = field(default_factory=dict)
    _next: int = 0
    _open: list[_Slice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schedule = Schedule.of(self.order, self.interval)
        self.totals = np.zeros(len(self.grid), np.int64)

    def feed(self, book: Book) -> None:
        for one in self._open:
            self._advance(one, book)
        self._close_finished()
        row = max(book.new, book.first_at(max(self.order.start, self.schedule.begins(self._next))))
        stop = book.last_at(self.order.end) + 1
        while row < stop and self._next < self.schedule.slices:
            index = self.schedule.index(int(book.ts[row]))
            self._begin(book, row, index)
            self._next = index + 1
            row = max(row + 1, book.first_at(self.schedule.begins(self._next)))

    def finish(self) -> None:
        for one in self._open:
            for run in one.runs.values():
                run.finish()
        self._close_finished()

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
        self.candidates[index] = self.best
        quantity = self.schedule.target(index) - (self.schedule.target(index - 1) if index else 0)
        if quantity <= 0:
            return
        if int(book.ts[row]) >= passive_end(self.schedule, index):
            # Every strategy can only take: to call that a comparison would flatter the number of slices.
            self.skipped["the first snapshot came after the passive phase"] += 1
            return
        last = index == self.schedule.slices - 1
        end = self.order.end if last else self.schedule.begins(index + 1) - 1
        order = ParentOrder(self.order.side, quantity, self.schedule.begins(index), end, self.order.limit_price)
        view = Execution(order, self.rules, self._fixed(order, MARKET, all_market)).view(book, row)
        problem = slice_problem(view, quantity, self.history, self.rules.fees, adverse_selection=self.adverse_selection)
        if isinstance(problem, str):
            self.skipped[problem] += 1
            return
        answer = solve_grid(problem, self.grid)
        self.gaps.append(answer.gap)
        self.raised += answer.raised
        self._scales.append(Scale(problem.h, problem.h + problem.f, problem.h + max(problem.make)))
        one = _Slice(
            order, self.best, answer, self._runs(order, view, problem, answer), WindowAverages(order.start, order.end)
        )
        self._open.append(one)
        self._advance(one, book)
        self._close_finished()

    def _runs(self, order: ParentOrder, view: View, problem: SliceProblem, answer: PoolAnswer) -> dict[str, Execution]:
        """One execution for each allocation that some candidate chose, and for the paper's simple ones."""
        allocators: dict[str, Allocator] = {MARKET: all_market, "X_E": equal_split}
        allocators |= {f"X_L_{v.venue}": AllLimit(v.venue) for v in view.venues}
        for index in answer.chosen:
            x = answer.pool[index]
            limits = tuple(zip(problem.venues, x[1:], strict=True))
            allocators[_pool_name(index)] = _Fixed(Allocation(x[0], problem.px, limits))
        return {
            name: Execution(order, self.rules, self._fixed(order, name, allocator), self.history.model)
            for name, allocator in allocators.items()
        }

    def _fixed(self, order: ParentOrder, name: str, allocator: Allocator) -> CrossVenue[Allocator]:
        """A slice as a parent order of its own: one slice, cancelled when the router's is."""
        index = self.schedule.index(order.start)
        schedule = Schedule(order.start, self.interval, 1, order.quantity, self.schedule.ends(index))
        return CrossVenue(name, schedule, allocator)

    def _advance(self, one: _Slice, book: Book) -> None:
        one.average.add(book.events)
        for run in one.runs.values():
            run.advance(book)

    def _close_finished(self) -> None:
        while self._open and all(run.closed for run in self._open[0].runs.values()):
            self._judge(self._open.pop(0))

    def _judge(self, one: _Slice) -> None:
        results = {name: settle(run, name, None) for name, run in one.runs.items()}
        if any(result.comparable is None for result in results.values()):
            self.skipped["there was no opposite quote"] += 1
            return
        market = results[MARKET].comparable or Fraction(0)
        beyond = {index: (results[_pool_name(index)].comparable or Fraction(0)) - market for index in one.answer.chosen}
        if self.tuned:
            # Only a slice with a past to tune on is out of sample.
            chosen = results[_pool_name(int(one.answer.choice[one.candidate]))]
            self.judged.append(
                SliceSavings(one.order.start, one.order.quantity, one.candidate, self._savings(chosen, results, one))
            )
        self.tuned += 1
        self.market_cost += abs(int(market * one.order.quantity))
        costs = np.zeros(len(one.answer.pool), np.int64)
        for index, per_share in beyond.items():
            costs[index] = int(per_share * one.order.quantity)
        self.totals += costs[one.answer.choice]

    def _savings(self, chosen: Result, results: dict[str, Result], one: _Slice) -> dict[str, Fraction]:
        order = one.order
        vwap = benchmark("vwap", order.side, order.quantity, one.average.displayed.price)
        baselines = {name: result for name, result in results.items() if not name.startswith("#")} | {"vwap": vwap}
        found = {name: savings(chosen, baseline) for name, baseline in baselines.items()}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class _Fixed:
    """An allocator that was decided beforehand."""

    allocation: Allocation

    def __call__(self, view: View, size: int) -> Allocation:
        return self.allocation


def _pool_name(index: int) -> str:
    return f"#{index}"
