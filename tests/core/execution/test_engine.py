"""Rules of the engine one at a time, by hand: what comes first at one instant, and what is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import ChildKind, EndReason
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.order import Latency, Lots, ParentOrder, Rules, Side
from sor.core.strategies.interface import Plan, Rest, Take, View

BID, ASK = 10_000_000_000, 10_010_000_000


@dataclass
class Plans:
    """Answers with one plan after the other."""

    plans: Sequence[Plan]
    name: str = "plans"
    asked: int = 0

    def decide(self, view: View) -> Plan:
        self.asked += 1
        return self.plans[self.asked - 1]


def worked(tape: Sequence[Snapshot], quantity: int, rules: Rules, *plans: Plan) -> StrategyResult:
    order = ParentOrder(Side.BUY, quantity, tape[0].ts, tape[-1].ts)
    session = Session.for_order(order, rules, [Plans(plans)], queues=True)
    session.on_batch(batch_of(tape))
    return session.result().results["plans"]


def asks(ts: int, *sizes: int) -> Snapshot:
    """Venues 2, 3, .. ask for so many shares, at one price."""
    return Snapshot(ts, tuple(Quote(venue, BID, 50, ASK, size) for venue, size in enumerate(sizes, 2)))


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
        result = worked(tape, 100, Rules(NO_FEES, latency=Latency(5)), Plan(rests=[Rest(2, BID, 100, lives)]))
        rest, *_ = result.orders
        assert (rest.arrived, rest.ended, rest.reason) == (arrived, 5 + lives, EndReason.EXPIRED)


def test_takes_of_a_plan_are_whole_lots_unless_it_is_the_last() -> None:
    tape = [asks(0, 300), asks(9, 0)]
    for any_size, sent in ((False, 100), (True, 150)):
        result = worked(tape, 200, Rules(NO_FEES, lots=Lots(1, 100)), Plan(takes=[Take(2, 150)], any_size=any_size))
        assert [(fill.qty, fill.forced) for fill in result.fills] == [(sent, False), (200 - sent, True)]
