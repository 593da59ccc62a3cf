"""The reference's figures by identities: the headline is what the parent saved, samples are what an order fills."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from reference import Order, Rules, work
from reference.account import cash, cost, saving
from reference.bracket import bracket
from reference.headline import headline, slice_costs
from reference.interval import BLOCK, block_sums, bootstrap_t, holm, split_mix
from reference.queues import MICRO, Place, left_ahead
from reference.samples import expected_fills, past_samples, sample
from reference.schedule import Schedule
from reference.tapes import Case, patient_case, random_case

SEEDS = range(80)


def test_the_headline_is_what_the_parent_saved() -> None:
    judged = 0
    for case in map(random_case, SEEDS):
        targets = Schedule(case.order, case.rules.router_interval).targets()
        router = work(case.tape, case.order, case.rules, case.strategy, case.model)
        x_m = work(case.tape, case.order, case.rules, "X_M", case.model)
        found = headline(router, x_m, targets)
        if found is None:
            assert router.last_opposite is None
            continue
        assert found.saving_bps == saving(router, x_m)
        assert sum(slice_costs(router, targets) or []) == cost(router)
        mean = Fraction(sum(found.values), len(found.values) * 10**6)
        assert abs(mean - found.saving_bps) <= Fraction(1, 2 * 10**6)
        judged += found.judged
    assert judged > 30


def test_a_strategy_against_itself_saves_nothing() -> None:
    for case in map(random_case, SEEDS):
        x_m = work(case.tape, case.order, case.rules, "X_M")
        found = headline(x_m, x_m, Schedule(case.order, case.rules.router_interval).targets())
        assert found is None or (found.saving_bps == 0 and not any(found.values) and found.judged == 0)


def test_cash_of_a_sell_is_what_is_received() -> None:
    for case in map(random_case, SEEDS):
        worked = work(case.tape, case.order, case.rules, case.strategy, case.model)
        paid = cash(worked)
        if paid is None:
            continue
        gross = sum(f.px * f.qty for f in worked.fills)
        fees = sum(
            f.qty * (case.rules.fee(f.venue).take if f.kind != "maker" else -case.rules.fee(f.venue).make)
            for f in worked.fills
        )
        assert paid == (gross + fees if case.order.side == "buy" else gross - fees)


# --- samples ---------------------------------------------------------------------------------------------------------


def of_one_slice(case: Case) -> tuple[Order, Rules]:
    """An order without a limit whose one slice begins at a snapshot, too large to be filled."""
    start = case.tape[len(case.tape) // 3].ts
    order = Order(case.order.side, 10**9, start, max(case.tape[-1].ts + 10**9, start + 10))
    return order, replace(case.rules, router_interval=order.end - order.start, child_min=1, child_lot=1)


def test_a_sample_is_what_the_execution_fills_of_endless_orders() -> None:
    filled = 0
    for case in map(random_case, SEEDS):
        order, rules = of_one_slice(case)
        worked = work(case.tape, order, rules, lambda view: (0, dict.fromkeys(view.queues, 10**8)), case.model)
        passive = Schedule(order, rules.router_interval).passive_end(0) - order.start
        window = sample(case.tape, order.side, order.start, passive, rules, case.model)
        if window is None or not worked.rests:
            continue
        assert window.filled == {rest.venue: rest.filled for rest in worked.rests}
        filled += sum(window.filled.values())
    assert filled > 500


def test_samples_look_back_only() -> None:
    for case in map(random_case, range(6)):
        times = [s.ts for s in case.tape]
        now, length = times[len(times) * 2 // 3], max(1, (times[-1] - times[0]) // 5)
        some = past_samples(case.tape, "buy", times, length, case.rules, case.model, now)
        assert all(window.over <= now for window in some)
        whole = [sample(case.tape, "buy", s, length, case.rules, case.model) for s in times]
        assert some == [w for w in whole if w is not None and w.over <= now]
        if some:
            room = 50
            assert 0 <= expected_fills(some, {2: 30, 7: 40}, room) <= room


# --- queues ----------------------------------------------------------------------------------------------------------

ORDERED = ("conservative", *(f"power:{n}" for n in range(8, 0, -1)), "proportional", "optimistic")


def test_models_are_in_order_at_every_time() -> None:
    """conservative >= power:n+1 >= power:n >= proportional >= optimistic in shares ahead, whatever happens."""
    for seed in range(200):
        rng = Random(seed)
        shown = rng.randint(1, 300)
        first = rng.choice((shown, shown, shown // 2)) * MICRO
        places = [Place(100, model, first) for model in ORDERED]
        for _ in range(30):
            left = rng.randint(1, shown)
            for place in places:
                assert place.ahead is not None
                place.ahead = left_ahead(place.model, place.ahead, shown - left, left)
            shown = left + rng.choice((0, 0, rng.randint(0, 100)))
            ahead = [place.ahead for place in places]
            assert all(a is not None and b is not None and a >= b for a, b in pairwise(ahead))
            assert ahead[-2] == ahead[-3]  # power:1 is proportional


def test_filled_shares_of_the_same_allocation_are_a_bracket() -> None:
    spread = 0
    for case in map(patient_case, range(50)):
        worked = work(case.tape, case.order, case.rules, case.strategy, case.model)
        for filled in bracket(case.tape, worked, ORDERED[::5]):
            assert list(filled.values()) == sorted(filled.values()), case.seed
            spread += filled["optimistic"] > filled["conservative"]
    assert spread > 10


def test_power_by_hand() -> None:
    assert left_ahead("power:2", 50 * MICRO, 20, 80) == 45 * MICRO  # 20 x (50 / 100)^2 = 5
    assert left_ahead("power:1", 50 * MICRO, 20, 80) == 40 * MICRO
    assert left_ahead("power:3", 1 * MICRO, 1, 2) == 1 * MICRO - 37_037  # (1 / 3)^3, floored to a millionth
    assert left_ahead("power:8", 200 * MICRO, 20, 80) == 80 * MICRO  # nor is more than that before the cancellations
    assert left_ahead("proportional", 120 * MICRO, 20, 80) == 80 * MICRO  # never more than is displayed


# --- the interval ----------------------------------------------------------------------------------------------------


def test_split_mix_has_its_published_outputs() -> None:
    assert [split_mix(k) for k in range(3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_blocks_are_circular() -> None:
    assert block_sums([1, 2, 3, 4, 5, 6]) == [15, 20, 19, 18, 17, 16]
    assert sum(block_sums([7, -3, 5, 11, 2, 0, 9])) == BLOCK * 31


def test_the_interval_of_constants_and_of_too_few() -> None:
    assert bootstrap_t([7] * 20) == bootstrap_t([7] * 5 + [7] * 15)
    assert (bootstrap_t([7] * 20).low, bootstrap_t([7] * 20).high) == (7, 7)
    assert bootstrap_t([0] * 20).p == 1
    few = bootstrap_t([1, 2, 3, 9, 5, 0])  # two blocks: a resample of one block twice has no variance
    assert few.low is None
    assert few.high is None


@pytest.mark.parametrize("shift", [0, 12_345])
def test_the_interval_moves_and_turns_with_the_values(shift: int) -> None:
    rng = Random(5)
    values = [rng.randint(-1_000, 1_000) + 150 for _ in range(60)]
    one, moved = bootstrap_t(values), bootstrap_t([v + shift for v in values])
    assert one.low is not None
    assert one.high is not None
    assert (moved.low, moved.high) == (one.low + shift, one.high + shift)
    assert one.low < sum(values) // 60 < one.high
    turned = bootstrap_t([-v for v in values])
    assert (turned.low, turned.high) == (-one.high, -one.low)


def test_p_and_interval_agree_on_zero() -> None:
    """Zero is outside the interval exactly where p is at most 5 % (the order statistics are those of 2.5 %)."""
    seen = set()
    for seed in range(6):
        rng = Random(seed)
        found = bootstrap_t([rng.randint(-900, 1_000 + 250 * seed) for _ in range(40)])
        assert found.low is not None
        outside = found.low > 0
        assert outside == (found.p <= Fraction(5, 100)) or abs(found.low) <= 1
        seen.add(outside)
    assert seen == {True, False}


def test_holm() -> None:
    p = {"a": Fraction(1, 100), "b": Fraction(4, 100), "c": Fraction(3, 100)}
    assert holm(p) == {"a": Fraction(3, 100), "c": Fraction(6, 100), "b": Fraction(6, 100)}
    assert holm({"a": Fraction(9, 10), "b": Fraction(1, 2)}) == {"b": 1, "a": 1}
