"""The whole backtest with the router on adversarial tapes: no crash, conservation, and nothing depends on the cuts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_for_tapes import SECOND, Case, cases
from thorough import THOROUGH

from sor.core.backtest.sessions import parts
from sor.core.backtest.two_pass import backtest
from sor.core.market.batch import batch_of
from sor.core.order import ParentOrder, QueueModel, Side
from sor.core.spec import ROUTER, Level, Spec
from sor.report.build import build
from sor.sources.source import StreamFacts, TapeFacts


def levels(*values: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in values)


SPEC = Spec(
    lambda_over=levels("1.1", "2"),
    lambda_under=levels("1.1", "4"),
    theta_queue=levels("0", "1"),
    router_interval=2 * SECOND,
)


def spec_of(case: Case, model: QueueModel) -> Spec:
    rules = case.rules
    return replace(
        SPEC,
        side=case.order.side,
        quantity=case.order.quantity,
        limit_price=case.order.limit_price,
        interval=case.interval,
        fees=rules.fees,
        liquidity=rules.liquidity,
        latency=rules.latency,
        max_quote_age=rules.max_quote_age,
        queue_model=model,
    )


@given(cases(max_snapshots=30), st.sampled_from(list(QueueModel)))
@settings(max_examples=60 * THOROUGH)
def test_any_tape_gives_a_report_and_the_cuts_do_not_matter(case: Case, model: QueueModel) -> None:
    spec = spec_of(case, model)
    whole = batch_of(case.snapshots)
    found = backtest(lambda: [whole] if len(whole) else [], spec, case.order)
    cut = backtest(lambda: [b for b in case.batches() if len(b)], spec, case.order)
    assert found.outcome == cut.outcome
    assert found.bracket == cut.bracket
    assert found.headline == cut.headline
    assert found.tuning == cut.tuning
    for name, result in found.outcome.results.items():
        assert result.filled + result.forced + result.leaves == case.order.quantity, name
        assert sum(fill.qty for fill in result.fills) == result.filled * (result.kind == "strategy") + result.forced
    report = build(spec, found, TapeFacts("t", "S", len(whole)), StreamFacts(len(whole), len(whole)))
    assert report.to_json().startswith("{")
    assert report.data["strategies"][ROUTER] == report.data["optimized"]


def test_parent_orders_cover_the_window_without_overlap() -> None:
    order = ParentOrder(Side.BUY, 100, 1_000, 2_003)
    pieces = parts(order, 4)
    assert parts(order, 1) == []
    assert (pieces[0].start, pieces[-1].end) == (order.start, order.end)
    assert all(a.end + 1 == b.start for a, b in pairwise(pieces))
    assert {piece.quantity for piece in pieces} == {100}
