"""One router's allocations under every queue model: how many shares would have been made, and at what cost.

Each slice that a router worked is worked again as an order of its own: the same S, M and L_k, decided under the model
that the backtest is run with, carried out under each of the models. What was made before the end sweep, at most S - M a
slice, is a bracket: a model that moves faster up the queue never makes less. The cost is a sensitivity and no bracket,
because it depends on the prices of what is left to take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sor.core.execution.accounting import settle
from sor.core.execution.engine import Execution
from sor.core.market.book import Book
from sor.core.order import BRACKET, ParentOrder, QueueModel
from sor.core.router.allocators import Allocator, CrossVenue, Decision, FixedAllocation
from sor.core.schedule import Schedule


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """made: shares filled before the end sweeps, at most S - M a slice; cost: of all slices, oriented nanodollars."""

    made: int
    cost: int


@dataclass(frozen=True, slots=True)
class QueueBracket:
    """slices: those with resting orders; shares: the sum of their S - M, which could have been made."""

    slices: int
    shares: int
    models: Mapping[QueueModel, ModelFigures]


@dataclass(slots=True)
class QueueModelStudy:
    """Fed every book after `parent`, the execution of a router, has gone through it."""

    parent: Execution
    _seen: int = 0
    _slices: int = 0
    _shares: int = 0
    _made: dict[QueueModel, int] = field(default_factory=dict)
    _cost: dict[QueueModel, int] = field(default_factory=dict)
    _open: list[tuple[Decision, dict[QueueModel, Execution]]] = field(default_factory=list)

    @property
    def models(self) -> tuple[QueueModel, ...]:
        """The bracket, and the model that is configured."""
        return tuple(dict.fromkeys((*BRACKET, self.parent.queue_model)))

    def on_book(self, book: Book) -> None:
        router: CrossVenue[Allocator] = self.parent.strategy  # type: ignore[assignment]
        for decision in router.decisions[self._seen :]:
            if any(qty for _, qty in decision.allocation.limits):
                self._open.append((decision, self._runs(decision, router.schedule)))
        self._seen = len(router.decisions)
        for _, runs in self._open:
            for run in runs.values():
                run.advance(book)
        self._close_finished()

    def result(self) -> QueueBracket:
        """The figures so far; of a stopped run, those of the slices that were over."""
        if self.parent.stopped:
            self._open.clear()
        for _, runs in self._open:
            for run in runs.values():
                run.on_end()
        self._close_finished()
        figures = {model: ModelFigures(self._made.get(model, 0), self._cost.get(model, 0)) for model in self.models}
        return QueueBracket(self._slices, self._shares, figures)

    def _runs(self, decision: Decision, schedule: Schedule) -> dict[QueueModel, Execution]:
        """The slice from its decision on, under each model; its orders are cancelled when the parent's are."""
        index, parent = schedule.index(decision.ts), self.parent.order
        begins, ends = schedule.begins(index), schedule.ends(index)
        last = index == schedule.slices - 1
        order = ParentOrder(
            parent.side, decision.size, decision.ts, parent.end if last else ends - 1, parent.limit_price
        )
        alone = Schedule(begins, schedule.interval, 1, decision.size, ends)
        return {
            model: Execution(
                order, self.parent.rules, CrossVenue("slice", alone, FixedAllocation(decision.allocation)), model
            )
            for model in self.models
        }

    def _close_finished(self) -> None:
        while self._open and all(run.closed for run in self._open[0][1].values()):
            self._record_slice(*self._open.pop(0))

    def _record_slice(self, decision: Decision, runs: Mapping[QueueModel, Execution]) -> None:
        results = {model: settle(run, run.strategy.name, None) for model, run in runs.items()}
        rest = max(0, decision.size - decision.allocation.market)
        self._slices += 1
        self._shares += rest
        for model, result in results.items():
            self._made[model] = self._made.get(model, 0) + min(result.maker_shares, rest)
            if result.comparable is not None:  # a slice without an opposite quote has no cost, under any model
                self._cost[model] = self._cost.get(model, 0) + int(result.comparable * decision.size)
