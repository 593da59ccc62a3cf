"""imbalance: its rule by hand, without information in I the unconditional rule, buy and sell as mirrors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.backtest.plugged import own_strategy
from sor.core.backtest.session import Session
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.order import ParentOrder, Side
from sor.core.router.allocators import CrossVenue, Decision
from sor.core.router.literature.imbalance import Imbalance, PastSlice, RestingEstimate, bin_of, estimate, rests
from sor.core.spec import Spec
from sor.core.units import NANO, NO_PRICE
from sor.errors import StrategyError
from sor.plug_ins.check import SECONDS, START, hard_tape
from sor.plug_ins.find import find_plug_in
from sor.strategies import FeeSchedule, Setting, VenueView, View

F = Fraction
windows = st.lists(st.builds(PastSlice, st.integers(0, 300), st.integers(-9, 9)), min_size=1, max_size=8)
money = st.integers(0, 12).map(F)


def test_a_case_by_hand() -> None:
    """150 of 200 shares are filled while the mid falls by 3, in the other window 50 while it rises by 1."""
    found = estimate([PastSlice(150, -6), PastSlice(50, 2)], 200)
    assert found == RestingEstimate(F(200, 400), F(150 * 3 - 50, 200), F(-50 * 3 + 150, 200))
    gain, cost = F(5), F(4)
    assert rests(found, gain, cost) == (-(5 - 2) * F(1, 2) + F(1, 2) * (4 + 0) < 4)
    assert rests(replace(found, against=F(9)), gain, cost) == (-(5 - 9) * F(1, 2) + F(1, 2) * 4 < 4)
    assert not rests(estimate([], 200), gain, cost)


@given(windows, st.integers(1, 200), money, money, money)
def test_raising_d_never_rests_more(seen: list[PastSlice], size: int, gain: F, cost: F, more: F) -> None:
    found = estimate(seen, size)
    worse = replace(found, away=found.away + more)
    assert rests(found, gain, cost) or not rests(worse, gain, cost)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 4).map(lambda n: 2 * n + 1))
def test_bins_mirror_and_cover_minus_one_to_one(rest: int, take: int, bins: int) -> None:
    here, there = bin_of(rest, take, bins), bin_of(take, rest, bins)
    edge = (rest * bins) % max(1, rest + take) == 0  # a tie of two bins goes up, whichever way it is looked at
    assert here + there == bins - 1 or (edge and here + there == bins)
    if rest + take:
        assert -1 + F(2 * here, bins) <= F(rest - take, rest + take) <= -1 + F(2 * (here + 1), bins)


def view(rest: int, take: int) -> View:
    return View(0, 0, 0, 10**6, 200 * NANO, (VenueView(1, 100 * NANO + 10**7, take, 100 * NANO - 10**7, rest),))


def taught(bins: int, past: list[tuple[int, PastSlice]]) -> Imbalance:
    """Knows these windows, by their bin of five; enough is one, so that every bin speaks for itself."""
    router = Imbalance(bins=bins, enough=1)
    router.begin(Setting(Side.BUY, 10**6, 0, 1, 1, None, FeeSchedule({})))  # type: ignore[arg-type]
    for one, window in past:
        router.windows.setdefault((1, one * bins // 5), []).append(window)
    return router


@settings(max_examples=60)
@given(st.lists(windows, min_size=1, max_size=3), st.integers(1, 200), st.integers(0, 4))
def test_where_i_says_nothing_it_is_the_unconditional_rule(days: list[list[PastSlice]], size: int, now: int) -> None:
    """Every bin holds the same windows, as a shuffled I gives in the long run: bins make no difference, exactly."""
    past = [(one, window) for day in days for window in day for one in range(5)]
    state = view(20 * now + 10, 100 - 20 * now - 10)
    assert taught(5, past).allocate(state, size) == taught(1, past).allocate(state, size)


def test_shuffling_i_gives_the_unconditional_rule() -> None:
    """I decides everything until it is shuffled: then every bin decides as all of them together."""
    rng = Random(3)
    past = [(one, PastSlice(200, 2) if one >= 3 else PastSlice(0, 4 * 10**7)) for one in range(5) for _ in range(4_000)]
    states = [view(20 * now + 10, 100 - 20 * now - 10) for now in range(5)]
    assert [taught(5, past).allocate(state, 200).market for state in states] == [200, 200, 200, 0, 0]
    marks = [one for one, _ in past]
    rng.shuffle(marks)
    mixed = list(zip(marks, [window for _, window in past], strict=True))
    assert len({taught(5, mixed).allocate(state, 200).market for state in states}) == 1
    assert taught(5, mixed).allocate(states[0], 200) == taught(1, past).allocate(states[0], 200)


def mirrored(one: Snapshot) -> Snapshot:
    top = 1_000 * NANO
    quotes = tuple(
        Quote(q.venue, _turned(top, q.ask_px), q.ask_sz, _turned(top, q.bid_px), q.bid_sz) for q in one.quotes
    )
    turned = {"A": "B", "B": "A", "N": "N"}
    return Snapshot(one.ts, quotes, tuple(Trade(t.venue, top - t.px, t.sz, turned[t.side]) for t in one.trades))


def _turned(top: int, px: int) -> int:
    return NO_PRICE if px == NO_PRICE else top - px


def decisions(side: Side, tape: list[Snapshot]) -> list[Decision]:
    order = ParentOrder(side, 6_000, START, START + SECONDS * NANO)
    plug_in = find_plug_in("imbalance", {"enough": "3"})
    assert plug_in is not None
    spec = Spec(side=side, quantity=order.quantity, strategy="imbalance", plug_in=plug_in, router_interval=NANO // 2)
    own = own_strategy(spec, plug_in, order)
    assert isinstance(own, CrossVenue)
    session = Session.for_order(order, spec.rules, [own], queues=True)

    def batches() -> Iterator[None]:
        for at in range(0, len(tape), 50):
            session.on_batch(batch_of(tape[at : at + 50]))
            yield

    assert sum(1 for _ in batches())
    return list(own.decisions)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sell_of_the_mirrored_tape_is_the_buy(seed: int) -> None:
    tape = hard_tape(seed)
    buy, sell = decisions(Side.BUY, tape), decisions(Side.SELL, [mirrored(one) for one in tape])
    shift = 1_000 * NANO

    def plain(found: list[Decision], back: int) -> list[tuple[object, ...]]:
        return [
            (d.ts, d.size, d.allocation.market, d.allocation.px and d.allocation.px + back, d.allocation.limits)
            for d in found
        ]

    assert plain(buy, 0) == plain(sell, shift)
    assert any(d.allocation.limits for d in buy)
    assert any(not d.allocation.limits for d in buy[10:])


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(StrategyError, match="memory at least enough"):
        Imbalance(memory=3)
