"""What the paper's Figure 2 and Table 1 say, by this program's solver.

Printed values are given only where they are known here; None means that the printed value is not at hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sor.core.place import Common, Placement, Problem, Venue, costs, place
from sor.core.place.approximation import approximate
from sor.core.place.draw import draw
from sor.core.place.outflow import Exponential, Outflow, Pareto, Poisson
from sor.core.place.single import thresholds

QUEUE, SIZE = 2000.0, 1000.0
SA_STEPS = 1_000

FIGURE_2: dict[str, tuple[Outflow, tuple[float, float]]] = {
    "Exp(2200)": (Exponential(2200.0), (0.037962, 0.052863)),
    "Exp(2500)": (Exponential(2500.0), (0.041896, 0.059218)),
    "Pareto(5, 1760)": (Pareto(5.0, 1760.0), (0.025861, 0.072785)),
}

# cents a share of the allocations printed in Table 1 for S = 1,000, as far as they are known here
TABLE_1_PRINTED: dict[int, float] = {1: 2.07}


@dataclass(frozen=True, slots=True)
class Threshold:
    """The two lambda_u of one curve of Figure 2, beside the reference."""

    law: str
    lower: float
    upper: float
    reference: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """M* as a share of S over lambda_u, for one law."""

    law: str
    lambda_under: tuple[float, ...]
    market_share: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of Table 1: costs in cents a share of the optimum and of what it is compared with."""

    venues: int
    weight: float
    answer: Placement
    optimum: float
    std_error: float
    lower_bound: float
    all_market: float
    all_limit: float
    equal_split: float
    approximation: float
    printed: float | None


def single(law: Outflow, lambda_under: float) -> Problem:
    """The problem of Figure 2."""
    return Problem(SIZE, 0.02, 0.003, 0.0005, lambda_under, 0.05, (Venue(QUEUE, 0.002, law),))


def several(k: int, weight: float) -> Problem:
    """The problem of Table 1: K alike venues, xi_k = w xi_0 + (1 - w) eps_k, all Poisson(2200)."""
    venue = Venue(QUEUE, 0.002, Poisson(2200.0))
    return Problem(SIZE, 0.02, 0.003, 0.0005, 0.05, 0.05, (venue,) * k, Common(weight, Poisson(2200.0)))


def figure_2_thresholds() -> list[Threshold]:
    """By Proposition 3."""
    return [Threshold(name, *thresholds(single(law, 0.05)), known) for name, (law, known) in FIGURE_2.items()]


def figure_2_curves(points: int = 241) -> list[Curve]:
    """M* / S for lambda_u from just above h + f."""
    axis = np.linspace(0.0231, 0.08, points)
    curves = []
    for name, (law, _) in FIGURE_2.items():
        base = single(law, 0.05)
        share = tuple(place(replace(base, lambda_under=float(under))).M / SIZE for under in axis)
        curves.append(Curve(name, tuple(axis.tolist()), share))
    return curves


def table_1_row(k: int, weight: float = 0.6, seed: int = 0) -> Row:
    """One row: the optimum, the paper's three simple allocations and its algorithm, on the same outcomes."""
    problem = several(k, weight)
    answer = place(problem, seed=seed)
    outflows = draw(problem, 1 << 16, seed + 1)  # outcomes that the optimum did not see
    cents = 100.0 / SIZE

    def cost(x: list[float]) -> float:
        return cents * float(costs(problem, outflows, np.array(x)).mean())

    split = SIZE / (k + 1)
    steps = approximate(problem, draw(problem, SA_STEPS, seed + 2))
    return Row(
        venues=k,
        weight=weight,
        answer=answer,
        optimum=cents * answer.V,
        std_error=cents * (answer.V_std_error or 0.0),
        lower_bound=cents * answer.lower_bound,
        all_market=cost([SIZE] + [0.0] * k),
        all_limit=cost([0.0, SIZE] + [0.0] * (k - 1)),
        equal_split=cost([split] * (k + 1)),
        approximation=cost(steps.tolist()),
        printed=TABLE_1_PRINTED.get(k) if weight == 0.6 else None,
    )
