"""What must hold of the reference on any tape: checked on random ones, so that its own slips are found first."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import pytest
from reference import Delay, Order, Worked, work
from reference.adapter import from_sor, to_sor
from reference.market import mirrored
from reference.schedule import Schedule
from reference.tapes import Case, random_case

CASES = 200


@cache
def cases(part: int) -> list[Case]:
    return [random_case(part * 10**6 + k) for k in range(CASES // 4)]


def run(case: Case) -> Worked:
    return worked_of(case.seed)


@cache
def worked_of(seed: int) -> Worked:
    case = random_case(seed)
    return work(case.tape, case.order, case.rules, case.strategy, case.model)


@pytest.mark.parametrize("part", range(4))
def test_shares_are_conserved(part: int) -> None:
    for case in cases(part):
        worked = run(case)
        assert worked.filled + worked.forced + worked.leaves == case.order.quantity
        assert sum(f.qty for f in worked.fills if f.kind != "forced") == worked.filled
        assert all(f.qty > 0 for f in worked.fills)
        for child in [*worked.takes, *worked.rests]:
            assert child.filled == sum(f.qty for f in worked.fills if f.number == child.number) <= child.qty
            assert child.reason is not None
        if worked.last_opposite is not None and case.order.limit is None:
            assert worked.leaves == 0


@pytest.mark.parametrize("part", range(4))
def test_nothing_trades_beyond_the_limit_or_outside_the_window(part: int) -> None:
    for case in cases(part):
        order = case.order
        for f in run(case).fills:
            assert order.start <= f.ts <= order.end
            if order.limit is not None:
                assert f.px <= order.limit if order.side == "buy" else f.px >= order.limit


@pytest.mark.parametrize("part", range(4))
def test_all_market_in_the_routers_slices_is_twap_with_their_interval(part: int) -> None:
    for case in cases(part):
        x_m, twap = (work(case.tape, case.order, case.rules, name) for name in ("X_M", "twap"))
        assert x_m.fills == twap.fills


@pytest.mark.parametrize("part", range(4))
def test_a_sell_is_the_buy_of_the_mirrored_tape(part: int) -> None:
    for case in cases(part):
        order = case.order
        limit = None if order.limit is None else -order.limit
        other = Order("sell" if order.side == "buy" else "buy", order.quantity, order.start, order.end, limit)
        mirror = work(mirrored(case.tape), other, case.rules, case.strategy, case.model)
        assert [replace(f, px=-f.px) for f in mirror.fills] == run(case).fills


@pytest.mark.parametrize("part", range(4))
def test_one_latency_for_all_venues_however_it_is_given(part: int) -> None:
    for case in cases(part):
        wait = case.rules.latency.default
        one = replace(case.rules, latency=Delay(wait))
        each = replace(case.rules, latency=Delay(10**12, dict.fromkeys((2, 7, 8, 43), wait)), cancel_latency=None)
        one = replace(one, cancel_latency=None)
        results = [work(case.tape, case.order, rules, case.strategy, case.model) for rules in (one, each)]
        assert results[0].fills == results[1].fills


def test_an_over_fill_lowers_what_comes_next_and_the_parent_never_over_fills() -> None:
    over = 0
    for case in (case for part in range(4) for case in cases(part)):
        worked = run(case)
        assert worked.filled <= case.order.quantity
        targets = Schedule(case.order, case.rules.router_interval).targets()
        for before, after in pairwise(worked.decisions):
            done = sum(f.qty for f in worked.fills if f.ts < after.ts and f.kind != "forced")
            if done > before.goal:
                over += 1
                assert after.size <= max(0, targets[after.index] - done)
    assert over > 5


def test_tapes_have_everything_that_is_odd() -> None:
    fills = [f.kind for part in range(4) for case in cases(part) for f in run(case).fills]
    reasons = {r for part in range(4) for case in cases(part) for r in run(case).reasons.values()}
    assert min(fills.count(kind) for kind in ("maker", "taker", "forced")) > 50
    assert reasons == {
        "filled", "refused", "passive phase over", "slice complete", "parent done", "deadline", "missed",
    }  # fmt: skip


def test_the_adapter_loses_nothing() -> None:
    for case in cases(0):
        assert from_sor(to_sor(case.tape)) == list(case.tape)
