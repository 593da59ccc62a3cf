"""Joint outflows of all venues: the rows of an empirical problem, or quasi Monte Carlo in blocks.

Each block is a Sobol sequence under a random scramble of its own. A block covers the unit cube far more evenly than
independent draws, and because the scrambles are independent the spread of the block means is an honest standard error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sor.core.place.distributions import Empirical
from sor.core.place.problem import Problem
from sor.core.place.sobol import scrambled

Floats = NDArray[np.float64]
BLOCKS = 16


def draw(problem: Problem, n: int, seed: int) -> Floats:
    """(N, K) joint outflows; all rows as given for an empirical problem, whatever n. The same seed, the same rows."""
    if problem.empirical:
        return np.column_stack([v.outflow.samples for v in problem.venues if isinstance(v.outflow, Empirical)])
    laws = [venue.outflow for venue in problem.venues]
    drawn = [law for law in laws if not isinstance(law, Empirical)]
    # a column for each law that is drawn, then one for the common part, then one for the row of the empirical venues
    cube = points(n, len(drawn) + 2, seed)
    columns = iter(cube.T)
    own = [None if isinstance(law, Empirical) else law.quantile(next(columns)) for law in laws]
    shared, row = columns
    out = np.empty((n, len(laws)))
    for j, (law, column) in enumerate(zip(laws, own, strict=True)):
        if isinstance(law, Empirical):
            # one row for all empirical venues: their samples are joint outcomes
            out[:, j] = law.samples[(row * len(law.samples)).astype(np.int64)]
        else:
            out[:, j] = column
    if problem.common is not None:
        w = problem.common.weight
        out = (w * problem.common.outflow.quantile(shared))[:, None] + (1 - w) * out
    return out


def points(n: int, dimensions: int, seed: int) -> Floats:
    """(n, dimensions) points of the open unit cube, in BLOCKS blocks of nearly equal length, one after another."""
    rng = np.random.default_rng(seed)
    return np.concatenate([scrambled(length, dimensions, rng) for length in block_lengths(n)])


def block_lengths(n: int) -> list[int]:
    """How n draws are cut into blocks."""
    return [n // BLOCKS + (i < n % BLOCKS) for i in range(BLOCKS)]


def std_error(costs: Floats) -> float:
    """The standard error of the mean of (N,) costs drawn in blocks."""
    means = [block.mean() for block in np.split(costs, np.cumsum(block_lengths(len(costs)))[:-1]) if block.size]
    return float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else float("inf")
