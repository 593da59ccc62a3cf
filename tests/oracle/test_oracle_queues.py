"""Quotes through a resting order, trades and queues, one rule a tape, with values worked out by hand."""

from __future__ import annotations

import pytest
from by_hand import OPEN, at, brief, fixed, slices_of
from reference import Delay, Order, work
from reference.market import Snapshot

# --- quotes at or through our price ----------------------------------------------------------------------------------


def test_a_quote_through_us_and_the_sweep_share_what_is_displayed() -> None:
    """Venue 1 offers 60 at 10: they fill the resting 50 at 10, and 10 of them are left for the end sweep at 90."""
    tape = [OPEN, at(20, (1, 9, 5, 10, 60)), at(100), at(200)]
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(), fixed((50, {1: 50}), (100, {})))
    assert brief(worked)[:2] == [(0, 1, 12, 50, "taker"), (20, 1, 10, 50, "maker")]
    assert brief(worked)[2:] == [(100, 1, 10, 10, "taker"), (200, 2, 12, 90, "taker")]


def test_an_ask_at_our_price_shows_that_nobody_is_ahead() -> None:
    """Venue 1 locks itself at 10: its 30 fill us, and the 20 that its bid still shows are not before us."""
    tape = [OPEN, at(10, (1, 10, 20, 10, 30)), at(20, trades=((1, 10, 10, "A"),)), at(100), at(200)]
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(), fixed((0, {1: 100})))
    assert brief(worked)[:2] == [(10, 1, 10, 30, "maker"), (20, 1, 10, 10, "maker")]


def test_growth_of_the_offer_fills_on_and_a_step_down_is_a_new_run() -> None:
    rows = [(1, 9, 5, 10, 30), (1, 9, 5, 10, 45), (1, 9, 5, 10, 40), (1, 8, 5, 9, 40)]
    tape = [OPEN, *[at(10 * (k + 1), row) for k, row in enumerate(rows)], at(100), at(200)]
    worked = work(tape, Order("buy", 400, 0, 200), slices_of(), fixed((0, {1: 200})))
    assert brief(worked)[:3] == [(10, 1, 10, 30, "maker"), (20, 1, 10, 15, "maker"), (40, 1, 10, 40, "maker")]


def test_replenishing_offers_need_a_row_of_the_venue() -> None:
    tape = [OPEN, at(10, (1, 9, 5, 10, 30)), at(20, (2, 9, 5, 12, 30)), at(30, (1, 9, 5, 10, 30)), at(100), at(200)]
    worked = work(tape, Order("buy", 400, 0, 200), slices_of(replenish=True), fixed((0, {1: 200})))
    assert brief(worked)[:2] == [(10, 1, 10, 30, "maker"), (30, 1, 10, 30, "maker")]
    assert not [f for f in worked.fills if f.ts == 20]


def test_post_only() -> None:
    """At 0 + 15 venue 1's ask is at our price: refused, and bought at the end of the slice."""
    tape = [OPEN, at(10, (1, 9, 5, 10, 60)), at(20, (1, 9, 5, 13, 60)), at(90), at(110), at(200)]
    worked = work(tape, Order("buy", 100, 0, 200), slices_of(latency=Delay(15)), fixed((0, {1: 50}), (50, {})))
    assert (worked.rests[0].reason, worked.rests[0].end) == ("refused", 15)
    assert worked.takes[0].sent == 90


# --- trades and queues -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trade", "made"),
    [
        ((1, 10, 50, "A"), 30),  # 20 ahead
        ((1, 10, 50, "N"), 30),
        ((1, 10, 50, "B"), 0),
        ((1, 9, 50, "A"), 50),  # nobody can be ahead of us
        ((1, 9, 50, "N"), 30),
        ((1, 10, 50, "H"), 0),  # with a hidden order: 20 displayed are ahead still
        ((1, 9, 50, "H"), 0),
        ((1, 11, 50, "A"), 0),
        ((2, 10, 50, "A"), 0),
        ((1, 9, 500, "A"), 100),
    ],
)
def test_what_a_trade_fills(trade: tuple[int, int, int, str], made: int) -> None:
    tape = [OPEN, at(20, trades=(trade,)), at(100), at(200)]
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(), fixed((0, {1: 100})))
    assert worked.rests[0].filled == made


@pytest.mark.parametrize(("px", "made"), [(9, 60), (8, 90)])
def test_a_trade_of_unknown_side_where_the_ask_was_displayed(px: int, made: int) -> None:
    """Venue 1 offers 60 at 9 from 10 on, which fills 60 of ours; a trade of 30 at 9 then took displayed shares."""
    tape = [OPEN, at(10, (1, 8, 5, 9, 60)), at(20, trades=((1, px, 30, "N"),)), at(100), at(200)]
    worked = work(tape, Order("buy", 400, 0, 200), slices_of(), fixed((0, {1: 200})))
    assert worked.rests[0].filled == made


@pytest.mark.parametrize(("model", "made"), [("conservative", 0), ("proportional", 9), ("optimistic", 20)])
def test_a_level_is_remembered_while_the_price_is_away(model: str, made: int) -> None:
    """100 ahead and 40 behind. Away, 30 trade at 10; it returns with 80: of 60 missing 30 are the trade, 30 cancelled.

    70 are ahead of D = 110: conservative 70, proportional 70 - 30 x 70 / 110 = 50.909091, optimistic 40. Then 60 trade.
    """
    tape = [
        at(0, (1, 10, 100, 13, 9)), at(5, (1, 10, 140, 13, 9)), at(10, (1, 11, 7, 13, 9)),
        at(20, trades=((1, 10, 30, "A"),)), at(30, (1, 10, 80, 13, 9)), at(40, trades=((1, 10, 60, "A"),)),
        at(100), at(200),
    ]  # fmt: skip
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(), fixed((0, {1: 100})), model)
    assert worked.rests[0].filled == made


def test_a_best_below_our_price_empties_the_memory() -> None:
    tape = [
        at(0, (1, 10, 100, 13, 9)), at(10, (1, 9, 7, 13, 9)), at(30, (1, 10, 50, 13, 9)),
        at(40, trades=((1, 10, 60, "A"),)), at(100), at(200),
    ]  # fmt: skip
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(), fixed((0, {1: 100})))
    assert worked.rests[0].filled == 60


SOLD = (1, 10, 60, "A")


@pytest.mark.parametrize(
    ("before", "after", "trade", "made"),
    [
        ([], [], SOLD, 0),  # 10 was never seen: unknown
        ([], [], (1, 9, 60, "N"), 0),
        ([], [], (1, 9, 60, "A"), 60),  # a seller below us
        ([at(-20, (1, 10, 40, 13, 9))], [], SOLD, 20),  # 40 are remembered
        ([at(-20, (1, 9, 40, 13, 9))], [], SOLD, 60),  # nothing was at 10 when 9 was the best
        ([at(-20, (1, 0, 0, 13, 9))], [], SOLD, 60),  # nor where there was no bid
        ([], [at(15, (1, 10, 55, 13, 9))], SOLD, 5),  # the level shows
        ([], [at(15, (1, 9, 5, 13, 9))], SOLD, 60),  # the best falls below it
        ([], [at(15, (1, 12, 5, 13, 9))], SOLD, 0),
    ],
)
def test_an_order_that_joins_behind_the_best(
    before: list[Snapshot], after: list[Snapshot], trade: tuple[int, int, int, str], made: int
) -> None:
    """Venue 1's bid of 11 is too old to be the national best, which is venue 2's 10; our order joins venue 1 at 10."""
    tape = [
        *before, at(-10, (1, 11, 5, 13, 9)), at(0, (2, 10, 5, 13, 9)), *after, at(20, trades=(trade,)),
        at(100), at(200),
    ]  # fmt: skip
    rules = slices_of(max_quote_age=5)
    assert work(tape, Order("buy", 200, 0, 200), rules, fixed((0, {1: 100}))).rests[0].filled == made
