"""Resting orders: queues, fills by trades alone, and whole plans, against the slow reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random

import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import Step
from strategies_for_tapes import CENT, GAPS, SECOND, T0, THOROUGH, Case, cases, cut, examples, random_case, tapes

from sor.core.book import BookBuilder
from sor.core.fees import NO_FEES
from sor.core.market import Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.order import ParentOrder, QueueModel, Rules, Side
from sor.core.orient import FAR, orient
from sor.core.queue import QueuePlace
from sor.core.session import Session
from sor.core.strategy import Plan, Rest, Take, View
from sor.core.units import NO_PRICE


@dataclass
class Scripted:
    """Carries out a script; what it was shown is kept."""

    script: Sequence[Step]
    tick: int
    views: list[View] = field(default_factory=list)
    name: str = "scripted"

    def decide(self, view: View) -> Plan:
        number = len(self.views)
        self.views.append(view)
        step = self.script[number] if number < len(self.script) else Step(0, (), (), None)
        shown = view.venues
        takes = [Take(shown[n % len(shown)].venue, qty) for n, qty in step.takes] if shown else []
        rests = {}
        for n, (behind, qty, lives) in step.rests:
            if shown:
                venue = shown[n % len(shown)]
                rests[venue.venue] = Rest(venue.venue, venue.rest_px - behind * self.tick, qty, view.ts + lives)
                if venue.rest_px == -FAR:
                    del rests[venue.venue]
        wake = None if step.wake is None else view.ts + step.wake
        return Plan(step.sweep, takes, list(rests.values()), wake)


QUANTITIES = (1, 50, 100, 150, 300, 1_000)

scripts = st.lists(
    st.builds(
        Step,
        st.sampled_from((0, 0, 100, 250, 1_000)),
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from(QUANTITIES)), max_size=2).map(tuple),
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.tuples(st.sampled_from((-1, 0, 0, 0, 1)), st.sampled_from(QUANTITIES), st.sampled_from((0, *GAPS))),
            ),
            max_size=4,
        ).map(tuple),
        st.one_of(st.none(), st.sampled_from(GAPS)),
    ),
    min_size=1,
    max_size=4,
)


def tick_of(snapshots: Sequence[Snapshot]) -> int:
    prices = {px for s in snapshots for q in s.quotes for px in (q.bid_px, q.ask_px) if px != NO_PRICE}
    return 1 if any(px % CENT for px in prices) else CENT


def worked(case: Case, script: Sequence[Step], model: QueueModel, batches: Sequence[SnapshotBatch]):
    strategy = Scripted(script, tick_of(case.snapshots))
    session = Session.of(case.order, case.rules, [(strategy, model)], queues=True)
    for batch in batches:
        session.feed(batch)
    return strategy, session.finish().results["scripted"]


def seen(views: Sequence[View], sign: int) -> list[tuple[object, ...]]:
    return [
        (
            v.ts,
            v.done,
            v.working,
            v.leaves,
            None if v.mid2 is None else Fraction(v.mid2 * sign, 2),
            tuple((w.venue, w.available, None if w.rest_px == -FAR else w.rest_px * sign, w.rest_sz) for w in v.venues),
        )
        for v in views
    ]


def random_script(rng: Random) -> list[Step]:
    def lives() -> int:
        return rng.choice((0, *GAPS))

    def rest() -> tuple[int, tuple[int, int, int]]:
        return rng.randrange(6), (rng.choice((-1, 0, 0, 0, 1)), rng.choice(QUANTITIES), lives())

    def step() -> Step:
        takes = tuple((rng.randrange(6), rng.choice(QUANTITIES)) for _ in range(rng.choice((0, 0, 1, 2))))
        rests = tuple(rest() for _ in range(rng.randint(0, 4)))
        return Step(rng.choice((0, 0, 100, 250, 1_000)), takes, rests, lives() if rng.random() < 0.8 else None)

    return [step() for _ in range(rng.randint(1, 5))]


@pytest.mark.parametrize("part", range(10))
def test_random_plans_against_the_reference(part: int) -> None:
    for seed in range(part * 10**6, part * 10**6 + 100 * THOROUGH):
        rng = Random(seed)
        case, script, model = random_case(rng), random_script(rng), rng.choice(list(QueueModel))
        try:
            check_plans(case, script, model)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {case} {script} {model}") from error


@examples(100)
@given(cases(), scripts, st.sampled_from(QueueModel))
def test_plans_against_the_reference(case: Case, script: list[Step], model: QueueModel) -> None:
    check_plans(case, script, model)


def check_plans(case: Case, script: list[Step], model: QueueModel) -> None:
    sign = case.order.side.sign
    strategy, result = worked(case, script, model, case.batches())
    floor, forced, beyond = oracle.perform(
        case.snapshots, case.order, case.rules, model.value, tick_of(case.snapshots), script
    )
    assert seen(strategy.views, sign) == floor.views

    def mid(mid2: int | None) -> Fraction | None:
        return None if mid2 is None else Fraction(sign * mid2, 2)

    made = [f for f in result.fills if f.making]
    assert [(f.ts, f.venue, f.px * sign, f.qty, f.decided, mid(f.mid2), f.joined, f.ahead) for f in made] == [
        (m.ts, m.venue, m.px, m.qty, m.decided, m.mid, m.joined, m.ahead) for m in floor.making
    ]
    taken = [f for f in result.fills if not f.making]
    assert sorted((f.ts, f.venue, f.px * sign, f.qty, f.forced, f.decided, mid(f.mid2)) for f in taken) == sorted(
        (f.ts, f.venue, f.px, f.qty, f.forced, f.decided, f.mid) for f in floor.fills
    )
    assert (result.filled, result.forced, result.forced_beyond_displayed) == (floor.done, forced, beyond)
    assert result.made == sum(m.qty for m in floor.making)
    fees = case.rules.fees
    assert result.rebates == sum(m.qty * fees.make(m.venue) for m in floor.making)
    assert result.fees == sum(f.qty * fees.take(f.venue) for f in floor.fills)


# --- one order in its queue ---------------------------------------------------------------------------------------


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
    session = Session.of(order, Rules(NO_FEES), [(Once(), model)], queues=True)
    for batch in cut(snapshots, (1, 3)):
        session.feed(batch)
    return [(f.ts, f.qty) for f in session.finish().results["once"].fills if f.making]


@examples(120)
@given(tapes(max_snapshots=24, max_venues=2), st.sampled_from(Side), st.sampled_from(QueueModel), st.data())
def test_what_is_sold_to_a_place(
    tape: tuple[Snapshot, ...], side: Side, model: QueueModel, data: st.DataObject
) -> None:
    """pass_through and the vectorised `sold` against the reference, over any cut of the stream and any window."""
    shots = [s for s in tape if s.quotes] or [Snapshot(T0, (Quote(2, 1, 1, 2, 1),))]
    venue = shots[0].quotes[0].venue
    prices = {q.bid_px if side is Side.BUY else q.ask_px for s in shots for q in s.quotes if q.venue == venue}
    px = data.draw(st.sampled_from(sorted(prices - {NO_PRICE}) or [CENT]))
    times = [s.ts for s in tape]
    joins = data.draw(st.sampled_from([t for t in times if t >= shots[0].ts] or [shots[0].ts]))
    expires = data.draw(st.sampled_from([t + d for t in (times or [joins]) for d in (0, 1) if t + d >= joins]))
    if not tape or shots[0] not in tape:
        return
    ahead, expected = oracle.sold_to(tape, side, venue, px, joins, expires, model.value)

    builder = BookBuilder(queues=True)
    one: QueuePlace | None = None
    all_: QueuePlace | None = None
    hits: list[tuple[int, int]] = []
    sold = 0
    for batch in cut(tape, data.draw(st.lists(st.integers(0, len(tape)), max_size=4))):
        if not len(batch):
            continue
        book = builder.extend(orient(batch, side))
        start_row = book.new - 1
        if one is None and joins <= int(book.ts[-1]):
            start_row = book.last_at(joins)
            one, all_ = (QueuePlace(px * side.sign, ahead, model) for _ in range(2))
        if one is not None and all_ is not None:
            lane = book.lanes[book.venues.index(venue)]
            start, stop = lane.entries(start_row, book.last_at(expires))
            hits += [(int(book.ts[row]), qty) for row, _, qty in one.pass_through(lane, start, stop)]
            sold += all_.sold(lane, start, stop)
            if start < stop:
                assert one.ahead == all_.ahead
    assert hits == expected
    assert sold == sum(qty for _, qty in expected)


@examples(60)
@given(tapes(max_snapshots=24, max_venues=1), st.sampled_from(Side))
def test_the_three_models_are_a_bracket(tape: tuple[Snapshot, ...], side: Side) -> None:
    quote = Quote(2, 222_740_000_000 - CENT, 300, 222_740_000_000 + CENT, 300)
    shots = [Snapshot(tape[0].ts - 1, (quote,))]
    for s in tape:
        quotes = tuple(replace(q, venue=2) for q in s.quotes)
        shots += [Snapshot(s.ts, quotes, tuple(replace(t, venue=2) for t in s.trades))]
    px = quote.bid_px if side is Side.BUY else quote.ask_px
    got = [sum(q for _, q in rest_once(shots, side, px, 500, model)) for model in QueueModel]
    assert got == sorted(got)  # conservative, proportional, optimistic


P = 222_730_000_000  # our price, the venue's bid
A = P + CENT


def shot(i: int, *trades: tuple[int, int, str], bid: tuple[int, int] | None = (P, 500)) -> Snapshot:
    px, sz = (NO_PRICE, 0) if bid is None else bid
    return Snapshot(T0 + i, (Quote(2, px, sz, A, 100),), tuple(Trade(2, t[0], t[1], t[2]) for t in trades))


ALL = tuple(QueueModel)
BIG = shot(4, (P, 250, "A"))


@pytest.mark.parametrize(
    ("snapshots", "models", "expected"),
    [
        # The queue of 500 goes first; what is left of the second trade is ours, and no more.
        ([shot(0), shot(1, (P, 400, "A"), bid=(P, 100)), shot(2, (P, 130, "A"), bid=None)], ALL, [(2, 30)]),
        # A trade through our price fills at most what was traded.
        ([shot(0), shot(1, (P - CENT, 520, "A"))], ALL, [(1, 20)]),
        # Sold above our price, bought, or sold elsewhere: not to us.
        ([shot(0, bid=(P, 1)), shot(1, (P + CENT, 900, "A"), (P, 900, "B"), bid=(P, 1))], ALL, []),
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
        # A trade through our price explains nothing at it: 200 cancelled.
        (
            [shot(0, bid=(P, 500)), shot(1, bid=(P, 1000)), shot(2, (P - CENT, 100, "A"), bid=(P, 800)), BIG],
            ALL[2:],
            [(4, 50)],
        ),
        # Two trades in one snapshot, in their order; the order is for 600.
        ([shot(0), shot(1, (P, 700, "A"), (P, 700, "A"))], ALL, [(1, 200), (1, 400)]),
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


def test_expiry_includes_trades_at_that_time() -> None:
    tape = [shot(0, bid=(P, 1)), shot(1, (P, 11, "A"), bid=(P, 1)), shot(2, (P, 50, "A"))]
    assert rest_once(tape, Side.BUY, P, 600, QueueModel.CONSERVATIVE, lives=1) == [(T0 + 1, 10)]
    assert rest_once(tape, Side.BUY, P, 600, QueueModel.CONSERVATIVE, lives=2) == [(T0 + 1, 10), (T0 + 2, 50)]


def test_an_order_that_would_take_is_refused() -> None:
    assert rest_once([shot(0), shot(1, (A, 9_000, "A"))], Side.BUY, A, 600, QueueModel.OPTIMISTIC) == []


def test_two_orders_at_one_venue_are_a_mistake() -> None:
    @dataclass
    class Twice:
        name: str = "twice"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(2, P, 100, view.ts + SECOND), Rest(2, P - CENT, 100, view.ts + SECOND)])

    session = Session.of(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [Twice()], queues=True)
    with pytest.raises(ValueError, match="at most one order at a venue"):
        session.feed(batch_of([shot(0)]))


def test_trades_of_a_snapshot_fill_in_their_order_across_venues() -> None:
    @dataclass
    class Everywhere:
        name: str = "everywhere"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(v.venue, P, 100, view.ts + SECOND) for v in view.venues])

    quotes = tuple(Quote(venue, P, 10, A, 100) for venue in (2, 7))
    trades = (Trade(7, P, 90, "A"), Trade(2, P, 60, "A"))
    tape = [Snapshot(T0, quotes), Snapshot(T0 + 1, quotes, trades)]
    session = Session.of(ParentOrder(Side.BUY, 100, T0, T0 + 9), Rules(NO_FEES), [Everywhere()], queues=True)
    session.feed(batch_of(tape))
    fills = session.finish().results["everywhere"].fills
    # Venue 7 traded first: 80 shares; venue 2 fills only what the parent order still wants.
    assert [(f.venue, f.qty, f.making) for f in fills] == [(7, 80, True), (2, 20, True)]


@pytest.mark.parametrize("side", list(Side))
def test_busy_queues_against_the_reference(side: Side) -> None:
    """One venue whose queue at our price grows, trades and shrinks, where a mistake in the model shows."""
    sign = side.sign
    for seed in range(300 * THOROUGH):
        rng = Random(seed)
        size, shots = 500, []
        for i in range(rng.randint(5, 40)):
            size = max(1, size + rng.choice((-300, -100, -100, -50, 0, 0, 100, 200, 400)))
            level = rng.choice((0,) * 12 + (-1, 1))
            ours = (P + level * sign * CENT, size) if rng.random() < 0.97 else (NO_PRICE, 0)
            theirs = (P + 5 * sign * CENT, 100)
            bid, ask = (ours, theirs) if side is Side.BUY else (theirs, ours)
            trades = [
                Trade(
                    2, P - rng.choice((0, 0, 0, 1, -1)) * sign * CENT, rng.choice((10, 50, 100, 300)), rng.choice("ABN")
                )
                for _ in range(rng.choice((0, 0, 1, 2)))
            ]
            shots.append(Snapshot(T0 + i, (Quote(2, *bid, *ask),), tuple(trades)))
        for model in QueueModel:
            _, expected = oracle.sold_to(shots, side, 2, P, T0, T0 + 100, model.value)
            got = rest_once(shots, side, P, 10**9, model)
            assert got == expected, f"seed {seed}"
