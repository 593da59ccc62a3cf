"""A backtest that several share: what one alone finds, to the byte, wherever the study is cut."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.adapter import national_to_sor
from reference.nbbo_tapes import VENUES as NBBO_VENUES
from reference.nbbo_tapes import random_nbbo_case
from strategies_for_tapes import CENT, SECOND, Case, cases
from thorough import THOROUGH

from sor.core.backtest import two_pass
from sor.core.backtest.sessions import BacktestResult, Stream, judged_headline
from sor.core.backtest.study_stretch import StudyStretch, problems_from, stretches, study_of
from sor.core.backtest.two_pass import backtest
from sor.core.backtest.worker_pool import Task
from sor.core.feed import Feed, Form
from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of, concat
from sor.core.order import Latency, ParentOrder, QueueModel, Side
from sor.core.spec import ROUTER, TUNED, Level, Spec
from sor.core.units import NANO
from sor.paths import bundled_tape
from sor.tapes import open_tape

T = TypeVar("T")
VENUES = (2, 6, 8, 15, 43, 99)  # of the bundled tape, and one that it has not


@dataclass(frozen=True)
class OnPaper:
    """A pool of nobody: tasks and answers are pickled, as for a journey, and worked when they are asked for."""

    stream: Stream
    others: int
    venues: tuple[int, ...] = VENUES

    def submit(self, tasks: Sequence[Task[T]]) -> Callable[[], list[T]]:
        assert len(tasks) <= self.others
        sent = [pickle.dumps(task) for task in tasks]
        return lambda: [pickle.loads(pickle.dumps(pickle.loads(task).work(self.stream))) for task in sent]


def levels(*values: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in values)


SPEC = Spec(
    quantity=1_000,
    lambda_over=levels("1.1", "3"),
    lambda_under=levels("1.1", "8"),
    theta_queue=levels("0", "2"),
    fees=FeeSchedule({venue: VenueFee(3_000_000, 2_000_000) for venue in (2, 8, 15, 43)}),
)


def everything(found: BacktestResult) -> list[Any]:
    """As texts, so that 1 is not 1.0."""
    names = [name for name in BacktestResult.__dataclass_fields__ if name != "search"]
    return [*(repr(getattr(found, name)) for name in names), repr(found.search)]


@pytest.fixture(scope="module")
def tape() -> SnapshotBatch:
    whole = concat(list(open_tape(bundled_tape()).batches()))
    return whole.slice(0, int((whole.ts <= whole.ts[0] + 90 * NANO).sum()))


def order_on(tape: SnapshotBatch, spec: Spec) -> ParentOrder:
    """From the 20th second on, so that there is something to look back on from the beginning."""
    return ParentOrder(spec.side, spec.quantity, int(tape.ts[0]) + 20 * NANO, int(tape.ts[-1]), spec.limit_price)


def batches(tape: SnapshotBatch, size: int) -> Stream:
    return lambda: [tape.slice(i, min(i + size, len(tape))) for i in range(0, len(tape), size)]


def gap(tape: SnapshotBatch, first: int, last: int) -> list[SnapshotBatch]:
    """Without what happens between these seconds."""
    begins, ends = (int(np.searchsorted(tape.ts, tape.ts[0] + at * NANO)) for at in (first, last))
    return [tape.slice(0, begins), tape.slice(ends, len(tape))]


OPTIONS = {
    "as it is": SPEC,
    "a sell with latency": replace(SPEC, side=Side.SELL, latency=Latency(150_000), cancel_latency=Latency(5 * NANO)),
    "adverse selection, another model": replace(SPEC, adverse_selection=True, queue_model=QueueModel.OPTIMISTIC),
    "parts of the size, parents": replace(SPEC, take_fade=(Fraction(1, 2),), orders=3, max_quote_age=20 * NANO),
}


def test_strategies_are_compared_while_the_second_pass_is_worked(
    tape: SnapshotBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the venues are known: without them the all-limit strategies are of the second pass."""
    order, stream = order_on(tape, SPEC), batches(tape, 2_000)
    done: list[str] = []

    @dataclass(frozen=True)
    class Noting(OnPaper):
        def submit(self, tasks: Sequence[Task[T]]) -> Callable[[], list[T]]:
            answers = super().submit(tasks)

            def noted() -> list[T]:
                done.append(type(tasks[0]).__name__)
                return answers()

            return noted

    def compared(*arguments: Any) -> Any:
        done.append("compared")
        return judged_headline(*arguments)

    monkeypatch.setattr(two_pass, "judged_headline", compared)
    backtest(stream, SPEC, order, pool=Noting(stream, 1, VENUES))
    assert done == ["StudyStretch", "compared", "SecondPass"]
    done.clear()
    backtest(stream, SPEC, order, pool=Noting(stream, 1, ()))
    assert done == ["StudyStretch", "SecondPass", "compared"]


@pytest.mark.parametrize("said", OPTIONS)
def test_shared_or_alone_the_result_is_the_same(tape: SnapshotBatch, said: str) -> None:
    spec = OPTIONS[said]
    order, stream = order_on(tape, spec), batches(tape, 2_000)
    alone = backtest(stream, spec, order)
    assert {TUNED, ROUTER} <= alone.outcome.quotes.keys()  # of both passes
    assert len(alone.orders) == (spec.orders if spec.orders > 1 else 0)
    assert all({ROUTER, "X_M", "best_ask", "twap"} <= one.results.keys() for one in alone.orders)
    assert alone.tuning.slices > (0 if spec.adverse_selection else 5)
    for others, venues in ((1, VENUES), (2, ()), (5, VENUES[1:])):
        shared = backtest(stream, spec, order, pool=OnPaper(stream, others, venues))
        assert everything(shared) == everything(alone)


@pytest.mark.parametrize(("first", "last"), [(35, 75), (55, 66), (21, 50)])
def test_a_gap_in_the_tape_may_take_the_edge_of_a_stretch_away(tape: SnapshotBatch, first: int, last: int) -> None:
    order = order_on(tape, SPEC)
    alone = backtest(lambda: gap(tape, first, last), SPEC, order)
    for others in (1, 3):
        pool = OnPaper(lambda: gap(tape, first, last), others)
        assert everything(backtest(pool.stream, SPEC, order, pool=pool)) == everything(alone)


def test_a_venue_that_is_first_seen_after_the_order_is_no_secret_of_the_last_stretch(tape: SnapshotBatch) -> None:
    """All-limit strategies are of every venue of the stream: who works the last slices reads on to its end."""
    order = replace(order_on(tape, SPEC), end=int(tape.ts[0]) + 60 * NANO)
    late = batch_of([Snapshot(int(tape.ts[-1]) + NANO, (Quote(77, CENT, 100, 2 * CENT, 100),))])
    pool = OnPaper(lambda: [*batches(tape, 2_000)(), late], 2, ())
    alone = backtest(pool.stream, SPEC, order)
    assert "X_L_77" in alone.outcome.results
    assert everything(backtest(pool.stream, SPEC, order, pool=pool)) == everything(alone)


def test_choices_and_outflows_are_those_of_one_study(tape: SnapshotBatch) -> None:
    order, stream = order_on(tape, SPEC), batches(tape, 777)
    whole = StudyStretch(SPEC, order, 0, 14).work(stream)
    mine, theirs = (StudyStretch(SPEC, order, first, stop).work(stream) for first, stop in ((0, 6), (6, 14)))
    assert [one.index for one in (*mine.slices, *theirs.slices)] == list(range(14))
    assert whole.venues == theirs.venues
    study, joined = (study_of(SPEC, order, problems_from(SPEC, order.start)) for _ in range(2))
    study.join(whole.slices)
    for one in (mine, theirs):
        joined.join(one.slices)
    assert joined.choices == study.choices
    assert joined.choices[13].tuned_on == study.tuned - 1 > 5
    mine.history.join(theirs.history)
    for ts in range(order.start, order.end, NANO):
        found, expected = mine.history.before(ts, VENUES), whole.history.before(ts, VENUES)
        assert found.sold.tolist() == expected.sold.tolist()
        assert found.falls2.tolist() == expected.falls2.tolist()
    assert len(found.sold) > 60


def test_a_stretch_reads_no_further_than_its_slices_need(tape: SnapshotBatch) -> None:
    order, read = order_on(tape, SPEC), list[int]()

    def stream() -> Any:
        for i in range(0, len(tape), 500):
            batch = tape.slice(i, min(i + 500, len(tape)))
            read.append(int(batch.ts[0]))
            yield batch

    StudyStretch(SPEC, order, 0, 2).work(stream)
    assert max(read) < order.start + 2 * SPEC.router_interval
    read.clear()
    StudyStretch(SPEC, order, 2, 14).work(stream)
    assert len(read) == -(-len(tape) // 500)


@pytest.mark.parametrize("slices", [1, 2, 3, 10, 4_680])
@pytest.mark.parametrize("workers", [2, 3, 7])
def test_stretches_are_all_slices_in_their_order(slices: int, workers: int) -> None:
    found = stretches(slices, workers)
    assert 1 <= len(found) <= workers
    assert all(found)
    assert [index for stretch in found for index in stretch] == list(range(slices))


def test_on_tapes_in_nbbo_form_too() -> None:
    hidden = 0
    for seed in range(12):
        case = random_nbbo_case(seed)
        order = ParentOrder(Side(case.order.side), 40, case.order.start, case.order.end)
        feed = Feed(Form.NBBO, case.late)
        spec = replace(SPEC, side=order.side, quantity=40, router_interval=case.rules.router_interval, feed=feed)
        stream = batches(batch_of(national_to_sor(case.tape)), 7)
        alone = backtest(stream, spec, order)
        for venues in ((), NBBO_VENUES, (*NBBO_VENUES, 99)):  # and one that the stream has not
            assert everything(backtest(stream, spec, order, pool=OnPaper(stream, 2, venues))) == everything(alone)
        hidden += sum(alone.hidden_slices.values())
    assert hidden


@pytest.mark.long
@given(cases(max_snapshots=30), st.sampled_from(list(QueueModel)), st.integers(1, 4))
@settings(max_examples=25 * THOROUGH)
def test_on_any_tape_shared_or_alone(case: Case, model: QueueModel, others: int) -> None:
    rules = case.rules
    spec = replace(
        SPEC,
        side=case.order.side,
        quantity=case.order.quantity,
        limit_price=case.order.limit_price,
        interval=case.interval,
        router_interval=2 * SECOND,
        fees=rules.fees,
        liquidity=rules.liquidity,
        latency=rules.latency,
        max_quote_age=rules.max_quote_age,
        queue_model=model,
    )
    pieces = [batch for batch in case.batches() if len(batch)]
    pool = OnPaper(lambda: pieces, others, tuple(sorted(set(batch_of(case.snapshots).venue.tolist()))))
    assert everything(backtest(pool.stream, spec, case.order, pool=pool)) == everything(
        backtest(pool.stream, spec, case.order)
    )
