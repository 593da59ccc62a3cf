"""Transaction cost analysis on adversarial tapes: identities, and quotes against a plain walk through the snapshots."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from strategies_for_tapes import Case, cut, random_case
from thorough import THOROUGH

from sor.core.backtest.session import Session, SessionResult
from sor.core.execution.child_orders import ChildKind
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import ParentOrder, QueueModel, Side
from sor.core.router.allocators import CrossVenue, equal_split
from sor.core.schedule import Schedule
from sor.core.strategies.interface import StrategyProtocol
from sor.core.strategies.simple import BestAsk, Twap
from sor.core.tca.analysis import Analysis, analyse
from sor.core.tca.market.fill_quotes import HORIZONS, looked_after
from sor.core.tca.market.window_market import MINUTE, PWP_RATES, WindowMarketRecorder
from sor.core.units import NO_PRICE


def work(case: Case, batches: Sequence[SnapshotBatch], decision_time: int | None = None) -> SessionResult:
    schedule = Schedule.for_order(case.order, case.interval)
    strategies: list[StrategyProtocol] = [BestAsk(), Twap(schedule), CrossVenue("X_E", schedule, equal_split)]
    session = Session.for_order(
        case.order,
        case.rules,
        [(strategy, QueueModel.PROPORTIONAL) for strategy in strategies],
        queues=True,
        health=True,
        quotes=[strategy.name for strategy in strategies],
        decision_time=decision_time,
    )
    for batch in batches:
        session.on_batch(batch)
    return session.result()


def analyses(case: Case, found: SessionResult) -> dict[str, Analysis]:
    return {
        name: analyse(
            found.results[name],
            quotes,
            case.order,
            case.rules.fees,
            decision2=found.decision2,
            arrival2=found.arrival2,
        )
        for name, quotes in found.quotes.items()
    }


def many(part: int, count: int = 40) -> list[Case]:
    return [random_case(Random(part * 10**6 + seed)) for seed in range(count * THOROUGH)]


@pytest.mark.parametrize("part", range(3))
def test_sums_and_identities(part: int) -> None:
    for case in many(part):
        early = case.order.start - 1
        found = work(case, case.batches(), early)
        for name, one in analyses(case, found).items():
            result = found.results[name]
            check_spreads(one, result.shares)
            if one.shortfall is not None:
                part_sum = one.shortfall.delay + one.shortfall.trading + one.shortfall.missed + one.shortfall.fees
                assert part_sum == one.shortfall.total
            routed = [o for o in result.orders if o.kind is not ChildKind.FORCED]
            assert sum(v.routed for v in one.handling) == sum(o.qty for o in routed)
            assert sum(v.executed for v in one.handling) == result.filled
            assert all(v.executed == v.provided + v.removed for v in one.handling)
            assert all(v.fees == v.provided_fees + v.removed_fees for v in one.handling)
            assert sum(v.fees for v in one.handling) <= result.fees - result.rebates or result.forced
            better = one.improvement
            assert better.shares == better.improved + better.at_quote + better.outside + better.unquoted
            assert better.beyond_displayed == 0  # a simulation gives what is displayed
            assert sum(one.filled_by_minute) == result.shares
            rates = one.fill_rates
            if rates is not None:
                assert rates.all.orders == sum(v.orders for v in rates.venues.values())
                assert rates.all.filled == sum(v.filled for v in rates.venues.values()) == result.maker_shares
                assert sum(third.rate.orders for third in rates.spread) <= rates.all.orders


def check_spreads(one: Analysis, shares: int) -> None:
    assert sum(row.shares for row in one.spreads if row.venue is None) == shares
    for row in one.spreads:
        for after in row.after:
            assert after.effective == after.realized + after.impact
            if after.shares == row.shares:
                assert after.effective == row.effective
    for kind in {row.kind for row in one.spreads}:
        whole, *venues = [row for row in one.spreads if row.kind == kind]
        for field in ("fills", "shares", "effective", "quoted", "effective_quoted"):
            assert getattr(whole, field) == sum(getattr(row, field) for row in venues)


def test_shortfall_at_the_start_is_the_reports() -> None:
    seen = 0
    for case in many(7):
        found = work(case, case.batches())
        for name, one in analyses(case, found).items():
            comparable = found.results[name].comparable
            if one.shortfall is not None and comparable is not None and found.arrival2:
                seen += 1
                value = Fraction(found.arrival2, 2)
                assert Fraction(one.shortfall.total, one.shortfall.paper) == (comparable - value) / abs(value)
    assert seen > 50


def test_cuts_change_nothing() -> None:
    for case in many(8):
        whole, pieces = work(case, cut(case.snapshots, ())), work(case, [b for b in case.batches() if len(b)])
        assert whole.quotes == pieces.quotes
        assert whole.window == pieces.window


# -- the quotes, by a plain walk ---------------------------------------------------------------------------------------


class Walk:
    """The national book after each snapshot, as the order's side sees it: prices negated for a sell."""

    def __init__(self, case: Case) -> None:
        self.times: list[int] = []
        self.states: list[tuple[int | None, int | None, int | None, int]] = []  # twice the mid, spread, touch, depth
        buy, venues, mid2 = case.order.side is Side.BUY, dict[int, tuple[tuple[int, int], tuple[int, int]]](), None
        for shot in case.snapshots:
            for q in shot.quotes:
                bid, ask = (q.bid_px, q.bid_sz), (q.ask_px, q.ask_sz)
                venues[q.venue] = (ask, bid) if buy else (bid, ask)
            sign = 1 if buy else -1
            takes = [(px * sign, sz) for (px, sz), _ in venues.values() if px != NO_PRICE]
            rests = [px * sign for _, (px, _) in venues.values() if px != NO_PRICE]
            touch = min((px for px, _ in takes), default=None)
            if touch is not None and rests:
                mid2 = touch + max(rests)
            spread = touch - max(rests) if touch is not None and rests else None
            depth = sum(sz for px, sz in takes if px == touch)
            self.times.append(shot.ts)
            self.states.append((mid2, spread, touch, depth))

    def at(self, ts: int) -> tuple[int | None, int | None, int | None, int]:
        row = bisect_right(self.times, ts) - 1
        return self.states[row] if row >= 0 else (None, None, None, 0)


@pytest.mark.parametrize("part", range(2))
def test_quotes_are_those_of_a_plain_walk(part: int) -> None:
    for case in many(20 + part):
        case = replace(case, rules=replace(case.rules, max_quote_age=None))
        walk, found = Walk(case), work(case, [b for b in case.batches() if len(b)])
        limit = max(
            [ts for ts in walk.times if ts <= case.order.end + looked_after(case.order.start, case.order.end)],
            default=0,
        )
        for name, quotes in found.quotes.items():
            for at, fill in enumerate(found.results[name].fills):
                shown = quotes.mid2[at], quotes.spread[at], quotes.touch[at], quotes.depth[at]
                assert shown == walk.at(fill.ts - fill.is_maker)
                assert fill.touch == walk.at(fill.decided)[2]
                for horizon, later in zip(HORIZONS, quotes.later, strict=True):
                    there = fill.ts + horizon <= limit
                    assert later[at] == (walk.at(fill.ts + horizon)[0] if there else None)


def test_the_windows_market_is_that_of_a_plain_walk() -> None:
    for case in many(30):
        order, walk, found = case.order, Walk(case), work(case, [b for b in case.batches() if len(b)]).window
        assert found is not None
        sign = order.side.sign
        trades = [
            (s.ts, t.px * sign, t.sz) for s in case.snapshots for t in s.trades if order.start <= s.ts <= order.end
        ]
        assert found.open == (trades[0][1] if trades else None)
        assert found.close == (trades[-1][1] if trades else None)
        for minute, volume in enumerate(found.volumes):
            assert volume == sum(sz for ts, _, sz in trades if (ts - order.start) // MINUTE == minute)
        shares = [px for _, px, sz in trades for _ in range(sz)]
        for rate, average in zip(PWP_RATES, found.pwp, strict=True):
            wanted = -(-order.quantity * 100 // rate)
            assert average == (Fraction(sum(shares[:wanted]), wanted) if len(shares) >= wanted else None)
        if case.rules.max_quote_age is None:
            times = sorted({order.start, order.end, *(t for t in walk.times if order.start < t < order.end)})
            spans = [(walk.at(a)[0], b - a) for a, b in pairwise(times)]
            known = [(mid2, span) for mid2, span in spans if mid2 is not None]
            total = sum(span for _, span in known)
            expected = Fraction(sum(mid2 * span for mid2, span in known), 2 * total) if total else None
            assert found.mid_twap == expected


def test_of_a_stopped_run_the_mids_count_until_its_last_change() -> None:
    """The market of a window that was broken off is not carried on to the window's end."""
    recorder = WindowMarketRecorder(ParentOrder(Side.BUY, 10, 0, 100))
    shown = [Snapshot(ts, (Quote(2, bid, 5, bid + 2, 5),)) for ts, bid in ((0, 99), (10, 199))]
    batch = orient(batch_of(shown), Side.BUY)
    recorder.on_batch(batch, BookBuilder().extend(batch))
    assert recorder.recorded(stopped=True).mid_twap == 100
    assert recorder.recorded().mid_twap == Fraction(10 * 100 + 90 * 200, 100)
