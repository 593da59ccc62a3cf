"""A pool of allocations that answers a whole grid of parameters for one slice (DESIGN section 8, search).

For a fixed X the cost is linear in the parameters, so a pool's costs on the grid are one matrix product, and the
least of them is an upper bound on the optimal cost at every candidate. The optimal cost is concave in the parameters
(a least of linear functions), so between the solved corners of the grid it is above their interpolation: where the
two are farthest apart the pool may be worst, and there the problem is solved anew and the pool extended.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import lcm

import numpy as np

from sor.core.market import Ints
from sor.core.router import SliceProblem, penalties
from sor.core.spec import Grid, Parameters

ROUNDS = 2  # re-solves a slice, where the pool looked worst; benchmarks/ has what more would bring
SAFE = 2**62


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """For each candidate of the grid the index of its allocation in `pool`; gap: how far the pool was off where it
    was last checked, relative to max(|V|, h S); raised: some candidate's penalty was too small for the slice."""

    pool: tuple[tuple[int, ...], ...]
    choice: Ints
    gap: float
    raised: bool


def solve_grid(problem: SliceProblem, grid: Grid) -> PoolAnswer:
    """The best allocation of the pool for every candidate of the grid, in the grid's order."""
    costs = _Costs(problem, grid)
    pool = set(problem.sample.starts())
    corners = {index: costs.solve(index) for index in costs.corners()}
    pool.update(x for x, _ in corners.values())
    floor = costs.interpolate({index: value for index, (_, value) in corners.items()})
    gap = 0.0
    for _ in range(ROUNDS if len(grid) > len(corners) else 0):
        _, least = costs.of(pool)
        worst = int(np.argmax(least.astype(np.float64) - floor))
        x, value = costs.solve(worst)
        gap = (float(least[worst]) - float(value)) / costs.scale(float(value))
        if x in pool:
            break
        pool.add(x)
    ordered = tuple(sorted(pool))  # argmin takes the first: ties go to the smaller M, then the smaller L
    choice, _ = costs.of(ordered)
    return PoolAnswer(ordered, choice, gap, costs.raised)


class _Costs:
    """N V over the grid in integers: nanodollars times `unit`, a common denominator of all penalties."""

    def __init__(self, problem: SliceProblem, grid: Grid) -> None:
        self.problem, self.grid = problem, grid
        axes = (grid.lambda_over, grid.lambda_under, grid.theta_queue)
        self.shape = tuple(len(axis) for axis in axes)
        over = [penalties(Parameters(v, axes[1][0], axes[2][0]), problem) for v in axes[0]]
        under = [penalties(Parameters(axes[0][0], v, axes[2][0]), problem) for v in axes[1]]
        theta = [penalties(Parameters(axes[0][0], axes[1][0], v), problem) for v in axes[2]]
        self.values = ([p.over for p in over], [p.under for p in under], [p.theta for p in theta])
        self.raised = any(p.raised for p in (*over, *under))
        base = [problem.h, *problem.make, *(value for axis in self.values for value in axis)]
        self.unit = lcm(*(value.denominator for value in base))
        scaled = [[int(value * self.unit) for value in axis] for axis in self.values]
        self.largest = max(max(axis) for axis in scaled)
        mesh = np.meshgrid(*(np.array(axis, np.int64) for axis in scaled), indexing="ij")
        lambda_over, lambda_under, theta_queue = (axis.ravel() for axis in mesh)
        self.parameters = np.stack([np.ones_like(theta_queue), theta_queue, lambda_under, lambda_over])

    def corners(self) -> list[int]:
        """Indices of the corners of the grid, and of its middle."""
        ends = [sorted({0, n - 1}) for n in self.shape]
        middle = tuple(n // 2 for n in self.shape)
        points = [*product(*ends), middle]
        return sorted({int(np.ravel_multi_index(point, self.shape)) for point in points})

    def solve(self, index: int) -> tuple[tuple[int, ...], int]:
        """The optimal allocation at one candidate and its cost in units."""
        i, j, k = np.unravel_index(index, self.shape)
        over, under, theta = self.values[0][int(i)], self.values[1][int(j)], self.values[2][int(k)]
        best = self.problem.sample.solve(theta, under, over)
        return best.x, int(best.cost * self.unit)

    def of(self, pool: set[tuple[int, ...]] | tuple[tuple[int, ...], ...]) -> tuple[Ints, Ints]:
        """For each candidate: which X of the ordered pool is cheapest, and its cost in units."""
        rows = [
            (int(a * self.unit), b, c, d) for a, b, c, d in self.problem.sample.coefficients(sorted(pool))
        ]
        most = max(abs(row[0]) + (abs(row[1]) + abs(row[2]) + abs(row[3])) * self.largest for row in rows)
        kind = np.int64 if most < SAFE else object  # Python's integers where 64 bits might not do
        values = np.array(rows, dtype=kind) @ self.parameters.astype(kind)
        choice = values.argmin(axis=0)
        return choice, values[choice, np.arange(values.shape[1])]

    def interpolate(self, solved: dict[int, int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Multilinear interpolation between the corners: below the optimal cost, which is concave."""
        weights = [np.linspace(1.0, 0.0, n) if n > 1 else np.ones(1) for n in self.shape]
        for axis, values in enumerate(self.values):
            span = values[-1] - values[0]
            if span:
                weights[axis] = np.array([float((values[-1] - v) / span) for v in values])
        floor = np.zeros(self.shape)
        for ends in product(*(sorted({0, n - 1}) for n in self.shape)):
            value = float(solved[int(np.ravel_multi_index(ends, self.shape))])
            parts = [w if end == 0 else 1.0 - w for w, end in zip(weights, ends, strict=True)]
            floor += value * np.einsum("i,j,k->ijk", *parts)
        return floor.ravel()

    def scale(self, value: float) -> float:
        problem = self.problem
        whole = float(problem.h) * problem.size * problem.sample.n * self.unit
        return max(abs(value), whole, 1e-9)


