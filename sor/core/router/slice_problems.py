"""The placement problem that the router sees at the start of a slice: from the book, and from past outflows."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from sor.core.fees import FeeSchedule
from sor.core.market.oriented import FAR
from sor.core.place.whole.shares import IntegerSample
from sor.core.router.outflow_history import ENOUGH, OutflowHistory, Samples
from sor.core.spec import Parameters
from sor.core.strategies.allocation import Allocation, resting_places
from sor.core.strategies.interface import View

KEPT = 32  # problems; a book of a liquid stock holds about twenty slices

Answers = dict[Parameters, Allocation]


@dataclass(frozen=True, slots=True)
class SliceProblem:
    """One slice's placement problem: prices oriented, in nanodollars a share (h may be half of one).

    px: the national best rest price p; venues: where a limit order can rest, ascending; make: effective rebates;
    answers: what a router with these parameters does, as far as one has asked.
    """

    size: int
    px: int
    venues: tuple[int, ...]
    h: Fraction
    f: int
    make: tuple[Fraction, ...]
    sample: IntegerSample
    answers: Answers = field(default_factory=dict)


class _Terms(NamedTuple):
    """All that a problem depends on, besides what was seen before `ts` and what is the same in the whole backtest.
    take_px: the national best; places: where an order at px would rest."""

    ts: int
    size: int
    take_px: int
    px: int
    f: int
    places: tuple[int, ...]


@dataclass(slots=True)
class SliceProblems:
    """The problems of one backtest. Its study and its routers meet the same ones: the last few are kept, so that their
    samples are looked at once, and the answers of all, because the second pass asks for many of them again."""

    history: OutflowHistory
    fees: FeeSchedule
    adverse_selection: bool = False
    _kept: dict[_Terms, SliceProblem] = field(default_factory=dict)
    _answers: dict[_Terms, Answers] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process is sent the answers: problems take longer to send than to make."""
        return SliceProblems, (self.history, self.fees, self.adverse_selection, {}, self._answers)

    def at(self, view: View, size: int) -> SliceProblem | str:
        """The problem at this view; where there is none, the reason: the slice then goes all market."""
        take_px = min((v.take_px for v in view.venues), default=FAR)
        px = max((v.rest_px for v in view.venues), default=-FAR)
        if take_px == FAR or px == -FAR:
            return "one side of the market is empty"
        first = min(view.venues, key=lambda v: (v.available <= 0, v.take_px, -v.available, v.venue))
        f = self.fees.take(first.venue, first.take_px)
        terms = _Terms(view.ts, size, take_px, px, f, resting_places(view, px))
        if terms in self._kept:
            return self._kept[terms]
        problem = self._made(terms)
        if isinstance(problem, SliceProblem):
            if len(self._kept) == KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[terms] = problem
        return problem

    def _made(self, terms: _Terms) -> SliceProblem | str:
        venues, px = terms.places, terms.px
        samples = self.history.before(terms.ts, venues)
        if len(samples.sold) < ENOUGH:
            return "fewer than 30 past windows"
        h = Fraction(terms.take_px - px, 2)
        make = [Fraction(self.fees.make(venue, px)) for venue in venues]
        if not venues or h + min(make) <= 0:
            return "the market is locked or crossed"
        sold = samples.sold
        if self.adverse_selection:
            effective = [rebate - _mean_fall(samples, k) for k, rebate in enumerate(make)]
            # Where a fill costs more than it saves, no order rests; elsewhere the model's assumption A1 holds.
            worth = [k for k, rebate in enumerate(effective) if h + rebate > 0]
            if not worth:
                return "fills cost more than they save at every venue"
            venues, make = tuple(venues[k] for k in worth), [effective[k] for k in worth]
            sold = sold[:, worth]
        sample = IntegerSample.build(terms.size, sold, h, terms.f, make)
        answers = self._answers.setdefault(terms, {})
        return SliceProblem(terms.size, px, venues, h, terms.f, tuple(make), sample, answers)


def _mean_fall(samples: Samples, k: int) -> Fraction:
    """How far the mid fell, on average, over the past windows in which an order at venue k would have been filled."""
    falls = samples.falls2[samples.sold[:, k] > 0]
    return Fraction(int(falls.sum()), 2 * len(falls)) if len(falls) else Fraction(0)
