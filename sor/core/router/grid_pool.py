"""A pool of allocations that answers a whole grid of parameters for one slice.

For a fixed X the cost is linear in the parameters, so a pool's costs on the grid are one matrix product, and the
least of them is an upper bound on the optimal cost at every candidate. The optimal cost is concave in the parameters
(a least of linear functions), so between the solved corners of the grid it is above their interpolation: where the
two are farthest apart the pool may be worst, and there the problem is solved again and the pool extended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import distinct
from sor.core.place.whole.outcomes import X
from sor.core.router.priced_grid import Coefficients, GridPrices, PricedGrid
from sor.core.router.slice_problems import SliceProblem

ROUNDS = 6  # re-solves a slice, where the pool looked worst; benchmarks/ has what more would bring
Allocations = tuple[X, ...]


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """For each candidate of the grid the index of its allocation in `pool`.

    gap: how far the pool was off where it was last checked, relative to max(|V|, h S) and before that point was
    fixed; raised: some candidate's penalty was too small for the slice.
    """

    pool: Allocations
    choice: NDArray[np.int16]
    gap: float
    raised: bool

    @property
    def chosen(self) -> list[int]:
        """The allocations that some candidate chose, as places in the pool."""
        return distinct(self.choice)


def solve_grid(problem: SliceProblem, grid: PricedGrid) -> PoolAnswer:
    """The best allocation of the pool for every candidate of the grid, in the grid's order."""
    pool = _AllocationPool(problem, grid.prices(problem))
    solved = pool.solve_anchors()
    pool.spread()
    floor, gap = pool.interpolate(solved), 0.0
    floor[list(solved)] = np.inf  # not again
    for _ in range(min(ROUNDS, pool.least.size - len(solved))):
        worst = int((pool.least.astype(np.float64) - floor).argmax())
        before = int(pool.least[worst])
        gap = float(before - pool.solve(worst)) / pool.scale(float(before))
        floor[worst] = np.inf
    allocations, choice = pool.answer()
    return PoolAnswer(allocations, choice, gap, pool.prices.raised)


class _AllocationPool:
    """Allocations and their costs N V, as integers: nanodollars times the prices' unit. First for the anchors alone,
    then, with what was found there, for all candidates."""

    def __init__(self, problem: SliceProblem, prices: GridPrices) -> None:
        self.problem = problem
        self.prices = prices
        self._coefficients: dict[X, Coefficients] = {}
        self._costs: list[NDArray[Any]] = []  # of each allocation, for every candidate
        self.least: NDArray[Any] = np.empty(0, np.int64)

    # -- the anchors -----------------------------------------------------------------------------------------------

    def solve_anchors(self) -> dict[int, int]:
        """Solve the anchors one after the other, each from the pool's best allocation for it; their costs in units."""
        anchors, sample = self.prices.anchors, self.problem.sample
        prices = sample.prices(self.prices.reduced(index, sample) for index in anchors)
        best = self._cheapest_at_anchors(sample.starts())
        stays: dict[X, list[bool]] = {}  # allocation -> at which anchors no search leaves it
        solved = {}
        for i, index in enumerate(anchors):
            start = best[i][1]
            if start not in stays:
                stays[start] = sample.stays(prices, start)
            if not stays[start][i]:
                found = sample.descend(prices, i, start)
                if found not in self._coefficients:
                    best = list(map(min, best, self._cheapest_at_anchors([found])))
            solved[index] = best[i][0]
        return solved

    def _cheapest_at_anchors(self, allocations: Iterable[X]) -> list[tuple[int, X]]:
        """Add allocations; for every anchor the cheapest of them, the smallest among equals, and its cost."""
        new = sorted(allocations)
        rows = self._add(new)
        costs = self.prices.anchor_costs(rows)
        return [(int(costs[place, i]), new[place]) for i, place in enumerate(costs.argmin(axis=0).tolist())]

    def _add(self, allocations: Sequence[X]) -> list[Coefficients]:
        rows = self.problem.sample.whole_coefficients(allocations, self.prices.unit)
        self._coefficients.update(zip(allocations, rows, strict=True))
        return rows

    # -- all candidates --------------------------------------------------------------------------------------------

    def spread(self) -> None:
        """What the pool costs at every candidate."""
        costs = self.prices.costs(list(self._coefficients.values()))
        self._costs, self.least = list(costs), costs.min(axis=0)

    def solve(self, index: int) -> int:
        """Solve one candidate from the pool's best allocation for it, add the answer; its cost in units."""
        sample, least = self.problem.sample, self.least[index]
        start = min(x for x, costs in zip(self._coefficients, self._costs, strict=True) if costs[index] == least)
        found = sample.descend(sample.prices([self.prices.reduced(index, sample)]), 0, start)
        if found not in self._coefficients:
            self._extend(self.prices.costs(self._add([found])))
        return int(self.least[index])

    def _extend(self, costs: NDArray[Any]) -> None:
        if costs.dtype != self.least.dtype:
            self.spread()  # in one kind of numbers: int64 beside float64 would be rounded
            return
        self._costs += list(costs)
        self.least = np.minimum(self.least, costs[0])

    def answer(self) -> tuple[Allocations, NDArray[np.int16]]:
        """The pool in order, and for each candidate which allocation is cheapest.

        The first of equals has the smaller M, then the lexicographically smaller L.
        """
        ordered = sorted(zip(self._coefficients, self._costs, strict=True), key=itemgetter(0))
        choice = np.empty(len(self.least), np.int16)
        for i, (_, costs) in reversed(list(enumerate(ordered))):
            choice[costs == self.least] = i
        return tuple(x for x, _ in ordered), choice

    def interpolate(self, solved: dict[int, int]) -> NDArray[np.float64]:
        """Multilinear interpolation between the corners' costs: not above the optimal cost, which is concave."""
        floor = np.zeros(self.least.size)
        for corner, weight in self.prices.corners:
            floor += float(solved[corner]) * weight
        return floor

    def scale(self, value: float) -> float:
        """max(|N V|, N h S) in units, never 0."""
        whole = float(self.problem.h) * self.problem.size * self.problem.sample.n * self.prices.unit
        return max(abs(value), whole, 1e-9)
