"""A local search in whole shares and exact money: the way down, ridges, and ties to the smaller M, then L_1, L_2 .."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.directions import ladder, ridge_steps, trio_steps
from sor.core.place.local_search.lines import lowest_pair, lowest_single, pair_kinks, single_kinks
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import DIRECTED
from sor.core.place.local_search.slopes import all_slopes, pair_slopes, single_slopes, steepest
from sor.core.place.whole.lines import Tables
from sor.core.place.whole.outcomes import WholeOutcomes, X

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_PASSES = 200
_ROUNDS = 50
_BOTH_SIGNS = np.array([[1.0], [-1.0]])
_DOWN = -0.5  # the least slope in whole numbers is 1


class Prices(NamedTuple):
    """P prices of one sample: b (P, K + 1), theta (P, 1), lam (P, 1) of a SampleProblem, in whole numbers."""

    b: Ints
    theta: Ints
    lam: Ints


class WholeProblem:
    """The outcomes at one price."""

    def __init__(self, outcomes: WholeOutcomes, prices: Prices, at: int) -> None:
        self.outcomes = outcomes
        self.b: Ints = prices.b[at]
        self.theta, self.lam = int(prices.theta[at, 0]), int(prices.lam[at, 0])
        self.floats: Floats = self.b.astype(np.float64)
        self.base = float(outcomes.n * self.theta) * _BOTH_SIGNS

    @cached_property
    def tables(self) -> Tables:
        return Tables(self.outcomes, self.b, self.theta, self.lam)

    @cached_property
    def sorted(self) -> SampleProblem:
        return self.outcomes.by_one.priced(self.b, self.theta, self.lam)

    def total(self, x: X) -> int:
        """N (V(x) + lambda_o S)."""
        short, _, placed, *filled = self.outcomes.sums(x)
        gains = sum(b * f for b, f in zip(self.b.tolist(), filled, strict=True))
        return int(self.theta * placed + gains + self.lam * short)


def stays(outcomes: WholeOutcomes, prices: Prices, x: X) -> list[bool]:
    """At which of many prices a search that begins at x ends there: no direction goes down."""
    theta = prices.theta[:, :, None] * (float(outcomes.n) * _BOTH_SIGNS)
    slopes = all_slopes(outcomes.counts(x), prices.b[:, None], theta, prices.lam[:, :, None])
    found: list[bool] = (slopes.min(axis=(1, 2)) >= _DOWN).tolist()
    return found


class WholeSearch:
    """A point of one problem and the moves that lower its total; never raises it."""

    def __init__(self, problem: WholeProblem, x: X) -> None:
        self.p = problem
        self.x = x

    @property
    def total(self) -> int:
        return self.p.total(self.x)

    # -- moves -----------------------------------------------------------------------------------------------------

    def coordinate(self, k: int, ties: bool = False) -> bool:
        """The exact minimum over L_k alone. True if it is lower (with `ties`: or as low at a smaller L_k)."""
        outcomes, now, at = self.p.outcomes, self.x[k], self.p.outcomes.at(self.x)
        room = single_kinks(outcomes.e[k], at.filled[k], at.bought, outcomes.size)
        if outcomes.tabulated:
            low = self.p.tables.lowest_single(k, now, room)
        else:
            low = lowest_single(self.p.sorted, k, now, room)
        return low.better(now, 0, ties) and self._move({k: low.at})

    def pair(self, j: int, k: int, ties: bool = False) -> bool:
        """The exact minimum over L_j with L_j + L_k kept. True if lower (with `ties`: or as low at a smaller L_j)."""
        outcomes, now, both = self.p.outcomes, self.x[j], self.x[j] + self.x[k]
        if not both:
            return False
        at = outcomes.at(self.x)
        ends, filled = (outcomes.e[j], outcomes.e[k]), (at.filled[j], at.filled[k])
        kinks = pair_kinks(ends, filled, at.bought, both, outcomes.size)
        if outcomes.tabulated:
            low = self.p.tables.lowest_pair(j, k, now, both, kinks, ties)
        else:
            low = lowest_pair(self.p.sorted, j, k, now, both, kinks, ties)
        return low.better(now, 0, ties) and self._move({j: low.at, k: both - low.at})

    def along(self, d: Ints) -> bool:
        """The least total on a ladder of steps along d. True if it is lower."""
        p, moving, x = self.p, np.flatnonzero(d), np.array(self.x)
        e, size, times, d = p.outcomes.e[moving], p.outcomes.size, p.outcomes.times, d[moving]
        far = (np.where(d > 0, size - x[moving], x[moving]) // np.abs(d)).min()
        rest = p.outcomes.at(self.x).bought - np.minimum(e, x[moving, None]).sum(axis=0)

        def cost(t: Ints) -> Ints:
            at = x[moving] + t[:, None] * d
            fills = np.minimum(e, at[:, :, None])
            short = np.maximum(size - rest - fills.sum(axis=1), 0) @ times
            return np.asarray(p.outcomes.n * p.theta * at.sum(axis=1) + fills @ times @ p.b[moving] + p.lam * short)

        now = cost(np.zeros(1, np.int64))[0]
        best, t = ladder(cost, now, (1, int(far)), 33, 4, x.dtype)
        return bool(best < now) and self._move(dict(zip(moving.tolist(), x[moving] + t * d, strict=True)))

    def _move(self, to: dict[int, int]) -> bool:
        x = list(self.x)
        for k, value in to.items():
            x[k] = int(value)
        self.x = tuple(x)
        return True

    # -- the way down ----------------------------------------------------------------------------------------------

    def descend(self) -> None:
        """Follow the steepest single and pair directions until none goes down; a few disjoint ones in each pass."""
        for _ in range(_PASSES):
            slopes = all_slopes(self.p.outcomes.counts(self.x), self.p.floats, self.p.base, float(self.p.lam))
            moved = [self.coordinate(j) if j == k else self.pair(j, k) for j, k in steepest(slopes, _DOWN)]
            if not any(moved):
                return

    def settle(self) -> None:
        """Descend until neither singles, pairs nor ridges go down."""
        for _ in range(_ROUNDS):
            self.descend()
            if not self._off_ridges():
                return

    def _off_ridges(self) -> bool:
        """The best direction of three and more quantities. True if lower."""
        p, outcomes, x, lam = self.p, self.p.outcomes, np.array(self.x), float(self.p.lam)
        even = outcomes.at(self.x).bought == outcomes.size
        if not even.any():
            return False
        e, times, counts = outcomes.e[:, even], outcomes.times[even], outcomes.counts(self.x)
        if len(x) <= DIRECTED:
            steps = ridge_steps(e, times, x, counts, p.floats, float(p.base[0, 0]), lam, -_DOWN)
        else:
            single = single_slopes(counts, p.floats, p.base, lam)
            steps = trio_steps(e, times, x, single, pair_slopes(counts, single, lam), lam, -_DOWN)
        return any(self.along(d) for d in steps)

    def break_ties(self) -> None:
        """Walk along flat lines to a smaller M, then to smaller L_1, L_2, ..."""
        size = len(self.x)
        for _ in range(4 * size):
            counts = self.p.outcomes.counts(self.x)
            single = single_slopes(counts, self.p.floats, self.p.base, float(self.p.lam))
            both = pair_slopes(counts, single, float(self.p.lam))
            flat = [(k, k) for k in range(size) if single[1, k] == 0]
            flat += [(j, k) for j in range(size) for k in range(j + 1, size) if both[k, j] == 0]
            if not any(self.coordinate(j, True) if j == k else self.pair(j, k, True) for j, k in flat):
                return
