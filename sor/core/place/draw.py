"""Joint outflows of all venues: the rows of an empirical problem, or quasi Monte Carlo in blocks.

Each block is a Kronecker sequence (multiples of powers of the generalised golden ratio) under a random shift of its
own. A block covers the unit cube far more evenly than independent draws, and because the shifts are independent the
spread of the block means is an honest standard error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sor.core.place.outflow import Empirical
from sor.core.place.problem import Problem

Floats = NDArray[np.float64]
BLOCKS = 16


def draw(problem: Problem, n: int, seed: int) -> Floats:
    """(N, K) joint outflows; all rows as given for an empirical problem, whatever n. The same seed, the same rows."""
    if problem.empirical:
        return np.column_stack([v.outflow.samples for v in problem.venues if isinstance(v.outflow, Empirical)])
    k = len(problem.venues)
    cube = points(n, k + 2, seed)
    out = np.empty((n, k))
    for j, venue in enumerate(problem.venues):
        if isinstance(venue.outflow, Empirical):
            # one row for all empirical venues: their samples are joint outcomes
            rows = (cube[:, k + 1] * len(venue.outflow.samples)).astype(np.int64)
            out[:, j] = venue.outflow.samples[rows]
        else:
            out[:, j] = venue.outflow.quantile(cube[:, j])
    if problem.common is not None:
        shared = problem.common.outflow.quantile(cube[:, k])
        w = problem.common.weight
        out = (w * shared)[:, None] + (1 - w) * out
    return out


def points(n: int, dimensions: int, seed: int) -> Floats:
    """(n, dimensions) points of the open unit cube, in BLOCKS blocks of nearly equal length, one after another."""
    step = _golden(dimensions)
    rng = np.random.default_rng(seed)
    blocks = []
    for length in block_lengths(n):
        shift = rng.random(dimensions)
        blocks.append((shift + np.arange(1, length + 1)[:, None] * step) % 1.0)
    return np.clip(np.concatenate(blocks), 2.0**-53, 1.0 - 2.0**-53)


def block_lengths(n: int) -> list[int]:
    """How n draws are cut into blocks."""
    return [n // BLOCKS + (i < n % BLOCKS) for i in range(BLOCKS)]


def _golden(dimensions: int) -> Floats:
    """Powers of 1 / phi, phi^(d + 1) = phi + 1: for d = 1 the golden ratio, badly approximable in every dimension."""
    phi = 2.0
    for _ in range(64):
        phi = (1.0 + phi) ** (1.0 / (dimensions + 1))
    result: Floats = phi ** -np.arange(1.0, dimensions + 1)
    return result


def std_error(costs: Floats) -> float:
    """The standard error of the mean of (N,) costs drawn in blocks."""
    means = [block.mean() for block in np.split(costs, np.cumsum(block_lengths(len(costs)))[:-1]) if block.size]
    return float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else float("inf")
