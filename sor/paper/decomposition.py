"""Table 2: what the cost of Table 1's allocations consists of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sor.core.place import Problem
from sor.core.place.draw import draw
from sor.core.place.stochastic import Floats
from sor.paper.reproduce import FRESH, SIZES, approximation, several
from sor.paper.sheet import Sheet, beside


@dataclass(frozen=True, slots=True)
class Parts:
    """One row. Cents a share: fees, impact (theta) and penalties, whose sum is the cost; shares too few and too many on
    average, and how often, in per cent."""

    fees: float
    impact: float
    penalties: float
    total: float
    short: float
    over: float
    short_often: float
    over_often: float


def parts(problem: Problem, outflows: Floats, x: Floats) -> Parts:
    """Of the allocation x = (M, L_1..L_K) over (N, K) outflows."""
    queue = np.array([venue.queue for venue in problem.venues])
    gain = np.array([problem.h + venue.rebate for venue in problem.venues])
    fills = np.minimum(np.maximum(outflows - queue, 0.0), x[1:])
    gap = problem.size - x[0] - fills.sum(axis=1)
    short, over = np.maximum(gap, 0.0), np.maximum(-gap, 0.0)
    fees = (problem.h + problem.f) * x[0] - (fills @ gain).mean()
    impact = problem.theta * (x.sum() + short.mean())
    penalties = problem.lambda_under * short.mean() + problem.lambda_over * over.mean()
    cents = 100 / problem.size
    money = [float(cents * one) for one in (fees, impact, penalties, fees + impact + penalties)]
    share = [float(one) for one in (short.mean(), over.mean(), 100 * (gap > 0).mean(), 100 * (gap < 0).mean())]
    return Parts(*money, *share)


def table_2(seed: int = 2) -> dict[tuple[int, int], Parts]:
    """By (S, K), at the allocations of `approximation`."""
    found = {}
    for size in SIZES:
        for k in range(1, 6):
            problem = several(k, 0.6, size)
            found[int(size), k] = parts(problem, draw(problem, FRESH, seed - 1), approximation(problem, seed))
    return found


def table_2_sheet(found: dict[tuple[int, int], Parts], printed: dict[tuple[int, int], tuple[float, ...]]) -> Sheet:
    """Ours, and the print after each where it is at hand."""
    rows = []
    for (size, k), row in found.items():
        ours = (row.fees, row.impact, row.penalties, row.total, row.short, row.over, row.short_often, row.over_often)
        there = printed.get((size, k), ())
        cells = [f"{value:.{2 if i < 4 else 0}f}" for i, value in enumerate(ours)]
        rows.append((str(size), str(k), *beside(cells, there)))
    header = ("S", "K", "fees", "impact", "penalties", "cost", "short", "over", "P(short) %", "P(over) %")
    return Sheet("Table 2: parts of the cost (cents a share), shares short and over", header, tuple(rows))
