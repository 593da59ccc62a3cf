"""The tuning study of a backtest in stretches of time that are worked at once.

What a slice comes to depends on the market alone. Only which candidate was the cheapest before it depends on the slices
before, and that is known as soon as they are joined (sor.core.router.joined_study).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from sor.core.backtest.session import Session
from sor.core.backtest.sessions import Stream, memory_from, router_schedule
from sor.core.order import ParentOrder
from sor.core.router.allocators import window_length
from sor.core.router.joined_study import StudiedStretch
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.slice_problems import SliceProblems
from sor.core.router.walk_forward import Study
from sor.core.spec import Spec

# What a slice costs beside its study, in units of that: its market, which the workers of later slices go through as
# well; and the strategies, which the worker of the first slices goes on with meanwhile.
MARKET, STRATEGIES = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class StudyStretch:
    """The slices first:stop. The stream is read no further than they need; by the last of all, to its end."""

    spec: Spec
    order: ParentOrder
    first: int
    stop: int

    def work(self, stream: Stream) -> StudiedStretch:
        spec, order, schedule = self.spec, self.order, router_schedule(self.spec, self.order)
        # The stretch before may be over as soon as its last slice begins: from there on the outflows are ours.
        problems = problems_from(spec, schedule.begins(max(0, self.first - 1)))
        study, history = study_of(spec, order, problems, range(self.first, self.stop)), problems.history
        session = Session.for_order(
            order, spec.rules, [], histories=[history], study=study, memory=memory_from(spec, order)
        )
        for batch in stream():
            session.on_batch(batch)
            if study.over and self.stop < schedule.slices:
                break
        venues = session.result().market.venues
        history.on_end()
        return StudiedStretch(tuple(study.found), history, venues)


def problems_from(spec: Spec, start: int) -> SliceProblems:
    """Those of decisions from `start` on, and the outflows that they can see."""
    rules, length = spec.rules, window_length(spec.router_interval)
    history = OutflowHistory(length, spec.queue_model, rules.latency, rules.cancels, asked_from=start)
    return SliceProblems(history, spec.fees, spec.adverse_selection)


def study_of(spec: Spec, order: ParentOrder, problems: SliceProblems, slices: range | None = None) -> Study:
    return Study(order, spec.rules, spec.grid, spec.router_interval, problems, slices)


def stretches(slices: int, workers: int) -> list[range]:
    """The slices in at most so many stretches that are over at one time, if the first is worked by the one who has the
    strategies as well."""
    edges = [0.0, 1 / (1 + MARKET + STRATEGIES)]
    for _ in range(workers - 1):
        edges.append((1 + edges[-1]) / (1 + MARKET))
    whole = [round(slices * edge / edges[-1]) for edge in edges]
    return [range(first, stop) for first, stop in pairwise(whole) if first < stop]
