"""cont_kukanov_online: fed the outcomes of `sor place --method sa`, its steps are that method's, bit for bit."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from sor.core.order import Latency, Side
from sor.core.place.closed_form import solve_single
from sor.core.place.distributions import Exponential
from sor.core.place.problem import PlaceVenue, Problem
from sor.core.place.solve import place
from sor.core.place.stochastic import approximate, step_size
from sor.core.router.literature.cont_kukanov_online import ContKukanovOnline, Terciles, step
from sor.core.units import NANO
from sor.strategies import FeeSchedule, Flow, Outcome, Setting, VenueView, View


def test_its_iterates_are_those_of_the_stochastic_approximation() -> None:
    law = Exponential(900.0)
    problem = Problem(1000, 0.02, 0.003, 0.0005, 0.024, 0.026, tuple(PlaceVenue(q, r, law) for q, r in PLACES))
    outflows = np.random.default_rng(3).exponential(900.0, (300, 2))
    gamma = step_size(problem, 300)
    x, total = [1000 / 3] * 3, np.zeros(3)
    for row in outflows:
        room = [xi - q for xi, (q, _) in zip(row.tolist(), PLACES, strict=True)]
        done = x[0] + sum(min(max(one, 0.0), limit) for one, limit in zip(room, x[1:], strict=True))
        push = -(problem.theta + 0.024) if done < 1000 else (0.026 if done > 1000 else 0.0)
        whole = [one > limit for one, limit in zip(room, x[1:], strict=True)]
        x = step(x, gamma, whole, push, 0.02 + 0.003, [0.02 + r for _, r in PLACES], problem.theta)
        total += x
    assert (total / 300).tolist() == approximate(problem, outflows).tolist()


PLACES = ((300.0, 0.002), (800.0, 0.003))


def mean_of_steps(problem: Problem, outflows: np.ndarray) -> np.ndarray:
    """The router's own steps on these outflows, from an equal split."""
    n, k = outflows.shape
    gamma, size = step_size(problem, n), problem.size
    x, total = [size / (k + 1)] * (k + 1), np.zeros(k + 1)
    gains = [problem.h + venue.rebate for venue in problem.venues]
    for row in outflows:
        room = [xi - venue.queue for xi, venue in zip(row.tolist(), problem.venues, strict=True)]
        done = x[0] + sum(min(max(one, 0.0), limit) for one, limit in zip(room, x[1:], strict=True))
        short = -(problem.theta + problem.lambda_under)
        push = short if done < size else (problem.lambda_over if done > size else 0.0)
        whole = [one > limit for one, limit in zip(room, x[1:], strict=True)]
        x = step(x, gamma, whole, push, problem.h + problem.f, gains, problem.theta)
        total += x
    return np.asarray(total / n)


def cost(problem: Problem, x: np.ndarray, outflows: np.ndarray) -> float:
    """V of x over the outflows, from the definition."""
    queues = np.array([venue.queue for venue in problem.venues])
    gains = problem.h + np.array([venue.rebate for venue in problem.venues])
    fills = np.minimum(np.maximum(outflows - queues, 0), x[1:])
    done = x[0] + fills.sum(axis=1)
    short, over = np.maximum(problem.size - done, 0), np.maximum(done - problem.size, 0)
    resting = -(fills * gains).sum(axis=1) + problem.lambda_under * short + problem.lambda_over * over
    return float(np.mean((problem.h + problem.f) * x[0] + resting + problem.theta * (x.sum() + short)))


def test_one_venue_goes_to_proposition_3() -> None:
    problem = Problem(1000, 0.02, 0.003, 0.0005, 0.045, 0.05, (PlaceVenue(2000, 0.002, Exponential(2200)),))
    best = solve_single(problem)
    assert 0 < best[1] < 1000
    apart = []
    for n in (1_000, 100_000):
        outflows = np.random.default_rng(1).exponential(2200, (n, 1))
        apart.append(float(np.abs(mean_of_steps(problem, outflows) - best).max()))
    assert apart[1] < apart[0]
    assert apart[1] < 60


@pytest.mark.parametrize("places", [((300.0, 0.002),), ((300.0, 0.002), (800.0, 0.003))])
@pytest.mark.parametrize("n", [50, 500, 5_000])
def test_the_regret_is_within_the_papers_bound(places: tuple[tuple[float, float], ...], n: int) -> None:
    """V(mean) - V* <= D M / sqrt(N), D = sqrt(K) S, M^2 = (h + f + Lambda)^2 + sum (h + r_k + Lambda)^2."""
    law = Exponential(900.0)
    problem = Problem(1000, 0.02, 0.003, 0.0005, 0.03, 0.03, tuple(PlaceVenue(q, r, law) for q, r in places))
    rng = np.random.default_rng(n)
    judged = rng.exponential(900.0, (40_000, len(places)))
    found = cost(problem, mean_of_steps(problem, rng.exponential(900.0, (n, len(places)))), judged)
    answer = place(problem, "exact")
    best = cost(problem, np.array([answer.M, *answer.L]), judged)
    gradient = (0.023 + problem.lam) ** 2 + sum((0.02 + r + problem.lam) ** 2 for _, r in places)
    assert found - best <= len(places) ** 0.5 * 1000 * gradient**0.5 / n**0.5
    assert found - best >= -0.02  # the best is the best, but for how far the outflows differ


def test_lookup_rests_more_and_takes_less_where_more_was_sold() -> None:
    """Volume lasts: a slice after a busy one is busy. The state tells, and the X of each goes its own way."""
    rng, router = Random(5), ContKukanovOnline(lookup=True, speed=3)
    slices, size = 8_000, 100
    router.begin(Setting(Side.BUY, size * slices, 0, slices, 1, Latency(), FeeSchedule({})))
    busy = False
    last: tuple[Outcome, ...] = ()
    for _ in range(slices):
        flow = (Flow(1, 300 if busy else 20, 0), Flow(2, 50, 0))
        quotes = tuple(VenueView(v, 100 * NANO + 10**7, 10**6, 100 * NANO, 50) for v in (1, 2))
        view = View(0, 0, 0, size, 200 * NANO, quotes, last, flow)
        answer = router.allocate(view, size)
        limits = dict(answer.limits)
        busy = busy if rng.random() < 0.9 else not busy
        reach = {1: 250 if busy else 0, 2: 0}
        last = tuple(Outcome(v, limit, min(limit, reach[v])) for v, limit in limits.items() if limit)
    by_volume = {
        high: [state.mean for key, state in router.states.items() if key[1] == high and state.steps > 500]
        for high in {key[1] for key in router.states}
    }
    quiet, loud = by_volume[min(by_volume)], by_volume[max(by_volume)]
    assert quiet
    assert loud
    assert min(mean[1] for mean in loud) > max(mean[1] for mean in quiet)
    assert max(mean[-1] for mean in loud) < min(mean[-1] for mean in quiet)


def test_terciles_are_of_the_past_alone() -> None:
    thirds = Terciles()
    assert [thirds.tercile("queue", 1, value) for value in (5, 9, 1, 6, 6, 100)] == [1, 2, 0, 2, 1, 2]
    assert thirds.tercile("volume", 1, 5) == 1
    assert [thirds.tercile("queue", 2, 6) for _ in range(3)] == [1, 1, 1]  # ties count half
