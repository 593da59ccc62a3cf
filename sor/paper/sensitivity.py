"""Figures 4 to 9: the allocation to two venues, one parameter at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sor.core.place import Common, Problem, place
from sor.core.place.closed_form import solve_single
from sor.core.place.distributions import Poisson
from sor.core.place.stochastic import Floats
from sor.paper.reproduce import SIZE, approximation, several
from sor.paper.sheet import Sheet

RUNS = 4
SAMPLES = 4_096  # of the optimum
SMALL = 200.0


@dataclass(frozen=True, slots=True)
class FigurePanel:
    """One side of a figure: the parameter, where it is looked at, and the problem there."""

    name: str
    axis: str
    points: tuple[float, ...]
    problem: Callable[[float], Problem]


@dataclass(frozen=True, slots=True)
class Point:
    """(M, L_1, L_2) of a thousand steps and of the optimum, and (M, L) of the first venue alone, Poisson by itself."""

    steps: tuple[float, ...]
    optimum: tuple[float, ...]
    alone: tuple[float, ...]


def _base(size: float = SIZE) -> Problem:
    return several(2, 0.6, size)


def _queue(size: float) -> Callable[[float], Problem]:
    base = _base(size)
    return lambda queue: replace(base, venues=(replace(base.venues[0], queue=queue), base.venues[1]))


def _mean(size: float) -> Callable[[float], Problem]:
    def problem(mean: float) -> Problem:
        law = Poisson(mean)
        venues = tuple(replace(venue, outflow=law) for venue in _base(size).venues)
        return replace(_base(size), venues=venues, common=Common(0.6, law))

    return problem


def _rebate(size: float) -> Callable[[float], Problem]:
    base = _base(size)
    return lambda rebate: replace(base, venues=(replace(base.venues[0], rebate=rebate), base.venues[1]))


_QUEUES, _MEANS, _REBATES = (1200.0, 1700.0, 2000.0, 2200.0), (1800.0, 1990.0, 2100.0, 2480.0), (-0.002, 0.002, 0.005)
PANELS = (
    FigurePanel("4 left", "S", (200.0, 430.0, 700.0, 1000.0), _base),
    FigurePanel("4 right", "theta", (0.0001, 0.001, 0.002), lambda value: replace(_base(), theta=value)),
    FigurePanel("5 left, S = 200", "Q_1", _QUEUES, _queue(SMALL)),
    FigurePanel("5 right", "Q_1", _QUEUES, _queue(SIZE)),
    FigurePanel("6 left, S = 200", "mu", _MEANS, _mean(SMALL)),
    FigurePanel("6 right", "mu", _MEANS, _mean(SIZE)),
    FigurePanel("7 left, S = 200", "r_1", _REBATES, _rebate(SMALL)),
    FigurePanel("7 right", "r_1", _REBATES, _rebate(SIZE)),
    FigurePanel("8 left", "lambda_u", (0.025, 0.05, 0.075), lambda value: replace(_base(), lambda_under=value)),
    FigurePanel("8 right", "lambda_o", (0.025, 0.05, 0.075), lambda value: replace(_base(), lambda_over=value)),
    FigurePanel("9 left", "h", (0.005, 0.02, 0.045), lambda value: replace(_base(), h=value)),
    FigurePanel("9 right", "f", (-0.002, 0.003, 0.005), lambda value: replace(_base(), f=value)),
)


def steps_at(problem: Problem) -> Floats:
    """(M, L_1, L_2), the mean of four runs."""
    return np.asarray(np.mean([approximation(problem, seed) for seed in range(RUNS)], axis=0))


def alone(problem: Problem) -> Floats:
    """(M, L) of Proposition 3 for the first venue without the common part: the figures' M^a and L^a."""
    return solve_single(replace(problem, venues=problem.venues[:1], common=None))


def point(problem: Problem) -> Point:
    """All three."""
    answer = place(problem, samples=SAMPLES)
    best = (answer.M, *answer.L)
    return Point(tuple(steps_at(problem).tolist()), best, tuple(alone(problem).tolist()))


def sensitivity_sheet() -> Sheet:
    """Shares, at every point of every panel."""
    rows = []
    for panel in PANELS:
        for value in panel.points:
            found = point(panel.problem(value))
            cells = [f"{x:.0f}" for x in (*found.steps, *found.optimum, *found.alone)]
            rows.append((panel.name, f"{panel.axis} = {value:g}", *cells))
    header = ("figure", "at", "M", "L_1", "L_2", "M*", "L_1*", "L_2*", "M^a", "L^a")
    return Sheet("Figures 4 to 9: shares (1,000 steps; the optimum; one venue alone)", header, tuple(rows))


def notes_sheet(printed: dict[str, str]) -> Sheet:
    """What was read from the printed figures, in the words of the user's file."""
    return Sheet("Figures 4 to 9 as read from the print", ("figure", "read"), tuple(printed.items()))
