"""A pool of allocations that answers a whole grid of parameters for one slice.

For a fixed X the cost is linear in the parameters, so a pool's costs on the grid are one matrix product, and the
least of them is an upper bound on the optimal cost at every candidate. The optimal cost is concave in the parameters
(a least of linear functions), so between the solved corners of the grid it is above their interpolation: where the
two are farthest apart the pool may be worst, and there the problem is solved again and the pool extended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Ints, distinct
from sor.core.place.whole.search import Prices
from sor.core.router.priced_grid import GridPrices, PricedGrid
from sor.core.router.slice_problems import SliceProblem

ROUNDS = 6  # re-solves a slice, where the pool looked worst; benchmarks/ has what more would bring
SAFE = 2**62
Allocations = tuple[tuple[int, ...], ...]


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
    pool.extend(problem.sample.starts())
    solved = pool.solve_anchors()
    floor, gap = pool.interpolate(solved), 0.0
    for _ in range(min(ROUNDS, pool.least.size - len(solved))):
        apart = pool.least.astype(np.float64) - floor
        apart[list(solved)] = -np.inf
        worst = int(np.argmax(apart))
        before = int(pool.least[worst])
        solved[worst] = pool.solve(worst)
        gap = float(before - solved[worst]) / pool.scale(float(before))
    allocations, choice = pool.answer()
    return PoolAnswer(allocations, choice.astype(np.int16), gap, pool.prices.raised)


class _AllocationPool:
    """Allocations and their costs N V over the grid, as integers: nanodollars times the prices' unit."""

    def __init__(self, problem: SliceProblem, prices: GridPrices) -> None:
        self.problem = problem
        self.prices = prices
        self._costs: dict[tuple[int, ...], Ints] = {}  # of an allocation, for every candidate
        self.least: Ints = np.empty(0, np.int64)

    def extend(self, allocations: Iterable[tuple[int, ...]]) -> None:
        new = [x for x in dict.fromkeys(allocations) if x not in self._costs]
        if not new:
            return
        rows = self.problem.sample.whole_coefficients(new, self.prices.unit)
        most = max(abs(a) + (b + c + d) * self.prices.largest for a, b, c, d in rows)
        over, under, theta = self.prices.small if most < SAFE else self.prices.large
        for x, (a, b, c, d) in zip(new, rows, strict=True):
            costs = ((a + d * over)[:, None, None] + (c * under)[:, None] + b * theta).ravel()
            self.least = np.minimum(self.least, costs) if self._costs else costs
            self._costs[x] = costs

    def answer(self) -> tuple[Allocations, Ints]:
        """The pool in order, and for each candidate which allocation is cheapest.

        The first of equals has the smaller M, then the lexicographically smaller L.
        """
        pool = tuple(sorted(self._costs))
        choice = np.empty(len(self.least), np.int64)
        for i, x in reversed(list(enumerate(pool))):
            choice[self._costs[x] == self.least] = i
        return pool, choice

    def solve_anchors(self) -> dict[int, int]:
        """Solve the anchors one after the other, each from the pool's best allocation for it; their costs in units."""
        anchors, sample = self.prices.anchors, self.problem.sample
        prices = sample.prices(self.prices.reduced(index, sample) for index in anchors)
        stays: dict[tuple[int, ...], list[bool]] = {}  # allocation -> at which anchors no search leaves it
        solved = {}
        for i, index in enumerate(anchors):
            start = self._cheapest(index)
            if start not in stays:
                stays[start] = sample.stays(prices, start)
            solved[index] = self._cost(start, index) if stays[start][i] else self._descend(index, prices, i, start)
        return solved

    def solve(self, index: int) -> int:
        """Solve one candidate from the pool's best allocation for it, add the answer; its cost in units."""
        prices = self.problem.sample.prices([self.prices.reduced(index, self.problem.sample)])
        return self._descend(index, prices, 0, self._cheapest(index))

    def _descend(self, index: int, prices: Prices, at: int, start: tuple[int, ...]) -> int:
        best = self.problem.sample.descend(prices, at, start)
        self.extend([best])
        return self._cost(best, index)

    def _cheapest(self, index: int) -> tuple[int, ...]:
        """The pool's best allocation for a candidate; the smallest among equals."""
        least = self.least[index]
        return min([x for x, costs in self._costs.items() if costs[index] == least])

    def _cost(self, x: tuple[int, ...], index: int) -> int:
        return int(self._costs[x][index])

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
