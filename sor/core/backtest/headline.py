"""What one parent order saved against another, share by share: the figure to quote, by identity.

Both parents buy the same Q shares. Their shares are numbered in the order in which they were filled, forced shares
after them, and shares that a limit price left undone last, at the last best opposite quote plus its take fee. The j-th
share of one is set against the j-th share of the other and belongs to the slice whose cumulative target it falls
under, whenever it was filled. So the slices' differences sum to the difference between the parents to the nanodollar,
whatever was over-filled, carried or late; and each slice is one figure of a sample that an interval can be built on.
Of a run that was stopped, the shares are compared that both parents had bought by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution.accounting import StrategyResult
from sor.core.fees import FeeSchedule
from sor.core.schedule import Schedule
from sor.core.statistics import MeanEstimate, beyond_luck, bootstrap_t

MICRO_BPS = 10**10  # whole 1e-6 bps in 1: the unit of the figures of the slices


@dataclass(frozen=True, slots=True)
class ParentSavings:
    """What a parent order saved against a baseline. saved: nanodollars by slice; cost: the baseline's, oriented.

    estimate: of the mean over slices, in 1e-6 bps of the baseline's cost a slice; its mean is `savings`.
    """

    saved: tuple[int, ...]
    cost: int
    estimate: MeanEstimate

    @property
    def savings(self) -> Fraction:
        """Positive where the parent was cheaper than its baseline, for both sides."""
        return Fraction(sum(self.saved), abs(self.cost))

    @property
    def by_slice(self) -> list[int]:
        """The sample of the estimate."""
        return micro_bps(self.saved, self.cost)


@dataclass(frozen=True, slots=True)
class Headline:
    """The walk-forward parent against each tradable baseline. judged, slices: how many slices of how many it worked
    otherwise than X_M, with parameters tuned on slices before; the others are in the mean, with 0 or what was carried.

    against: savings by baseline; beyond_luck: the baselines from which it differs at 5 %: X_M, the one planned test,
    by itself, the others with Holm's correction for all of them together.
    """

    name: str
    judged: int
    slices: int
    against: Mapping[str, ParentSavings]
    beyond_luck: frozenset[str]


def headline(
    walk: StrategyResult,
    judged: int,
    planned: StrategyResult,
    others: Sequence[StrategyResult],
    schedule: Schedule,
    fees: FeeSchedule,
) -> Headline:
    """Compare `walk` with the planned baseline (X_M) and with others, all parents of the same order."""
    targets = [schedule.target(index) for index in range(schedule.slices)]
    found = {
        baseline.name: saved
        for baseline in (planned, *others)
        if (saved := parent_savings(walk, baseline, targets, fees)) is not None
    }
    p_values = {name: p for name, saved in found.items() if (p := saved.estimate.p_value) is not None}
    slices = len(found[planned.name].saved) if planned.name in found else schedule.slices
    return Headline(walk.name, judged, slices, found, beyond_luck(p_values, planned.name))


def parent_savings(
    result: StrategyResult, baseline: StrategyResult, targets: Sequence[int], fees: FeeSchedule
) -> ParentSavings | None:
    """`result` against `baseline`, grouped by cumulative targets; None where a share of either has no price."""
    if result.stopped or baseline.stopped:
        targets = _worked(targets, min(result.shares, baseline.shares))
    mine, theirs = (slice_costs(one, targets, fees) for one in (result, baseline))
    if mine is None or theirs is None or not sum(theirs):  # a parent that cost nothing is no measure
        return None
    cost = sum(theirs)
    saved = tuple(b - x for b, x in zip(theirs, mine, strict=True))
    estimate = bootstrap_t(micro_bps(saved, cost))
    assert estimate is not None  # a schedule has at least one slice
    return ParentSavings(saved, cost, estimate)


def micro_bps(saved: Sequence[int], cost: int) -> list[int]:
    """Each slice's savings in whole 1e-6 bps of the baseline's mean cost a slice."""
    scale = Fraction(MICRO_BPS * len(saved), abs(cost))
    return [round(value * scale) for value in saved]


def slice_costs(result: StrategyResult, targets: Sequence[int], fees: FeeSchedule) -> list[int] | None:
    """Oriented cost in nanodollars, fees included, of the shares under each cumulative target, up to the last."""
    if result.left_px is None:
        return None
    costs, at, done = [0] * len(targets), 0, 0
    for shares, px in _shares(result, result.left_px, fees):
        left = shares
        while left and at < len(targets):
            part = min(left, targets[at] - done)
            costs[at] += part * px
            done, left = done + part, left - part
            at += done == targets[at]
    return costs


def _worked(targets: Sequence[int], shares: int) -> list[int]:
    """The targets as far as these shares reach."""
    reached = [min(target, shares) for target in targets]
    return reached[: reached.index(shares) + 1]


def _shares(result: StrategyResult, left_px: int, fees: FeeSchedule) -> Iterator[tuple[int, int]]:
    """Shares in their order, with the cost of each."""
    for fill in result.fills:
        yield fill.qty, fill.px + (-fees.make(fill.venue, fill.px) if fill.is_maker else fees.take(fill.venue, fill.px))
    yield result.leaves, left_px
