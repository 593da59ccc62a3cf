"""The NBBO form against a slow second implementation of its rules, on adversarial tapes, one rule at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from strategies_for_tapes import CENT, SECOND, T0, cut
from thorough import THOROUGH

from sor.core.backtest.session import Session
from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import ChildKind, EndReason
from sor.core.feed import Feed, Form
from sor.core.fees import NO_FEES
from sor.core.market.batch import NO_VENUE, Quote, Snapshot, Trade
from sor.core.market.nbbo_book import NbboBookBuilder
from sor.core.market.oriented import orient
from sor.core.order import Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import CrossVenue, equal_split
from sor.core.router.outflow_history import OutflowHistory
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import Plan, Rest, StrategyProtocol, Take, View
from sor.core.strategies.simple import BestAsk, Twap
from sor.core.units import NO_PRICE, UNSPOKEN

BASE = 10_000 * CENT
MS = 1_000_000
VENUES = (2, 7, 43)
SIZES = (100, 100, 200, 300, 500)
Side_ = tuple[int, int, int] | None  # venue, price, size; None: no national quote


@dataclass(frozen=True)
class Instant:
    """What one instant says: of each side nothing, that there is no quote, or the best; and its trades."""

    ts: int
    bid: Side_ | str
    ask: Side_ | str
    trades: tuple[Trade, ...]

    def snapshot(self) -> Snapshot:
        rows: dict[int, list[int]] = {}
        for at, said in ((1, self.bid), (3, self.ask)):
            if said == "":
                continue
            venue, px, sz = said if isinstance(said, tuple) else (NO_VENUE, NO_PRICE, 0)
            row = rows.setdefault(venue, [venue, UNSPOKEN, 0, UNSPOKEN, 0])
            row[at : at + 2] = px, sz
        return Snapshot(self.ts, tuple(Quote(*rows[venue]) for venue in sorted(rows)), self.trades)


def random_tape(rng: Random) -> list[Instant]:
    ts, tape, mid = T0, list[Instant](), 0
    for _ in range(rng.randint(5, 60)):
        mid += rng.choice((-1, 0, 0, 0, 0, 1))

        def side(level: int) -> Side_ | str:
            kind = rng.random()
            if kind < 0.4:
                return ""
            return None if kind < 0.44 else (rng.choice(VENUES), BASE + level * CENT, rng.choice(SIZES))

        trades = [
            Trade(rng.choice(VENUES), BASE + (mid - rng.choice((0, 0, 0, 1, -1))) * CENT, rng.choice(SIZES), side_)
            for side_ in rng.choices("ABN", k=rng.choice((0, 0, 1, 2)))
        ]
        tape.append(Instant(ts, side(mid), side(mid + 1), tuple(trades)))
        ts += rng.choice((1, MS, 100 * MS, 400 * MS, 900 * MS, 1_000 * MS, 1_100 * MS))
    return tape


def worked(
    tape: Sequence[Instant], strategy: StrategyProtocol, order: ParentOrder, late: int, model: QueueModel, rng: Random
) -> StrategyResult:
    rules = Rules(NO_FEES, feed=Feed(Form.NBBO, late))
    session = Session.for_order(order, rules, [(strategy, model)], queues=True)
    cuts = [rng.randrange(len(tape)) for _ in range(rng.randint(0, 5))]
    for batch in cut([one.snapshot() for one in tape], cuts):
        session.on_batch(batch)
    return session.result().results[strategy.name]


# --- taking -----------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    px: int
    taken: int = 0


@dataclass
class Takes:
    """The side that the order takes from: what is shown, and the price runs behind it. Prices as a buyer sees them."""

    sign: int
    shown: Side_ = None
    runs: dict[int, Run] = field(default_factory=dict)
    last: tuple[int, int, int, Run] | None = None

    def say(self, said: Side_ | str) -> None:
        if isinstance(said, str):
            return
        if said is None:
            self.shown, self.runs = None, {}
            return
        venue, px, sz = said[0], said[1] * self.sign, said[2]
        self.runs = {other: run for other, run in self.runs.items() if run.px >= px}
        if venue not in self.runs or self.runs[venue].px != px:
            self.runs[venue] = Run(px)
        self.shown = venue, px, sz
        self.last = venue, px, sz, self.runs[venue]

    def take(self, wanted: int) -> tuple[int, int, int]:
        """Venue, price and shares of what is had now."""
        if self.shown is None:
            return 0, 0, 0
        venue, px, sz = self.shown
        run = self.runs[venue]
        got = max(0, min(wanted, sz - run.taken))
        run.taken += got
        return venue, px, got


@pytest.mark.parametrize("part", range(2))
@pytest.mark.parametrize("side", list(Side))
def test_taking_what_is_shown(side: Side, part: int) -> None:
    for seed in range(part * 10**6, part * 10**6 + 60 * THOROUGH):
        rng = Random(seed)
        tape = random_tape(rng)
        end = tape[-1].ts + rng.choice((-1, 0, 500 * MS))
        order = ParentOrder(side, rng.choice((300, 1_000, 3_000)), tape[0].ts, max(tape[0].ts, end))
        schedule = Schedule.for_order(order, max(1, (order.end - order.start) // rng.choice((1, 3, 5))))
        for strategy in (BestAsk(), Twap(schedule)):
            book, done, fills = Takes(side.sign), 0, []
            for one in tape:
                if one.ts > order.end:
                    break
                book.say(one.ask if side is Side.BUY else one.bid)
                target = schedule.target(schedule.index(one.ts)) if strategy.name == "twap" else order.quantity
                venue, px, got = book.take(target - done)
                if got:
                    done += got
                    fills.append((one.ts, venue, px, got))
            result = worked(tape, strategy, order, 10**9, QueueModel.CONSERVATIVE, rng)
            assert [(f.ts, f.venue, f.px, f.qty) for f in result.fills if not f.forced] == fills, seed
            left = order.quantity - done
            if book.last is None:
                assert result.forced == 0
            elif left:
                last_venue, px, sz, run = book.last
                assert [(f.venue, f.px, f.qty) for f in result.fills if f.forced] == [(last_venue, px, left)], seed
                assert result.forced_beyond_displayed == max(0, left - max(0, sz - run.taken)), seed


# --- resting ----------------------------------------------------------------------------------------------------------


@dataclass
class RestOnce:
    """Rests at the one venue that shows the best, from the first decision that finds one."""

    name: str = "rest_once"
    placed: tuple[int, int, int] | None = None

    def decide(self, view: View) -> Plan:
        shown = [v for v in view.venues if v.rest_sz and v.take_px > v.rest_px]
        if not shown:
            return Plan(wake=view.ts + 1)
        self.placed = view.ts, shown[0].venue, shown[0].rest_px
        return Plan(rests=[Rest(shown[0].venue, shown[0].rest_px, 10**6, 2**62)])


def made(
    tape: Sequence[Instant], sign: int, placed: tuple[int, int, int], late: int, model: QueueModel
) -> list[tuple[int, int]]:
    """(time, shares) of an endless order's fills, as the rules read: everything from the tape's first instant on."""
    joined, venue, px = placed
    bid: tuple[int, int, int] | None = None  # venue, oriented price, size: the national best on our side
    ask: tuple[int, int, int] | None = None
    run: list[int] | None = None  # of our venue: price, last size shown
    traded = 0  # at the run's price, no fall seen for it yet
    # Falls of the displayed size at our price that no trade explains yet: time, shares, ahead before, displayed after.
    unexplained = list[list[int]]()
    fell = list[list[int]]()  # what a late print at our price uses up first: time, shares
    ahead, taken, ask_run, fills = 0, 0, None, list[tuple[int, int]]()
    for one in tape:
        now, resting = one.ts, one.ts > joined
        got = 0
        while unexplained and unexplained[0][0] < now - late:
            ahead -= min(ahead, gone(model, *unexplained.pop(0)[1:]))
        for trade in one.trades:
            price, size = trade.px * sign, trade.sz
            buyer = trade.side == ("B" if sign > 0 else "A")
            known = trade.side != "N"
            lifted = not known and ask is not None and ask[0] == venue and price >= ask[1]
            if trade.venue != venue or buyer or lifted:
                continue
            explained = use_up(unexplained, now - late, size) if price == px else 0
            if run is not None and price == run[0]:
                traded += size - explained
            if price > px:
                continue
            if price == px:
                size -= use_up(fell, now - late, size) if late else 0
            elif known:
                ahead = 0
            if resting:
                got += max(0, size - ahead)
            ahead = max(0, ahead - size)
        before = ahead
        if not isinstance(said := one.bid if sign > 0 else one.ask, str):
            bid = None if said is None else (said[0], said[1] * sign, said[2])
            if run is not None and (bid is None or run[0] > bid[1]):
                if run[0] == px and not resting:
                    fell.append([now, max(0, run[1] - traded)])
                run, traded = None, 0
            if bid is not None and bid[0] == venue:
                if run is None or run[0] != bid[1]:
                    run, traded = [bid[1], bid[2]], 0
                else:
                    drop = max(0, run[1] - bid[2])
                    explained = min(drop, traded)
                    traded -= explained
                    run[1] = bid[2]
                    if drop > explained and run[0] == px:
                        unexplained.append([now, drop - explained, ahead if resting else 0, bid[2]])
                        if not resting:
                            fell.append([now, drop - explained])
        if not isinstance(offer := one.ask if sign > 0 else one.bid, str):
            was = ask
            ask = None if offer is None else (offer[0], offer[1] * sign, offer[2])
            ask_run, taken = ask_runs(ask_run, taken, was, ask, venue)
        if resting:
            if bid is None or bid[1] < px or (ask is not None and ask[0] == venue and ask[1] <= px):
                ahead = 0
            elif bid[0] == venue and bid[1] == px:
                ahead = min(ahead, bid[2])
            if late and ahead < before:
                fell.append([now, before - ahead])
        if not late:
            while unexplained:
                ahead -= min(ahead, gone(model, *unexplained.pop(0)[1:]))
        if got:
            fills.append((now, got))
        if resting and not isinstance(offer, str) and ask is not None and ask[0] == venue and ask[1] <= px:
            through = max(0, ask[2] - taken)
            taken += through
            if through:
                fills.append((now, through))
        if now == joined:
            assert bid is not None
            ahead = bid[2]
    return fills


def gone(model: QueueModel, cancelled: int, ahead: int, displayed: int) -> int:
    """Shares that a cancellation takes from before us, beyond what the smaller displayed size took at once."""
    if model is QueueModel.CONSERVATIVE:
        return 0
    return min(ahead, displayed) - max(0, min(ahead, displayed + cancelled) - cancelled)


def ask_runs(run: int | None, taken: int, was: Side_, ask: Side_, venue: int) -> tuple[int | None, int]:
    """The price of our venue's run on the other side, and what we had of it."""
    if ask is None or (run is not None and run < ask[1]):
        run, taken = None, 0
    if ask is not None and ask[0] == venue and run != ask[1]:
        run, taken = ask[1], 0
    return run, taken


def use_up(falls: list[list[int]], since: int, shares: int) -> int:
    while falls and falls[0][0] < since:
        falls.pop(0)
    used = 0
    for fall in falls:
        part = min(fall[1], shares - used)
        fall[1] -= part
        used += part
    return used


@pytest.mark.parametrize("late", [0, 10**9])
@pytest.mark.parametrize("model", [QueueModel.CONSERVATIVE, QueueModel.OPTIMISTIC])
@pytest.mark.parametrize("side", list(Side))
def test_an_order_that_rests_where_it_is_shown(side: Side, model: QueueModel, late: int) -> None:
    filled = 0
    for seed in range(150 * THOROUGH):
        rng = Random(seed)
        tape = random_tape(rng)
        strategy = RestOnce()
        order = ParentOrder(side, 10**9, tape[0].ts, tape[-1].ts)
        result = worked(tape, strategy, order, late, model, rng)
        if strategy.placed is None:
            continue
        expected = made(tape, side.sign, strategy.placed, late, model)
        got = [(f.ts, f.qty) for f in result.fills if f.is_maker]
        assert sums(got) == sums(expected), f"seed {seed}: {strategy.placed} {tape}"
        filled += bool(got)
    assert filled > 30


def sums(fills: Sequence[tuple[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for ts, qty in fills:
        total[ts] = total.get(ts, 0) + qty
    return total


def resting_at(px: int, tape: Sequence[Instant], model: QueueModel, late: int) -> list[tuple[int, int]]:
    """(ns after the first instant, shares) of the fills of an endless order at venue 7, sent at once; in every cut."""

    class Once:
        name = "once"

        def decide(self, view: View) -> Plan:
            return Plan(rests=[Rest(7, px, 10**6, 2**62)])

    order = ParentOrder(Side.BUY, 10**9, tape[0].ts, tape[-1].ts)
    ways = []
    for at in range(len(tape)):
        session = Session.for_order(order, Rules(NO_FEES, feed=Feed(Form.NBBO, late)), [(Once(), model)], queues=True)
        for batch in cut([one.snapshot() for one in tape], [at]):
            session.on_batch(batch)
        ways.append([(f.ts - T0, f.qty) for f in session.result().results["once"].fills if f.is_maker])
    assert ways == [ways[0]] * len(ways)
    return ways[0]


def said(ts: int, size: int | None, *trades: Trade) -> Instant:
    """Venue 7 shows `size` at the best bid, or nothing is said of it."""
    return Instant(T0 + ts, "" if size is None else (7, BASE, size), (2, BASE + CENT, 100), trades)


@pytest.mark.parametrize(("after", "filled"), [(SECOND - 1, 0), (SECOND, 0), (SECOND + 1, 50)])
def test_a_trade_explains_a_fall_of_exactly_the_longest_delay_before(after: int, filled: int) -> None:
    """100 of the 300 ahead fell; the trade of 100 is theirs up to a second later, so 200 stand before the next 250."""
    tape = [said(0, 300), said(1, 200), said(1 + after, None, Trade(7, BASE, 100, "A"))]
    tape.append(said(9 * SECOND, None, Trade(7, BASE, 150, "A")))
    expected = [(9 * SECOND, filled)] if filled else []
    assert resting_at(BASE, tape, QueueModel.CONSERVATIVE, SECOND) == expected


@pytest.mark.parametrize("after", [SECOND - 1, SECOND, SECOND + 1])
def test_what_falls_after_a_fall_that_was_explained_is_a_cancellation(after: int) -> None:
    """A trade of 60 explains the first fall up to a second later: the next 60 have no trade, so they left, and under
    the optimistic model the last 40 ahead of us with them. Later that fall was the cancellation, of 60 of the 100
    ahead of us: 20 of the trade are ours, and it explains the second fall."""
    tape = [said(0, 100), said(1, 400), said(2, 340), said(2 + after, None, Trade(7, BASE, 60, "A"))]
    tape += [said(3 * SECOND, 280), said(5 * SECOND, None, Trade(7, BASE, 20, "A"))]
    expected = [(2 + after, 20), (5 * SECOND, 20)] if after > SECOND else [(5 * SECOND, 20)]
    assert resting_at(BASE, tape, QueueModel.OPTIMISTIC, SECOND) == expected


@pytest.mark.parametrize("after", [SECOND - 1, SECOND])
def test_what_a_trade_leaves_of_a_fall_is_a_cancellation(after: int) -> None:
    """20 of the 60 that fell were sold, up to a second later: they and the other 40 stood before us, of 100."""
    tape = [said(0, 100), said(1, 400), said(2, 340), said(2 + after, None, Trade(7, BASE, 20, "A"))]
    tape.append(said(5 * SECOND, None, Trade(7, BASE, 50, "A")))
    assert resting_at(BASE, tape, QueueModel.OPTIMISTIC, SECOND) == [(5 * SECOND, 10)]


def test_halves_of_a_share_that_get_through_add_up() -> None:
    """100 stand before us, and two falls of 2 in 400 take half a share of them each, known a second later: at 1500 ms,
    when 39.5 of 99.5 fall, and at 2100 ms, when 70 are sold behind 59.5. Of the 50 sold then, 39.5 had fallen."""
    tape = [said(0, 100), said(100 * MS, 400), said(200 * MS, 398), said(900 * MS, 400), said(1_000 * MS, 398)]
    tape += [said(1_500 * MS, 60), said(2_100 * MS, None, Trade(7, BASE - CENT, 70, "N"))]
    tape.append(said(2_200 * MS, None, Trade(7, BASE, 50, "A")))
    assert resting_at(BASE, tape, QueueModel.PROPORTIONAL, SECOND) == [(2_100 * MS, 10), (2_200 * MS, 11)]


@pytest.mark.parametrize("trade", [Trade(7, BASE, 100, "H"), Trade(7, BASE + CENT, 100, "A"), Trade(2, BASE, 100, "A")])
def test_a_hidden_trade_and_one_elsewhere_explain_no_fall(trade: Trade) -> None:
    """So the 100 that fell were cancelled, and the optimistic model takes them from the 200 ahead of us."""
    tape = [said(0, 200), said(1, 400), said(2, None, trade), said(3, 300)]
    tape.append(said(4, None, Trade(7, BASE, 150, "A")))
    assert resting_at(BASE, tape, QueueModel.OPTIMISTIC, 0) == [(4, 50)]


@pytest.mark.parametrize("late", [0, SECOND])
@pytest.mark.parametrize("model", [QueueModel.CONSERVATIVE, QueueModel.OPTIMISTIC])
def test_a_price_that_returns_as_it_was_has_lost_nothing(model: QueueModel, late: int) -> None:
    tape = [said(0, 300), Instant(T0 + 1, (7, BASE + CENT // 2, 50), "", ()), said(2, 300)]
    tape.append(said(5 * SECOND, None, Trade(7, BASE, 310, "A")))
    assert resting_at(BASE, tape, model, late) == [(5 * SECOND, 10)]


@pytest.mark.parametrize("late", [0, SECOND])
def test_a_worse_national_price_ends_the_queue_of_a_hidden_venue(late: int) -> None:
    """Venue 2 shows the best bid in venue 7's place, then a worse one: nobody is left where our order rests."""
    tape = [said(0, 300), Instant(T0 + 1, (2, BASE, 100), "", ()), Instant(T0 + 2, (2, BASE - CENT, 100), "", ())]
    tape.append(said(5 * SECOND, None, Trade(7, BASE, 30, "A")))
    assert resting_at(BASE, tape, QueueModel.CONSERVATIVE, late) == [(5 * SECOND, 30)]


@pytest.mark.parametrize(("side", "fills"), [("A", [(1, 5), (2, 30)]), ("N", [(1, 5)])])
def test_at_a_locked_venue_a_trade_is_a_sale_if_a_seller_is_said_to_be_its_aggressor(
    side: str, fills: list[tuple[int, int]]
) -> None:
    """Venue 7 asks at our price for 5, which are ours. Then 30 trade there: to us, or bought of what it asks for."""
    tape = [said(0, 300), Instant(T0 + 1, "", (7, BASE, 5), ()), Instant(T0 + 2, "", "", (Trade(7, BASE, 30, side),))]
    assert resting_at(BASE, tape, QueueModel.CONSERVATIVE, 0) == fills


@pytest.mark.parametrize(("worst", "ahead"), [(0, 300), (1, 0)])
def test_a_level_is_forgotten_once_the_national_price_is_below_it(worst: int, ahead: int) -> None:
    """Venue 7 showed 300 at a price, then a better one. That level is remembered until nobody shows it at the best."""
    tape = [
        Instant(T0, (7, BASE, 300), "", ()),
        Instant(T0 + 1, (7, BASE + CENT, 100), "", ()),
        Instant(T0 + 2, (2, BASE - worst * CENT, 200), "", ()),
        Instant(T0 + 3, (7, BASE + CENT, 100), "", ()),
        Instant(T0 + 4, (7, BASE + CENT, 200), "", ()),
    ]
    for at in range(len(tape)):
        builder = NbboBookBuilder(queues=True)
        for batch in cut([one.snapshot() for one in tape], [at] if at else []):
            book = builder.extend(orient(batch, Side.BUY))
        assert book.queue_events_at(7).ahead_at(len(book) - 1, BASE) == ahead, at


# --- places to rest, and takes that find nobody ---------------------------------------------------------------


def test_only_the_venue_that_is_shown_is_a_place_to_rest() -> None:
    tape = [Instant(T0, (7, BASE, 300), (2, BASE + CENT, 200), ()), Instant(T0 + MS, "", "", ())]
    order = ParentOrder(Side.BUY, 501, T0, T0 + MS)
    seen: list[Allocation] = []

    def equal(view: View, size: int) -> Allocation:
        seen.append(equal_split(view, size))
        return seen[-1]

    worked(tape, CrossVenue("X_E", Schedule.for_order(order, MS), equal), order, 0, QueueModel.CONSERVATIVE, Random(0))
    assert [(one.market, one.limits) for one in seen] == [(251, ((7, 250),))]


def test_a_take_that_arrives_while_its_venue_is_hidden_gets_nothing_and_is_counted() -> None:
    tape = [
        Instant(T0, (7, BASE, 300), (2, BASE + CENT, 200), ()),
        Instant(T0 + 1, "", (43, BASE + CENT, 100), ()),
        Instant(T0 + 9, "", (2, BASE + CENT, 200), ()),
    ]
    rules = Rules(NO_FEES, latency=Latency(5), feed=Feed(Form.NBBO))
    session = Session.for_order(ParentOrder(Side.BUY, 150, T0, T0 + 20), rules, [BestAsk()])
    session.on_batch(cut([one.snapshot() for one in tape], [])[0])
    result = session.result().results["best_ask"]
    assert [(o.venue, o.filled, o.reason) for o in result.orders if o.kind is not ChildKind.FORCED] == [
        (2, 0, EndReason.UNKNOWN),
        (2, 150, EndReason.FILLED),
    ]


def test_a_take_that_arrives_as_trades_have_filled_the_parent_is_not_counted_as_one_whose_venue_was_hidden() -> None:
    """The 400 sold at 5 come before what arrives at 5: the order that rests behind 300 has the parent's 100 by then."""
    tape = [
        Instant(T0, (7, BASE, 300), (2, BASE + CENT, 200), ()),
        Instant(T0 + 5, "", (43, BASE + CENT, 100), (Trade(7, BASE, 400, "A"),)),
    ]

    class Planned:
        name = "planned"

        def decide(self, view: View) -> Plan:
            return Plan(takes=[Take(2, 50)], rests=[Rest(7, BASE, 100, T0 + 20)])

    rules = Rules(NO_FEES, latency=Latency(5, {7: 0}), feed=Feed(Form.NBBO))
    session = Session.for_order(ParentOrder(Side.BUY, 100, T0, T0 + 20), rules, [Planned()], queues=True)
    session.on_batch(cut([one.snapshot() for one in tape], [])[0])
    take, rest = session.result().results["planned"].orders
    assert (rest.filled, rest.reason) == (100, EndReason.FILLED)
    assert (take.filled, take.ended, take.reason) == (0, T0 + 5, EndReason.PARENT_DONE)


def test_samples_are_of_windows_that_began_with_the_venue_shown() -> None:
    history, builder = OutflowHistory(SECOND // 2, QueueModel.CONSERVATIVE), NbboBookBuilder(queues=True)
    tape = []
    for n in range(10):
        sold = (Trade(7, BASE, 500, "A"),) if n % 2 else ()
        tape.append(Instant(T0 + n * SECOND, ((7, 2)[n % 2], BASE, 300), (2, BASE + CENT, 200), ()))
        tape.append(Instant(T0 + n * SECOND + MS, "", "", sold))
    for batch in cut([one.snapshot() for one in tape], [3, 8]):
        history.on_book(builder.extend(orient(batch, Side.BUY)))
    at = T0 + 9 * SECOND
    assert len(history.before(at, (7,)).sold) == 5  # seconds 0, 2, 4, 6, 8; nothing was sold there in any of them
    assert history.before(at, (7,)).sold.sum() == 0
    assert len(history.before(at, (2,)).sold) == 4
