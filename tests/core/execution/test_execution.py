"""The engine against the slow reference, on tapes made to hurt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import BASE, CENT, VENUES, Case, cases, cut, examples, random_case
from thorough import THOROUGH

from sor.core.backtest.session import Session, SessionResult
from sor.core.execution import fast_take as sweep
from sor.core.execution.accounting import StrategyResult, savings
from sor.core.fees import FeeSchedule
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch
from sor.core.order import AT_ONCE, Fill, Liquidity, Side
from sor.core.schedule import Schedule
from sor.core.strategies.simple import BestAsk, Static, Twap
from sor.core.units import NO_PRICE

NAMES = ("best_ask", "twap", "static")


def outcome_of(case: Case, batches: Sequence[SnapshotBatch] | None = None) -> SessionResult:
    order, rules = case.order, case.rules
    session = Session.for_order(
        order, rules, [BestAsk(), Twap(Schedule.for_order(order, case.interval)), Static(rules.fees)]
    )
    for batch in case.batches() if batches is None else batches:
        session.on_batch(batch)
    return session.result()


def reference(case: Case, name: str) -> oracle.OracleResult:
    acts = {"best_ask": oracle.best_ask, "static": oracle.static}
    act = oracle.twap(case.order, case.interval) if name == "twap" else acts[name]()
    return oracle.run(case.snapshots, case.order, case.rules, act)


def assert_equal(result: StrategyResult, expected: oracle.OracleResult, side: Side) -> None:
    sign = side.sign
    got = sorted(
        (f.ts, f.venue, f.px, f.qty, f.forced, f.decided, None if f.mid2 is None else Fraction(sign * f.mid2, 2))
        for f in result.fills
    )
    want = sorted((f.ts, f.venue, sign * f.px, f.qty, f.forced, f.decided, f.mid) for f in expected.fills)
    assert got == want
    assert (result.filled, result.forced, result.leaves) == (expected.filled, expected.forced, expected.leaves)
    assert result.forced_beyond_displayed == expected.forced_beyond_displayed
    assert result.total_cash == expected.total_cash
    assert (result.fees, result.rebates, result.maker_shares) == (expected.fees, 0, 0)
    assert result.comparable == (None if expected.comparable is None else sign * expected.comparable)
    assert result.timing == expected.timing
    assert result.placement == expected.placement


def check(case: Case) -> None:
    outcome = outcome_of(case)
    expected = {name: reference(case, name) for name in NAMES}
    for name in NAMES:
        assert_equal(outcome.results[name], expected[name], case.order.side)
    arrival = expected["best_ask"].arrival
    sign = case.order.side.sign
    assert (None if outcome.arrival2 is None else Fraction(sign * outcome.arrival2, 2)) == arrival
    assert outcome.late_arrival == expected["best_ask"].late
    for name, cash in (
        ("vwap", oracle.displayed_vwap(case.snapshots, case.order)),
        ("market_vwap", oracle.traded_vwap(case.snapshots, case.order)),
    ):
        assert outcome.results[name].total_cash == cash
    for x in NAMES:
        for b in NAMES:
            want = oracle.saving(case.order.side, expected[x].comparable, expected[b].comparable)
            assert savings(outcome.results[x], outcome.results[b]) == want


@pytest.mark.parametrize("part", range(10))
def test_random_tapes(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if part % 2:  # small tapes never fill a block of the hot loop: make its blocks smaller
        monkeypatch.setattr(sweep, "ROWS", part)
    # Small tapes have no patience for venues that wait: with more than enough of it, the arrays do everything.
    monkeypatch.setattr(sweep, "PATIENCE", (16.0, 1.0, 0.1)[part % 3])
    for seed in range(part * 10**6, part * 10**6 + 120 * THOROUGH):
        case = random_case(Random(seed))
        try:
            check(case)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {case}") from error


@examples(60)
@given(cases(latency=False, ages=False))
def test_plain(case: Case) -> None:
    check(case)


@examples(60)
@given(cases())
def test_with_latency_and_quote_age(case: Case) -> None:
    check(case)


@examples(60)
@given(cases(huge=True))
def test_sums_beyond_64_bits(case: Case) -> None:
    check(case)


# --- identities ---------------------------------------------------------------------------------------------------


@examples(60)
@given(cases(max_snapshots=20))
def test_cutting_the_stream_changes_nothing(case: Case) -> None:
    whole = outcome_of(case, cut(case.snapshots, ()))
    assert outcome_of(case, cut(case.snapshots, range(len(case.snapshots)))) == whole
    assert outcome_of(case) == whole


@examples(60)
@given(cases())
def test_shares_are_conserved_and_nobody_takes_more_than_is_shown(case: Case) -> None:
    outcome = outcome_of(case)
    for name in NAMES:
        result = outcome.results[name]
        taken = [f for f in result.fills if not f.forced]
        assert result.filled + result.forced + result.leaves == case.order.quantity
        assert sum(f.qty for f in taken) == result.filled
        assert sum(f.qty for f in result.fills) == result.shares
        assert all(f.qty > 0 for f in result.fills)
        assert sum(v.taker_shares + v.forced for v in result.venues) == result.shares
        assert all(case.order.start <= f.decided <= f.ts <= case.order.end for f in result.fills)
        if case.order.limit_price is not None:
            assert result.forced == 0
            assert all(f.px <= case.order.limit_price * case.order.side.sign for f in taken)
        for shown, used in runs(case, taken):
            assert used <= shown


def runs(case: Case, fills: Sequence[Fill]) -> Iterator[tuple[int, int]]:
    """(most that was shown, shares taken) of every price run of every venue; of every snapshot, if shares replenish."""
    buy = case.order.side is Side.BUY
    for venue in {f.venue for f in fills}:
        px, shown, since = 0, 0, 0
        for s in [*case.snapshots, None]:
            quote = next((q for q in s.quotes if q.venue == venue), None) if s else None
            new_px, new_sz = (
                ((quote.ask_px, quote.ask_sz) if buy else (quote.bid_px, quote.bid_sz)) if quote else (px, 0)
            )
            fresh = case.rules.liquidity is Liquidity.REPLENISH
            if s is None or new_px != px or fresh:
                until = s.ts if s else 2**62
                yield shown, sum(f.qty for f in fills if f.venue == venue and since <= f.ts < until)
                shown, since = (0 if new_px != px else shown if not quote else 0), until
            px, shown = new_px, max(shown, new_sz)


def relabelled(case: Case, names: dict[int, int]) -> Case:
    """The same market with other venue ids."""

    def one(s: Snapshot) -> Snapshot:
        quotes = sorted((replace(q, venue=names[q.venue]) for q in s.quotes), key=lambda q: q.venue)
        return Snapshot(s.ts, tuple(quotes), tuple(replace(t, venue=names[t.venue]) for t in s.trades))

    fees = FeeSchedule({names[venue]: fee for venue, fee in case.rules.fees.venues.items() if venue in names})
    return replace(case, snapshots=tuple(one(s) for s in case.snapshots), rules=replace(case.rules, fees=fees))


def strictly_priced(case: Case) -> Case:
    """The same market with no ties between venues: each has its own fraction of a tick, and there are no fees."""

    def quote(q: Quote) -> Quote:
        bid = q.bid_px if q.bid_px == NO_PRICE else q.bid_px + q.venue * 1_000
        ask = q.ask_px if q.ask_px == NO_PRICE else q.ask_px + q.venue * 1_000
        return Quote(q.venue, bid, q.bid_sz, ask, q.ask_sz)

    shots = tuple(Snapshot(s.ts, tuple(map(quote, s.quotes)), s.trades) for s in case.snapshots)
    return replace(case, snapshots=shots, rules=replace(case.rules, fees=FeeSchedule()))


def essence(outcome: SessionResult, name: str, names: dict[int, int] | None = None) -> tuple[object, ...]:
    r = outcome.results[name]
    fills = sorted((f.ts, f.venue if names is None else names[f.venue], f.px, f.qty, f.forced) for f in r.fills)
    return r.filled, r.forced, r.leaves, r.forced_beyond_displayed, r.cost, r.fees, r.timing, r.placement, fills


@examples(50)
@given(cases(), st.lists(st.integers(1, 10**6), min_size=len(VENUES), max_size=len(VENUES), unique=True))
def test_names_of_venues_that_keep_their_order_change_nothing(case: Case, ids: list[int]) -> None:
    names = dict(zip(VENUES, sorted(ids), strict=True))
    before, after = outcome_of(case), outcome_of(relabelled(case, names))
    for name in NAMES:
        assert essence(before, name, names) == essence(after, name)


@examples(50)
@given(cases().map(strictly_priced), st.permutations(VENUES))
def test_without_ties_any_permutation_of_venues_changes_nothing(case: Case, ids: list[int]) -> None:
    names = dict(zip(VENUES, ids, strict=True))
    before, after = outcome_of(case), outcome_of(relabelled(case, names))
    for name in NAMES:
        assert essence(before, name, names) == essence(after, name)
    for name in ("vwap", "market_vwap"):
        assert before.results[name] == after.results[name]


@examples(50)
@given(cases())
def test_one_slice_makes_twap_best_ask(case: Case) -> None:
    case = replace(case, interval=max(1, case.order.end - case.order.start))
    outcome = outcome_of(case)
    assert essence(outcome, "twap") == essence(outcome, "best_ask")


@examples(50)
@given(cases(max_venues=1), st.sampled_from((100, 300)))
def test_one_venue_with_enough_makes_all_market_strategies_equal(case: Case, quantity: int) -> None:
    first = case.snapshots[0]
    quote = Quote(VENUES[0], BASE - CENT, quantity, BASE, quantity)
    enough = (Snapshot(first.ts - 10, (quote,)), *relabelled(case, dict.fromkeys(VENUES, VENUES[0])).snapshots)
    end = first.ts - 1
    case = replace(
        case,
        snapshots=enough,
        order=replace(case.order, quantity=quantity, start=first.ts - 10, end=end, limit_price=None),
        rules=replace(case.rules, latency=AT_ONCE),
        interval=10,
    )
    outcome = outcome_of(case)
    assert outcome.results["best_ask"].filled == quantity
    assert essence(outcome, "twap") == essence(outcome, "best_ask") == essence(outcome, "static")
    assert savings(outcome.results["static"], outcome.results["best_ask"]) == 0


@examples(50)
@given(cases())
def test_a_strategy_saves_nothing_against_itself(case: Case) -> None:
    for result in outcome_of(case).results.values():
        assert savings(result, result) in (0, None)


MIRROR = 2 * BASE


@examples(50)
@given(cases())
def test_the_other_side_on_the_mirrored_tape_does_the_same(case: Case) -> None:
    def price(px: int) -> int:
        return px if px == NO_PRICE else MIRROR - px

    def quote(q: Quote) -> Quote:
        return Quote(q.venue, price(q.ask_px), q.ask_sz, price(q.bid_px), q.bid_sz)

    other_side = {"A": "B", "B": "A", "N": "N", "H": "H"}
    shots = tuple(
        Snapshot(
            s.ts,
            tuple(map(quote, s.quotes)),
            tuple(replace(t, px=price(t.px), side=other_side[t.side]) for t in s.trades),
        )
        for s in case.snapshots
    )
    order = case.order
    other = Side.SELL if order.side is Side.BUY else Side.BUY
    limit = None if order.limit_price is None else price(order.limit_price)
    mirrored = replace(case, snapshots=shots, order=replace(order, side=other, limit_price=limit))
    before, after = outcome_of(case), outcome_of(mirrored)
    for name in NAMES:
        x, y = before.results[name], after.results[name]
        assert (x.filled, x.forced, x.leaves, x.forced_beyond_displayed) == (
            y.filled,
            y.forced,
            y.leaves,
            y.forced_beyond_displayed,
        )
        assert (x.timing, x.placement, x.fees) == (y.timing, y.placement, y.fees)
        # Oriented prices of a sell are negative: what was paid p is now received MIRROR - p.
        assert [(f.ts, f.venue, f.px, f.qty) for f in x.fills] == [
            (f.ts, f.venue, f.px + MIRROR * order.side.sign, f.qty) for f in y.fills
        ]
        if x.cost is None:
            assert y.cost is None
        else:
            assert y.cost is not None
            assert x.cost - x.fees == y.cost - y.fees + MIRROR * order.side.sign * x.shares
