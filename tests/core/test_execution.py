"""The engine against the slow reference, on tapes made to hurt."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_for_tapes import Case, cases, cut

from sor.core.accounting import Result, savings
from sor.core.market import SnapshotBatch
from sor.core.order import ParentOrder, Rules, Side
from sor.core.schedule import Schedule
from sor.core.session import Outcome, Session
from sor.core.strategies import BestAsk, Static, Twap

NAMES = ("best_ask", "twap", "static")


def outcome_of(case: Case, batches: Sequence[SnapshotBatch] | None = None) -> Outcome:
    order, rules = case.order, case.rules
    session = Session.of(order, rules, [BestAsk(), Twap(Schedule.of(order, case.interval)), Static(rules.fees)])
    for batch in case.batches() if batches is None else batches:
        session.feed(batch)
    return session.finish()


def reference(case: Case, name: str) -> oracle.OracleResult:
    acts = {"best_ask": oracle.best_ask, "static": oracle.static}
    act = oracle.twap(case.order, case.interval) if name == "twap" else acts[name]()
    return oracle.run(case.snapshots, case.order, case.rules, act)


def assert_equal(result: Result, expected: oracle.OracleResult, side: Side) -> None:
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
    assert (result.fees, result.rebates, result.made) == (expected.fees, 0, 0)
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


@settings(max_examples=600, deadline=None, report_multiple_bugs=False)
@given(cases(latency=False, ages=False))
def test_plain(case: Case) -> None:
    check(case)


@settings(max_examples=1000, deadline=None, report_multiple_bugs=False)
@given(cases())
def test_with_latency_and_quote_age(case: Case) -> None:
    check(case)


@settings(max_examples=300, deadline=None, report_multiple_bugs=False)
@given(cases(huge=True))
def test_sums_beyond_64_bits(case: Case) -> None:
    check(case)
