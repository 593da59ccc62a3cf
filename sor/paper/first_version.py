"""The first version of the paper (hal-00737491v2): its table, and Figure 3, which kept its penalties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sor.core.place import PlaceVenue, Problem, costs
from sor.core.place.closed_form import solve_single, split_value
from sor.core.place.distributions import Poisson
from sor.core.place.draw import draw
from sor.paper.reproduce import QUEUE, SIZE, SIZES, approximation
from sor.paper.sheet import Sheet, beside

RUNS = 4
STEPS = (10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class Convergence:
    """Figure 3 at N steps from (0, S): distances of V and of X to the optimum, relative to the optimum's."""

    steps: int
    value: float
    place: float


def first_version(k: int, size: float = SIZE, theta: float = 0.0) -> Problem:
    """K alike venues with independent Poisson(2200) outflows, lambda_u = .026, lambda_o = .024."""
    venue = PlaceVenue(QUEUE, 0.002, Poisson(2200.0))
    return Problem(size, 0.02, 0.003, theta, 0.026, 0.024, (venue,) * k)


def first_table_sheet(printed: dict[tuple[int, int], tuple[float, ...]]) -> Sheet:
    """Means of four runs; dollars for the slice. `printed` has (M/S, mean L/S, W*) by (S, K)."""
    rows = []
    for size in SIZES:
        for k in range(1, 6):
            problem = first_version(k, size)
            x = np.mean([approximation(problem, seed) for seed in range(RUNS)], axis=0)
            outcomes = costs(problem, draw(problem, 1 << 14, RUNS), x)
            ours = [f"{x[0] / size:.3f}", f"{x[1:].mean() / size:.3f}", f"{outcomes.mean():.2f}"]
            sure = f"{outcomes.std() / 1000**0.5:.2f}"
            rows.append((f"{size:.0f}", str(k), *beside(ours, printed.get((int(size), k), ())), sure))
    header = ("S", "K", "M / S", "each L / S", "W ($)", "std err at N = 1,000")
    return Sheet("The first version's table", header, tuple(rows))


def convergence(steps: int) -> Convergence:
    """Mean over four runs of the problem with theta = .0005 and S = 1,000, one venue."""
    problem = first_version(1, theta=0.0005)
    best = solve_single(problem)
    least = split_value(problem, best)
    outflows = draw(problem, 1 << 13, RUNS)
    start = np.array([0.0, problem.size])
    found = [approximation(problem, seed, steps, start) for seed in range(RUNS)]
    value = np.mean([abs(costs(problem, outflows, x).mean() - least) / abs(least) for x in found])
    place = np.mean([np.linalg.norm(x - best) / np.linalg.norm(best) for x in found])
    return Convergence(steps, float(value), float(place))


def convergence_sheet(printed: dict[int, tuple[float, ...]]) -> Sheet:
    """Figure 3."""
    rows = []
    for steps in STEPS:
        found = convergence(steps)
        cells = [f"{found.value:.3f}", f"{found.place:.3f}"]
        rows.append((f"{steps:,}", *beside(cells, printed.get(steps, ()))))
    return Sheet("Figure 3: error after N steps from (0, S), one venue", ("N", "of V", "of X"), tuple(rows))
