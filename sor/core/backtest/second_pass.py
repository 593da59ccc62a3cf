"""What only the end of the first pass tells: the router with the in-sample best parameters, and the paper's all-limit
strategies for the venues that were met. With them what else wants these: the parts of --take-fade and of --orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sor.core.backtest.session import Session, SessionResult
from sor.core.backtest.sessions import (
    Stream,
    fade_results,
    fade_sessions,
    feed,
    memory_from,
    parts,
    router_schedule,
    simple_strategies,
)
from sor.core.execution.accounting import StrategyResult
from sor.core.feed import Form
from sor.core.order import ParentOrder
from sor.core.router.allocators import (
    EQUAL,
    MARKET,
    AllLimit,
    Allocator,
    CrossVenue,
    RouterStats,
    Solver,
    TunedCandidate,
    TunedSolver,
    all_market,
    equal_split,
)
from sor.core.router.search_result import SearchResult
from sor.core.router.slice_problems import SliceProblems
from sor.core.spec import ROUTER, TUNED, Spec
from sor.core.strategies.interface import StrategyProtocol


@dataclass(frozen=True, slots=True)
class SecondPassResult:
    """outcome: of the router and the all-limit strategies, in this order; tally: what the router met; the others as in
    BacktestResult."""

    outcome: SessionResult
    tally: RouterStats
    orders: tuple[SessionResult, ...]
    hidden_slices: Mapping[str, int]
    fades: Mapping[Fraction, Mapping[str, StrategyResult]]


@dataclass(frozen=True, slots=True)
class SecondPass:
    """problems, search, choices, venues: what the first pass found; limits: of the venues those whose all-limit
    strategy has not been worked yet."""

    spec: Spec
    order: ParentOrder
    problems: SliceProblems
    search: SearchResult
    choices: Mapping[int, TunedCandidate]
    venues: tuple[int, ...]
    limits: tuple[int, ...]

    def work(self, stream: Stream) -> SecondPassResult:
        spec, order = self.spec, self.order
        router, resting = self._router(order), all_limit(spec, order, self.limits)
        second = self._session(order, [router, *resting], quotes=[router.name])
        faded = fade_sessions(spec, order, self._all_strategies)
        parents = [self._parent_session(part) for part in parts(order, spec.orders)]
        outcome, *others = feed(stream, [second, *faded, *parents], None)
        fades, orders = fade_results(spec, others)
        return SecondPassResult(outcome, router.allocate.tally, tuple(orders), hidden_slices(spec, resting), fades)

    def _router(self, order: ParentOrder) -> CrossVenue[Solver]:
        solver = Solver(self.search.best, self.problems)
        return CrossVenue(ROUTER, router_schedule(self.spec, order), solver)

    def _all_strategies(self) -> list[StrategyProtocol]:
        """All of both passes, fresh."""
        simple = simple_strategies(self.spec, self.order)
        first = first_routers(self.spec, self.order, self.problems, self.choices)
        resting = all_limit(self.spec, self.order, self.venues)
        return [self._router(self.order), *simple, *first.values(), *resting]

    def _parent_session(self, order: ParentOrder) -> Session:
        """One of the parent orders of --orders: the router against the baselines, on its part of the window."""
        market = CrossVenue(MARKET, router_schedule(self.spec, order), all_market)
        return self._session(order, [self._router(order), market, *simple_strategies(self.spec, order)[:2]])

    def _session(
        self, order: ParentOrder, strategies: Iterable[StrategyProtocol], quotes: Iterable[str] = ()
    ) -> Session:
        """Of strategies that may rest orders; quotes: names of those whose fills are analysed."""
        spec = self.spec
        pairs = [(strategy, spec.queue_model) for strategy in strategies]
        return Session.for_order(order, spec.rules, pairs, queues=True, quotes=quotes, memory=memory_from(spec, order))


def first_routers(
    spec: Spec, order: ParentOrder, problems: SliceProblems, choices: Mapping[int, TunedCandidate]
) -> dict[str, CrossVenue[Allocator]]:
    """What works the router's slices in the first pass, by name."""
    candidates, schedule = spec.grid.candidates(), router_schedule(spec, order)
    solver = Solver(candidates[0], problems)
    allocators: dict[str, Allocator] = {
        TUNED: TunedSolver(schedule, candidates, choices, solver),
        MARKET: all_market,
        EQUAL: equal_split,
    }
    return {name: CrossVenue(name, schedule, allocator) for name, allocator in allocators.items()}


def all_limit(spec: Spec, order: ParentOrder, venues: Iterable[int]) -> list[CrossVenue[AllLimit]]:
    limits = [AllLimit(venue) for venue in venues]
    return [CrossVenue(limit.name, router_schedule(spec, order), limit) for limit in limits]


def hidden_slices(spec: Spec, resting: Iterable[CrossVenue[AllLimit]]) -> dict[str, int]:
    """Of an NBBO tape, by name the slices in which the venue was no place to rest."""
    if spec.feed.form is not Form.NBBO:
        return {}
    counts = {one.name: sum(decision.allocation.reason != "" for decision in one.decisions) for one in resting}
    return {name: count for name, count in counts.items() if count}
