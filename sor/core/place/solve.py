"""`place`: one problem to its answer, by one of three methods."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from sor.core.place.bound import Bound, branch, root_bound
from sor.core.place.closed_form import solve_separable, solve_single, split_value
from sor.core.place.draw import draw, std_error
from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.minimise import minimise
from sor.core.place.problem import Placement, Problem, placement
from sor.core.place.stochastic import approximate
from sor.errors import InputError

Floats = NDArray[np.float64]
METHODS = ("exact", "closed", "sa")
SAMPLES = 32_768
MOST_VENUES = 100
MOST_OUTCOMES = 2**23  # venues times samples
_SEARCHED = 512  # outcomes of the global search; more are for the polish and the bound
_LARGE = 4_096  # outcomes from which the polish leaves gains alone that are far below what sampling may be off
_NODES = 60  # boxes of branch and bound without --certify
_CLOSE = 2e-5  # the gap at which branch and bound is content
_FINE = 1e-6  # how near to its best the root bound gets


def place(
    problem: Problem,
    method: str = "exact",
    samples: int | None = None,
    seed: int = 0,
    certify: float = 0.0,
    clock: Callable[[], float] = monotonic,
) -> Placement:
    """Solve one Cont-Kukanov problem.

    `exact`: K = 1 in closed form; else the sample-average problem on `samples` joint outcomes (32,768 by default; the
    rows themselves for an empirical problem), with a lower bound, tightened for up to `certify` seconds by `clock`.
    `closed`: the best allocation without overbooking. `sa`: the paper's stochastic approximation.
    The same problem, seed and samples give the same answer; more `certify` can only improve it.
    InputError for an unknown method or a senseless number of samples or seconds.
    """
    if method not in METHODS:
        raise InputError(f"method: {method!r} is not one of {', '.join(METHODS)}")
    if samples is not None and samples < 1:
        raise InputError(f"samples: at least 1 is wanted, not {samples}")
    if not 0 <= certify < float("inf"):
        raise InputError(f"certify: a number of seconds of 0 or more is wanted, not {certify}")
    if seed < 0:
        raise InputError(f"seed: 0 or more is wanted, not {seed}")
    _check_extent(len(problem.venues) + len(problem.levels), samples or SAMPLES)
    if problem.levels and method != "exact":
        raise InputError(f"method: {method} takes no levels; leave them out or use exact")
    if len(problem.venues) == 1 and method != "sa" and not problem.levels:
        x = solve_single(problem)
        value = split_value(problem, x)
        return placement(problem, x, value, value, method)
    return _Sampled(problem, samples or SAMPLES, seed).solve(method, certify, clock)


def _check_extent(venues: int, samples: int) -> None:
    """Before the memory goes: an outcome of a venue takes about thirty bytes in all that is made of it."""
    if venues > MOST_VENUES:
        raise InputError(f"venues: {venues:,} of them; at most {MOST_VENUES} can be searched")
    if venues * samples > MOST_OUTCOMES:
        raise InputError(
            f"samples: {samples:,} outcomes of {venues:,} venues are more than memory is given for "
            f"({MOST_OUTCOMES:,} in all); ask for {MOST_OUTCOMES // venues:,} or fewer"
        )


class _Sampled:
    """A problem with its sample, in dollars outside and in `SampleProblem.total` units inside."""

    def __init__(self, problem: Problem, n: int, seed: int) -> None:
        self.problem = problem
        self.outflows = draw(problem, n, seed)
        self.n = len(self.outflows)
        self.sample = sample_problem(problem, self.outflows)
        self.scale = self.n * max(problem.h * problem.size, 1e-9)

    def solve(self, method: str, seconds: float, clock: Callable[[], float]) -> Placement:
        """The answer by one method; the bound is the sample problem's in all of them."""
        if method == "exact":
            x, total, bound = self._exact(seconds, clock)
        else:
            x = solve_separable(self.problem) if method == "closed" else approximate(self.problem, self.outflows)
            total = float(self.sample.total(x))
            *_, bound = self._exact(seconds, clock)
        value, low = self._dollars(total), self._dollars(bound)
        if self.problem.levels:
            x = joined(self.problem, x)
            value = float(costs(self.problem, self.outflows, x).mean())
        error = None if self.problem.empirical else std_error(costs(self.problem, self.outflows, x))
        if len(self.problem.venues) == 1 and not self.problem.levels:
            value, low, error = self._single(x)
        return placement(self.problem, x, value, low, method, error)

    def _single(self, x: Floats) -> tuple[float, float, float | None]:
        """For K = 1 the bound is the true optimum; V is exact where x cannot overfill."""
        least = split_value(self.problem, solve_single(self.problem))
        drawn = costs(self.problem, self.outflows, x)
        if self.problem.empirical:
            return float(drawn.mean()), least, None
        return max(float(drawn.mean()), least), least, std_error(drawn)

    def _dollars(self, total: float) -> float:
        return total / self.n - self.problem.lambda_over * self.problem.size

    def _exact(self, seconds: float, clock: Callable[[], float]) -> tuple[Floats, float, float]:
        end = clock() + seconds
        x, total = minimise(self.sample)
        small = self.sample.thin(_SEARCHED)
        x, total = self._search(small, x, total)
        root = root_bound(self.sample, x, total, _FINE * self.scale)
        x, total = _better(self.sample, x, total, root.mean)
        bound = root.value
        if small is self.sample:
            x, total, bound = self._branch(x, total, root, _nodes(_NODES))
        if seconds:
            x, total, bound = self._branch(x, total, root, lambda: clock() < end)
        return x, total, min(bound, total)

    def _search(self, small: SampleProblem, x: Floats, total: float) -> tuple[Floats, float]:
        """From every start on a sample that branch and bound can search, then all the samples."""
        ours, least = minimise(small, [x], wide=True)
        if small is self.sample:
            return _better(self.sample, x, total, ours)
        scale = self.scale * small.n / self.n
        root = root_bound(small, ours, least, _FINE * scale)
        ours, least, _ = branch(small, ours, least, root, _CLOSE * scale, _nodes(_NODES))
        return _better(self.sample, x, total, ours)

    def _branch(self, x: Floats, total: float, root: Bound, go_on: Callable[[], bool]) -> tuple[Floats, float, float]:
        close = _CLOSE * self.n * max(abs(self._dollars(total)), self.scale / self.n)
        return branch(self.sample, x, total, root, close, go_on)


def _nodes(limit: int) -> Callable[[], bool]:
    """Yes, `limit` times: a budget that no clock decides, so that the answer is the same on every machine."""
    left = iter(range(limit))
    return lambda: next(left, None) is not None


def _better(sample: SampleProblem, x: Floats, total: float, start: Floats) -> tuple[Floats, float]:
    search = Search(sample, start, quick=sample.n > _LARGE)
    search.settle()
    return (search.x, float(search.total)) if search.total < total else (x, total)


def sample_problem(problem: Problem, outflows: Floats) -> SampleProblem:
    """The sample-average problem of (N, K) outflows.

    Levels to take are venues that always fill their size, after the others. The market order, which has no end, is
    then at the price of a share too few: buying there and missing are one, so the least V is the same.
    """
    k, ladder = len(problem.venues), problem.ladder
    e = np.empty((k + 1 + len(ladder), len(outflows)))
    e[0] = problem.size
    for j, level in enumerate(ladder):
        e[k + 1 + j] = min(level.size, problem.size)
    queue = np.array([venue.queue for venue in problem.venues])
    np.clip((outflows - queue).T, 0.0, problem.size, out=e[1 : k + 1])
    gain = np.array([problem.h + venue.rebate for venue in problem.venues])
    market = problem.lambda_under if problem.levels else problem.h + problem.f
    taken = [problem.lambda_over + level.cost for level in ladder]
    b = np.concatenate([[problem.lambda_over + market], problem.lambda_over - gain, taken])
    return SampleProblem(e, b, problem.theta, problem.lam, problem.size)


def joined(problem: Problem, x: Floats) -> Floats:
    """(M, L_1..L_K) of an answer to the sample problem. M is what it takes at the levels; the rest is missing."""
    k = len(problem.venues)
    taken = sum(min(float(m), level.size) for m, level in zip(x[k + 1 :], problem.ladder, strict=True))
    return np.concatenate([[min(taken, problem.size)], x[1 : k + 1]])


def costs(problem: Problem, outflows: Floats, x: Floats) -> Floats:
    """v(X, xi), in dollars, for every row of (N, K) outflows: (N,)."""
    queue = np.array([venue.queue for venue in problem.venues])
    gain = np.array([problem.h + venue.rebate for venue in problem.venues])
    fills = np.minimum(np.maximum(outflows - queue, 0.0), x[1:])
    gap = problem.size - x[0] - fills.sum(axis=1)
    short, over = np.maximum(gap, 0.0), np.maximum(-gap, 0.0)
    fixed = problem.take_cost(float(x[0])) + problem.theta * x.sum()
    result: Floats = fixed - fills @ gain + (problem.theta + problem.lambda_under) * short + problem.lambda_over * over
    return result
