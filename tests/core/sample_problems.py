"""Sample problems for the tests of placement: drawn, solved as `place` does, and by a mixed-integer program."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from sor.core.place.bound import branch, root_bound
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.minimise import minimise


def random_problem(seed: int, k: int, n: int, ties: bool = False) -> tuple[SampleProblem, float]:
    """A problem as in the paper with everything drawn, and h S N, the scale of its errors."""
    rng = np.random.default_rng(seed)
    h, f, r = rng.uniform(0.005, 0.03), rng.uniform(0, 0.004), rng.uniform(-0.002, 0.004, k)
    theta = rng.uniform(0, 0.5) * h
    under, over = (h + f) * rng.uniform(1.05, 4), (h + r.max()) * rng.uniform(1.05, 4)
    size = 1000.0
    room = (
        rng.exponential(rng.uniform(200, 2000, (k, 1)), (k, n)) + rng.exponential(500, n) - rng.uniform(0, 1500, (k, 1))
    )
    if ties:
        room = np.round(room / 250) * 250
    e = np.concatenate([np.full((1, n), size), np.clip(room, 0, size)])
    b = np.concatenate([[over + h + f], over - h - r])
    return SampleProblem(e, b, theta, theta + under + over, size), h * size * n


def by_milp(p: SampleProblem) -> float:
    """The least total, by HiGHS: each fill needs a binary, because to fill less than min(e, L) may pay."""
    rows, n = p.e.shape
    size = float(p.size)
    # variables: L (rows), fill (rows * n), full (rows * n) binary, short (n)
    fill0, full0, short0 = rows, rows + rows * n, rows + 2 * rows * n
    total = short0 + n
    cost = np.zeros(total)
    cost[:rows] = n * p.theta
    cost[fill0:full0] = np.repeat(p.b, n)
    cost[short0:] = p.lam
    matrix, low, high = [], [], []

    def add(entries: dict[int, float], lo: float, hi: float) -> None:
        row = np.zeros(total)
        for index, value in entries.items():
            row[index] = value
        matrix.append(row)
        low.append(lo)
        high.append(hi)

    for k in range(rows):
        for i in range(n):
            e, fill, full = float(p.e[k, i]), fill0 + k * n + i, full0 + k * n + i
            add({fill: 1, k: -1}, -np.inf, 0)  # fill <= L
            add({fill: 1, full: -e}, 0, np.inf)  # fill >= e where full
            add({fill: 1, k: -1, full: size}, 0, np.inf)  # fill >= L where not full
    for i in range(n):
        add({short0 + i: 1} | {fill0 + k * n + i: 1 for k in range(rows)}, size, np.inf)
    upper = np.concatenate([np.full(rows, size), p.e.ravel(), np.ones(rows * n), np.full(n, size)])
    integral = np.zeros(total)
    integral[full0:short0] = 1
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(matrix), low, high),
        bounds=Bounds(np.zeros(total), upper),
        integrality=integral,
        options={"mip_rel_gap": 1e-9},
    )
    assert found.success
    return float(found.fun)


def solved(p: SampleProblem, scale: float, nodes: int = 300) -> tuple[np.ndarray, float, float]:
    """What `place` does with a small sample: search, bound, branch."""
    x, total = minimise(p, wide=True)
    root = root_bound(p, x, total, 1e-7 * scale)
    left = iter(range(nodes))
    return branch(p, x, total, root, 1e-6 * scale, lambda: next(left, None) is not None)
