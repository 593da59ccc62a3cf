"""Once a plan's goal is filled what rests is cancelled, and the sweep never goes beyond the goal."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import Latency, ParentOrder, Rules, Side
from sor.core.strategies.interface import Plan, Rest, View

BID, ASK = 10_000_000_000, 10_030_000_000


@dataclass
class Overbooked:
    """Rests 100 shares at venues 2 and 3 and wants 100 in all, `market` of them swept."""

    market: int = 0
    name: str = "overbooked"

    def decide(self, view: View) -> Plan:
        rests = [Rest(venue, BID, 100, view.ts + 10**9) for venue in (2, 3)]
        return Plan(sweep=self.market, rests=rests, goal=view.done + 100)


def quotes(ask: int, size: int) -> tuple[Quote, ...]:
    return tuple(Quote(venue, BID, 50, ask, size) for venue in (2, 3))


TAPE = (
    Snapshot(0, quotes(ASK, 0)),
    Snapshot(1_000, (), (Trade(2, BID, 110, "A"), Trade(3, BID, 80, "A"))),
    Snapshot(2_000, (), (Trade(2, BID, 50, "A"),)),
    Snapshot(3_000, (), (Trade(3, BID, 40, "A"),)),
    Snapshot(4_000, (), (Trade(3, BID, 40, "A"),)),
)


def worked(rules: Rules, market: int = 0) -> StrategyResult:
    session = Session.for_order(ParentOrder(Side.BUY, 500, 0, 5_000), rules, [Overbooked(market)], queues=True)
    session.on_batch(batch_of(TAPE))
    return session.result().results["overbooked"]


@pytest.mark.parametrize(
    ("cancel_latency", "made"),
    [
        (0, [(1_000, 60), (1_000, 30), (2_000, 40)]),  # 10 more than 90 + 10 were needed: one instant cannot be split
        (999, [(1_000, 60), (1_000, 30), (2_000, 40)]),
        (1_000, [(1_000, 60), (1_000, 30), (2_000, 40), (3_000, 40)]),  # what trades when the cancel acts still counts
        (2_000, [(1_000, 60), (1_000, 30), (2_000, 40), (3_000, 40), (4_000, 30)]),
    ],
)
def test_what_rests_is_cancelled_once_the_goal_is_filled(cancel_latency: int, made: list[tuple[int, int]]) -> None:
    result = worked(Rules(NO_FEES, cancel_latency=Latency(cancel_latency)))
    assert [(fill.ts, fill.qty) for fill in result.fills if fill.is_maker] == made


def test_cancels_take_as_long_as_orders_unless_told_otherwise() -> None:
    orders, cancels = Latency(7, {2: 3}), Latency(1)
    assert Rules(NO_FEES, latency=orders).cancels == orders
    assert Rules(NO_FEES, latency=orders, cancel_latency=cancels).cancels == cancels
