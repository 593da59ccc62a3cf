"""Many starts at once on a grid of share counts: tables instead of sorting.

Where every outcome and every quantity is a whole number of steps (0..G), one line search over a coordinate is a
histogram and two running sums, for all starts together. On whole shares with G = S this is exact; on a coarser grid it
finds the valleys from which `sample.Search` polishes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """A sample problem on 0..G. `total` is in the units of `table`, the same as `SampleProblem.total`."""

    e: NDArray[np.int64]  # (K + 1, N) outcomes in steps, row 0 is G
    table: Array  # (K + 1, G + 1) N theta t + b_k sum_i min(e_ki, t), t in steps
    lam: Any  # Lambda for one step
    steps: int  # G

    def totals(self, x: NDArray[np.int64]) -> Array:
        """The total of every start; x of shape (R, K + 1)."""
        fills = np.minimum(self.e[None], x[:, :, None]).sum(axis=1)
        short = np.maximum(self.steps - fills, 0).sum(axis=1)
        rows = np.arange(self.e.shape[0])
        return np.asarray(self.table[rows, x].sum(axis=1) + self.lam * short)


class Climb:
    """R points of one grid problem, moved together; no total ever rises."""

    def __init__(self, grid: Grid, x: NDArray[np.int64]) -> None:
        self.g = grid
        self.x = x.copy()
        self.fills = np.minimum(grid.e[None], self.x[:, :, None])  # (R, K + 1, N)
        self.a = self.fills.sum(axis=1)
        self.axis = np.arange(grid.steps + 1)

    def keep(self, rows: Array) -> None:
        """Go on with these starts only."""
        self.x, self.fills, self.a = self.x[rows], self.fills[rows], self.a[rows]

    def totals(self) -> Array:
        """The total of every start."""
        return self.g.totals(self.x)

    def _count(self, values: Array) -> Array:
        """(R, G + 1) how many samples of each start lie at each step."""
        r = len(values)
        width = self.g.steps + 1
        flat = values + (np.arange(r) * width)[:, None]
        return np.bincount(flat.ravel(), minlength=r * width).reshape(r, width)

    def _set(self, k: int, values: Array) -> None:
        new = np.minimum(self.g.e[k], values[:, None])
        self.a += new - self.fills[:, k]
        self.fills[:, k] = new
        self.x[:, k] = values

    def coordinate(self, k: int) -> bool:
        """Every start to the least total along L_k, the smallest such L_k. True if any moved."""
        g = self.g
        room = g.steps - self.a + self.fills[:, k]
        np.clip(room, 0, g.e[k], out=room)
        beyond = self._count(room).cumsum(axis=1)
        np.subtract(g.e.shape[1], beyond, out=beyond)  # samples whose kink lies above t
        covered = np.zeros_like(beyond)
        np.cumsum(beyond[:, :-1], axis=1, out=covered[:, 1:])
        best = (g.table[k] - g.lam * covered).argmin(axis=1)
        if (best == self.x[:, k]).all():
            return False
        self._set(k, best)
        return True

    def pair(self, j: int, k: int) -> bool:
        """Every start to the least total along L_j with L_j + L_k kept. True if any moved."""
        g = self.g
        both = self.x[:, j] + self.x[:, k]
        p = both[:, None]
        ej = np.minimum(g.e[j], p)
        rest = p - np.minimum(g.e[k], p)
        low, high = np.minimum(ej, rest), np.maximum(ej, rest)
        spare = self.a - self.fills[:, j] - self.fills[:, k] + np.minimum(p, ej + p - rest) - g.steps
        np.maximum(spare, 0, out=spare)
        low -= spare
        high += spare
        below = self._count(np.maximum(low, 0)).cumsum(axis=1)
        above = g.e.shape[1] - below  # kinks of the first kind beyond x
        tail = above[:, ::-1].cumsum(axis=1)[:, ::-1]
        passed = self._count(np.minimum(high, g.steps)).cumsum(axis=1)
        head = np.zeros_like(passed)
        np.cumsum(passed[:, :-1], axis=1, out=head[:, 1:])
        other = p - self.axis
        allowed = (other >= 0) & (other <= g.steps)
        cost = g.table[j] + g.table[k][np.where(allowed, other, 0)] + g.lam * (tail + head)
        here = np.take_along_axis(cost, self.x[:, j : j + 1], axis=1)[:, 0]
        cost[~allowed] = here.max() + 1
        best = cost.argmin(axis=1)
        lower = np.take_along_axis(cost, best[:, None], axis=1)[:, 0] < here
        best = np.where(lower, best, self.x[:, j])
        if not lower.any():
            return False
        self._set(j, best)
        self._set(k, both - best)
        return True
