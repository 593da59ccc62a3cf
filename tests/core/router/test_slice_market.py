"""What an allocation of a slice costs, found from what comes to all of them: as an Execution of its own has it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from sor.core.execution.accounting import settle
from sor.core.execution.engine import Execution
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of
from sor.core.market.book import Book, BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import FillReason, Liquidity, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import CrossVenue, FixedAllocation, passive_end
from sor.core.router.slice_market import SliceCost, SliceMarket
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.units import FAR, NANO
from sor.paths import bundled_tape
from sor.tapes import open_tape

FEES = FeeSchedule({2: VenueFee(3_000_000, 2_000_000), 8: VenueFee(-1_000_000, 500_000), 15: VenueFee(0, -700_000)})
LIMITS = (None, None, 0, 30_000_000, -20_000_000)  # above the best price to take at the slice's start


@pytest.fixture(scope="module")
def tape() -> SnapshotBatch:
    return next(iter(open_tape(bundled_tape()).batches()))


def executed(
    order: ParentOrder, rules: Rules, model: QueueModel, book: Book, schedule: Schedule, x: Allocation
) -> tuple[Execution, SliceCost]:
    run = Execution(order, rules, CrossVenue("slice", schedule, FixedAllocation(x)), model)
    run.advance(book)
    assert run.closed
    comparable = settle(run, "slice", None).comparable
    assert comparable is not None
    return run, SliceCost(int(comparable * order.quantity), run.forced)


@pytest.mark.parametrize("model", [QueueModel.CONSERVATIVE, QueueModel.OPTIMISTIC])
@pytest.mark.parametrize("liquidity", list(Liquidity))
@pytest.mark.parametrize("side", list(Side))
def test_worked_is_what_an_execution_of_its_own_does(
    tape: SnapshotBatch, side: Side, liquidity: Liquidity, model: QueueModel
) -> None:
    book = BookBuilder(liquidity, queues=True).extend(orient(tape, side))
    draw, rules, seen = random.Random(f"{side} {liquidity} {model}"), Rules(FEES, liquidity), Counter[str]()
    traded = tape.ts[np.diff(tape.trade_end, prepend=0) > 0].tolist()
    for turn in range(40):
        length = draw.choice((NANO // 10, NANO, 5 * NANO))
        begins = draw.randrange(int(book.ts[0]), int(book.ts[-1]) - length)
        if turn % 4 == 0:  # a trade at the very instant at which what rests is cancelled
            begins = draw.choice([ts for ts in traded if book.ts[0] < ts - length]) - length * 9 // 10
        row, schedule = book.first_at(begins), Schedule(begins, length, 1, 0, begins + length)
        until = passive_end(schedule, 0)
        if book.times[row] >= until:
            continue
        size, above = draw.choice((1, 11, 600, 6_000)), draw.choice(LIMITS)
        limit = None if above is None else abs(int(book.best_take[row]) + above)
        order, px = ParentOrder(side, size, begins, begins + length - 1, limit), int(book.best_rest[row])
        schedule = replace(schedule, quantity=size)
        venues = tuple(
            venue for venue, rest in zip(book.venues, book.rest_px[row].tolist(), strict=True) if rest > -FAR
        )
        market = SliceMarket(order, FEES, model, book, row, until, px, venues)
        for _ in range(8):
            x = (draw.choice((0, 0, size // 3, size)), *(draw.choice((0, size // 4, size)) for _ in venues))
            allocation = Allocation(x[0], px, tuple(zip(venues, x[1:], strict=True)))
            run, expected = executed(order, rules, model, book, schedule, allocation)
            found = market.worked(x)
            assert found == expected or (found is None and x[0] and any(x[1:]))
            seen["made"] += any(fill.is_maker for fill in run.fills)
            seen["quoted"] += any(fill.reason is FillReason.QUOTED for fill in run.fills)
            seen["completed"] += any(fill.ts >= until for fill in run.fills)
            seen["forced"] += expected.forced > 0
            seen["left"] += run.leaves > expected.forced
            seen["not told"] += found is None
    assert min(seen[name] for name in ("made", "quoted", "completed", "forced", "left")) > 0
    assert seen["not told"] < seen["made"] / 4


def test_shares_left_under_a_limit_are_worth_the_last_price_of_the_slice() -> None:
    """The limit is 10.01, the ask 10.02, in the last snapshot of the slice 10.03, and 10.04 after it."""
    begins, cent = 10 * NANO, 10_000_000
    asks = {0: 1_002, 9: 1_002, 10: 1_003, 11: 1_004}
    tape = batch_of(
        [Snapshot(begins + at * NANO, (Quote(2, 999 * cent, 100, ask * cent, 100),)) for at, ask in asks.items()]
    )
    book = BookBuilder(queues=True).extend(orient(tape, Side.BUY))
    order = ParentOrder(Side.BUY, 70, begins, begins + 10 * NANO, 1_001 * cent)
    market = SliceMarket(order, FEES, QueueModel.CONSERVATIVE, book, 0, begins + 9 * NANO, 999 * cent, (2,))
    assert market.worked((30, 40)) == SliceCost(70 * (1_003 * cent + 3_000_000), 0)
