"""Samples of past windows: equal to orders without end that rest in them, causal, and however the stream is cut."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from reference.adapter import to_sor
from reference.tapes import CALM, STICKY, WILD, random_tape
from strategies_for_tapes import SECOND, VENUES, cut
from thorough import THOROUGH

from sor.core.backtest.session import Session
from sor.core.execution.positions import Stretch, sold_to_each
from sor.core.execution.queue_position import SHARE, QueuePosition
from sor.core.fees import NO_FEES
from sor.core.market.batch import Form, Quote, Snapshot, no_quote
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import FAR, orient
from sor.core.market.queue_events import UNKNOWN, QueueEvents
from sor.core.order import AT_ONCE, Latency, Liquidity, ParentOrder, QueueModel, Rules, Side
from sor.core.router.outflow_history import ABSENT, EVERY, OutflowHistory
from sor.core.strategies.interface import Plan, Rest, View

LENGTH = 9 * SECOND // 4
ENDLESS = 10**12
RULES = Rules(NO_FEES)
DELAYS = (AT_ONCE, Latency(SECOND // 5), Latency(SECOND, {7: 0, 9: 5 * SECOND}), Latency(0, {2: SECOND}))


def history_of(
    tape: tuple[Snapshot, ...], cuts: list[int], model: QueueModel, side: Side, rules: Rules = RULES
) -> OutflowHistory:
    builder = BookBuilder(rules.liquidity, queues=True)
    history = OutflowHistory(LENGTH, model, rules.latency, rules.cancels)
    for batch in cut(tape, cuts):
        if len(batch):
            history.on_book(builder.extend(orient(batch, side)))
    return history


AHEADS = (0, 1, 80, 400, UNKNOWN)


def drawn_queue(rng: Random, snapshots: int) -> QueueEvents:
    """One venue's rest side of a random tape."""
    tape = to_sor(random_tape(rng, rng.choice((WILD, CALM, STICKY)), rng.randint(2, snapshots)))
    book = BookBuilder(queues=True).extend(orient(cut(tape, [])[0], rng.choice(list(Side))))
    return rng.choice(book.queue_events) if book.queue_events else drawn_queue(rng, snapshots)


def prices_of(queue: QueueEvents) -> list[int]:
    return sorted({*queue.px.tolist(), *queue.take_px.tolist()})


@pytest.mark.parametrize("part", range(4))
def test_orders_worked_together_are_filled_as_each_by_itself(part: int) -> None:
    """Through two stretches each, so that what is left of the first counts in the second."""
    filled = 0
    for seed in range(part * 10**6, part * 10**6 + 150 * THOROUGH):
        rng = Random(seed)
        queue, model = drawn_queue(rng, 40), rng.choice(list(QueueModel))
        last, prices = len(queue.rows), prices_of(queue)
        orders = [
            (rng.choice(prices), rng.choice(AHEADS), rng.randint(1, last), rng.randint(1, last))
            for _ in range(rng.randint(0, 4))
        ]
        alone, together = ([QueuePosition(px, ahead * SHARE, model) for px, ahead, *_ in orders] for _ in range(2))
        for first in (True, False):
            ranges = [
                (start if first else max(start, stop), max(start, stop) if first else last)
                for *_, start, stop in orders
            ]
            there = [i for i, (start, stop) in enumerate(ranges) if start < stop]
            expected = [alone[i].sold(queue, *ranges[i]) for i in there]
            assert sold_to_each(queue, [Stretch(together[i], *ranges[i]) for i in there], model) == expected, seed
            assert together == alone, seed
            filled += sum(expected) > 0
    assert filled > 60


@pytest.mark.parametrize("part", range(2))
def test_sold_in_one_piece_is_the_sum_of_the_single_fills(part: int) -> None:
    for seed in range(part * 10**6, part * 10**6 + 150 * THOROUGH):
        rng = Random(seed)
        queue, model, ahead = drawn_queue(rng, 40), rng.choice(list(QueueModel)), rng.choice(AHEADS)
        px, middle = rng.choice(prices_of(queue)), rng.randint(1, len(queue.rows))
        slow, fast = (QueuePosition(px, ahead * SHARE, model) for _ in range(2))
        shown: dict[int, int] = {}
        for start, stop in ((1, middle), (middle, len(queue.rows))):
            fills = sum(hit.qty for hit in slow.pass_through(queue, start, stop))
            before = sum(shown.values())
            for i in range(start, stop):
                if queue.take_px[i] <= px:
                    # What an order without end has had of a price run is the largest size that it has shown.
                    run, size = int(queue.run[i]), int(queue.take_sz[i])
                    shown[run] = max(shown.get(run, 0), size)
            assert fast.sold(queue, start, stop) == fills + sum(shown.values()) - before, seed
            # Behind what nobody has seen nothing is sold, so how much of it is left says nothing.
            assert min(fast.ahead, UNKNOWN // 2 * SHARE) == min(slow.ahead, UNKNOWN // 2 * SHARE), seed


@dataclass
class Endless:
    """Rests without end at the national best, at one venue, for the length of a window."""

    venue: int
    name: str = "endless"

    def decide(self, view: View) -> Plan:
        px = max((v.rest_px for v in view.venues), default=-FAR)
        return Plan(rests=[Rest(self.venue, px, ENDLESS, view.ts + LENGTH)] if px > -FAR else [])


@pytest.mark.parametrize("seed", range(20))
def test_a_sample_is_what_the_engine_fills_of_an_order_without_end(seed: int) -> None:
    """One order at one venue, decided at the second itself: a snapshot without rows changes nothing but that."""
    rng = Random(seed)
    tape = tuple(to_sor(random_tape(rng, rng.choice((WILD, CALM, STICKY)), 40)))
    side, model = rng.choice(list(Side)), rng.choice(list(QueueModel))
    orders, cancels = rng.choice(DELAYS), rng.choice(DELAYS)
    cuts = [rng.randrange(len(tape)) for _ in range(rng.randint(0, 4))]
    rules = Rules(NO_FEES, rng.choice(list(Liquidity)), orders, None, cancels)
    book = BookBuilder(queues=True).extend(orient(cut(tape, [])[0], side))
    last, expected = tape[-1].ts, list[tuple[int, list[int]]]()
    for begins in range(tape[0].ts, last + 1, EVERY):
        row = book.last_at(begins)
        shown = (book.take_px[row] < FAR) | (book.rest_px[row] > -FAR)
        if book.best_rest[row] == -FAR or book.mid2_at(row) is None:
            continue
        there = [venue for venue, here in zip(book.venues, shown, strict=True) if here]
        if (ends := begins + LENGTH + max(cancels.to(venue) for venue in there)) > last:
            continue
        shots = sorted(
            [*tape, *([] if any(s.ts == begins for s in tape) else [Snapshot(begins, ())])], key=lambda s: s.ts
        )
        order = ParentOrder(side, ENDLESS * 2, begins, last)
        sold = []
        for venue in book.venues:
            session = Session.for_order(order, rules, [(Endless(venue), model)], queues=True)
            session.on_batch(cut(shots, [])[0])
            fills = session.result().results["endless"].fills
            sold.append(sum(fill.qty for fill in fills if fill.is_maker) if venue in there else 0)
        expected.append((ends, sold))
    samples = history_of(tape, cuts, model, side, rules).before(last, book.venues)
    assert samples.sold.tolist() == [sold for _, sold in sorted(expected, key=lambda one: one[0])]


def test_the_past_is_not_changed_by_the_future() -> None:
    for seed in range(80 * THOROUGH):
        rng = Random(seed)
        tape = tuple(to_sor(random_tape(rng, rng.choice((WILD, CALM, STICKY)), rng.randint(1, 24))))
        known, model = rng.randint(1, len(tape)), rng.choice(list(QueueModel))
        now = tape[known - 1].ts
        cuts = [rng.randint(0, len(tape)) for _ in range(rng.randint(0, 3))]
        rules = Rules(NO_FEES, latency=rng.choice(DELAYS), cancel_latency=rng.choice(DELAYS))
        whole = history_of(tape, cuts, model, Side.BUY, rules).before(now, VENUES)
        past = history_of(tape[:known], [], model, Side.BUY, rules).before(now, VENUES)
        assert np.array_equal(whole.sold, past.sold), seed
        assert np.array_equal(whole.falls2, past.falls2), seed


def test_a_fall_of_the_mid_is_positive_for_a_buy_and_negative_for_a_sell() -> None:
    """A price that falls after a buy's passive fill was against it: that lowers the rebate, not raises it."""
    cent, base = 10_000_000, 10_000_000_000
    tape = (
        Snapshot(0, (Quote(2, base, 100, base + 2 * cent, 100),)),
        Snapshot(LENGTH, (Quote(2, base - 3 * cent, 100, base - cent, 100),)),
        Snapshot(LENGTH + 1, ()),
    )
    for side, fall in ((Side.BUY, 3 * cent), (Side.SELL, -3 * cent)):
        samples = history_of(tape, [], QueueModel.CONSERVATIVE, side).before(LENGTH + 1, (2,))
        assert samples.falls2.tolist() == [2 * fall]


def test_a_decision_looks_back_a_thousand_seconds_and_no_further() -> None:
    """A window that ends at the decision itself is over; one that ended a thousand seconds before it is forgotten."""
    now = 2_000 * SECOND
    history = OutflowHistory(LENGTH, QueueModel.CONSERVATIVE)
    history._ends = array("q", [now - 1_000 * SECOND, now - 1_000 * SECOND + 1, now, now + 1])
    history._sold, history._falls2 = {2: array("q", [1, 2, 3, 4])}, array("q", [10, 20, 30, 40])
    samples = history.before(now, (2,))
    assert samples.sold.tolist() == [[2], [3]]
    assert samples.falls2.tolist() == [20, 30]


CENT, BID = 10_000_000, 10_000_000_000


def bid(ts: int, px: int = BID, *, venue: int = 2, ask: int = BID + 2 * CENT) -> Snapshot:
    return Snapshot(ts, (Quote(venue, px, 100, ask, 100),))


def test_a_window_ends_once_in_the_book_that_reaches_its_end() -> None:
    """In every cut, also where the book's last snapshot is at that very time."""
    tape = (bid(0), bid(SECOND // 2), bid(LENGTH), bid(SECOND + LENGTH), bid(9 * SECOND))
    for at in range(len(tape)):
        history = history_of(tape[:-1], [at], QueueModel.CONSERVATIVE, Side.BUY)
        assert history._ends.tolist() == [LENGTH, SECOND + LENGTH]
        assert history_of(tape, [at], QueueModel.CONSERVATIVE, Side.BUY)._ends.tolist() == [
            LENGTH + n * SECOND for n in range(7)
        ]


def test_windows_are_kept_in_the_order_in_which_they_end() -> None:
    """The first has a venue to which a cancel travels five seconds; those after it began without that."""
    gone = Snapshot(SECOND // 2, (Quote(9, *no_quote(None, 0), *no_quote(None, 0)),))
    tape = (Snapshot(0, (*bid(0).quotes, *bid(0, venue=9).quotes)), gone, bid(8 * SECOND))
    rules = Rules(NO_FEES, cancel_latency=Latency(0, {9: 5 * SECOND}))
    history = history_of(tape, [], QueueModel.CONSERVATIVE, Side.BUY, rules)
    assert history._ends.tolist() == [n * SECOND + LENGTH for n in (1, 2, 3, 4, 5, 5)]


def test_what_comes_after_a_window_is_not_of_it() -> None:
    """Nothing happens in it; a nanosecond later the ask falls to its price, and with it the mid."""
    tape = (bid(0), bid(LENGTH + 1, BID - CENT, ask=BID))
    samples = history_of(tape, [], QueueModel.CONSERVATIVE, Side.BUY).before(LENGTH + 1, (2,))
    assert (samples.sold.tolist(), samples.falls2.tolist()) == ([[0]], [0])


def test_where_a_side_is_empty_at_the_end_of_a_window_the_last_mid_stands() -> None:
    one_sided = Snapshot(LENGTH, (Quote(2, BID - CENT, 100, *no_quote(None, 0)),))
    samples = history_of((bid(0), one_sided), [], QueueModel.CONSERVATIVE, Side.BUY).before(LENGTH, (2,))
    assert samples.falls2.tolist() == [0]


def test_after_the_end_no_book_counts() -> None:
    history, builder = OutflowHistory(LENGTH, QueueModel.CONSERVATIVE), BookBuilder(queues=True)
    first, second = cut((bid(0), bid(LENGTH), bid(4 * LENGTH)), [2])
    history.on_book(builder.extend(orient(first, Side.BUY)))
    history.on_end()
    history.on_book(builder.extend(orient(second, Side.BUY)))
    assert history._ends.tolist() == [LENGTH]


def whole(*numbers: int) -> array[int]:
    return array("q", numbers)


def test_of_venues_that_are_asked_for_all_must_have_been_shown_on_a_tape_of_the_best_alone() -> None:
    """Hidden is not absent; where every quote is shown, who is absent sold nothing."""
    history = OutflowHistory(LENGTH, QueueModel.CONSERVATIVE)
    history._ends, history._falls2 = whole(1, 2, 3), whole(10, 20, 30)
    history._sold = {2: whole(0, 5, ABSENT), 7: whole(ABSENT, 6, 7)}
    for form, sold, falls2 in (
        (Form.VENUE, [[0, 0], [5, 6], [0, 7]], [10, 20, 30]),
        (Form.NBBO, [[5, 6]], [20]),
    ):
        history._form = form
        samples = history.before(3, (2, 7))
        assert (samples.sold.tolist(), samples.falls2.tolist()) == (sold, falls2)


def test_a_later_history_goes_on_where_the_earlier_one_ends() -> None:
    """They have the window of time 20 in common; venue 7 came later, and venue 9 is not there any more."""
    later = OutflowHistory(LENGTH, QueueModel.CONSERVATIVE, _form=Form.NBBO)
    later._ends, later._falls2, later._sold = whole(20, 30), whole(6, 7), {2: whole(2, 3), 7: whole(ABSENT, 4)}
    history, empty = (OutflowHistory(LENGTH, QueueModel.CONSERVATIVE) for _ in range(2))
    history._ends, history._falls2, history._sold = whole(10, 20), whole(5, 6), {2: whole(1, 2), 9: whole(8, 8)}
    history.join(later)
    assert (history._ends, history._falls2, history._form) == (whole(10, 20, 30), whole(5, 6, 7), Form.NBBO)
    assert history._sold == {2: whole(1, 2, 3), 7: whole(ABSENT, ABSENT, 4), 9: whole(8, 8, ABSENT)}
    empty.join(later)
    assert (empty._ends, empty._falls2, empty._sold) == (later._ends, later._falls2, later._sold)


def test_the_first_window_is_the_last_that_can_end_before_anyone_looks_back() -> None:
    """Asked at 2000 s, one looks back to 1000 s; a window of 2.25 s whose cancel travels 5 s begins 7.25 s earlier."""
    history = OutflowHistory(LENGTH, QueueModel.CONSERVATIVE, cancels=Latency(0, {9: 5 * SECOND}))
    assert history._first(100 * SECOND) == 100 * SECOND
    history.asked_from = 2_000 * SECOND
    assert [history._first(ts * SECOND) for ts in (100, 992, 993)] == [992 * SECOND, 992 * SECOND, 993 * SECOND]


def test_no_window_begins_where_a_side_is_empty() -> None:
    no_ask, no_bid = (
        (Quote(2, *one, *other),) for one, other in (((BID, 9), no_quote(None, 0)), (no_quote(None, 0), (BID, 9)))
    )
    tape = (Snapshot(0, no_ask), Snapshot(SECOND // 2, no_bid), bid(3 * SECOND // 2), bid(2 * SECOND + LENGTH))
    assert history_of(tape, [], QueueModel.CONSERVATIVE, Side.BUY)._ends.tolist() == [2 * SECOND + LENGTH]
