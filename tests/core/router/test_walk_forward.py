"""The walk forward: tuned on the past only, costs as a direct simulation of each slice has them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
import pytest

from sor.core.execution.accounting import settle
from sor.core.execution.engine import Execution
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import SnapshotBatch, concat
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import (
    Allocator,
    CrossVenue,
    RouterStats,
    TunedCandidate,
    TunedSolver,
    all_market,
    window_length,
)
from sor.core.router.grid_pool import solve_grid
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.priced_grid import PricedGrid
from sor.core.router.search_result import searched
from sor.core.router.slice_problems import SliceProblem, SliceProblems
from sor.core.router.walk_forward import Study
from sor.core.schedule import Schedule
from sor.core.spec import Grid, Level, Parameters
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.units import NANO
from sor.paths import bundled_tape
from sor.tapes import open_tape

INTERVAL = 5 * NANO
FEES = FeeSchedule({venue: VenueFee(3_000_000, 2_000_000) for venue in (2, 8, 15, 43)})
RULES = Rules(FEES)


def levels(*values: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in values)


GRID = Grid(levels("1.1", "3"), levels("1.1", "2", "8"), levels("0", "2"))


@pytest.fixture(scope="module")
def tape() -> SnapshotBatch:
    whole = concat(list(open_tape(bundled_tape()).batches()))
    return whole.slice(0, int((whole.ts <= whole.ts[0] + 90 * NANO).sum()))


def order_of(tape: SnapshotBatch, quantity: int = 1_000, side: Side = Side.BUY) -> ParentOrder:
    return ParentOrder(side, quantity, int(tape.ts[0]), int(tape.ts[-1]))


def studied(
    tape: SnapshotBatch,
    size: int,
    grid: Grid = GRID,
    side: Side = Side.BUY,
    quantity: int = 1_000,
    order: ParentOrder | None = None,
    rules: Rules = RULES,
) -> Study:
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    order = order_of(tape, quantity, side) if order is None else order
    study = Study(order, rules, grid, INTERVAL, SliceProblems(history, FEES))
    builder = BookBuilder(queues=True)
    for i in range(0, len(tape), size):
        book = builder.extend(orient(tape.slice(i, min(i + size, len(tape))), side))
        history.on_book(book)
        study.on_book(book)
    study.on_end()
    return study


@pytest.mark.parametrize("side", list(Side))
def test_cuts_of_the_stream_change_nothing(tape: SnapshotBatch, side: Side) -> None:
    whole = studied(tape, len(tape), side=side)
    assert whole.tuned > 5
    for size in (2_000, 333):
        other = studied(tape, size, side=side)
        assert np.array_equal(other.totals, whole.totals)
        assert other.choices == whole.choices
        assert (other.worked, other.completed) == (whole.worked, whole.completed)
        assert other.skipped == whole.skipped


def pooled(history: OutflowHistory, number: int, met: dict[int, SliceProblem]) -> Allocator:
    """The allocation that a fresh pool holds for one candidate; met: the problems by their time."""

    def allocate(view: View, size: int) -> Allocation:
        problem = SliceProblems(history, FEES).at(view, size)
        if isinstance(problem, str):
            return Allocation(size)
        met[view.ts] = problem
        answer = solve_grid(problem, PricedGrid(GRID))
        x = answer.pool[int(answer.choice[number])]
        return Allocation(x[0], problem.px, tuple(zip(problem.venues, x[1:], strict=True)))

    return allocate


def test_totals_are_the_costs_of_each_slice_simulated_alone(tape: SnapshotBatch) -> None:
    """Oracle: one candidate at a time, each slice a parent order that works the pool's allocation for it, alone."""
    study = studied(tape, len(tape))
    order, rules, schedule = order_of(tape), RULES, Schedule.for_order(order_of(tape), INTERVAL)
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    book = BookBuilder(queues=True).extend(orient(tape, Side.BUY))
    history.on_book(book)
    candidates = GRID.candidates()
    expected = np.zeros(len(candidates), np.int64)

    def cost(index: int, name: str, allocate: Allocator) -> Fraction:
        end = order.end if index == schedule.slices - 1 else schedule.begins(index + 1) - 1
        quantity = schedule.target(index) - (schedule.target(index - 1) if index else 0)
        part = ParentOrder(Side.BUY, quantity, schedule.begins(index), end)
        alone = Schedule(part.start, INTERVAL, 1, quantity, schedule.ends(index))
        execution = Execution(part, rules, CrossVenue(name, alone, allocate))
        execution.advance(book)
        execution.on_end()
        comparable = settle(execution, name, None).comparable
        assert comparable is not None
        return comparable * quantity

    met: dict[int, SliceProblem] = {}
    market_cost = 0
    for index in range(schedule.slices):
        market, before = cost(index, "X_M", all_market), len(met)
        for number in range(len(candidates)):
            expected[number] += int(cost(index, "router", pooled(history, number, met)) - market)
        market_cost += abs(int(market)) if len(met) > before else 0
    # Slices without history are all market for every candidate: they add nothing.
    assert study.totals.tolist() == expected.tolist()
    assert len(set(expected.tolist())) > 1
    assert int(np.argmin(expected)) == study.best
    assert study.market_cost == market_cost
    scale, problems = study.mean_scale(), list(met.values())
    assert scale is not None
    assert scale.half_spread * len(problems) == sum(one.h for one in problems)
    assert scale.under * len(problems) == sum(one.h + one.f for one in problems)
    assert scale.over * len(problems) == sum(one.h + max(one.make) for one in problems)
    assert any(len(set(one.make)) > 1 for one in problems)


def test_slices_with_nothing_to_buy_are_neither_worked_nor_skipped(tape: SnapshotBatch) -> None:
    """Five shares over 18 slices: 13 of them have none, and each has its candidate all the same."""
    study = studied(tape, 2_000, quantity=5)
    slices = study.schedule.slices
    assert list(study.choices) == list(range(slices))
    assert study.tuned + sum(study.skipped.values()) == 5 < slices
    assert study.tuned == len(study.gaps) > 1
    assert study.found == []  # it works all slices: there is nobody to hand them to


def test_a_candidate_is_chosen_by_slices_that_are_over(tape: SnapshotBatch) -> None:
    """Whatever happens after a slice has begun, its candidate was the best of those before."""
    whole = studied(tape, len(tape))
    for seconds in (50, 65, 80):
        cut = int((tape.ts <= tape.ts[0] + seconds * NANO).sum())
        study = begun(tape.slice(0, cut))
        assert study.choices == {index: whole.choices[index] for index in study.choices}


def begun(tape: SnapshotBatch, grid: Grid = GRID) -> Study:
    """A study that has seen this much of an order on the whole minute and a half, and not its end."""
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    order = ParentOrder(Side.BUY, 1_000, int(tape.ts[0]), int(tape.ts[0]) + 90 * NANO)
    study = Study(order, RULES, grid, INTERVAL, SliceProblems(history, FEES))
    book = BookBuilder(queues=True).extend(orient(tape, Side.BUY))
    history.on_book(book)
    study.on_book(book)
    return study


def test_each_choice_is_the_cheapest_of_the_slices_before_and_says_how_many(tape: SnapshotBatch) -> None:
    """Oracle: a study that ends where the slice begins."""
    # The first candidate is dear to begin with, so the choice moves.
    grid, chosen = Grid(levels("3", "1.1"), levels("9", "1.1"), levels("3", "0")), set()
    whole = studied(tape, len(tape), grid)
    assert whole.choices[0] == TunedCandidate(0, 0)
    for index, choice in whole.choices.items():
        begins = whole.schedule.begins(index)
        before = begun(tape.slice(0, int((tape.ts <= begins).sum()) + 1), grid)
        assert choice == TunedCandidate(int(np.argmin(before.totals)), before.tuned)
        chosen.add(choice.candidate)
    assert len(chosen) > 1
    assert max(choice.tuned_on for choice in whole.choices.values()) == whole.tuned - 1


def test_the_router_uses_the_choice_of_its_slice_and_is_judged_where_it_was_tuned() -> None:
    """A solver that has no problem to solve is all market; one that was tuned on nothing is not judged, nor is the
    first candidate in a slice that no study has met."""
    schedule = Schedule(0, 10, 5, 500, 50)
    seen: list[Parameters] = []

    @dataclass
    class Fake:
        tally: RouterStats = field(default_factory=RouterStats)
        parameters: Parameters = field(default_factory=lambda: GRID.candidates()[0])

        def __call__(self, view: View, size: int) -> Allocation:
            seen.append(self.parameters)
            return Allocation(size, reason="none") if view.ts == 30 else Allocation(1, 5, ((2, 99),))

    solver, candidates = Fake(), GRID.candidates()
    choices = {0: TunedCandidate(0, 0), 1: TunedCandidate(3, 1), 2: TunedCandidate(7, 2), 3: TunedCandidate(2, 3)}
    router = TunedSolver(schedule, candidates, choices, solver)  # type: ignore[arg-type]
    for ts in (0, 10, 29, 30, 40):
        router(View(ts, 0, 0, 500, None, ()), 100)
    assert seen == [candidates[i] for i in (0, 3, 7, 2, 0)]
    assert solver.tally.judged == 2  # the first was tuned on nothing, the fourth went all market


def test_a_grid_of_one_candidate_cannot_matter(tape: SnapshotBatch) -> None:
    one = levels("1.5")
    study = studied(tape, len(tape), Grid(one, one, one))
    assert study.totals.min() == study.totals.max()
    assert {choice.candidate for choice in study.choices.values()} == {0}


def test_candidates_that_never_rest_cost_what_the_market_costs(tape: SnapshotBatch) -> None:
    """With penalties that forbid resting, every candidate is X_M in every slice."""
    study = studied(tape, len(tape), Grid(levels("1.1"), levels("1.0001"), levels("1000000")))
    assert study.tuned
    assert study.totals.tolist() == [0]


def test_a_slice_whose_first_snapshot_comes_after_its_passive_phase_is_not_used(tape: SnapshotBatch) -> None:
    begins, whole = int(tape.ts[0]) + 12 * INTERVAL, studied(tape, len(tape))
    first, stop = np.searchsorted(tape.ts, [begins, begins + INTERVAL * 9 // 10]).tolist()
    late = studied(concat([tape.slice(0, first), tape.slice(stop, len(tape))]), len(tape))
    assert late.tuned == whole.tuned - 1
    assert late.skipped["the first snapshot came after the passive phase"] == 1


@pytest.mark.parametrize(("offset", "skipped"), [(-1, 0), (0, 1)])
def test_a_first_snapshot_exactly_at_the_passive_end_is_too_late(
    tape: SnapshotBatch, offset: int, skipped: int
) -> None:
    """One nanosecond earlier there is something to choose by."""
    begins = int(tape.ts[0]) + 12 * INTERVAL
    at = begins + INTERVAL * 9 // 10 + offset
    first, stop = np.searchsorted(tape.ts, [begins, at + 1]).tolist()
    moved = tape.slice(stop, stop + 1)
    moved.ts[0] = at
    late = studied(concat([tape.slice(0, first), moved, tape.slice(stop + 1, len(tape))]), len(tape))
    assert late.skipped["the first snapshot came after the passive phase"] == skipped


def test_a_snapshot_exactly_on_a_boundary_belongs_to_the_slice_that_begins(tape: SnapshotBatch) -> None:
    """The slice before is over one nanosecond earlier: its order does not see that snapshot."""
    study = studied(tape, len(tape))
    begins = study.schedule.begins(12)
    first = int(np.searchsorted(tape.ts, begins))
    exact = tape.slice(0, len(tape))
    exact.ts[first] = begins
    before = begun(exact.slice(0, first + 1))
    assert before.choices.keys() == set(range(13))
    assert before._open[0].market.order.start == begins
    assert {one.market.order.end for one in before._open} == {study.schedule.begins(13) - 1}


def test_shares_completed_at_one_price_are_counted(tape: SnapshotBatch) -> None:
    """An order far beyond what is displayed: its slices end with shares that only the completion rule does."""
    study, huge = studied(tape, len(tape)), studied(tape, len(tape), quantity=400_000)
    assert (study.completed, study.worked > 0) == (0, True)
    assert 0 < huge.completed < huge.worked


def test_the_cost_of_the_market_is_positive_for_sells_too(tape: SnapshotBatch) -> None:
    """It is what the heat map's figures are relative to: its sign must not turn them."""
    bought, sold = (studied(tape, len(tape), side=side) for side in Side)
    assert bought.market_cost > 0
    assert sold.market_cost > 0
    costs = searched(sold).costs
    assert costs is not None
    assert costs.index(min(costs)) == sold.best


def test_slices_with_a_raised_penalty_are_counted(tape: SnapshotBatch) -> None:
    low = (Level(Fraction(1, 1_000_000), multiple=False),)
    study = studied(tape, len(tape), Grid(low, low, levels("0")))
    assert study.raised == study.tuned > 0
    assert studied(tape, len(tape)).raised == 0


def test_a_study_is_over_with_its_last_slice_and_a_slice_that_was_broken_off_tells_nothing(tape: SnapshotBatch) -> None:
    first = begun(tape.slice(0, 1))
    assert (first.over, first._open, first.mean_scale()) == (False, [], None)  # skipped, without a past
    last, stopped = (begun(tape.slice(0, int((tape.ts <= tape.ts[0] + 88 * NANO).sum()))) for _ in range(2))
    tuned, totals = last.tuned, last.totals.tolist()
    assert len(last.choices) == last.schedule.slices
    assert not last.over
    last.on_end()
    stopped.on_end(stopped=True)
    assert (last.over, last.tuned) == (stopped.over, stopped.tuned + 1) == (True, tuned + 1)
    assert stopped.totals.tolist() == totals != last.totals.tolist()


def test_a_snapshot_at_the_very_end_begins_no_slice(tape: SnapshotBatch) -> None:
    """Eighteen slices of 5 seconds, and a snapshot after 90."""
    exact = replace(tape, ts=tape.ts.copy())
    exact.ts[-1] = exact.ts[0] + 90 * NANO
    study = studied(exact, len(exact))
    assert study.schedule.slices == study.tuned + sum(study.skipped.values()) == 18


def test_what_comes_after_the_order_changes_nothing(tape: SnapshotBatch) -> None:
    """Two seconds into its last slice it ends, with shares that nobody offered; the tape goes on for three."""
    minute, until = (tape.slice(0, int((tape.ts <= tape.ts[0] + at * NANO).sum())) for at in (60, 57))
    order = order_of(until, 400_000)
    alone, study = studied(until, len(until), order=order), studied(minute, len(minute), order=order)
    assert study.totals.tolist() == alone.totals.tolist()
    assert (study.choices, study.worked, study.completed) == (alone.choices, alone.worked, alone.completed)


def test_under_a_limit_that_nobody_meets_all_candidates_cost_what_is_left(tape: SnapshotBatch) -> None:
    """Each slice has the limit of the parent, in one book and in pieces."""
    order = replace(order_of(tape), limit_price=NANO)
    whole, pieces = (studied(tape, size, order=order) for size in (len(tape), 2_000))
    assert whole.tuned > 5
    assert whole.totals.tolist() == [0] * len(GRID)
    assert whole.market_cost == pieces.market_cost > 0


def test_orders_that_travel_arrive_late_in_slices_that_one_book_holds_too(tape: SnapshotBatch) -> None:
    """As in pieces, where no book holds a slice."""
    minute, rules = tape.slice(0, int((tape.ts <= tape.ts[0] + 60 * NANO).sum())), Rules(FEES, latency=Latency(NANO))
    whole, pieces = (studied(minute, size, rules=rules) for size in (len(minute), 333))
    assert whole.totals.tolist() == pieces.totals.tolist() != studied(minute, len(minute)).totals.tolist()
