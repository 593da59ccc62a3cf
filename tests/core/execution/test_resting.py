"""Resting orders: one order in its queue by hand, and what holds of any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import CENT, SECOND, T0, Case, cases, cut, examples, spans, tapes

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import BRACKET, FillReason, Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.strategies.interface import Plan, Rest, Take, View
from sor.core.units import FAR, NO_PRICE


def rest_once(
    snapshots: Sequence[Snapshot], side: Side, px: int, qty: int, model: QueueModel, *, lives: int = 10**15
) -> list[tuple[int, int]]:
    """(time, shares) of the fills of one order that rests at venue 2 from the first snapshot on."""

    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, px * side.sign, qty, view.ts + lives)])

    order = ParentOrder(side, qty, snapshots[0].ts, snapshots[-1].ts)
    session = Session.for_order(order, Rules(NO_FEES), [(Once(), model)], queues=True)
    for batch in cut(snapshots, (1, 3)):
        session.on_batch(batch)
    return [(f.ts, f.qty) for f in session.result().results["once"].fills if f.is_maker]


# From the fewest shares made to the most.
MODELS = (
    QueueModel.CONSERVATIVE,
    *(QueueModel(f"power:{n}") for n in range(8, 1, -1)),
    QueueModel.PROPORTIONAL,
    QueueModel.OPTIMISTIC,
)


@pytest.mark.long
@examples(60)
@given(tapes(max_snapshots=24, max_venues=1), st.sampled_from(Side))
def test_the_models_are_in_order_on_one_order(tape: tuple[Snapshot, ...], side: Side) -> None:
    quote = Quote(2, 222_740_000_000 - CENT, 300, 222_740_000_000 + CENT, 300)
    shots = [Snapshot(tape[0].ts - 1, (quote,))]
    for s in tape:
        quotes = tuple(replace(q, venue=2) for q in s.quotes)
        shots += [Snapshot(s.ts, quotes, tuple(replace(t, venue=2) for t in s.trades))]
    px = quote.bid_px if side is Side.BUY else quote.ask_px
    got = [sum(q for _, q in rest_once(shots, side, px, 500, model)) for model in MODELS]
    assert got == sorted(got)


P = 222_730_000_000  # our price, the venue's bid
A = P + CENT


def shot(i: int, *trades: tuple[int, int, str], bid: tuple[int, int] | None = (P, 500)) -> Snapshot:
    px, sz = (NO_PRICE, 0) if bid is None else bid
    return Snapshot(T0 + i, (Quote(2, px, sz, A, 100),), tuple(Trade(2, t[0], t[1], t[2]) for t in trades))


ALL = BRACKET
BIG = shot(4, (P, 250, "A"))


@pytest.mark.parametrize(
    ("snapshots", "models", "expected"),
    [
        # The queue of 500 goes first; what is left of the second trade is ours, and no more.
        ([shot(0), shot(1, (P, 400, "A"), bid=(P, 100)), shot(2, (P, 130, "A"), bid=None)], ALL, [(2, 30)]),
        # A seller's trade through our price has met all in front of us, and fills at most what was traded.
        ([shot(0), shot(1, (P - CENT, 520, "A"))], ALL, [(1, 520)]),
        # Of unknown side, it proves nothing: the queue is eaten first.
        ([shot(0), shot(1, (P - CENT, 520, "N"))], ALL, [(1, 20)]),
        # Sold above our price, bought, or sold elsewhere: not to us.
        ([shot(0, bid=(P, 1)), shot(1, (P + CENT, 900, "A"), (P, 900, "B"), bid=(P, 1))], ALL, []),
        # With a hidden order: it eats nothing of the queue, and below our price it proves nothing.
        ([shot(0), shot(1, (P, 900, "H")), shot(2, (P - CENT, 900, "H")), shot(3, (P, 501, "A"))], ALL, [(3, 1)]),
        # It met us where nobody was ahead any more: at our price, and at no other.
        ([shot(0), shot(1, (P, 500, "A")), shot(2, (P, 30, "H"), (P - CENT, 40, "H"))], ALL, [(2, 30)]),
        # It explains no decrease of what is displayed: 200 were cancelled.
        (
            [shot(0), shot(1, (P, 200, "H"), bid=(P, 900)), shot(2, bid=(P, 700)), shot(3, (P, 510, "A"))],
            [QueueModel.CONSERVATIVE],
            [(3, 10)],
        ),
        (
            [shot(0), shot(1, (P, 200, "H"), bid=(P, 900)), shot(2, bid=(P, 700)), shot(3, (P, 310, "A"))],
            [QueueModel.OPTIMISTIC],
            [(3, 10)],
        ),
        # Nobody knows who was the aggressor: placed by its price.
        ([shot(0), shot(1, (P, 501, "N"))], ALL, [(1, 1)]),
        # The removal shows one snapshot later: no cancellation.
        ([shot(0), shot(1, (P, 200, "A")), shot(2, bid=(P, 300)), shot(3, (P, 310, "A"))], ALL, [(3, 10)]),
        # 400 of 500 cancelled: the display alone bounds the queue, in every model.
        ([shot(0), shot(1, bid=(P, 100)), shot(2, (P, 150, "A"))], ALL, [(2, 50)]),
        # The bid is lower, or gone: nobody is in front.
        ([shot(0), shot(1, bid=(P - CENT, 900)), shot(2, (P, 7, "A"))], ALL, [(2, 7)]),
        ([shot(0), shot(1, bid=None), shot(2, (P, 7, "A"))], ALL, [(2, 7)]),
        # A higher bid hides our level: the queue stays.
        ([shot(0), shot(1, bid=(P + 1, 10)), shot(2, (P, 507, "A"))], ALL, [(2, 7)]),
        # The trade waits at its level while a higher bid hides it, and explains what is gone when it shows again.
        (
            [shot(0), shot(1, (P, 100, "A")), shot(2, bid=(P + 1, 10)), shot(3, bid=(P, 400)), shot(4, (P, 410, "A"))],
            ALL,
            [(4, 10)],
        ),
        # 500 join behind us, then 200 of 1,000 are cancelled: none, 100, or 200 of them in front.
        ([shot(0), shot(1, bid=(P, 1000)), shot(2, bid=(P, 800)), shot(3, (P, 450, "A"))], ALL[:1], []),
        ([shot(0), shot(1, bid=(P, 1000)), shot(2, bid=(P, 800)), shot(3, (P, 450, "A"))], ALL[1:2], [(3, 50)]),
        ([shot(0), shot(1, bid=(P, 1000)), shot(2, bid=(P, 800)), shot(3, (P, 450, "A"))], ALL[2:], [(3, 150)]),
        # A trade explains one decrease: 100 of 1,000 traded and gone, the next 200 are cancelled.
        (
            [shot(0), shot(1, (P, 100, "A"), bid=(P, 1000)), shot(2, bid=(P, 900)), shot(3, bid=(P, 700)), BIG],
            ALL[2:],
            [(4, 50)],
        ),
        # A trade through our price explains nothing at it: 200 cancelled; 100 of the queue went to the trade.
        (
            [shot(0, bid=(P, 500)), shot(1, bid=(P, 1000)), shot(2, (P - CENT, 100, "N"), bid=(P, 800)), BIG],
            ALL[2:],
            [(4, 50)],
        ),
        # Two trades in one snapshot, in their order; the order is for 600.
        ([shot(0), shot(1, (P, 700, "A"), (P, 700, "A"))], ALL, [(1, 200), (1, 400)]),
        # The level has never been shown: nothing gets through until it is, and then all that it shows is in front.
        (
            [
                shot(0, bid=(P + 1, 10)),
                shot(1, (P, 900, "A"), bid=(P + 1, 10)),
                shot(2, bid=(P, 300)),
                shot(3, (P, 310, "A")),
            ],
            ALL,
            [(3, 10)],
        ),
        ([shot(0, bid=(P + 1, 10)), shot(1, bid=(P - CENT, 10)), shot(2, (P, 7, "A"))], ALL, [(2, 7)]),
        ([shot(0, bid=(P + 1, 10)), shot(1, (P - CENT, 70, "A"), bid=(P + 1, 10))], ALL, [(1, 70)]),
        # Trades of the snapshot at which it was sent came before it.
        ([shot(0, (P, 9_000, "A"))], ALL, []),
    ],
)
def test_queue_by_hand(
    snapshots: list[Snapshot], models: Sequence[QueueModel], expected: list[tuple[int, int]]
) -> None:
    for model in models:
        fills = rest_once(snapshots, Side.BUY, P, 600, model)
        assert [(ts - T0, qty) for ts, qty in fills] == expected


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("batch", [1, 2, 9])
def test_where_the_opposite_quote_has_come_to_our_price_nobody_is_ahead(model: QueueModel, batch: int) -> None:
    """At 1 the venue asks at our price for 5, which are ours, and its bid stays as it was; then 30 are sold."""

    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND)])

    locked = Snapshot(T0 + 1, (Quote(2, P, 500, P, 5),))
    tape = [shot(0), locked, shot(2), shot(3, (P, 30, "A")), shot(9)]
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [(Once(), model)], queues=True)
    for at in range(0, len(tape), batch):
        session.on_batch(batch_of(tape[at : at + batch]))
    fills = [fill for fill in session.result().results["once"].fills if fill.is_maker]
    assert [(fill.ts - T0, fill.qty, fill.reason) for fill in fills] == [
        (1, 5, FillReason.QUOTED),
        (3, 30, FillReason.TRADED),
    ]
    assert [fill.ahead for fill in fills] == [500, 500]


def test_how_many_stand_before_an_order_may_be_unknown() -> None:
    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND)])

    for first, ahead in ((shot(0, bid=(P + 1, 10)), None), (shot(0, bid=(P - 1, 10)), 0), (shot(0), 500)):
        session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [Once()], queues=True)
        session.on_batch(batch_of([first, shot(9)]))
        assert session.result().results["once"].orders[0].ahead == ahead


def test_expiry_includes_trades_at_that_time() -> None:
    tape = [shot(0, bid=(P, 1)), shot(1, (P, 11, "A"), bid=(P, 1)), shot(2, (P, 50, "A"))]
    assert rest_once(tape, Side.BUY, P, 600, QueueModel.CONSERVATIVE, lives=1) == [(T0 + 1, 10)]
    assert rest_once(tape, Side.BUY, P, 600, QueueModel.CONSERVATIVE, lives=2) == [(T0 + 1, 10), (T0 + 2, 50)]


def test_the_next_decision_ends_what_rests() -> None:
    """It is due at 5 and taken then, although the order would rest until 50: a sale at 6 is not its."""
    asked: list[int] = []

    @dataclass
    class Twice:
        name: str = "twice"

        def decide(self, view: View) -> Plan:
            asked.append(view.ts - T0)
            return Plan() if len(asked) > 1 else Plan(rests=[Rest(2, P, 100, view.ts + 50)], wake=view.ts + 5)

    tape = [shot(0, bid=(P, 1)), shot(5, bid=(P, 1)), shot(6, (P, 60, "A"), bid=(P, 1)), shot(60)]
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 60), Rules(NO_FEES), [Twice()], queues=True)
    session.on_batch(batch_of(tape))
    assert session.result().results["twice"].maker_shares == 0
    assert asked == [0, 5]


def test_an_order_that_would_take_is_refused() -> None:
    assert rest_once([shot(0), shot(1, (A, 9_000, "A"))], Side.BUY, A, 600, QueueModel.OPTIMISTIC) == []


def test_two_orders_at_one_venue_are_a_mistake() -> None:
    @dataclass
    class Twice:
        name: str = "twice"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND), Rest(2, P - CENT, 100, view.ts + SECOND)])

    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [Twice()], queues=True)
    with pytest.raises(ValueError, match="at most one order at a venue"):
        session.on_batch(batch_of([shot(0)]))


def test_trades_of_a_snapshot_fill_in_their_order_across_venues() -> None:
    @dataclass
    class Everywhere:
        name: str = "everywhere"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(v.venue, P, 100, view.ts + SECOND) for v in view.venues])

    quotes = tuple(Quote(venue, P, 10, A, 100) for venue in (2, 7))
    trades = (Trade(7, P, 90, "A"), Trade(2, P, 60, "A"))
    tape = [Snapshot(T0, quotes), Snapshot(T0 + 1, quotes, trades)]
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [Everywhere()], queues=True)
    session.on_batch(batch_of(tape))
    fills = session.result().results["everywhere"].fills
    # Venue 7 traded first: 80 shares; venue 2 fills only what the parent order still wants.
    assert [(f.venue, f.qty, f.is_maker) for f in fills] == [(7, 80, True), (2, 20, True)]


def test_an_order_joins_behind_what_is_there_when_it_arrives() -> None:
    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND)])

    tape = [shot(0), shot(3, bid=(P, 800)), shot(9, (P, 850, "A"))]
    order = ParentOrder(Side.BUY, 100, T0, T0 + 9)
    session = Session.for_order(order, Rules(NO_FEES, latency=Latency(5)), [Once()], queues=True)
    session.on_batch(batch_of(tape))
    result = session.result().results["once"]
    assert [(f.ts - T0, f.qty, f.ahead, f.joined - T0) for f in result.fills if f.is_maker] == [(9, 50, 800, 5)]
    assert [(f.volume, f.in_front, f.reason) for f in result.fills if f.is_maker] == [(850, 800, FillReason.TRADED)]


def test_what_stood_in_front_is_rounded_up_to_whole_shares() -> None:
    """One of 1,000 is cancelled, half of it before us: 499.5 shares are in front of the 200.5 that get through."""

    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 300, view.ts + SECOND)])

    tape = [shot(0), shot(1, bid=(P, 1_000)), shot(2, bid=(P, 999)), shot(3, (P, 700, "A"), bid=(P, 299))]
    order = ParentOrder(Side.BUY, 300, T0, T0 + 9)
    session = Session.for_order(order, Rules(NO_FEES), [(Once(), QueueModel.PROPORTIONAL)], queues=True)
    session.on_batch(batch_of(tape))
    (fill,) = (fill for fill in session.result().results["once"].fills if fill.is_maker)
    assert (fill.qty, fill.volume, fill.in_front, fill.ahead) == (200, 700, 500, 500)


def test_a_take_that_arrives_after_a_resting_fill_takes_no_more_than_the_parent_wants() -> None:
    """Venue 2 is near and venue 7 far: what rests at the first is filled while the take travels to the second."""

    @dataclass
    class Both:
        name: str = "both"

        def decide(self, view: View) -> Plan:
            return Plan(takes=[Take(7, 100)], rests=[Rest(2, P, 120, view.ts + SECOND)])

    def at(i: int, *trades: Trade) -> Snapshot:
        return Snapshot(T0 + i, (Quote(2, P, 1, A + CENT, 100), Quote(7, P, 1, A, 100)), trades)

    tape = [at(0), at(5, Trade(2, P, 121, "A")), at(9)]
    rules = Rules(NO_FEES, latency=Latency(1, {7: 7}))
    session = Session.for_order(ParentOrder(Side.BUY, 150, T0, T0 + 9), rules, [Both()], queues=True)
    session.on_batch(batch_of(tape))
    fills = session.result().results["both"].fills
    assert [(f.ts - T0, f.venue, f.qty, f.is_maker) for f in fills] == [(5, 2, 120, True), (7, 7, 30, False)]


def test_what_arrived_before_a_snapshot_was_there_for_its_trades() -> None:
    @dataclass
    class Once:
        name: str = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND)])

    tape = [shot(0, bid=(P, 10)), shot(8, (P, 60, "A"), bid=(P, 10))]
    order = ParentOrder(Side.BUY, 100, T0, T0 + 9)
    for latency, made in ((7, 50), (8, 0)):  # at 8 it joins behind what the snapshot shows, after its trades
        session = Session.for_order(order, Rules(NO_FEES, latency=Latency(latency)), [Once()], queues=True)
        session.on_batch(batch_of(tape))
        assert session.result().results["once"].maker_shares == made


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_two_orders_that_joined_together_each_have_the_queue_before_them(batch: int) -> None:
    """500 stand ahead of both: 400 are sold, then 130, of which 30 reach each of them, as if nobody else were there."""

    @dataclass
    class Once:
        name: str
        shares: int

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, self.shares, view.ts + SECOND)])

    tape = [shot(0), shot(1, (P, 400, "A"), bid=(P, 100)), shot(2, (P, 130, "A"), bid=None)]
    strategies = [Once("small", 20), Once("large", 200), Once("larger", 300)]
    session = Session.for_order(ParentOrder(Side.BUY, 300, T0, T0 + 9), Rules(NO_FEES), strategies, queues=True)
    for at in range(0, len(tape), batch):
        session.on_batch(batch_of(tape[at : at + batch]))
    results = session.result().results
    made = [[(f.ts - T0, f.qty) for f in results[one.name].fills if f.is_maker] for one in strategies]
    assert made == [[(2, 20)], [(2, 30)], [(2, 30)]]


@dataclass(frozen=True)
class TakeAndRest:
    """Takes a part at once and rests at every venue, so that what reaches its orders is theirs to compete for."""

    name: str
    market: int
    limit: int
    lives: int

    def decide(self, view: View) -> Plan:
        px = max((v.rest_px for v in view.venues), default=-FAR)
        rests = [Rest(v.venue, px, self.limit, view.ts + self.lives) for v in view.venues if v.rest_px == px > -FAR]
        return Plan(sweep=self.market, rests=rests, wake=view.ts + self.lives, goal=self.market + self.limit)


@examples(60)
@given(cases(max_snapshots=24, max_venues=3), st.sampled_from(QueueModel), st.data())
def test_orders_that_join_a_queue_together_are_filled_as_if_each_were_alone(
    case: Case, model: QueueModel, data: st.DataObject
) -> None:
    shares, lives = st.sampled_from((0, 1, 50, 100, 777)), data.draw(spans(case.snapshots))
    strategies = [TakeAndRest(str(i), data.draw(shares), data.draw(shares), lives) for i in range(4)]

    def fills(*some: TakeAndRest) -> list[object]:
        session = Session.for_order(case.order, case.rules, [(one, model) for one in some], queues=True)
        for batch in case.batches():
            session.on_batch(batch)
        results = session.result().results
        return [(results[one.name].fills, results[one.name].orders) for one in some]

    assert fills(*strategies) == [alone for one in strategies for alone in fills(one)]
