"""The router in the backtest: nothing of the future, the model's bounds, the slices' phases, what it carries over."""

from __future__ import annotations

import pickle
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from strategies_for_tapes import BASE, CENT, SECOND, T0

from sor.core.backtest.session import Session, SessionResult
from sor.core.backtest.two_pass import backtest
from sor.core.fees import NO_FEES, FeeSchedule, VenueFee
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, batch_of, concat
from sor.core.market.oriented import FAR
from sor.core.order import BRACKET, FillReason, Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import (
    AllLimit,
    CrossVenue,
    Penalties,
    Solver,
    all_market,
    allocation_of,
    equal_split,
    lookback,
    passive_end,
    penalties,
    promising,
    window_length,
)
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.slice_problems import KEPT, SliceProblem, SliceProblems
from sor.core.schedule import Schedule
from sor.core.spec import Grid, Level, Parameters, Spec
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import StrategyProtocol, VenueView, View
from sor.paths import bundled_tape
from sor.tapes import open_tape

INTERVAL = 5 * SECOND
FEES = FeeSchedule({2: VenueFee(3_000_000, 2_000_000), 7: VenueFee(-200_000, -500_000)})
HALF = Level(Fraction(3, 2), multiple=True)
PARAMETERS = Parameters(HALF, HALF, Level(Fraction(0), multiple=True))
TERMS = ("size", "px", "venues", "h", "f", "make")


@pytest.fixture(scope="module")
def tape() -> SnapshotBatch:
    """The first two minutes of the bundled tape."""
    source = open_tape(bundled_tape())
    whole = concat(list(source.batches()))
    return whole.slice(0, int((whole.ts <= whole.ts[0] + 120 * SECOND).sum()))


def route(
    batches: Sequence[SnapshotBatch], order: ParentOrder, **rules: Any
) -> tuple[CrossVenue[Solver], SessionResult]:
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    router = CrossVenue("router", Schedule.for_order(order, INTERVAL), Solver(PARAMETERS, SliceProblems(history, FEES)))
    session = Session.for_order(order, replace(Rules(FEES), **rules), [router], histories=[history])
    for batch in batches:
        session.on_batch(batch)
    return router, session.result()


def order_on(batch: SnapshotBatch, quantity: int = 1_000, side: Side = Side.BUY) -> ParentOrder:
    return ParentOrder(side, quantity, int(batch.ts[0]), int(batch.ts[-1]))


def scrambled(batch: SnapshotBatch, after: int, seed: int) -> SnapshotBatch:
    """The same tape up to time `after`; later snapshots keep their times and get other quotes and trades."""
    random, shots = Random(seed), batch.snapshots()
    later = [s for s in shots if s.ts > after]
    content = [(s.quotes, s.trades) for s in later]
    random.shuffle(content)
    changed = [
        Snapshot(
            s.ts,
            tuple(
                replace(q, bid_sz=q.bid_sz * random.randint(1, 5), ask_px=q.ask_px + CENT if q.ask_sz else q.ask_px)
                for q in quotes
            ),
            trades[: random.randint(0, 2)],
        )
        for s, (quotes, trades) in zip(later, content, strict=True)
    ]
    return batch_of([s for s in shots if s.ts <= after] + changed)


def test_a_scrambled_future_changes_no_decision(tape: SnapshotBatch) -> None:
    order = order_on(tape)
    router, _ = route([tape], order)
    decided = [d for d in router.decisions if d.allocation.limits]
    assert len(decided) > 10  # otherwise this proves nothing
    for seed, seconds in enumerate((41, 77, 103)):
        now = order.start + seconds * SECOND
        other, _ = route([scrambled(tape, now, seed)], order)
        until_now = [one for one in router.decisions if one.ts <= now]
        assert [one for one in other.decisions if one.ts <= now] == until_now
        assert other.decisions != router.decisions


def test_cuts_of_the_stream_change_nothing(tape: SnapshotBatch) -> None:
    order = order_on(tape)
    router, whole = route([tape], order)
    for size in (1_777, 64):
        pieces = [tape.slice(i, min(i + size, len(tape))) for i in range(0, len(tape), size)]
        other, outcome = route(pieces, order)
        assert other.decisions == router.decisions
        assert outcome.results["router"] == whole.results["router"]


def test_a_sell_on_the_mirrored_tape_equals_the_buy(tape: SnapshotBatch) -> None:
    axis = 4 * BASE
    swap = {ord("A"): ord("B"), ord("B"): ord("A"), ord("N"): ord("N")}
    shots = []
    for s in tape.snapshots():
        quotes = tuple(
            Quote(
                q.venue,
                axis - q.ask_px if q.ask_sz else q.ask_px,
                q.ask_sz,
                axis - q.bid_px if q.bid_sz else q.bid_px,
                q.bid_sz,
            )
            for q in s.quotes
        )
        trades = tuple(Trade(t.venue, axis - t.px, t.sz, chr(swap[ord(t.side)])) for t in s.trades)
        shots.append(Snapshot(s.ts, quotes, trades))
    bought, buys = route([tape], order_on(tape))
    sold, sells = route([batch_of(shots)], order_on(tape, side=Side.SELL))
    assert [(d.ts, d.allocation.market, d.allocation.limits) for d in bought.decisions] == [
        (d.ts, d.allocation.market, d.allocation.limits) for d in sold.decisions
    ]
    shift = [(f.ts, f.venue, f.qty, f.is_maker, f.px + axis) for f in sells.results["router"].fills]
    assert [(f.ts, f.venue, f.qty, f.is_maker, f.px) for f in buys.results["router"].fills] == [
        (ts, venue, qty, making, px) for ts, venue, qty, making, px in shift
    ]


def test_without_trades_only_quotes_fill_what_rests(tape: SnapshotBatch) -> None:
    quiet = batch_of([replace(s, trades=()) for s in tape.snapshots()])
    order = order_on(quiet)
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    schedule = Schedule.for_order(order, INTERVAL)
    strategies: list[StrategyProtocol] = [
        CrossVenue("router", schedule, Solver(PARAMETERS, SliceProblems(history, FEES))),
        CrossVenue("X_E", schedule, equal_split),
        CrossVenue("X_L", schedule, AllLimit(2)),
    ]
    session = Session.for_order(order, Rules(FEES), strategies, histories=[history])
    session.on_batch(quiet)
    for result in session.result().results.values():
        if result.kind == "benchmark":
            continue
        assert {f.reason for f in result.fills if f.is_maker} <= {FillReason.QUOTED}
        assert result.filled + result.forced == order.quantity


def test_conservation_and_caps_of_resting_orders(tape: SnapshotBatch) -> None:
    order = order_on(tape, quantity=5_000)
    for latency in (0, 700_000):
        router, outcome = route([tape], order, latency=Latency(latency))
        result = outcome.results["router"]
        assert sum(f.qty for f in result.fills) == order.quantity == result.filled + result.forced
        assert result.maker_shares > 0
        schedule = router.schedule
        for ts, allocation in ((d.ts, d.allocation) for d in router.decisions):
            index = schedule.index(ts)
            cancel = passive_end(schedule, index)
            for venue, limit in allocation.limits:
                made = [f for f in result.fills if f.is_maker and f.venue == venue and f.decided == ts]
                assert sum(f.qty for f in made) <= limit
                assert all(f.px == allocation.px and f.joined < f.ts <= cancel + latency for f in made)


# -- one decision -----------------------------------------------------------------------------------------------------


def view(*venues: tuple[int, int, int, int, int], ts: int = T0) -> View:
    rows = tuple(VenueView(v, take, size, rest, queue) for v, take, size, rest, queue in venues)
    take, rest = min(r.take_px for r in rows), max(r.rest_px for r in rows)
    return View(ts, 0, 0, 500, take + rest, rows)


def whole(numbers: Iterable[int]) -> array[int]:
    return array("q", numbers)


def past(sold: dict[int, list[int]]) -> OutflowHistory:
    """A history whose windows are given, all over by T0."""
    n = len(next(iter(sold.values())))
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE)
    history._ends, history._falls2 = whole([T0] * n), whole([2_000_000] * n)
    history._sold = {venue: whole(shares) for venue, shares in sold.items()}
    return history


OPEN = ((2, BASE + CENT, 300, BASE, 400), (7, BASE + CENT, 500, BASE - CENT, 100))
SOLD = {2: [0, 50, 300] * 20, 7: [100, 0, 200] * 20}


def problem_of(seen: View, sold: dict[int, list[int]] = SOLD, *, adverse: bool = False) -> SliceProblem | str:
    return SliceProblems(past(sold), FEES, adverse).at(seen, 500)


def test_the_problem_is_what_the_book_shows() -> None:
    problem = problem_of(view(*OPEN))
    assert isinstance(problem, SliceProblem)
    assert (problem.px, problem.venues, problem.h) == (BASE, (2, 7), Fraction(CENT, 2))
    assert problem.f == FEES.take(7, BASE)  # the larger of two at one price is hit first
    assert problem.make == (Fraction(2_000_000), Fraction(-500_000))
    assert problem.sample.e[1:].tolist() == [SOLD[2], SOLD[7]]
    with_adverse = problem_of(view(*OPEN), adverse=True)
    assert isinstance(with_adverse, SliceProblem)
    assert with_adverse.make == (Fraction(1_000_000), Fraction(-1_500_000))  # the mid fell by a million after each


@pytest.mark.parametrize("dearer", [0, CENT])
def test_f_is_the_fee_of_a_venue_that_has_shares_left(dearer: int) -> None:
    """Venue 7 shows the best ask, but the order has used it up: M would hit venue 2 first."""
    used_up = ((2, BASE + CENT + dearer, 300, BASE, 400), (7, BASE + CENT, 0, BASE - CENT, 100))
    problem = problem_of(view(*used_up))
    assert isinstance(problem, SliceProblem)
    assert FEES.take(2) != FEES.take(7)
    assert problem.f == FEES.take(2)
    one_left = problem_of(view(used_up[0], (7, BASE + CENT - 1, 1, BASE - CENT, 100)))
    assert isinstance(one_left, SliceProblem)
    assert one_left.f == FEES.take(7)


@pytest.mark.parametrize(("spread", "is_one"), [(1_000_000, False), (1_000_001, True)])
def test_resting_must_pay_at_every_venue(spread: int, is_one: bool) -> None:
    """Venue 7 takes 500,000 a share for what rests: half the spread is no more than that, or just so."""
    found = problem_of(view((2, BASE + spread, 300, BASE, 400), (7, BASE + spread, 500, BASE - CENT, 100)))
    assert isinstance(found, SliceProblem) == is_one
    assert is_one or found == "the market is locked or crossed"


def test_a_locked_market_without_rebates_goes_all_market() -> None:
    """h + r is exactly 0: nothing is gained by resting, and the model has no answer."""
    locked = view((2, BASE, 300, BASE - CENT, 400), (7, BASE + CENT, 5, BASE, 1))
    found = SliceProblems(past(SOLD), NO_FEES).at(locked, 500)
    assert found == "the market is locked or crossed"


def test_resting_orders_are_cancelled_after_nine_tenths_of_a_slice() -> None:
    """The last slice may be shorter than the others."""
    schedule = Schedule(T0, 1_000, 4, 400, T0 + 3_505)
    assert [passive_end(schedule, index) - T0 for index in range(4)] == [900, 1_900, 2_900, 3_454]
    router = CrossVenue("router", schedule, equal_split)
    plan = router.decide(view(*OPEN, ts=T0 + 1_000))
    assert plan.wake == T0 + 1_900
    assert {rest.expires for rest in plan.rests} == {T0 + 1_900}


def test_a_slice_is_split_once_and_what_is_on_its_way_is_not_missing() -> None:
    """100 of the 200 due are done or on their way; asked again in the same slice it sweeps what is missing by then."""
    router = CrossVenue("router", Schedule(T0, 1_000, 4, 400, T0 + 4_000), equal_split)
    first = replace(view(*OPEN, ts=T0 + 1_000), done=70, working=30)
    assert [(rest.venue, rest.qty) for rest in router.decide(first).rests] == [(2, 33), (7, 33)]
    again = router.decide(replace(first, ts=T0 + 1_500, done=120))
    assert (again.sweep, again.rests, again.wake, again.goal) == (50, (), T0 + 2_000, 200)
    assert [one.size for one in router.decisions] == [100]
    assert not again.any_size
    last = replace(first, ts=T0 + 3_000, done=350)
    assert [router.decide(replace(last, ts=ts)).any_size for ts in (T0 + 3_000, T0 + 3_950)] == [True, True]
    assert router.decide(last).wake is None
    full = router.decide(replace(first, done=170))
    assert (full.sweep, full.rests, full.wake, full.goal) == (0, (), T0 + 2_000, 200)
    assert router.decide(replace(first, done=169)).sweep == 1


def test_the_first_slice_is_split_too_and_only_shares_rest() -> None:
    def allocate(view: View, size: int) -> Allocation:
        return Allocation(1, BASE, ((2, 0), (7, size - 1)))

    plan = CrossVenue("router", Schedule(T0, 1_000, 4, 400, T0 + 4_000), allocate).decide(view(*OPEN))
    assert (plan.sweep, [(rest.venue, rest.qty) for rest in plan.rests]) == (1, [(7, 99)])


def test_thirty_past_windows_are_enough() -> None:
    assert isinstance(problem_of(view(*OPEN), {2: [5] * 30, 7: [5] * 30}), SliceProblem)


@pytest.mark.parametrize(("offset", "rests"), [(-1, True), (0, False)])
def test_a_slice_that_begins_exactly_at_the_end_of_its_passive_phase_is_swept(offset: int, rests: bool) -> None:
    """Nothing is allocated: an order that would be cancelled as it is sent decides nothing."""
    schedule = Schedule(T0, 1_000, 4, 400, T0 + 4_000)
    router = CrossVenue("router", schedule, equal_split)
    plan = router.decide(view(*OPEN, ts=passive_end(schedule, 1) + offset))
    assert bool(plan.rests) == bool(router.decisions) == rests
    assert plan.sweep == (200 - 2 * 66 if rests else 200)
    assert plan.goal == 200


def test_windows_of_the_past_are_as_long_as_the_passive_phase() -> None:
    schedule = Schedule(T0, INTERVAL, 4, 400, T0 + 4 * INTERVAL)
    assert window_length(INTERVAL) == passive_end(schedule, 1) - schedule.begins(1) == 4_500_000_000


def test_a_router_looks_back_over_its_last_windows_whole() -> None:
    """The oldest of a thousand seconds ends just in time: it began 4.5 s before, its cancel acted 2 s after that, and
    windows begin at whole seconds, a second before at most."""
    assert lookback(INTERVAL, Latency(SECOND, {7: 2 * SECOND})) == (1_002 + 2) * SECOND + 45 * SECOND // 10


def test_adverse_selection_is_the_mean_fall_after_fills_at_the_venue() -> None:
    """Windows in which a venue filled nothing say nothing about it: 3 million over all, 4 and 3.5 by venue."""
    history = past(SOLD)
    # Twice the mid's: 2 fills in the last two of three.
    history._falls2 = whole([2_000_000, 4_000_000, 12_000_000] * 20)
    problem = SliceProblems(history, FEES, adverse_selection=True).at(view(*OPEN), 500)
    assert isinstance(problem, SliceProblem)
    assert problem.make == (Fraction(2_000_000 - 4_000_000), Fraction(-500_000 - 3_500_000))


def test_a_venue_whose_fills_cost_more_than_they_save_is_left_out() -> None:
    history = past(SOLD)
    history._falls2 = whole(4 * CENT if seven and not two else 0 for two, seven in zip(SOLD[2], SOLD[7], strict=True))
    problem = SliceProblems(history, FEES, adverse_selection=True).at(view(*OPEN), 500)
    assert isinstance(problem, SliceProblem)
    assert problem.venues == (2,)  # after venue 7's fills the mid fell by a cent on average, twice the half spread
    history._falls2 = whole([4 * CENT] * 60)
    assert SliceProblems(history, FEES, adverse_selection=True).at(view(*OPEN), 500) == (
        "fills cost more than they save at every venue"
    )


def test_a_venue_whose_fills_cost_exactly_what_they_save_is_left_out() -> None:
    """h + r is 0 at venue 7 after the fall of 4.5 million, half a nanodollar less: the model's A1 wants it above."""
    for fall2, venues in ((9_000_000, (2,)), (8_999_999, (2, 7))):
        history = past(SOLD)
        history._falls2 = whole([fall2] * 60)
        problem = SliceProblems(history, FEES, adverse_selection=True).at(view(*OPEN), 500)
        assert isinstance(problem, SliceProblem)
        assert problem.venues == venues


def test_one_share_is_a_fill_and_without_fills_nothing_is_known_of_a_fall() -> None:
    """The mid fell by 2 million where venue 2 sold its one share, and by 10 million where it sold none."""
    history = past({2: [1, 0] * 30, 7: [0] * 60})
    history._falls2 = whole([4_000_000, 20_000_000] * 30)
    problem = SliceProblems(history, FEES, adverse_selection=True).at(view(*OPEN), 500)
    assert isinstance(problem, SliceProblem)
    assert problem.make == (Fraction(0), Fraction(-500_000))


@pytest.mark.parametrize(
    ("seen", "sold", "reason"),
    [
        (view(*OPEN), {2: [5] * 29, 7: [5] * 29}, "fewer than 30 past windows"),
        (view((2, BASE, 300, BASE - CENT, 400), (7, BASE + CENT, 5, BASE, 1)), SOLD, "the market is locked or crossed"),
        (view((2, BASE, 300, BASE + CENT, 400)), {2: [0] * 60}, "the market is locked or crossed"),
        (view((2, FAR, 0, BASE, 400), (7, FAR, 0, BASE, 1)), SOLD, "one side of the market is empty"),
        (view((2, BASE, 300, -FAR, 0), (7, BASE, 1, -FAR, 0)), SOLD, "one side of the market is empty"),
        (View(T0, 0, 0, 500, None, ()), SOLD, "one side of the market is empty"),
    ],
)
def test_slices_without_a_problem_go_all_market(seen: View, sold: dict[int, list[int]], reason: str) -> None:
    assert problem_of(seen, sold) == reason
    solver = Solver(PARAMETERS, SliceProblems(past(sold), FEES))
    assert solver(seen, 500) == Allocation(500, reason=reason)
    assert solver.tally.all_market[reason] == 1


def test_who_meets_the_same_problem_shares_it_and_its_answers() -> None:
    problems, seen = SliceProblems(past(SOLD), FEES), view(*OPEN)
    solver, other = Solver(PARAMETERS, problems), Solver(PARAMETERS, problems)
    assert problems.at(seen, 500) is problems.at(seen, 500)
    assert other(seen, 500) is solver(seen, 500)
    other.parameters = replace(PARAMETERS, theta_queue=Level(Fraction(2), multiple=True))
    assert other(seen, 500) == Solver(other.parameters, SliceProblems(past(SOLD), FEES))(seen, 500) != solver(seen, 500)


@pytest.mark.parametrize(
    ("seen", "size"),
    [
        (view(*OPEN), 400),
        (view(*OPEN, ts=T0 + 1), 500),
        (view((2, BASE + CENT, 300, BASE, 400)), 500),
        (view((2, BASE + CENT, 300, BASE, 400), (7, BASE + CENT, 0, BASE - CENT, 100)), 500),  # used up: venue 2 is hit
        (view(*((v, take + CENT, shares, rest, queue) for v, take, shares, rest, queue in OPEN)), 500),
        (view(*((v, take, shares, rest - CENT, queue) for v, take, shares, rest, queue in OPEN)), 500),
    ],
)
def test_any_other_view_or_size_is_another_problem(seen: View, size: int) -> None:
    problems = SliceProblems(past(SOLD), FEES)
    before, found = problems.at(view(*OPEN), 500), problems.at(seen, size)
    fresh = SliceProblems(past(SOLD), FEES).at(seen, size)
    assert isinstance(before, SliceProblem)
    assert isinstance(found, SliceProblem)
    assert isinstance(fresh, SliceProblem)
    assert found is not before
    assert [getattr(found, name) for name in TERMS] == [getattr(fresh, name) for name in TERMS]


def test_of_problems_the_last_are_kept_and_of_answers_all_in_another_process_too() -> None:
    problems = SliceProblems(past(SOLD), FEES)
    first = problems.at(view(*OPEN), 1)
    for size in range(1, KEPT + 2):
        Solver(PARAMETERS, problems)(view(*OPEN), size)
    assert problems.at(view(*OPEN), KEPT + 1) is problems.at(view(*OPEN), KEPT + 1)
    again, sent = problems.at(view(*OPEN), 1), pickle.loads(pickle.dumps(problems)).at(view(*OPEN), 1)
    assert again is not first
    for one in (first, again, sent):
        assert isinstance(one, SliceProblem)
        assert list(one.answers) == [PARAMETERS]


def test_penalties_are_multiples_of_the_slice_or_dollars_that_are_admissible() -> None:
    problem = problem_of(view(*OPEN))
    assert isinstance(problem, SliceProblem)
    take, make = problem.h + problem.f, problem.h + max(problem.make)
    assert penalties(PARAMETERS, problem) == Penalties(Fraction(0), take * 3 / 2, make * 3 / 2, raised=False)
    dollars = Parameters(*(Level(Fraction(text), multiple=False) for text in ("0.05", "0.001", "0.0005")))
    assert penalties(dollars, problem) == Penalties(Fraction(500_000), take + 1, Fraction(50_000_000), raised=True)


def test_a_penalty_at_its_bound_is_raised_and_none_is_below_zero() -> None:
    """The least above h + f = 0.0048 and h + max r = 0.007. Where the touch is crossed and fees are paid to us, h and
    h + f are below zero: no penalty is."""
    problem = problem_of(view(*OPEN))
    assert isinstance(problem, SliceProblem)
    take, make = problem.h + problem.f, problem.h + max(problem.make)
    level = {False: [Level(bound / 10**9, multiple=False) for bound in (make, take)]}
    level[True] = [Level(Fraction(1), multiple=True)] * 2
    for multiple, (over, under) in level.items():
        found = penalties(Parameters(over, under, Level(Fraction(0), multiple=True)), problem)
        assert found == Penalties(Fraction(0), take + 1, make + 1, raised=not multiple)
    crossed = replace(problem, h=Fraction(-1_000_000), f=-200_000)
    found = penalties(replace(PARAMETERS, theta_queue=HALF), crossed)
    assert found == Penalties(Fraction(0), Fraction(0), Fraction(1_500_000), raised=False)


@pytest.mark.parametrize(("over", "under", "raised"), [("0.05", "0.05", 0), ("0.05", "0.001", 2), ("0.001", "0.05", 2)])
def test_slices_in_which_a_penalty_in_dollars_was_raised_are_counted(over: str, under: str, raised: int) -> None:
    """Either lambda alone is enough; multiples are never raised."""
    lambda_over, lambda_under, theta = (Level(Fraction(text), multiple=False) for text in (over, under, "0"))
    solver = Solver(Parameters(lambda_over, lambda_under, theta), SliceProblems(past(SOLD), FEES))
    for _ in range(2):
        solver(view(*OPEN), 500)
    assert (solver.tally.slices, solver.tally.raised) == (2, raised)
    solver.parameters = PARAMETERS
    solver(view(*OPEN), 500)
    assert solver.tally.raised == raised


def test_few_starts_are_as_good_as_all_of_them(tape: SnapshotBatch) -> None:
    random = Random(3)
    for _ in range(40):
        sold = {venue: [random.choice((0, 0, random.randint(0, 600))) for _ in range(80)] for venue in (2, 7, 9)}
        seen = view(*OPEN, (9, BASE + 2 * CENT, 100, BASE, 50))
        problem = problem_of(seen, sold)
        assert isinstance(problem, SliceProblem)
        cost = penalties(
            Parameters(*(Level(Fraction(random.randint(101, 600), 100), multiple=True) for _ in range(3))), problem
        )
        few = problem.sample.solve(cost.theta, cost.under, cost.over, promising(problem.sample, cost))
        full = problem.sample.solve(cost.theta, cost.under, cost.over)
        scale = max(abs(full.cost), problem.h * problem.size * problem.sample.n)
        assert few.cost - full.cost <= scale / 1000


def test_the_papers_simple_allocations() -> None:
    seen = view(*OPEN, (9, BASE, 10, BASE - CENT, 5))  # venue 9 would take: its ask is at p
    assert all_market(seen, 100) == Allocation(100)
    assert AllLimit(7)(seen, 100) == Allocation(0, BASE, ((7, 100),))
    assert AllLimit(9)(seen, 100).market == 100
    assert equal_split(seen, 100) == Allocation(34, BASE, ((2, 33), (7, 33)))
    assert equal_split(seen, 2) == Allocation(2, BASE)  # no part is a whole share
    empty = View(T0, 0, 0, 500, None, ())
    assert AllLimit(2)(empty, 100) == Allocation(100, reason="nowhere to rest")
    assert equal_split(empty, 100).limits == ()
    problem = problem_of(view(*OPEN))
    assert isinstance(problem, SliceProblem)
    assert allocation_of(problem, (1, 2, 3)) == Allocation(1, BASE, ((2, 2), (7, 3)))


def test_the_default_backtest_reports_the_router_and_the_papers_strategies(tape: SnapshotBatch) -> None:
    levels = (Level(Fraction(11, 10), multiple=True), Level(Fraction(4), multiple=True))
    spec = Spec(quantity=1_000, fees=NO_FEES, lambda_over=levels, lambda_under=levels, theta_queue=levels[:1])
    found = backtest(lambda: [tape], spec, order_on(tape))
    assert list(found.outcome.results) == [
        "cont_kukanov",
        "best_ask",
        "twap",
        "static",
        "cont_kukanov_walk_forward",
        "X_M",
        "X_E",
        *(f"X_L_{venue}" for venue in found.outcome.market.venues),
        "vwap",
        "market_vwap",
    ]
    assert found.search.candidates == len(Grid(levels, levels, levels[:1])) == 4
    assert found.headline is not None
    assert found.headline.judged
    assert list(found.headline.against) == [
        "X_M",
        "X_E",
        *(f"X_L_{venue}" for venue in found.outcome.market.venues),
        "best_ask",
        "twap",
    ]
    assert found.bracket is not None
    assert tuple(found.bracket.models) == BRACKET
