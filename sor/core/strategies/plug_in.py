"""A strategy of one's own in the engine: made fresh for every order, each answer checked against the rules.

Two kinds are told apart by their method: a router has `allocate(view, size)` and splits slices, a strategy has
`decide(view)` and full control. Either may have `begin(setting)`, which is called once before the first decision. A
router that has `target(view, index)` works slices of its own sizes.

After a run a fresh one is asked the same again. Nothing of the market is in reach then but what the views show, so an
answer that comes from elsewhere (chance, a clock, an earlier run, what comes later on the tape) is another one.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import index
from pathlib import Path
from typing import Any

from sor.core.fees import FeeSchedule
from sor.core.order import Latency, Side
from sor.core.strategies.allocation import Allocation, resting_places
from sor.core.strategies.interface import Depth, Plan, Rest, Take, View
from sor.core.units import FAR
from sor.errors import InputError, StrategyError

MOST_ASKED = 1_000  # questions that a fresh one is asked again
_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known before the first decision: the parent order, and what trading costs.

    start, end, interval (of the router's slices) in ns; latency.to(venue): ns until an order is there; fees:
    fees.take(venue, px) and fees.make(venue, px) in nanodollars a share (make > 0 is a rebate to us; the price matters
    below one dollar only); outflows: what past windows would have sold to a resting order
    (sor.core.router.outflow_history), for a router that says `needs_outflows = True`.
    """

    side: Side
    quantity: int
    start: int
    end: int
    interval: int
    latency: Latency
    fees: FeeSchedule
    outflows: Any = None


@dataclass(frozen=True, slots=True)
class PlugIn:
    """A router or strategy by its name in the report. `make` gives a fresh one; parameters: as they were given."""

    name: str
    make: Callable[[], Any]
    is_router: bool
    parameters: tuple[tuple[str, str], ...] = ()
    paces: bool = False  # whether it has targets of its own
    candidates: tuple[PlugIn, ...] = ()  # one for each point of a grid of parameters
    needs_outflows: bool = False

    def router(self, setting: Setting) -> PluggedRouter:
        answered = Answered(self.name, lambda: self.router(setting))
        return PluggedRouter(self.name, self._begun(setting), self.parameters, answered)

    def strategy(self, setting: Setting) -> PluggedStrategy:
        return PluggedStrategy(self.name, self._begun(setting), Answered(self.name, lambda: self.strategy(setting)))

    def _begun(self, setting: Setting) -> Any:
        made = self.make()
        if hasattr(made, "begin"):
            call(self.name, made.begin, setting)
        return made


def call(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """The answer of somebody else's code; StrategyError with file and line for whatever it raises, or if it exits.

    An InputError from a strategy that sor brings along says what is wrong with the input: no line of its source helps.
    """
    try:
        return function(*arguments)
    except StrategyError:
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, InputError) and _is_from_sor(error):
            raise StrategyError(f"{name}: {error}") from error
        says = f": {error}" if str(error) else ""
        raise StrategyError(f"{name} raised {type(error).__name__}{_place(error)}{says}") from error


def _place(error: BaseException) -> str:
    """Where in the author's own code, if any of it ran."""
    theirs = [frame for frame in traceback.extract_tb(error.__traceback__) if not _calls(Path(frame.filename))]
    return f" at {theirs[-1].filename}, line {theirs[-1].lineno}" if theirs else ""


def _is_from_sor(error: BaseException) -> bool:
    """Whether none of the author's own code ran."""
    return all(Path(frame.filename).is_relative_to(_PACKAGE) for frame in traceback.extract_tb(error.__traceback__))


def _calls(file: Path) -> bool:
    """Whether this is what asks: all of sor but the strategies that it brings along."""
    return file.is_relative_to(_PACKAGE) and file.parent.name not in ("literature", "schedules")


@dataclass(slots=True)
class Answered:
    """What a strategy answered to its first questions: (method, what it was asked, answer)."""

    name: str
    fresh: Callable[[], Any]
    log: list[tuple[str, tuple[Any, ...], Any]] = field(default_factory=list)

    def note(self, method: str, asked: tuple[Any, ...], answer: Any) -> None:
        if len(self.log) < MOST_ASKED:
            self.log.append((method, asked, answer))

    def confirm(self) -> None:
        """Ask a fresh one the same, in the same order. StrategyError where it answers otherwise."""
        other = self.fresh()
        for method, asked, answer in self.log:
            if getattr(other, method)(*asked) != answer:
                raise _broken(
                    self.name,
                    asked[0],
                    "asked the same again it answers otherwise: it is random, or uses more than its view shows",
                )


@dataclass(slots=True)
class PluggedRouter:
    """An allocator that asks a router of one's own."""

    name: str
    router: Any
    parameters: tuple[tuple[str, str], ...]
    answered: Answered

    def __call__(self, view: View, size: int) -> Allocation:
        answer = call(self.name, self.router.allocate, view, size)
        allocation: Allocation = call(self.name, checked_allocation, self.name, answer, view, size)
        self.answered.note("__call__", (view, size), allocation)
        return allocation

    @property
    def paces(self) -> bool:
        """Whether it has targets of its own."""
        return hasattr(self.router, "target")

    def target(self, view: View, index: int) -> int:
        answer = call(self.name, self.router.target, view, index)
        shares = checked_target(self.name, answer, view, index)
        self.answered.note("target", (view, index), shares)
        return shares


@dataclass(slots=True)
class PluggedStrategy:
    """A strategy of one's own."""

    name: str
    inner: Any
    answered: Answered
    observes: bool = True

    def decide(self, view: View) -> Plan:
        plan: Plan = call(self.name, checked_plan, self.name, call(self.name, self.inner.decide, view), view)
        self.answered.note("decide", (view,), plan)
        return plan


def checked_target(name: str, answer: object, view: View, index: int) -> int:
    """Shares of the order, 0 to all of it. StrategyError for anything else."""
    shares = _shares(name, view, f"target of slice {index}", answer)
    order = view.done + view.working + view.leaves
    if shares > order:
        raise _broken(name, view, f"target of slice {index}: {shares:,} is more than the order's {order:,} shares")
    return shares


def checked_allocation(name: str, answer: object, view: View, size: int) -> Allocation:
    """The allocation in plain integers. StrategyError names the rule that it breaks."""
    if not isinstance(answer, Allocation):
        raise _broken(name, view, f"allocate must return an Allocation, not {type(answer).__name__}")
    market = _shares(name, view, "market", answer.market)
    if market > size:
        raise _broken(name, view, f"market {market:,} is more than the slice's {size:,} shares")
    best = max((v.rest_px for v in view.venues), default=-FAR)
    px = best if not answer.px else _whole(name, view, "px", answer.px)
    places = set(resting_places(view, px))
    limits = []
    for venue, shares in _pairs(name, view, answer.limits):
        count = _shares(name, view, f"limits at venue {venue}", shares)
        if count > size:
            raise _broken(name, view, f"limits at venue {venue}: {count:,} is more than the slice's {size:,} shares")
        if count and venue not in places:
            raise _broken(name, view, f"limits at venue {venue}: an order cannot rest there now (see view.venues)")
        limits.append((venue, count))
    if len({venue for venue, _ in limits}) < len(limits):
        raise _broken(name, view, "limits name a venue twice: at most one order rests at a venue")
    return Allocation(market, px if limits else 0, tuple(limits), str(answer.reason))


def checked_plan(name: str, answer: object, view: View) -> Plan:
    """The plan in plain integers. StrategyError names the rule that it breaks."""
    if not isinstance(answer, Plan):
        raise _broken(name, view, f"decide must return a Plan, not {type(answer).__name__}")
    sweep = _shares(name, view, "sweep", answer.sweep)
    if sweep > view.leaves:
        raise _broken(name, view, f"sweep {sweep:,} is more than the {view.leaves:,} shares that are left")
    takes = [_take(name, view, take) for take in answer.takes]
    rests = [_rest(name, view, rest) for rest in answer.rests]
    if len({rest.venue for rest in rests}) < len(rests):
        raise _broken(name, view, "a plan rests at most one order at a venue")
    goal = None if answer.goal is None else _shares(name, view, "goal", answer.goal)
    wake = _wake(name, view, answer.wake)
    return Plan(sweep=sweep, takes=takes, rests=rests, wake=wake, goal=goal, any_size=bool(answer.any_size))


def _wake(name: str, view: View, wake: object) -> int | Depth | None:
    if wake is None or isinstance(wake, Depth):
        return wake
    at = _whole(name, view, "wake", wake)
    if at <= view.ts:
        raise _broken(name, view, f"wake {at} is not after the decision: a time in ns, a Depth or None")
    return at


def _take(name: str, view: View, take: object) -> Take:
    if not isinstance(take, Take):
        raise _broken(name, view, f"takes must hold Take values, not {type(take).__name__}")
    if all(v.venue != take.venue or v.take_px >= FAR for v in view.venues):
        raise _broken(name, view, f"takes at venue {take.venue}, which shows nothing to take")
    return Take(take.venue, _shares(name, view, f"take at venue {take.venue}", take.qty))


def _rest(name: str, view: View, rest: object) -> Rest:
    if not isinstance(rest, Rest):
        raise _broken(name, view, f"rests must hold Rest values, not {type(rest).__name__}")
    if all(v.venue != rest.venue for v in view.venues):
        raise _broken(name, view, f"rests at venue {rest.venue}, which shows no quote")
    px = _whole(name, view, f"px of the order at venue {rest.venue}", rest.px)
    expires = _whole(name, view, f"expires of the order at venue {rest.venue}", rest.expires)
    if expires <= view.ts:
        raise _broken(name, view, f"the order at venue {rest.venue} expires before it can rest")
    if not -FAR < px < FAR:
        raise _broken(name, view, f"px {px} of the order at venue {rest.venue} is no price")
    return Rest(rest.venue, px, _shares(name, view, f"rest at venue {rest.venue}", rest.qty), expires)


def _pairs(name: str, view: View, limits: object) -> Iterable[tuple[Any, Any]]:
    if isinstance(limits, Mapping):
        return sorted(limits.items())
    try:
        return [(venue, shares) for venue, shares in limits]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise _broken(name, view, "limits must be {venue: shares}") from None


def _whole(name: str, view: View, what: str, value: Any) -> int:
    try:
        if isinstance(value, bool):
            raise TypeError
        return index(value)
    except TypeError:
        raise _broken(name, view, f"{what} must be a whole number, not {value!r}") from None


def _shares(name: str, view: View, what: str, value: Any) -> int:
    count = _whole(name, view, what, value)
    if count < 0:
        raise _broken(name, view, f"{what} is {count:,}: shares are 0 or more")
    return count


def _broken(name: str, view: View, rule: str) -> StrategyError:
    return StrategyError(f"{name} at ts {view.ts}: {rule}")
