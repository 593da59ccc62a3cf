"""One venue in closed form: the paper's Figure 2, brute force on a fine grid, and a trader's sanity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sor.core.place import PlaceVenue, Problem, place
from sor.core.place.closed_form import expected_fill, solve_separable, split_value, thresholds
from sor.core.place.distributions import Empirical, Exponential, Gamma, Lognormal, Outflow, Pareto, Poisson, Uniform
from sor.core.place.solve import costs

FIGURE_2: dict[str, tuple[Outflow, float, float]] = {
    "exponential-2200": (Exponential(2200.0), 0.037962, 0.052863),
    "exponential-2500": (Exponential(2500.0), 0.041896, 0.059218),
    "pareto-5": (Pareto(5.0, 1760.0), 0.025861, 0.072785),
}

LAWS: list[Outflow] = [
    Exponential(2200.0),
    Poisson(2200.0),
    Poisson(2.5),
    Pareto(5.0, 1760.0),
    Pareto(0.9, 700.0),
    Lognormal(2300.0, 0.6),
    Uniform(500.0, 4000.0),
    Gamma(3.0, 800.0),
    Gamma(0.4, 5000.0),
    Empirical(np.array([0.0, 10, 2050, 2050, 2300, 2999, 3000, 4000])),
]


def figure_2(law: Outflow, lambda_under: float, queue: float = 2000.0) -> Problem:
    return Problem(1000.0, 0.02, 0.003, 0.0005, lambda_under, 0.05, (PlaceVenue(queue, 0.002, law),))


@pytest.mark.parametrize(("law", "low", "high"), FIGURE_2.values(), ids=FIGURE_2)
def test_figure_2_thresholds(law: Outflow, low: float, high: float) -> None:
    lower, upper = thresholds(figure_2(law, 0.045))
    assert lower == pytest.approx(low, abs=1e-6)
    assert upper == pytest.approx(high, abs=1e-6)
    assert place(figure_2(law, lower)).M == 0.0
    assert place(figure_2(law, upper)).L == (0.0,)
    inside = place(figure_2(law, (lower + upper) / 2))
    assert 0 < inside.M < 1000
    assert inside.M + inside.L[0] == pytest.approx(1000)
    assert place(figure_2(law, lower + 1e-7)).M < 0.1
    assert place(figure_2(law, upper - 1e-7)).L[0] < 0.1


def test_where_the_queue_is_never_gone_no_penalty_makes_it_all_market() -> None:
    """At least 3,000 leave a queue of 2,000, so F(Q) = 0; of one of 5,000 no share fills, at any penalty."""
    law = Uniform(3_100.0, 4_000.0)
    for queue, found in ((2_000.0, (np.inf, np.inf)), (2_500.0, (pytest.approx(0.045 * 2.25 - 0.0225), np.inf))):
        assert thresholds(figure_2(law, 0.045, queue)) == found
    assert place(figure_2(law, 1e6)).L == (1000.0,)


@pytest.mark.parametrize(
    ("lambda_under", "market", "limit"),
    [(0.025731, 730, 270), (0.0258, 730, 270), (0.02587, 730, 270), (0.05, 786, 214)],
)
def test_poisson_by_the_generalised_inverse(lambda_under: float, market: int, limit: int) -> None:
    answer = place(figure_2(Poisson(2200.0), lambda_under))
    assert (market, (limit,)) == (answer.M, answer.L)
    assert place(figure_2(Poisson(2200.0), 0.025875)).L[0] < 270


def test_the_example_of_the_design() -> None:
    answer = place(figure_2(Exponential(2200.0), 0.045))
    assert pytest.approx(583.05, abs=0.005) == answer.M
    assert answer.L[0] == pytest.approx(416.95, abs=0.005)
    assert pytest.approx(22.5521, abs=5e-5) == answer.V
    assert (answer.gap, answer.lower_bound, answer.V_std_error) == (0.0, answer.V, None)


def expected_cost(problem: Problem, x: np.ndarray) -> float:
    """V by summing the tail numerically: an independent way for laws with and without atoms."""
    (venue,) = problem.venues
    cells = 8_000
    if isinstance(venue.outflow, Empirical):
        return float(costs(problem, venue.outflow.samples[:, None], x).mean())
    atoms = venue.outflow.atoms()
    if atoms is not None:
        return float(costs(problem, atoms[0][:, None], x) @ atoms[1])
    # finer towards the queue, where the tail may be steep
    steps = venue.queue + problem.size * np.linspace(0, 1, cells + 1) ** 3
    tail = 1 - venue.outflow.cdf((steps[1:] + steps[:-1]) / 2)
    value = costs(problem, steps[:, None], x)
    # E v(xi) = v(at or below the queue) + integral of v' times the tail
    return float(value[0] + np.diff(value) @ tail)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{type(law).__name__}")
@pytest.mark.parametrize("lambda_under", [0.0231, 0.03, 0.05, 0.2])
@pytest.mark.parametrize("queue", [0.0, 2000.0])
def test_no_point_of_a_fine_grid_is_better(law: Outflow, lambda_under: float, queue: float) -> None:
    problem = figure_2(law, lambda_under, queue)
    answer = place(problem)
    tolerance = 1e-6 * problem.h * problem.size
    here = expected_cost(problem, np.array([answer.M, *answer.L]))
    assert pytest.approx(here, abs=tolerance) == answer.V
    for m in np.linspace(0, 1000, 9):
        for limit in np.linspace(0, 1000, 9):
            assert expected_cost(problem, np.array([m, limit])) >= here - tolerance


@pytest.mark.parametrize("family", [Exponential, Poisson])
def test_common_outflow_of_one_venue_is_solved_on_its_true_law(family: type[Exponential | Poisson]) -> None:
    data = {
        "S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.05, "lambda_over": 0.05,
        "venues": [{"queue": 2000, "rebate": 0.002, "outflow": {"family": family.__name__.lower(), "mean": 2200}}],
        "common": {"weight": 0.6, "outflow": {"family": family.__name__.lower(), "mean": 2200}},
    }  # fmt: skip
    problem = Problem.from_json(data)
    answer = place(problem)
    rng = np.random.default_rng(7)
    draw: Callable[[float, int], NDArray[Any]] = rng.exponential if family is Exponential else rng.poisson
    xi = 0.6 * draw(2200, 400_000) + 0.4 * draw(2200, 400_000)
    drawn = costs(problem, xi[:, None], np.array([answer.M, *answer.L]))
    assert pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn))) == answer.V
    for limit in np.linspace(0, 1000, 101):
        assert split_value(problem, np.array([1000 - limit, limit])) >= answer.V - 1e-5


laws = st.sampled_from(LAWS)


@settings(max_examples=150, deadline=None)
@given(laws, st.floats(0.0231, 0.3), st.floats(0, 0.2))
def test_raising_lambda_under_never_lowers_market(law: Outflow, lambda_under: float, more: float) -> None:
    low, high = place(figure_2(law, lambda_under)), place(figure_2(law, lambda_under + more))
    assert high.M >= low.M - 1e-9


@settings(max_examples=150, deadline=None)
@given(laws, st.floats(0.0231, 0.3), st.floats(-0.005, 0.02), st.floats(0, 0.009))
def test_raising_the_rebate_never_lowers_the_limit(
    law: Outflow, lambda_under: float, rebate: float, more: float
) -> None:
    problem = figure_2(law, lambda_under)
    low, high = (
        place(replace(problem, venues=(replace(problem.venues[0], rebate=r),))) for r in (rebate, rebate + more)
    )
    assert high.L[0] >= low.L[0] - 1e-9


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@given(st.lists(laws, min_size=1, max_size=4), st.floats(0.0231, 0.2), st.integers(0, 10**6))
def test_without_overbooking_no_split_is_better(parts: list[Outflow], lambda_under: float, seed: int) -> None:
    parts = [law for law in parts if not isinstance(law, Empirical)] or [Exponential(2200.0)]
    rng = np.random.default_rng(seed)
    venues = tuple(PlaceVenue(float(rng.uniform(0, 3000)), float(rng.uniform(-0.002, 0.004)), law) for law in parts)
    problem = Problem(1000.0, 0.02, 0.003, 0.0005, lambda_under, 0.05, venues)
    x = solve_separable(problem)
    assert x.min() >= 0
    assert x.sum() == pytest.approx(1000)
    best = split_value(problem, x)
    for _ in range(40):
        other = rng.dirichlet(np.full(len(x), 0.5)) * 1000
        mix = x + rng.uniform(0, 1) ** 3 * (other - x)
        assert split_value(problem, mix) >= best - 1e-6


def test_one_venue_without_overbooking_is_proposition_3() -> None:
    for law in LAWS:
        problem = figure_2(law, 0.04)
        answer = place(problem)
        assert split_value(problem, solve_separable(problem)) == pytest.approx(answer.V, abs=1e-9)
        assert place(problem, "closed").V == answer.V


def test_no_rounding_takes_an_expected_fill_below_nothing_or_beyond_the_limit() -> None:
    """Two million leave at least, so a limit near the front fills whole; eight at most, so beyond a million nothing."""
    assert expected_fill(Uniform(2e6, 3e6), 1e6 / 7, 0.1) == 0.1
    assert expected_fill(Empirical(np.arange(9.0)), 1e6, 1e6) == 0.0
