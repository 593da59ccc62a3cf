"""A local search of a sample problem in floats: exact lines, and many quantities at once where no line goes down."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.directions import ladder, ridge_steps, trio_steps
from sor.core.place.local_search.lines import Lowest, lowest_pair, lowest_single, pair_kinks, single_kinks
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.slopes import Counts, all_slopes, count, pair_slopes, single_slopes, steepest

Floats = NDArray[np.float64]
DIRECTED = 6  # quantities up to which there is a table of directions
_QUICK = 2.5e-7  # of `worth`: the least gain of a quick move
_PASS = 2.5e-6  # of `worth`: a pass over all slopes that gains less is the last quick one
_STEEP = 2.5e-3  # of `worth` a share: the least slope that a quick search follows
_RIDGE = 0.02  # the share of outcomes on ridges from which a quick search tries many quantities at once
_EXACT = 1e-8  # of N Lambda S: a difference of totals below it is rounding
_BAND = 1e-9  # of S: a gap below it is none


class Search:
    """A point of one problem and the moves that lower its total; never raises it.

    `quick` leaves small gains and slopes alone and looks at every sixteenth kink of a pair first.
    """

    def __init__(self, problem: SampleProblem, x: Floats, quick: bool = False) -> None:
        self.p = problem
        self.quick = quick
        self.scale = problem.n * float(problem.lam)  # N Lambda
        self.tolerance = _QUICK * problem.worth if quick else _EXACT * self.scale * float(problem.size)
        self.x: Floats = np.minimum(np.maximum(np.array(x, dtype=np.float64), 0), problem.size)

    @cached_property
    def fills(self) -> Floats:
        """(K + 1, N); from the first move on kept up to date, as `a` and `total` are."""
        return np.asarray(np.minimum(self.p.e, self.x[:, None]))

    @cached_property
    def a(self) -> Floats:
        """(N,) what is bought in every outcome."""
        return np.asarray(self.fills.sum(axis=0))

    @cached_property
    def total(self) -> Any:
        """The total at x."""
        return self.p.total(self.x)

    # -- moves -----------------------------------------------------------------------------------------------------

    def coordinate(self, k: int) -> bool:
        """The exact minimum over L_k alone. True if it is lower."""
        p = self.p
        low = lowest_single(p, k, self.x[k], single_kinks(p.e[k], self.fills[k], self.a, p.size))
        return self._move(low, {k: low.at})

    def pair(self, j: int, k: int) -> bool:
        """The exact minimum over L_j with L_j + L_k kept. True if it is lower."""
        p, both = self.p, self.x[j] + self.x[k]
        if not both > 0:
            return False
        kinks = pair_kinks((p.e[j], p.e[k]), (self.fills[j], self.fills[k]), self.a, both, p.size)
        low = lowest_pair(p, j, k, self.x[j], both, kinks, quick=self.quick)
        return self._move(low, {j: low.at, k: both - low.at})

    def along(self, d: NDArray[np.int64]) -> bool:
        """The least total on a ladder of steps along d. True if it is lower."""
        p, moving = self.p, np.flatnonzero(d)
        far = (np.where(d[moving] > 0, p.size - self.x[moving], self.x[moving]) / np.abs(d[moving])).min()
        rest = self.a - self.fills[moving].sum(axis=0)
        now = self._partial(moving, self.x[moving][None, :], rest)[0]

        def at(t: Floats) -> Floats:
            return self._partial(moving, self.x[moving] + t[:, None] * d[moving], rest)

        steps, rounds = (13, 3) if self.quick else (33, 4)
        best, t = ladder(at, now, (0.0, float(far)), steps, rounds, self.x.dtype)
        there = self.x[moving] + t * d[moving]
        return self._move(Lowest(t, best, now), dict(zip(moving.tolist(), there, strict=True)))

    def _move(self, low: Lowest, to: dict[int, Any]) -> bool:
        if not low.better(None, self.tolerance, ties=False):
            return False
        self.total += low.value - low.here
        for k, value in to.items():
            new = np.minimum(self.p.e[k], value)
            self.a += new - self.fills[k]
            self.fills[k] = new
            self.x[k] = value
        return True

    def _partial(self, moving: NDArray[np.int64], at: Floats, rest: Floats) -> Floats:
        """The part of the total that the moving quantities change, for rows of values `at`."""
        p = self.p
        fills = np.minimum(p.e[moving][None], at[:, :, None])
        short = np.maximum(p.size - rest - fills.sum(axis=1), 0).sum(axis=1)
        return np.asarray(p.n * p.theta * at.sum(axis=1) + fills.sum(axis=2) @ p.b[moving] + p.lam * short)

    # -- the way down ----------------------------------------------------------------------------------------------

    def descend(self, limit: int = 200) -> None:
        """Follow the steepest single and pair directions until none goes down; a few disjoint ones in each pass."""
        floor = -(_STEEP * self.p.worth / float(self.p.size) if self.quick else 1e-6 * self.scale)
        enough = _PASS * self.p.worth if self.quick else 0.0
        for _ in range(limit):
            before = self.total if self.quick else 0.0
            slopes = all_slopes(self._counts(), self.p.b, self._theta, float(self.p.lam))
            moved = [self._follow(j, k) for j, k in steepest(slopes, floor)]
            # What rounding makes of a kink can look steepest, and keep its quantities from what does go down.
            if not any(moved) and not any(self._follow(j, k) for j, k in np.argwhere(slopes < floor).tolist()):
                return
            if self.quick and before - self.total < enough:
                return

    def _follow(self, j: int, k: int) -> bool:
        """The direction of j up and k down, or of one quantity alone. True if lower."""
        return self.coordinate(j) if j == k else self.pair(j, k)

    def settle(self, rounds: int = 50) -> None:
        """Descend until neither singles, pairs nor ridges go down."""
        for _ in range(rounds):
            self.descend()
            if not (self.ridge() if len(self.x) <= DIRECTED else self.trio()):
                return

    def ridge(self) -> bool:
        """The best direction of the table that keeps to ridges. True if lower."""
        even, p = self._even(), self.p
        if even is None:
            return False
        counts, floor = self._counts(), 1e-9 * self.scale
        steps = ridge_steps(p.e[:, even], None, self.x, counts, p.b, p.n * float(p.theta), float(p.lam), floor)
        return any(self.along(d) for d in steps)

    def trio(self) -> bool:
        """As `ridge`, for many quantities: one against two. True if lower."""
        even, p = self._even(), self.p
        if even is None:
            return False
        counts, lam = self._counts(), float(p.lam)
        single = single_slopes(counts, p.b, self._theta, lam)
        both = pair_slopes(counts, single, lam)
        steps = trio_steps(p.e[:, even], None, self.x, single, both, lam, 1e-3 * self.scale)
        return any(self.along(d) for d in steps)

    @property
    def _theta(self) -> Floats:
        base = self.p.n * float(self.p.theta)
        return np.array([[base], [-base]])

    def _counts(self) -> Counts:
        e, at, size = self.p.e, self.x[:, None], self.p.size
        fixed = np.flatnonzero(self.x >= size).tolist(), np.flatnonzero(self.x <= 0).tolist()
        return count(np.concatenate([e > at, e >= at]), size - self.a, _BAND * size, fixed)

    def _even(self) -> NDArray[np.bool_] | None:
        """Which outcomes fill exactly S; None where they are too few to matter."""
        even = np.abs(self.p.size - self.a) <= _BAND * self.p.size
        return even if np.count_nonzero(even) >= (_RIDGE * self.p.n if self.quick else 1) else None
