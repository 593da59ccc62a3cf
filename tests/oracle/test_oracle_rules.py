"""Cancels, completion, takes, lots, limits and the deadline, one rule a tape, with values worked out by hand."""

from __future__ import annotations

import pytest
from by_hand import OPEN, at, brief, fixed, slices_of
from reference import Delay, Fee, Order, Rules, work
from reference.account import cost

# --- completion and cancels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wait", "over"), [(0, 0), (9, 0), (10, 20), (11, 20)])
def test_over_fills_until_the_cancel_of_a_complete_slice_acts(wait: int, over: int) -> None:
    """S = 50 rests at both venues. Venue 1 fills it at 20; a sale at 30 counts where the cancel acts then or later."""
    tape = [OPEN, at(20, trades=((1, 10, 70, "A"),)), at(30, trades=((2, 10, 40, "A"),)), at(40), at(100), at(200)]
    rules = slices_of(cancel_latency=Delay(wait))
    worked = work(tape, Order("buy", 100, 0, 200), rules, fixed((0, {1: 50, 2: 50}), (50, {})))
    made = [(20, 1, 10, 50, "maker"), (30, 2, 10, 20, "maker")][: 2 if over else 1]
    assert brief(worked) == [*made, (100, 1, 12, 50 - over, "taker")]
    assert [d.size for d in worked.decisions] == [50, 50 - over]
    assert worked.rests[1].reason == "slice complete"
    assert worked.rests[1].end == 20 + wait


def test_over_fills_of_one_instant_are_cut_by_the_leaves() -> None:
    """One slice: both venues are sold through at 20, and trades come before quotes, in the order of the tape."""
    trades = ((2, 9, 70, "A"), (1, 9, 80, "A"))
    tape = [OPEN, at(20, trades=trades), at(100)]
    worked = work(tape, Order("buy", 100, 0, 100), slices_of(), fixed((0, {1: 100, 2: 100})))
    assert brief(worked) == [(20, 2, 10, 70, "maker"), (20, 1, 10, 30, "maker")]
    assert worked.reasons == {0: "parent done", 1: "parent done"}


@pytest.mark.parametrize(("wait", "made"), [(0, 10), (1, 10), (4, 10), (5, 30), (6, 30)])
def test_cancels_are_sent_at_ninety_percent(wait: int, made: int) -> None:
    """A sale at 90 itself fills (cancels act after trades); one at 95 if the cancel acts then or later."""
    tape = [OPEN, at(90, trades=((1, 10, 30, "A"),)), at(95, trades=((1, 10, 20, "A"),)), at(98), at(100), at(200)]
    rules = slices_of(cancel_latency=Delay(wait))
    worked = work(tape, Order("buy", 100, 0, 200), rules, fixed((0, {1: 50})))
    assert sum(f.qty for f in worked.fills if f.kind == "maker" and f.ts < 100) == made
    first_take = next(f for f in worked.fills if f.kind == "taker")
    assert first_take.ts == {0: 90, 1: 95, 4: 95, 5: 95, 6: 98}[wait]  # what is missing, once the cancel has acted
    assert first_take.qty == (40 if wait == 0 else 50 - made)


def test_the_next_decision_waits_for_cancels() -> None:
    """The cancel acts at 90 + 45 = 135: no end sweep, and the second slice is decided at 140 for all that is left."""
    tape = [OPEN, at(95), at(100), at(120), at(140), at(200)]
    worked = work(tape, Order("buy", 100, 0, 200), slices_of(cancel_latency=Delay(45)), fixed((0, {1: 50}), (100, {})))
    assert [(d.ts, d.index, d.size) for d in worked.decisions] == [(0, 0, 50), (140, 1, 100)]
    assert brief(worked) == [(140, 1, 12, 100, "taker")]


def test_a_cancel_that_overtakes_its_order() -> None:
    """The order reaches venue 1 at 95, its cancel at 90."""
    tape = [OPEN, at(90), at(96, trades=((1, 10, 99, "A"),)), at(100), at(200)]
    rules = slices_of(latency=Delay(95), cancel_latency=Delay(0))
    worked = work(tape, Order("buy", 100, 0, 200), rules, fixed((0, {1: 50})))
    assert not worked.rests[0].joined
    assert worked.rests[0].reason == "passive phase over"


def test_cancels_due_before_a_snapshot_act_before_its_trades() -> None:
    tape = [OPEN, at(92, trades=((1, 10, 99, "A"),)), at(100), at(200)]
    worked = work(tape, Order("buy", 100, 0, 200), slices_of(cancel_latency=Delay(1)), fixed((0, {1: 50})))
    assert worked.fills[0].kind == "taker"
    assert worked.fills[0].ts == 92


# --- takes -----------------------------------------------------------------------------------------------------------


def test_a_sweep_races_and_a_missed_take_returns_at_its_own_time() -> None:
    """100 + 100 are sent at 0; venue 2 is reached at 30, when its ask has risen. The rest is asked for again at 31."""
    tape = [OPEN, at(5), at(20, (2, 10, 20, 13, 100)), at(31), at(35), at(60), at(100)]
    rules = slices_of(latency=Delay(4, {2: 30}))
    worked = work(tape, Order("buy", 200, 0, 100), rules, "best_ask")
    assert brief(worked) == [(4, 1, 12, 100, "taker"), (61, 2, 13, 100, "taker")]
    assert [(t.sent, t.due, t.reason) for t in worked.takes] == [
        (0, 4, "filled"),
        (0, 30, "missed"),
        (31, 61, "filled"),
    ]


def test_shares_asked_for_are_not_asked_for_again() -> None:
    """50 of 12 at 0, 50 of 13 at 5. The first take misses at 10: what it asked for was of another price run."""
    tape = [at(0, (1, 9, 5, 12, 50)), at(2), at(5, (1, 9, 5, 13, 50)), at(12), at(14), at(100)]
    worked = work(tape, Order("buy", 500, 0, 100), slices_of(latency=Delay(10)), "best_ask")
    assert [(t.sent, t.px, t.filled) for t in worked.takes] == [(0, 12, 0), (5, 13, 50)]


def test_a_take_that_arrives_is_cut_to_the_leaves() -> None:
    """40 are on their way when 80 of 100 fill at rest."""
    tape = [OPEN, at(20, trades=((2, 9, 80, "A"),)), at(60), at(100)]
    worked = work(tape, Order("buy", 100, 0, 100), slices_of(latency=Delay(0, {1: 50})), fixed((40, {2: 80})))
    assert brief(worked) == [(20, 2, 10, 80, "maker"), (50, 1, 12, 20, "taker")]


def test_a_missed_take_of_m_is_sent_again_in_the_passive_phase() -> None:
    tape = [OPEN, at(3, (1, 10, 20, 14, 100)), at(10), at(30), at(95), at(100), at(200)]
    worked = work(tape, Order("buy", 200, 0, 200), slices_of(latency=Delay(5)), fixed((40, {2: 60}), (100, {})))
    assert [(t.sent, t.venue, t.qty, t.reason) for t in worked.takes][:2] == [
        (0, 1, 40, "missed"),
        (10, 2, 40, "filled"),
    ]


def test_a_decision_counts_what_is_on_its_way() -> None:
    """The end sweep of 50 leaves at 95 and arrives at 110: at 100 the second slice is 50, not 100."""
    tape = [OPEN, at(91), at(95), at(100), at(120), at(200)]
    rules = slices_of(latency=Delay(15), cancel_latency=Delay(4))
    worked = work(tape, Order("buy", 100, 0, 200), rules, fixed((0, {1: 50})))
    assert [(d.ts, d.size, d.goal) for d in worked.decisions] == [(0, 50, 50), (100, 50, 100)]


def test_a_slice_that_begins_late_goes_all_market() -> None:
    tape = [OPEN, at(190), at(200)]
    worked = work(tape, Order("buy", 100, 0, 200), slices_of(), fixed((0, {1: 50})))
    assert [(d.ts, d.market, d.rests) for d in worked.decisions] == [(0, 0, {1: 50}), (190, 100, {})]
    assert brief(worked) == [(190, 1, 12, 100, "taker")]


def test_larger_first_then_the_smaller_id() -> None:
    tape = [at(0, (1, 9, 5, 12, 30), (2, 9, 5, 12, 50), (3, 9, 5, 12, 50), (4, 9, 5, 13, 90)), at(10)]
    worked = work(tape, Order("buy", 140, 0, 10), Rules(), "best_ask")
    assert brief(worked)[:3] == [(0, 2, 12, 50, "taker"), (0, 3, 12, 50, "taker"), (0, 1, 12, 30, "taker")]
    assert brief(worked)[3:] == [(10, 4, 13, 10, "taker")]


def test_what_was_taken_stays_taken_until_the_price_changes() -> None:
    tape = [
        at(0, (1, 9, 5, 12, 30)), at(1, (1, 9, 5, 12, 40)), at(2, (1, 9, 5, 12, 35)), at(3, (1, 9, 5, 0, 0)),
        at(4, (1, 9, 5, 12, 20)), at(5, (1, 9, 5, 11, 20)),
    ]  # fmt: skip
    worked = work(tape, Order("buy", 500, 0, 5), Rules(), "best_ask")
    assert [(f.ts, f.qty) for f in worked.fills] == [(0, 30), (1, 10), (4, 20), (5, 20), (5, 420)]
    assert (worked.forced, worked.forced_beyond_displayed) == (420, 420)
    fresh = work(tape, Order("buy", 500, 0, 5), Rules(replenish=True), "best_ask")
    assert [(f.ts, f.qty) for f in fresh.fills][:-1] == [(0, 30), (1, 40), (2, 35), (4, 20), (5, 20)]


# --- lots, limits, ages, the deadline --------------------------------------------------------------------------------


def test_takes_in_lots() -> None:
    """430 a slice in lots of 100, the last one exempt; 110 are forced at the last best ask, where none is left."""
    book = at(0, (1, 9, 5, 12, 250), (2, 9, 5, 13, 500))
    tape = [book, at(10), at(20), at(100), at(110), at(200)]
    worked = work(tape, Order("buy", 860, 0, 200), slices_of(child_lot=100), "twap")
    assert brief(worked) == [
        (0, 1, 12, 200, "taker"), (10, 2, 13, 200, "taker"), (100, 1, 12, 50, "taker"), (110, 2, 13, 300, "taker"),
        (200, 1, 12, 110, "forced"),
    ]  # fmt: skip
    assert (worked.forced, worked.forced_beyond_displayed, worked.leaves) == (110, 110, 0)


def test_a_venue_below_the_minimum_counts_as_empty() -> None:
    tape = [at(0, (1, 9, 5, 12, 149), (2, 9, 5, 13, 500)), at(200)]
    worked = work(tape, Order("buy", 400, 0, 200), slices_of(child_min=150), "twap")
    assert brief(worked)[0] == (0, 2, 13, 200, "taker")


def test_what_lots_take_from_limit_orders_goes_to_the_market() -> None:
    tape = [OPEN, at(100), at(200)]
    worked = work(tape, Order("buy", 700, 0, 200), slices_of(child_lot=100), fixed((10, {1: 250, 2: 90})))
    first, last = worked.decisions
    assert (first.market, first.rests) == (10 + 50 + 90, {1: 200})
    assert (last.market, last.rests) == (10, {1: 250, 2: 90})  # exempt


def test_nothing_rests_or_takes_beyond_the_limit() -> None:
    tape = [OPEN, at(20, trades=((1, 10, 99, "A"),)), at(100), at(200)]
    worked = work(tape, Order("buy", 200, 0, 200, limit=9), slices_of(), fixed((0, {1: 100})))
    assert not worked.fills
    assert not worked.rests
    assert (worked.leaves, worked.forced, worked.last_opposite) == (200, 0, (12, 1))


def test_a_quote_that_is_too_old_is_not_taken_and_still_queues() -> None:
    tape = [
        OPEN,
        at(10, (2, 10, 20, 13, 100)),
        at(13, trades=((1, 10, 30, "A"),)),
        at(100, (2, 10, 20, 13, 100)),
        at(200),
    ]
    rules = slices_of(max_quote_age=50, latency=Delay(0, {1: 5}))
    worked = work(tape, Order("buy", 200, 0, 200), rules, fixed((0, {1: 100}), (190, {})))
    assert worked.rests[0].filled == 10
    assert [(f.ts, f.venue, f.px) for f in worked.fills if f.kind == "taker"] == [(100, 2, 13)]


def test_fees_of_forced_shares_are_the_venues() -> None:
    """7 + 3 are taken at 10, 40 forced at venue 2: 47 shares at 12 + 2, 3 at 12."""
    tape = [at(0, (2, 9, 5, 0, 0)), at(10, (1, 9, 5, 12, 3), (2, 9, 5, 12, 7)), at(11, (1, 9, 5, 0, 0))]
    worked = work(tape, Order("buy", 50, 0, 11), slices_of(11, fees={2: Fee(2, 1)}), fixed((0, {})))
    assert worked.last_opposite == (12, 2)
    assert worked.fills[-1].qty == worked.forced == worked.forced_beyond_displayed == 40
    assert cost(worked) == 47 * 14 + 3 * 12
