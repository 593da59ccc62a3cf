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
from sor.core.market.batch import Quote, Snapshot
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import FAR, orient
from sor.core.market.queue_events import UNKNOWN, QueueEvents
from sor.core.order import AT_ONCE, Latency, Liquidity, ParentOrder, QueueModel, Rules, Side
from sor.core.router.outflow_history import EVERY, OutflowHistory
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
