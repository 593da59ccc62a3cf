"""The walk forward: tuned on the past only, costs as a direct simulation of each slice has them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sor.bundled import bundled_tape
from sor.core.accounting import settle
from sor.core.book import BookBuilder
from sor.core.execution import Execution
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market import SnapshotBatch, concat
from sor.core.order import ParentOrder, QueueModel, Rules, Side
from sor.core.orient import orient
from sor.core.outflow import OutflowHistory
from sor.core.pool import solve_grid
from sor.core.router import Allocation, Allocator, CrossVenue, all_market, slice_problem, window_length
from sor.core.schedule import Schedule
from sor.core.spec import Grid, Level
from sor.core.strategy import View
from sor.core.study import Study
from sor.core.units import NANO
from sor.tapes import open_tape

INTERVAL = 5 * NANO
FEES = FeeSchedule({venue: VenueFee(3_000_000, 2_000_000) for venue in (2, 8, 15, 43)})


def levels(*values: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in values)


GRID = Grid(levels("1.1", "3"), levels("1.1", "2", "8"), levels("0", "2"))


@pytest.fixture(scope="module")
def tape() -> SnapshotBatch:
    whole = concat(list(open_tape(bundled_tape()).batches()))
    return whole.slice(0, int((whole.ts <= whole.ts[0] + 90 * NANO).sum()))


def order_of(tape: SnapshotBatch, quantity: int = 1_000, side: Side = Side.BUY) -> ParentOrder:
    return ParentOrder(side, quantity, int(tape.ts[0]), int(tape.ts[-1]))


def studied(tape: SnapshotBatch, size: int, grid: Grid = GRID, side: Side = Side.BUY) -> Study:
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    study = Study(order_of(tape, side=side), Rules(FEES), grid, INTERVAL, history)
    builder = BookBuilder(queues=True)
    for i in range(0, len(tape), size):
        book = builder.extend(orient(tape.slice(i, min(i + size, len(tape))), side))
        history.feed(book)
        study.feed(book)
    study.finish()
    return study


@pytest.mark.parametrize("side", list(Side))
def test_cuts_of_the_stream_change_nothing(tape: SnapshotBatch, side: Side) -> None:
    whole = studied(tape, len(tape), side=side)
    assert len(whole.judged) > 5
    for size in (2_000, 333):
        other = studied(tape, size, side=side)
        assert np.array_equal(other.totals, whole.totals)
        assert other.judged == whole.judged
        assert other.candidates == whole.candidates
        assert other.skipped == whole.skipped


def pooled(history: OutflowHistory, number: int) -> Allocator:
    """The allocation that a fresh pool holds for one candidate."""

    def allocate(view: View, size: int) -> Allocation:
        problem = slice_problem(view, size, history, FEES, adverse_selection=False)
        if isinstance(problem, str):
            return Allocation(size)
        answer = solve_grid(problem, GRID)
        x = answer.pool[int(answer.choice[number])]
        return Allocation(x[0], problem.px, tuple(zip(problem.venues, x[1:], strict=True)))

    return allocate


def test_totals_are_the_costs_of_each_slice_simulated_alone(tape: SnapshotBatch) -> None:
    """Oracle: one candidate at a time, each slice a parent order that works the pool's allocation for it, alone."""
    study = studied(tape, len(tape))
    order, rules, schedule = order_of(tape), Rules(FEES), Schedule.of(order_of(tape), INTERVAL)
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    book = BookBuilder(queues=True).extend(orient(tape, Side.BUY))
    history.feed(book)
    candidates = GRID.candidates()
    expected = np.zeros(len(candidates), np.int64)

    def cost(index: int, name: str, allocate: Allocator) -> Fraction:
        end = order.end if index == schedule.slices - 1 else schedule.begins(index + 1) - 1
        quantity = schedule.target(index) - (schedule.target(index - 1) if index else 0)
        part = ParentOrder(Side.BUY, quantity, schedule.begins(index), end)
        alone = Schedule(part.start, INTERVAL, 1, quantity, schedule.ends(index))
        execution = Execution(part, rules, CrossVenue(name, alone, allocate))
        execution.advance(book)
        execution.finish()
        comparable = settle(execution, name, None).comparable
        assert comparable is not None
        return comparable * quantity

    for index in range(schedule.slices):
        market = cost(index, "X_M", all_market)
        for number in range(len(candidates)):
            expected[number] += int(cost(index, "router", pooled(history, number)) - market)
    # Slices without history are all market for every candidate: they add nothing.
    assert study.totals.tolist() == expected.tolist()
    assert len(set(expected.tolist())) > 1
    assert int(np.argmin(expected)) == study.best


def test_a_candidate_is_chosen_by_slices_that_are_over(tape: SnapshotBatch) -> None:
    """Whatever happens after a slice has begun, its candidate was the best of those before."""
    whole = studied(tape, len(tape))
    for seconds in (50, 65, 80):
        cut = int((tape.ts <= tape.ts[0] + seconds * NANO).sum())
        history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
        study = Study(order_of(tape), Rules(FEES), GRID, INTERVAL, history)
        book = BookBuilder(queues=True).extend(orient(tape.slice(0, cut), Side.BUY))
        history.feed(book)
        study.feed(book)
        assert study.candidates == {index: whole.candidates[index] for index in study.candidates}
        closed = [one for one in whole.judged if one.start < tape.ts[cut - 1] - 2 * INTERVAL]
        assert study.judged[: len(closed)] == closed


def test_a_grid_of_one_candidate_cannot_matter(tape: SnapshotBatch) -> None:
    one = levels("1.5")
    study = studied(tape, len(tape), Grid(one, one, one))
    assert study.totals.min() == study.totals.max()
    assert set(study.candidates.values()) == {0}


def test_savings_against_itself_are_zero(tape: SnapshotBatch) -> None:
    """With penalties that forbid resting, the walk-forward choice is X_M in every slice."""
    forbid = levels("1000000")
    study = studied(tape, len(tape), Grid(levels("1.1"), levels("1.0001"), forbid))
    assert study.judged
    assert {one.savings["X_M"] for one in study.judged} == {Fraction(0)}


def test_a_slice_whose_first_snapshot_comes_after_its_passive_phase_is_not_judged(tape: SnapshotBatch) -> None:
    begins, whole = int(tape.ts[0]) + 12 * INTERVAL, studied(tape, len(tape))
    first, stop = np.searchsorted(tape.ts, [begins, begins + INTERVAL * 9 // 10]).tolist()
    late = studied(concat([tape.slice(0, first), tape.slice(stop, len(tape))]), len(tape))
    assert begins in {one.start for one in whole.judged}
    assert begins not in {one.start for one in late.judged}
    assert late.skipped["the first snapshot came after the passive phase"] == 1
