"""Takes that find only a part of what is displayed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import BASE, CENT, T0, Case, cases, examples
from test_execution import NAMES, check, outcome_of, runs

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import EndReason
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.core.order import ParentOrder, Rules, Side
from sor.core.strategies.interface import Plan, Take, View
from sor.core.strategies.simple import BestAsk

BID, ASK = BASE - CENT, BASE + CENT


def worked(tape: list[Snapshot], quantity: int, there: str) -> StrategyResult:
    rules = Rules(NO_FEES, there=Fraction(there))
    session = Session.for_order(ParentOrder(Side.BUY, quantity, T0, tape[-1].ts), rules, [BestAsk()])
    session.on_batch(batch_of(tape))
    return session.result().results["best_ask"]


def asks(*sizes: int, px: int = ASK) -> list[Snapshot]:
    return [Snapshot(T0 + n, (Quote(2, BID, 100, px, size),)) for n, size in enumerate(sizes)]


def fills(result: StrategyResult) -> list[tuple[int, int]]:
    return [(fill.ts - T0, fill.qty) for fill in result.fills if not fill.forced]


def test_what_faded_is_gone_until_the_price_changes() -> None:
    """80 % of 100 are there; the 20 are not looked for again, nor 80 % of them found the next time."""
    result = worked(asks(100, 100, 100), 500, "0.8")
    assert fills(result) == [(0, 80)]
    assert result.forced_beyond_displayed == result.forced == 420
    (missed,) = [child for child in result.orders if child.reason is EndReason.MISSED]
    assert (missed.qty, missed.filled) == (100, 80)


def test_growth_fades_by_the_same_part() -> None:
    """Of 200 displayed 160 are there, of which 80 are taken already."""
    assert fills(worked(asks(100, 200, 150, 201), 500, "0.8")) == [(0, 80), (1, 80)]
    assert fills(worked(asks(100, 200, 150, 300), 500, "0.8")) == [(0, 80), (1, 80), (3, 80)]


def test_less_than_there_is_is_found_whole() -> None:
    assert fills(worked(asks(100, 100), 80, "0.8")) == [(0, 80)]
    assert fills(worked(asks(100, 100), 81, "0.8")) == [(0, 80)]


def test_shares_that_faded_stay_gone_while_less_is_displayed() -> None:
    """At half, 100 of 200 faded when the first 10 were taken. Of 170 displayed 60 are counted on, and 85 - 10 are
    there: 60 are taken, and 85 of 170 have faded now, but those 100 of the same run do not come back."""
    tape = asks(200, 170, 170)
    rules = Rules(NO_FEES, there=Fraction(1, 2))
    order = ParentOrder(Side.BUY, 500, T0, tape[-1].ts)
    seen: list[int] = []

    class Asks:
        name = "asks"

        def decide(self, view: View) -> Plan:
            seen.append(view.venues[0].available)
            return Plan(takes=[Take(2, (10, 60, 0)[len(seen) - 1])], wake=view.ts + 1)

    session = Session.for_order(order, rules, [Asks()])
    session.on_batch(batch_of(tape))
    assert fills(session.result().results["asks"]) == [(0, 10), (1, 60)]
    assert seen == [200, 60, 0]


def test_a_new_price_is_a_new_run() -> None:
    tape = [*asks(100, 100), Snapshot(T0 + 2, (Quote(2, BID, 100, ASK + CENT, 50),))]
    assert fills(worked(tape, 500, "0.5")) == [(0, 50), (2, 25)]


def test_the_next_venue_is_tried_once_the_miss_is_known() -> None:
    tape = [
        Snapshot(T0, (Quote(2, BID, 100, ASK, 100), Quote(7, BID, 100, ASK, 60))),
        Snapshot(T0 + 1, (Quote(2, BID, 100, ASK, 100),)),
    ]
    result = worked(tape, 100, "0.5")
    assert [(fill.venue, fill.ts - T0, fill.qty) for fill in result.fills if not fill.forced] == [
        (2, 0, 50),
        (7, 1, 30),
    ]


@examples(80)
@given(cases(), st.sampled_from(["0", "0.3", "0.5", "0.8", "0.99"]))
def test_against_the_slow_reference(case: Case, there: str) -> None:
    check(replace(case, rules=replace(case.rules, there=Fraction(there))))


@examples(100)
@given(cases(), st.sampled_from(["0", "0.3", "0.5", "0.8"]))
def test_no_run_gives_more_than_its_part(case: Case, there: str) -> None:
    """By venue and price run: takes never exceed the part of the most that was displayed in it."""
    part = Fraction(there)
    case = replace(case, rules=replace(case.rules, there=part))
    outcome = outcome_of(case)
    for name in NAMES:
        result = outcome.results[name]
        assert result.filled + result.forced + result.leaves == case.order.quantity
        for shown, used in runs(case, [fill for fill in result.fills if not fill.forced]):
            assert used <= int(part * shown)
