"""Resting orders: queues, fills by trades alone, and whole plans, against the slow reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Step
from strategies_for_tapes import CENT, GAPS, SECOND, T0, Case, cases, cut, tapes

from sor.core.book import FAR, BookBuilder, orient
from sor.core.execution import Execution
from sor.core.fees import NO_FEES
from sor.core.market import Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.order import ParentOrder, Rules, Side
from sor.core.queue import QueueModel, QueuePlace
from sor.core.session import Session
from sor.core.strategy import Plan, Rest, Take, View
from sor.core.units import NO_PRICE


@dataclass
class Scripted:
    """Carries out a script; what it was shown is kept."""

    script: Sequence[Step]
    tick: int
    views: list[View] = field(default_factory=list)
    name: str = "scripted"

    def decide(self, view: View) -> Plan:
        number = len(self.views)
        self.views.append(view)
        step = self.script[number] if number < len(self.script) else Step(0, (), (), None)
        shown = view.venues
        takes = [Take(shown[n % len(shown)].venue, qty) for n, qty in step.takes] if shown else []
        rests = {}
        for n, (behind, qty, lives) in step.rests:
            if shown:
                venue = shown[n % len(shown)]
                rests[venue.venue] = Rest(venue.venue, venue.rest_px - behind * self.tick, qty, view.ts + lives)
                if venue.rest_px == -FAR:
                    del rests[venue.venue]
        wake = None if step.wake is None else view.ts + step.wake
        return Plan(step.sweep, takes, list(rests.values()), wake)


QUANTITIES = (1, 50, 100, 150, 300, 1_000)

scripts = st.lists(
    st.builds(
        Step,
        st.sampled_from((0, 0, 100, 250, 1_000)),
        st.lists(st.tuples(st.integers(0, 5), st.sampled_from(QUANTITIES)), max_size=2).map(tuple),
        st.lists(
            st.tuples(
                st.integers(0, 5),
                st.tuples(st.sampled_from((-1, 0, 0, 0, 1)), st.sampled_from(QUANTITIES), st.sampled_from((0, *GAPS))),
            ),
            max_size=4,
        ).map(tuple),
        st.one_of(st.none(), st.sampled_from(GAPS)),
    ),
    min_size=1,
    max_size=4,
)


def tick_of(snapshots: Sequence[Snapshot]) -> int:
    prices = {px for s in snapshots for q in s.quotes for px in (q.bid_px, q.ask_px) if px != NO_PRICE}
    return 1 if any(px % CENT for px in prices) else CENT


def worked(case: Case, script: Sequence[Step], model: QueueModel, batches: Sequence[SnapshotBatch]):
    strategy = Scripted(script, tick_of(case.snapshots))
    session = Session.of(case.order, case.rules, [(strategy, model)], queues=True)
    for batch in batches:
        session.feed(batch)
    return strategy, session.finish().results["scripted"]


def seen(views: Sequence[View], sign: int) -> list[tuple[object, ...]]:
    return [
        (
            v.ts,
            v.done,
            v.working,
            v.leaves,
            None if v.mid2 is None else Fraction(v.mid2 * sign, 2),
            tuple((w.venue, w.available, None if w.rest_px == -FAR else w.rest_px * sign, w.rest_sz) for w in v.venues),
        )
        for v in views
    ]


@settings(max_examples=1000, deadline=None, report_multiple_bugs=False)
@given(cases(), scripts, st.sampled_from(QueueModel))
def test_plans_against_the_reference(case: Case, script: list[Step], model: QueueModel) -> None:
    sign = case.order.side.sign
    strategy, result = worked(case, script, model, case.batches())
    floor, forced, beyond = oracle.perform(
        case.snapshots, case.order, case.rules, model.value, tick_of(case.snapshots), script
    )
    assert seen(strategy.views, sign) == floor.views

    def mid(mid2: int | None) -> Fraction | None:
        return None if mid2 is None else Fraction(sign * mid2, 2)

    made = [f for f in result.fills if f.making]
    assert [(f.ts, f.venue, f.px * sign, f.qty, f.decided, mid(f.mid2), f.joined, f.ahead) for f in made] == [
        (m.ts, m.venue, m.px, m.qty, m.decided, m.mid, m.joined, m.ahead) for m in floor.making
    ]
    taken = [f for f in result.fills if not f.making]
    assert sorted((f.ts, f.venue, f.px * sign, f.qty, f.forced, f.decided, mid(f.mid2)) for f in taken) == sorted(
        (f.ts, f.venue, f.px, f.qty, f.forced, f.decided, f.mid) for f in floor.fills
    )
    assert (result.filled, result.forced, result.forced_beyond_displayed) == (floor.done, forced, beyond)
    assert result.made == sum(m.qty for m in floor.making)
    fees = case.rules.fees
    assert result.rebates == sum(m.qty * fees.make(m.venue) for m in floor.making)
    assert result.fees == sum(f.qty * fees.take(f.venue) for f in floor.fills)
