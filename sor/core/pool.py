"""A pool of allocations that answers a whole grid of parameters for one slice (DESIGN section 8, search).

For a fixed X the cost is linear in the parameters, so a pool's costs on the grid are one matrix product, and the
least of them is an upper bound on the optimal cost at every candidate. The optimal cost is concave in the parameters
(a least of linear functions), so between the solved corners of the grid it is above their interpolation: where the
two are farthest apart the pool may be worst, and there the problem is solved anew and the pool extended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm

import numpy as np
from numpy.typing import NDArray

from sor.core.market import Ints, distinct
from sor.core.router import SliceProblem, admissible, scaled
from sor.core.spec import Grid, Level

ROUNDS = 6  # re-solves a slice, where the pool looked worst; benchmarks/ has what more would bring
ANCHORS = (4, 3, 3)  # points of each axis that are solved first
SAFE = 2**62
Allocations = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """For each candidate of the grid the index of its allocation in `pool`.

    gap: how far the pool was off where it was last checked, relative to max(|V|, h S) and before that point was
    mended; raised: some candidate's penalty was too small for the slice.
    """

    pool: Allocations
    choice: NDArray[np.int16]
    gap: float
    raised: bool

    @property
    def chosen(self) -> list[int]:
        """The allocations that some candidate chose, as places in the pool."""
        return distinct(self.choice)


def solve_grid(problem: SliceProblem, grid: Grid) -> PoolAnswer:
    """The best allocation of the pool for every candidate of the grid, in the grid's order."""
    pool = _Pool(problem, grid)
    pool.extend(problem.sample.starts())
    solved = {index: pool.solve(index) for index in pool.anchors()}
    floor, gap = pool.interpolate(solved), 0.0
    for _ in range(min(ROUNDS, len(grid) - len(solved))):
        least = pool.least.ravel()
        apart = least.astype(np.float64) - floor
        apart[list(solved)] = -np.inf
        worst = int(np.argmax(apart))
        before = int(least[worst])
        solved[worst] = pool.solve(worst)
        gap = float(before - solved[worst]) / pool.scale(float(before))
    allocations, choice = pool.answer()
    return PoolAnswer(allocations, choice.astype(np.int16), gap, pool.raised)


def _axis(levels: tuple[Level, ...], bound: Fraction) -> tuple[list[Fraction], bool]:
    """One lambda's values on this slice, and if any had to be raised."""
    found = [admissible(level, bound) for level in levels]
    return [value for value, _ in found], any(raised for _, raised in found)


class _Pool:
    """Allocations and their costs N V over the grid, as integers: nanodollars times `unit`, a common denominator."""

    def __init__(self, problem: SliceProblem, grid: Grid) -> None:
        self.problem = problem
        self.shape = (len(grid.lambda_over), len(grid.lambda_under), len(grid.theta_queue))
        over, raised_over = _axis(grid.lambda_over, problem.h + max(problem.make))
        under, raised_under = _axis(grid.lambda_under, problem.h + problem.f)
        theta = [max(scaled(level, problem.h), Fraction(0)) for level in grid.theta_queue]
        self.axes = (over, under, theta)
        self.raised = raised_over or raised_under
        fractions = (problem.h, *problem.make, *(value for axis in self.axes for value in axis))
        self.unit = lcm(*(value.denominator for value in fractions))
        self.whole = [[int(value * self.unit) for value in axis] for axis in self.axes]
        self.largest = max(max(axis) for axis in self.whole)
        self._costs: dict[tuple[int, ...], Ints] = {}  # of an allocation, over the grid
        self.least: Ints = np.empty(0, np.int64)

    def extend(self, allocations: Iterable[tuple[int, ...]]) -> None:
        new = [x for x in dict.fromkeys(allocations) if x not in self._costs]
        if not new:
            return
        rows = [(int(a * self.unit), b, c, d) for a, b, c, d in self.problem.sample.coefficients(new)]
        most = max(abs(a) + (b + c + d) * self.largest for a, b, c, d in rows)
        kind = np.int64 if most < SAFE else object  # Python's integers where 64 bits might not do
        a, b, c, d = np.array(rows, dtype=kind).T[..., None]
        over, under, theta = (np.array(axis, dtype=kind) for axis in self.whole)
        costs = (a + d * over)[:, :, None, None] + (c * under)[:, None, :, None] + (b * theta)[:, None, None, :]
        self.least = np.minimum(self.least, costs.min(axis=0)) if self._costs else costs.min(axis=0)
        self._costs.update(zip(new, costs, strict=True))

    def answer(self) -> tuple[Allocations, Ints]:
        """The pool in order, and for each candidate which allocation is cheapest.

        The first of equals has the smaller M, then the lexicographically smaller L.
        """
        pool = tuple(sorted(self._costs))
        choice = np.empty(self.shape, np.int64)
        for i, x in reversed(list(enumerate(pool))):
            choice[self._costs[x] == self.least] = i
        return pool, choice.ravel()

    def solve(self, index: int) -> int:
        """Solve one candidate from the pool's best allocation for it, add the answer; its cost in units."""
        at = tuple(int(part) for part in np.unravel_index(index, self.shape))
        over, under, theta = (axis[i] for axis, i in zip(self.axes, at, strict=True))
        start = min(x for x, cost in self._costs.items() if cost[at] == self.least[at])
        best = self.problem.sample.search(theta, under, over, [start], thorough=False)
        self.extend([best])
        return int(self._costs[best][at])

    def anchors(self) -> list[int]:
        """Indices of evenly spaced points of every axis, in all combinations; lambda_over matters most and has 4."""
        axes = [
            sorted({(n - 1) * i // (count - 1) for i in range(count)})
            for n, count in zip(self.shape, ANCHORS, strict=True)
        ]
        return sorted({int(np.ravel_multi_index(point, self.shape)) for point in product(*axes)})

    def interpolate(self, solved: dict[int, int]) -> NDArray[np.float64]:
        """Multilinear interpolation between the corners' costs: not above the optimal cost, which is concave."""
        weights = []
        for axis in self.axes:
            span = axis[-1] - axis[0]
            weights.append(np.array([float((axis[-1] - v) / span) if span else 1.0 for v in axis]))
        floor = np.zeros(self.shape)
        for ends in product(*(sorted({0, n - 1}) for n in self.shape)):
            value = float(solved[int(np.ravel_multi_index(ends, self.shape))])
            parts = [w if end == 0 else 1.0 - w for w, end in zip(weights, ends, strict=True)]
            floor += value * np.einsum("i,j,k->ijk", *parts)
        return floor.ravel()

    def scale(self, value: float) -> float:
        """max(|N V|, N h S) in units, never 0."""
        whole = float(self.problem.h) * self.problem.size * self.problem.sample.n * self.unit
        return max(abs(value), whole, 1e-9)
