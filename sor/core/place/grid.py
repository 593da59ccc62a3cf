"""Many starts at once on a grid of share counts: tables instead of sorting.

Where every outcome and every quantity is a whole number of steps (0..G), one line search over a coordinate is a
histogram and a running sum, for all starts together. It finds the valleys from which `sample.Search` goes down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.place.sample import SampleProblem

Array = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """A sample problem on 0..G. `total` is in the units of `table`, the same as `SampleProblem.total`."""

    e: NDArray[np.int64]  # (K + 1, N) outcomes in steps, row 0 is G
    table: Array  # (K + 1, G + 1) N theta t + b_k sum_i min(e_ki, t), t in steps
    lam: Any  # Lambda for one step
    steps: int  # G

    @classmethod
    def of(cls, problem: SampleProblem, steps: int) -> Grid:
        """A float problem with every outcome rounded to the nearest step."""
        e = np.rint(problem.e * (steps / problem.size)).astype(np.int64)
        k, n = e.shape
        width = steps + 1
        count = np.bincount((e + (np.arange(k) * width)[:, None]).ravel(), minlength=k * width).reshape(k, width)
        beyond = n - count.cumsum(axis=1)
        filled = np.zeros_like(beyond)
        np.cumsum(beyond[:, :-1], axis=1, out=filled[:, 1:])
        step = problem.size / steps
        table = (n * problem.theta * np.arange(width) + problem.b[:, None] * filled) * step
        return cls(e, table, problem.lam * step, steps)

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
