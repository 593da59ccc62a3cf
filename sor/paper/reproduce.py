"""What the paper's Figure 2 and Table 1 say, by this program's solver.

The paper's printed numbers are not part of the program: they come from a file, where the user has one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sor.core.place import Common, Placement, PlaceVenue, Problem, costs, place
from sor.core.place.closed_form import thresholds
from sor.core.place.distributions import Exponential, Outflow, Pareto, Poisson
from sor.core.place.draw import draw
from sor.core.place.stochastic import Floats, approximate, within_size

QUEUE, SIZE = 2000.0, 1000.0
SIZES = (500.0, 1000.0, 5000.0)  # of Table 1
SA_STEPS = 1_000
FRESH = 1 << 16  # outcomes on which an allocation is valued

FIGURE_2: dict[str, tuple[Outflow, tuple[float, float]]] = {
    "Exp(2200)": (Exponential(2200.0), (0.037962, 0.052863)),
    "Exp(2500)": (Exponential(2500.0), (0.041896, 0.059218)),
    "Pareto(5, 1760)": (Pareto(5.0, 1760.0), (0.025861, 0.072785)),
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """The two lambda_u of one curve of Figure 2, beside the reference."""

    law: str
    lower: float
    upper: float
    reference: tuple[float, float]


@dataclass(frozen=True, slots=True)
class MarketShareCurve:
    """M* as a share of S over lambda_u, for one law."""

    law: str
    lambda_under: tuple[float, ...]
    market_share: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Table1Row:
    """One row of Table 1: costs in cents a share of the optimum and of what it is compared with. steps: (M, L_1..L_K)
    of the paper's algorithm."""

    venues: int
    size: float
    weight: float
    answer: Placement
    steps: tuple[float, ...]
    optimum: float
    std_error: float
    lower_bound: float
    all_market: float
    all_limit: float
    equal_split: float
    approximation: float


def single(law: Outflow, lambda_under: float) -> Problem:
    """The problem of Figure 2."""
    return Problem(SIZE, 0.02, 0.003, 0.0005, lambda_under, 0.05, (PlaceVenue(QUEUE, 0.002, law),))


def several(k: int, weight: float, size: float = SIZE) -> Problem:
    """The problem of Table 1: K alike venues, xi_k = w xi_0 + (1 - w) eps_k, all Poisson(2200)."""
    venue = PlaceVenue(QUEUE, 0.002, Poisson(2200.0))
    return Problem(size, 0.02, 0.003, 0.0005, 0.05, 0.05, (venue,) * k, Common(weight, Poisson(2200.0)))


def figure_2_thresholds() -> list[Threshold]:
    """By Proposition 3."""
    return [Threshold(name, *thresholds(single(law, 0.05)), known) for name, (law, known) in FIGURE_2.items()]


def figure_2_curves(points: int = 241) -> list[MarketShareCurve]:
    """M* / S for lambda_u from just above h + f."""
    axis = np.linspace(0.0231, 0.08, points)
    curves = []
    for name, (law, _) in FIGURE_2.items():
        base = single(law, 0.05)
        share = tuple(place(replace(base, lambda_under=float(under))).M / SIZE for under in axis)
        curves.append(MarketShareCurve(name, tuple(axis.tolist()), share))
    return curves


def independent(problem: Problem, n: int, seed: int) -> Floats:
    """(n, K) outflows, each row by itself: the evenness of `draw` would lead the steps along another path."""
    rng = np.random.default_rng(seed)
    own = np.column_stack([venue.outflow.quantile(rng.random(n)) for venue in problem.venues])
    if problem.common is None:
        return own
    w = problem.common.weight
    return w * problem.common.outflow.quantile(rng.random(n))[:, None] + (1 - w) * own


def approximation(problem: Problem, seed: int, steps: int = SA_STEPS, start: Floats | None = None) -> Floats:
    """(M, L_1..L_K) as the print has them: its step, `within_size` after each of `steps`, from an equal split."""
    return approximate(problem, independent(problem, steps, seed), start, within_size)


def table_1_row(k: int, weight: float = 0.6, size: float = SIZE, seed: int = 0) -> Table1Row:
    """One row: the optimum, the paper's three simple allocations and its algorithm, on the same outcomes."""
    problem = several(k, weight, size)
    answer = place(problem, seed=seed)
    outflows = draw(problem, FRESH, seed + 1)  # outcomes that the optimum did not see
    cents = 100.0 / size

    def cost(x: list[float]) -> float:
        return cents * float(costs(problem, outflows, np.array(x)).mean())

    split = size / (k + 1)
    steps = approximation(problem, seed + 2)
    return Table1Row(
        venues=k,
        size=size,
        weight=weight,
        answer=answer,
        steps=tuple(steps.tolist()),
        optimum=cents * answer.V,
        std_error=cents * (answer.V_std_error or 0.0),
        lower_bound=cents * answer.lower_bound,
        all_market=cost([size] + [0.0] * k),
        all_limit=cost([0.0, size] + [0.0] * (k - 1)),
        equal_split=cost([split] * (k + 1)),
        approximation=cost(steps.tolist()),
    )
