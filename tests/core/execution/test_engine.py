"""Rules of the engine one at a time, by hand: what is sent, what comes first, and when a strategy is asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import ChildKind, EndReason
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import Latency, Lots, ParentOrder, Rules, Side
from sor.core.strategies.interface import Depth, Plan, Rest, Take, View
from sor.core.units import NO_PRICE

CENT = 10_000_000
BID, ASK = 10_000_000_000, 10_010_000_000
PLAIN, DELAYED = Rules(NO_FEES), Rules(NO_FEES, latency=Latency(5))


@dataclass
class Plans:
    """Answers with one plan after the other, then with none."""

    plans: Sequence[Plan]
    name: str = "plans"
    views: list[View] = field(default_factory=list)

    def decide(self, view: View) -> Plan:
        self.views.append(view)
        return self.plans[len(self.views) - 1] if len(self.views) <= len(self.plans) else Plan()


def views(
    tape: Sequence[Snapshot], quantity: int, rules: Rules, *plans: Plan, limit: int | None = None, batch: int = 1
) -> tuple[StrategyResult, list[View]]:
    """The result, and what was shown at each decision; so many snapshots are a batch."""
    order, strategy = ParentOrder(Side.BUY, quantity, tape[0].ts, tape[-1].ts, limit), Plans(plans)
    session = Session.for_order(order, rules, [strategy], queues=True)
    for at in range(0, len(tape), batch):
        session.on_batch(batch_of(tape[at : at + batch]))
    return session.result().results["plans"], strategy.views


def worked(
    tape: Sequence[Snapshot], quantity: int, rules: Rules, *plans: Plan, limit: int | None = None
) -> StrategyResult:
    return views(tape, quantity, rules, *plans, limit=limit)[0]


def fills(result: StrategyResult) -> list[tuple[int, int, int]]:
    """Time, venue and shares of all but what was forced."""
    return [(fill.ts, fill.venue, fill.qty) for fill in result.fills if not fill.forced]


def asks(ts: int, *sizes: int, px: int = ASK, sold: int = 0) -> Snapshot:
    """Venues 2, 3, .. bid for 50 and ask for so many shares, at one price; so many were sold at venue 2."""
    quotes = tuple(Quote(venue, BID, 50, px, size) for venue, size in enumerate(sizes, 2))
    return Snapshot(ts, quotes, (Trade(2, BID, sold, "A"),) if sold else ())


def test_at_one_instant_takes_act_before_orders_join() -> None:
    """A take sent at 2 and an order to rest sent at 0 both arrive at 7: the take fills the parent, so nothing joins."""
    tape = [asks(0, 0, 0), asks(2, 0, 100), asks(9, 0, 100)]
    rules = Rules(NO_FEES, latency=Latency(5, {2: 7}))
    result = worked(tape, 100, rules, Plan(sweep=100, rests=[Rest(2, BID, 100, 50)]))
    rest, take = result.orders
    assert (take.kind, take.decided, take.arrived, take.filled) == (ChildKind.TAKE, 2, 7, 100)
    assert (rest.kind, rest.decided, rest.arrived, rest.ahead) == (ChildKind.REST, 0, None, None)
    assert (rest.ended, rest.reason) == (7, EndReason.PARENT_DONE)


def test_an_order_whose_cancel_acts_as_it_arrives_never_joins() -> None:
    tape = [asks(0, 0), asks(5, 0), asks(9, 0)]
    for lives, arrived in ((0, None), (1, 5)):
        result = worked(tape, 100, DELAYED, Plan(rests=[Rest(2, BID, 100, lives)]))
        rest, *_ = result.orders
        assert (rest.arrived, rest.ended, rest.reason) == (arrived, 5 + lives, EndReason.EXPIRED)


def test_takes_of_a_plan_are_whole_lots_unless_it_is_the_last() -> None:
    tape = [asks(0, 300), asks(9, 0)]
    for any_size, sent in ((False, 100), (True, 150)):
        result = worked(tape, 200, Rules(NO_FEES, lots=Lots(1, 100)), Plan(takes=[Take(2, 150)], any_size=any_size))
        assert [(fill.qty, fill.forced) for fill in result.fills] == [(sent, False), (200 - sent, True)]


def test_a_take_beyond_the_limit_is_not_sent_and_one_at_it_is() -> None:
    tape = [asks(0, 100), asks(9, 0)]
    for limit, sent in ((ASK, [(0, 2, 60)]), (ASK - 1, [])):
        assert fills(worked(tape, 100, PLAIN, Plan(takes=[Take(2, 60)]), limit=limit)) == sent


def test_beyond_the_limit_nothing_rests_and_at_it_a_single_share_does() -> None:
    tape = [asks(0, 0), asks(9, 0)]
    for limit, shares, sent in ((BID, 1, 1), (BID - 1, 1, 0), (BID, 0, 0)):
        result = worked(tape, 100, PLAIN, Plan(rests=[Rest(2, BID, shares, 50)]), limit=limit)
        assert len(result.orders) == sent


def test_no_more_is_sent_than_the_parent_wants() -> None:
    """150 shares, of which 100 are on their way: the second take is of 50, and there is no third."""
    tape = [asks(0, 100, 100, 100), asks(9, 0, 0, 0)]
    result = worked(tape, 150, DELAYED, Plan(takes=[Take(venue, 100) for venue in (2, 3, 4)]))
    assert [(child.venue, child.qty, child.filled) for child in result.orders] == [(2, 100, 100), (3, 50, 50)]


def test_a_goal_beyond_the_parent_is_the_parent() -> None:
    tape = [asks(0, 40), asks(2, 300), asks(9, 0)]
    for batch in (1, 3):
        result, _ = views(tape, 100, PLAIN, Plan(sweep=500, goal=500), batch=batch)
        assert fills(result) == [(0, 2, 40), (2, 2, 60)]


def test_what_was_swept_is_swept_no_more() -> None:
    """10 of the 30 at once, 20 of what comes next; the rest of the parent waits for its deadline."""
    tape = [asks(0, 10), asks(2, 100), asks(4, 200), asks(9, 0)]
    assert fills(worked(tape, 100, PLAIN, Plan(sweep=30))) == [(0, 2, 10), (2, 2, 20)]


def test_when_the_sweep_fills_the_goal_what_rests_is_cancelled() -> None:
    """Snapshots at 2 and 4 bring something to sweep; the sale at 5 comes too late."""
    tape = [asks(0, 0, 0), asks(2, 0, 40), asks(4, 0, 140), asks(5, 0, 140, sold=70), asks(9, 0, 0)]
    for batch in (1, 5):
        plan = Plan(sweep=100, rests=[Rest(2, BID, 100, 50)], goal=100)
        result, _ = views(tape, 500, PLAIN, plan, batch=batch)
        assert fills(result) == [(2, 3, 40), (4, 3, 60)]
        assert {(fill.volume, fill.in_front) for fill in result.fills} == {(0, 0)}
        rest = result.orders[0]
        assert (rest.kind, rest.ended, rest.reason) == (ChildKind.REST, 4, EndReason.COMPLETED)


def test_a_strategy_is_shown_what_is_done_what_is_on_its_way_and_what_is_left() -> None:
    tape = [asks(0, 100, 100), asks(5, 100, 100), asks(7, 100, 100), asks(9, 0, 0)]
    rules = Rules(NO_FEES, latency=Latency(5, {3: 8}))
    _, seen = views(tape, 200, rules, Plan(takes=[Take(2, 30), Take(3, 50)], wake=7))
    assert [(view.ts, view.done, view.working, view.leaves) for view in seen] == [(0, 0, 0, 200), (7, 30, 50, 120)]


def test_an_order_that_was_filled_whole_was_not_cut() -> None:
    """Venue 2 sells 150, of which 100 are ours: the goal. What rests at venue 3 is cut, with nothing filled."""
    tape = [asks(0, 0, 0), asks(2, 0, 0, sold=150), asks(4, 0, 0), asks(9, 0, 0)]
    plan = Plan(rests=[Rest(2, BID, 100, 50), Rest(3, BID, 100, 50)], goal=100)
    result = worked(tape, 500, PLAIN, plan)
    two, three = result.orders[:2]
    assert (two.filled, two.ended, two.reason) == (100, 2, EndReason.FILLED)
    assert (three.filled, three.ended, three.reason) == (0, 2, EndReason.COMPLETED)


def test_a_time_that_has_come_is_the_next_snapshot() -> None:
    tape = [asks(ts, 0) for ts in (0, 2, 3, 9)]
    _, seen = views(tape, 100, PLAIN, Plan(wake=0), Plan(wake=0), Plan(wake=4))
    assert [view.ts for view in seen] == [0, 2, 3, 9]


def test_depth_is_what_is_there_for_the_order_in_whole_steps() -> None:
    """60 of 100 taken at venue 2: 40, then 60 are left of its run; of venue 3's 35 a step of 20 makes 20."""
    tape = [asks(0, 100, 0), asks(2, 100, 35), asks(3, 120, 35), asks(9, 0, 0)]
    for quantity, asked in ((60, [0, 2]), (61, [0, 3]), (80, [0, 3]), (81, [0])):
        _, seen = views(tape, 500, PLAIN, Plan(takes=[Take(2, 60)], wake=Depth(quantity, 20)))
        assert [view.ts for view in seen] == asked, quantity


def test_depth_at_a_new_price_counts_all_of_it_and_beyond_the_limit_nothing() -> None:
    tape = [asks(0, 100), asks(2, 100), asks(3, 100, px=ASK + CENT), asks(9, 0)]
    for limit, asked in ((None, [0, 3]), (ASK + CENT, [0, 3]), (ASK, [0])):
        _, seen = views(tape, 500, PLAIN, Plan(takes=[Take(2, 60)], wake=Depth(100, 1)), limit=limit)
        assert [view.ts for view in seen] == asked, limit


def test_when_depth_has_come_what_rests_is_cancelled_before_the_decision() -> None:
    """The depth is there at 2. The cancel acts at 5: the sale at 4 still fills, the one at 6 does not; asked at 6."""
    tape = [asks(0, 0), asks(2, 100), asks(4, 100, sold=60), asks(6, 100, sold=60), asks(9, 0)]
    rules = Rules(NO_FEES, cancel_latency=Latency(3))
    result, seen = views(tape, 500, rules, Plan(rests=[Rest(2, BID, 100, 50)], wake=Depth(100, 1)))
    assert [view.ts for view in seen] == [0, 6]
    assert fills(result) == [(4, 2, 10)]
    assert (result.orders[0].ended, result.orders[0].reason) == (5, EndReason.EXPIRED)


def test_a_take_that_finds_a_better_price_was_sent_at_the_one_it_saw() -> None:
    tape = [asks(0, 100), asks(3, 80, px=ASK - CENT), asks(9, 0)]
    result = worked(tape, 100, DELAYED, Plan(takes=[Take(2, 80)]))
    (fill,) = (fill for fill in result.fills if not fill.forced)
    assert (fill.ts, fill.px, fill.qty) == (5, ASK - CENT, 80)
    take = result.orders[0]
    assert (take.px, take.arrived, take.first_fill, take.last_fill, take.ended) == (ASK, 5, 5, 5, 5)
    assert (take.reason, take.spread) == (EndReason.FILLED, CENT)


def test_a_take_that_finds_nothing_has_no_time_of_a_fill() -> None:
    result = worked([asks(0, 100), asks(3, 0), asks(9, 0)], 100, DELAYED, Plan(takes=[Take(2, 80)]))
    take = result.orders[0]
    assert (take.arrived, take.filled, take.first_fill, take.last_fill, take.ended) == (5, 0, None, None, 5)
    assert take.reason is EndReason.MISSED


def test_a_take_on_its_way_ends_with_its_parent_or_at_the_deadline_and_never_arrives() -> None:
    tape = [asks(0, 0, 100), asks(2, 0, 100, sold=150), asks(9, 0, 100)]
    for latency, sold, ended, reason in ((7, 150, 2, EndReason.PARENT_DONE), (70, 50, 9, EndReason.DEADLINE)):
        rules = Rules(NO_FEES, latency=Latency(1, {3: latency}))
        tape[1] = asks(2, 0, 100, sold=sold)
        result = worked(tape, 100, rules, Plan(takes=[Take(3, 80)], rests=[Rest(2, BID, 100, 50)]))
        take = result.orders[0]
        assert (take.kind, take.arrived, take.filled, take.ended) == (ChildKind.TAKE, None, 0, ended)
        assert take.reason is reason


def test_the_times_of_a_resting_orders_fills() -> None:
    tape = [asks(0, 0), asks(2, 0, sold=60), asks(3, 0, sold=20), asks(4, 0, sold=30), asks(9, 0)]
    rest, *_ = worked(tape, 100, PLAIN, Plan(rests=[Rest(2, BID, 100, 6)])).orders
    assert (rest.filled, rest.ahead, rest.first_fill, rest.last_fill, rest.ended) == (60, 50, 2, 4, 6)
    rest, *_ = worked(tape, 100, PLAIN, Plan(rests=[Rest(2, BID, 30, 6)])).orders
    assert (rest.filled, rest.first_fill, rest.last_fill, rest.ended) == (30, 2, 3, 3)


def test_without_both_sides_there_is_no_spread() -> None:
    for quote in (Quote(2, BID, 50, NO_PRICE, 0), Quote(2, NO_PRICE, 0, ASK, 50)):
        tape = [Snapshot(0, (quote,)), Snapshot(9, ())]
        rest, *_ = worked(tape, 100, PLAIN, Plan(rests=[Rest(2, BID, 100, 50)])).orders
        assert rest.spread is None


def test_an_order_that_acts_at_once_fills_the_goal_at_once() -> None:
    """What rests is cancelled at 0, so the sale at 2 finds nothing of it."""
    tape = [asks(0, 0, 100), asks(2, 0, 0, sold=150), asks(9, 0, 0)]
    result = worked(tape, 500, PLAIN, Plan(takes=[Take(3, 100)], rests=[Rest(2, BID, 100, 50)], goal=100))
    assert fills(result) == [(0, 3, 100)]
    assert (result.orders[1].ended, result.orders[1].reason) == (0, EndReason.COMPLETED)


def test_a_strategy_whose_parent_is_done_is_not_asked_again() -> None:
    tape = [asks(0, 0), asks(5, 0, sold=150), asks(6, 0), asks(9, 0)]
    _, seen = views(tape, 100, PLAIN, Plan(rests=[Rest(2, BID, 100, 50)], wake=5), Plan(wake=6))
    assert [view.ts for view in seen] == [0]


def test_a_take_that_finds_the_parent_nearly_done_is_cut_by_it() -> None:
    """70 are filled at 2, so that 30 of the 80 on their way are wanted at 5: nothing was missed."""
    tape = [asks(0, 0, 100), asks(2, 0, 100, sold=120), asks(9, 0, 100)]
    rules = Rules(NO_FEES, latency=Latency(1, {3: 5}))
    result = worked(tape, 100, rules, Plan(takes=[Take(3, 80)], rests=[Rest(2, BID, 70, 50)]))
    assert fills(result) == [(2, 2, 70), (5, 3, 30)]
    assert (result.orders[0].filled, result.orders[0].reason) == (30, EndReason.PARENT_DONE)


def test_shares_taken_are_not_shown_again_though_fewer_are_displayed() -> None:
    tape = [asks(0, 100), asks(2, 20), asks(3, 130), asks(9, 0)]
    _, seen = views(tape, 500, PLAIN, Plan(takes=[Take(2, 60)], wake=2), Plan(wake=3))
    assert [view.venues[0].available for view in seen] == [100, 0, 70]


def test_what_ends_an_order_first_is_why_it_ended() -> None:
    """Venue 2's order fills the goal at 2: venue 3's ends as its time is over, and is cut a moment before that. A
    parent that is done at 2 ends it as well, trades coming before cancels; so does the deadline, not a later time."""
    tape = [asks(0, 0, 0), asks(2, 0, 0, sold=150), asks(9, 0, 0)]
    for quantity, shares, lives, ended, reason in (
        (500, 100, 2, 2, EndReason.EXPIRED),
        (500, 100, 3, 2, EndReason.COMPLETED),
        (100, 100, 2, 2, EndReason.PARENT_DONE),
        (500, 120, 9, 9, EndReason.EXPIRED),
        (500, 120, 10, 9, EndReason.DEADLINE),
    ):
        rests = [Rest(2, BID, shares, 50), Rest(3, BID, 100, lives)]
        result = worked(tape, quantity, PLAIN, Plan(rests=rests, goal=shares))
        assert (result.orders[1].ended, result.orders[1].reason) == (ended, reason), (quantity, shares, lives)


def test_of_a_venue_that_is_used_up_nothing_counts_as_depth() -> None:
    tape = [asks(0, 60), asks(1, 60), asks(2, 50), asks(3, 61), asks(9, 0)]
    _, seen = views(tape, 500, PLAIN, Plan(takes=[Take(2, 60)], wake=Depth(1, 1)))
    assert [view.ts for view in seen] == [0, 3]
