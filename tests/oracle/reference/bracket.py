"""Queue models judged on the same allocations: filled shares of a slice under each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reference.market import Tape
from reference.schedule import OneSlice, Schedule
from reference.slices import Decision, Sliced, View
from reference.work import Worked, work


def bracket(tape: Tape, worked: Worked, models: Sequence[str]) -> list[dict[str, int]]:
    """By decision of `worked` and by model: min(made, S - M) before the end sweep, each slice an order of its own.

    S and X are those of `worked`, whose queue model is the configured one.
    """
    return [{model: _filled(tape, worked, decision, model) for model in models} for decision in worked.decisions]


def _filled(tape: Tape, worked: Worked, decision: Decision, model: str) -> int:
    if decision.size == 0:
        return 0
    order, schedule = worked.order, Schedule(worked.order, worked.rules.router_interval)
    waits = [worked.rules.cancels.of(venue) for venue in decision.rests]
    end = max(schedule.ends(decision.index), schedule.passive_end(decision.index) + max(waits, default=0))
    alone = replace(order, quantity=decision.size, start=decision.ts, end=min(order.end, end))

    def as_decided(view: View) -> tuple[int, Mapping[int, int]]:
        return decision.market, decision.rests

    own = work(tape, alone, worked.rules, Sliced(OneSlice(schedule, decision.index, decision.size), as_decided), model)
    return min(own.made, decision.size - decision.market)
