"""A session: what the stream held, the arrival price, the path, and nothing at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import BASE, CENT, SECOND, T0, Case, cases, examples

from sor.core.backtest.session import Session, SessionResult
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of, empty_batch
from sor.core.market.nbbo_path import POINTS
from sor.core.order import ParentOrder, QueueModel, Rules, Side
from sor.core.strategies.interface import Plan, Rest, View
from sor.core.strategies.simple import BestAsk
from sor.core.units import NO_PRICE


def session_of(tape: list[Snapshot], start: int, end: int, side: Side = Side.BUY, quantity: int = 100) -> SessionResult:
    session = Session.for_order(ParentOrder(side, quantity, start, end), Rules(NO_FEES), [BestAsk()])
    session.on_batch(batch_of(tape))
    return session.result()


def quote(bid: int | None, ask: int | None, size: int = 100, venue: int = 2) -> Quote:
    sides = [(NO_PRICE, 0) if cents is None else (BASE + cents * CENT, size) for cents in (bid, ask)]
    return Quote(venue, *sides[0], *sides[1])


@examples(100)
@given(cases())
def test_facts_of_the_stream(case: Case) -> None:
    session = Session.for_order(case.order, case.rules, [BestAsk()])
    for batch in case.batches():
        session.on_batch(batch)
    market = session.result().market
    tape, order = case.snapshots, case.order
    inside = [s for s in tape if order.start <= s.ts <= order.end]
    assert market.snapshots == len(tape)
    assert market.snapshots_in_window == len(inside)
    assert market.quotes == sum(len(s.quotes) for s in tape)
    assert (market.first_ts, market.last_ts) == (tape[0].ts, tape[-1].ts)
    assert market.venues == tuple(sorted({q.venue for s in tape for q in s.quotes}))
    assert market.trades_in_window == sum(len(s.trades) for s in inside)
    assert market.volume_in_window == sum(t.sz for s in inside for t in s.trades)


@pytest.mark.parametrize("side", list(Side))
def test_arrival_is_the_mid_at_the_start(side: Side) -> None:
    tape = [Snapshot(T0, (quote(-1, 1),)), Snapshot(T0 + 5, (quote(-1, 3),)), Snapshot(T0 + 9, (quote(-1, 5),))]
    for start, cents2 in ((T0, 0), (T0 + 4, 0), (T0 + 5, 2), (T0 + 8, 2), (T0 + 9, 4)):
        outcome = session_of(tape, start, T0 + 20, side)
        assert outcome.arrival2 == side.sign * (2 * BASE + cents2 * CENT)
        assert not outcome.late_arrival


@pytest.mark.parametrize("size", [1, 3])
def test_the_decision_mid_is_of_the_book_as_it_stood(size: int) -> None:
    """Between snapshots nothing is known of the next one; before the first one there is no mid."""
    tape = [Snapshot(T0, (quote(-1, 1),)), Snapshot(T0 + 5, (quote(-1, 3),)), Snapshot(T0 + 9, (quote(-1, 5),))]
    for decided, cents2 in ((T0 - 1, None), (T0, 0), (T0 + 4, 0), (T0 + 5, 2), (T0 + 8, 2)):
        order = ParentOrder(Side.BUY, 100, T0 + 9, T0 + 20)
        session = Session.for_order(order, Rules(NO_FEES), [BestAsk()], decision_time=decided)
        for i in range(0, len(tape), size):
            session.on_batch(batch_of(tape[i : i + size]))
        assert session.result().decision2 == (None if cents2 is None else 2 * BASE + cents2 * CENT)


def test_a_mid_that_comes_late_or_too_late() -> None:
    tape = [Snapshot(T0, (quote(None, 1),)), Snapshot(T0 + 5, (quote(-1, 1),))]
    late = session_of(tape, T0, T0 + 9)
    assert (late.arrival2, late.late_arrival) == (2 * BASE, True)
    never = session_of(tape, T0, T0 + 4)  # what comes after the deadline was never known to anyone
    assert (never.arrival2, never.late_arrival) == (None, False)
    assert never.results["best_ask"].timing is None
    assert never.results["best_ask"].filled == 100


def test_a_vanished_side_leaves_the_last_mid() -> None:
    tape = [Snapshot(T0, (quote(-1, 1),)), Snapshot(T0 + 5, (quote(None, 7),))]
    outcome = session_of(tape, T0 + 6, T0 + 9)
    assert outcome.arrival2 == 2 * BASE


def test_an_empty_stream_and_empty_batches() -> None:
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [BestAsk()])
    assert session.on_batch(empty_batch()) is None
    outcome = session.result()
    assert outcome.market.snapshots == 0
    assert outcome.market.first_ts is None
    result = outcome.results["best_ask"]
    assert (result.filled, result.leaves, result.cost, result.comparable) == (0, 100, None, None)
    assert outcome.results["vwap"].cost is None


def test_no_opposite_quote_ever_is_no_cash() -> None:
    outcome = session_of([Snapshot(T0, (quote(-1, None),))], T0, T0 + 9)
    result = outcome.results["best_ask"]
    assert (result.filled, result.forced, result.leaves, result.cost) == (0, 0, 100, None)
    assert result.average is None


def test_forced_shares_at_the_last_quote_before_the_window() -> None:
    tape = [Snapshot(T0, (quote(-1, 1, 30),)), Snapshot(T0 + 5, (quote(-1, None),)), Snapshot(T0 + 50, (quote(-1, 1),))]
    result = session_of(tape, T0 + 5, T0 + 9).results["best_ask"]
    assert (result.filled, result.forced, result.leaves, result.forced_beyond_displayed) == (0, 100, 0, 100)
    assert result.cost == 100 * (BASE + CENT)


def test_forced_shares_beyond_what_is_there() -> None:
    tape = [Snapshot(T0, (quote(-1, 1, 30), quote(-1, 1, 10, 7))), Snapshot(T0 + 5, (quote(-1, 1, 90),))]
    result = session_of(tape, T0, T0 + 5, quantity=200).results["best_ask"]
    # 40 shares at first, 60 more when venue 2 shows 90; nothing is left there at the deadline.
    assert (result.filled, result.forced, result.forced_beyond_displayed) == (100, 100, 100)
    assert [f.venue for f in result.fills] == [2, 7, 2, 2]


@examples(60)
@given(cases(latency=False), st.sampled_from((1, 7)))
def test_path_is_the_book_at_even_times(case: Case, size: int) -> None:
    session = Session.for_order(case.order, case.rules, [BestAsk()])
    tape = case.snapshots
    for i in range(0, len(tape), size):
        session.on_batch(batch_of(tape[i : i + size]))
    path = session.result().path
    assert len(path) == POINTS + 1
    assert (path[0].ts, path[-1].ts) == (case.order.start, case.order.end)
    whole = Session.for_order(case.order, case.rules, [BestAsk()])
    whole.on_batch(batch_of(tape))
    assert whole.result().path == path


def test_trades_outside_the_window_do_not_count() -> None:
    trade = Trade(2, BASE, 10, "A")
    tape = [Snapshot(T0 + i * SECOND, (quote(-1, 1),), (trade,)) for i in range(5)]
    outcome = session_of(tape, T0 + SECOND, T0 + 3 * SECOND)
    assert outcome.market.volume_in_window == 30
    assert outcome.results["market_vwap"].cost == 100 * BASE


@pytest.mark.parametrize("memory", [None, 5])
def test_queues_remember_from_a_time_on(memory: int | None) -> None:
    """300 sold long ago, and no fall that explains them: without a memory of them, 200 that go are cancellations."""

    class Joins:
        name = "joins"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, view.venues[0].rest_px, 100, T0 + 20)])

    def shot(n: int, size: int, *trades: Trade) -> Snapshot:
        return Snapshot(T0 + n, (Quote(2, BASE, size, BASE + CENT, 500),), trades)

    def sold(size: int) -> Trade:
        return Trade(2, BASE, size, "A")

    tape = [shot(0, 500), shot(1, 800, sold(300)), shot(6, 800), shot(7, 1_600), shot(8, 1_400)]
    tape.append(shot(9, 650, sold(750)))
    for first in (0, 2):  # read from the beginning, or from the memory on
        session = Session.for_order(
            ParentOrder(Side.BUY, 100, T0 + 6, T0 + 20),
            Rules(NO_FEES),
            [(Joins(), QueueModel.PROPORTIONAL)],
            queues=True,
            memory=None if memory is None else T0 + memory,
        )
        session.on_batch(batch_of(tape[first:]))
        made = session.result().results["joins"].maker_shares
        assert made == (0 if first == 0 and memory is None else 50)
