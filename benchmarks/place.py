"""The placement solver: time, quality, the bound's own time, certification, and the paper's algorithm beside it.

    python benchmarks/place.py [--problems 100] [--times]    (--times: no long runs to compare with, half a minute)

CPU time on one core (BLAS is told so before it loads). Quality is against the best of a long run: every start
on all samples, then branch and bound.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402

from sor.core.place import Common, PlaceVenue, Problem  # noqa: E402
from sor.core.place.bound import branch, root_bound  # noqa: E402
from sor.core.place.distributions import Exponential, Gamma, Lognormal, Outflow, Poisson  # noqa: E402
from sor.core.place.local_search.sample import SampleProblem  # noqa: E402
from sor.core.place.minimise import minimise  # noqa: E402
from sor.core.place.solve import sample_problem  # noqa: E402
from sor.core.place.stochastic import approximate  # noqa: E402


def law_of(family: int, mean: float) -> Outflow:
    laws: list[Outflow] = [Exponential(mean), Poisson(mean), Lognormal(mean, 1.0), Gamma(2.0, mean / 2)]
    return laws[family]


def random_problem(seed: int, k: int, n: int) -> tuple[Problem, SampleProblem, np.ndarray]:
    """A problem with everything drawn: venues unlike each other, half of them with a common part."""
    rng = np.random.default_rng(seed)
    h, f = rng.uniform(0.005, 0.03), rng.uniform(0, 0.004)
    rebates = rng.uniform(-0.002, 0.004, k)
    queues = rng.uniform(100, 3000, k)
    means = queues * rng.uniform(0.3, 2, k)
    family = int(rng.integers(4))
    laws = [law_of(family, mean) for mean in means.tolist()]
    venues = tuple(PlaceVenue(float(q), float(r), law) for q, r, law in zip(queues, rebates, laws, strict=True))
    problem = Problem(
        1000.0, h, f, rng.uniform(0, 0.5) * h,
        (h + f) * rng.uniform(1.05, 4), (h + rebates.max()) * rng.uniform(1.05, 4),
        venues, Common(0.6, Exponential(float(means.mean()))) if seed % 2 else None,
    )  # fmt: skip
    own = np.column_stack([law.quantile(rng.random(n)) for law in laws])
    shared = rng.exponential(means.mean(), n)[:, None]
    outflows = 0.6 * shared + 0.4 * own if seed % 2 else own
    return problem, sample_problem(problem, outflows), outflows


def fresh(sample: SampleProblem) -> SampleProblem:
    """The same without its cached orders, so that sorting is in the time."""
    return SampleProblem(sample.e, sample.b, sample.theta, sample.lam, sample.size)


def as_often_as(nodes: int) -> Callable[[], bool]:
    left = iter(range(nodes))
    return lambda: next(left, None) is not None


def until(end: float) -> Callable[[], bool]:
    return lambda: time.process_time() < end


def milliseconds(times: list[float]) -> str:
    """Median and worst."""
    return f"median {np.median(times) * 1e3:7.2f}  worst {max(times) * 1e3:7.2f} ms"


def quality(k: int, n: int, problems: int, nodes: int, *, compare: bool) -> None:
    """Time of the search, of the bound and of the stochastic approximation, with the errors of the first and last."""
    search, bound, paper, errors, gaps, paper_errors = [], [], [], [], [], []
    for seed in range(problems):
        problem, sample, outflows = random_problem(seed, k, n)
        scale = n * problem.h * problem.size
        start = time.process_time()
        x, total = minimise(fresh(sample))
        search.append(time.process_time() - start)
        start = time.process_time()
        root = root_bound(fresh(sample), x, total, 1e-5 * scale)
        bound.append(time.process_time() - start)
        start = time.process_time()
        averaged = approximate(problem, outflows)
        paper.append(time.process_time() - start)
        if not compare:
            continue
        long_x, long_total = minimise(sample, [x, root.mean], wide=True)
        _, best, _ = branch(sample, long_x, long_total, root, 1e-6 * scale, as_often_as(nodes))
        best = min(best, total)
        worth = max(abs(best / n - problem.lambda_over * problem.size), problem.h * problem.size) * n
        errors.append((total - best) / worth)
        gaps.append((total - root.value) / worth)
        paper_errors.append((float(sample.total(averaged)) - best) / worth)
    print(f"K = {k}, N = {n}, {problems} problems")
    for name, times, found in (("search", search, errors), ("bound", bound, gaps), ("paper", paper, paper_errors)):
        compared = ""
        if compare:
            above = sum(error > 1e-4 for error in found)
            compared = f"   off by median {np.median(found):.1e}, worst {max(found):.1e}, above 1e-4: {above}"
        print(f"  {name:6}  {milliseconds(times)}{compared}", flush=True)


def certification(k: int, n: int, problems: int, seconds: float) -> None:
    """How long branch and bound takes to prove 1e-4."""
    times, gaps = [], []
    for seed in range(problems):
        problem, sample, _ = random_problem(seed, k, n)
        scale = n * problem.h * problem.size
        start = time.process_time()
        x, total = minimise(sample, wide=True)
        root = root_bound(sample, x, total, 1e-6 * scale)
        _, total, low = branch(sample, x, total, root, 1e-4 * scale, until(start + seconds))
        times.append(time.process_time() - start)
        gaps.append((total - low) / scale)
    proved = sum(gap <= 1.0001e-4 for gap in gaps)
    print(f"certify K = {k}, N = {n}: {proved} of {problems} proved to 1e-4, {milliseconds(times)}")


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--times", action="store_true", help="no long runs to compare with")
    given = parser.parse_args()
    problems, compare = given.problems, not given.times
    quality(12, 1000, problems, 20, compare=compare)
    for k, n in ((2, 1000), (5, 1000), (12, 250), (12, 4000)):
        quality(k, n, max(problems // 5, 1), 5, compare=compare)
    for k in (2, 3, 4, 5) if compare else ():
        certification(k, 300, max(problems // 5, 1), 30.0)


if __name__ == "__main__":
    main()
