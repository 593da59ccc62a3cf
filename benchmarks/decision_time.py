"""How the time of one decision of the Cont-Kukanov router grows with venues, with samples and with the slice's shares.

    python benchmarks/decision_time.py [--problems 20]

CPU time on one core of what a decision adds to a backtest: the slice's problem from its past windows, and its search
from the two cheapest starts. In the last columns the same with a bound on missing shares in place of lambda_under.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from fractions import Fraction  # noqa: E402

import numpy as np  # noqa: E402

from sor.core.place.whole.shares import IntegerSample  # noqa: E402
from sor.core.router.allocators import Penalties, promising  # noqa: E402
from sor.core.router.shortfall_bound import within_shortfall  # noqa: E402
from sor.core.router.slice_problems import SliceProblem  # noqa: E402

CASES = (
    *((k, 1_000, 100) for k in (1, 2, 4, 8, 12, 16, 24)),
    *((5, n, 100) for n in (30, 100, 300, 1_000, 3_000, 10_000)),
    *((5, 1_000, s) for s in (10, 1_000, 10_000)),
)
H, F = Fraction(5_000_000), 3_000_000  # a spread of a cent
COST = Penalties(H / 10, (H + F) * 3 / 2, Fraction(12_000_000), raised=False)


def fills(k: int, n: int, size: int, seed: int) -> np.ndarray:
    """What endless orders would have filled: nothing in half of the windows, else of the order of the slice."""
    rng = np.random.default_rng(seed)
    sold = rng.exponential(size * rng.uniform(0.2, 1.5, k), (n, k)) * (rng.random((n, k)) < 0.5)
    return sold.astype(np.int64)


def problem_of(k: int, n: int, size: int, seed: int) -> SliceProblem:
    make = tuple(Fraction(int(r)) for r in np.random.default_rng(seed).integers(0, 3_000_000, k))
    sample = IntegerSample.build(size, fills(k, n, size, seed), H, F, make)
    return SliceProblem(size, 10**9, tuple(range(k)), H, F, make, sample)


def decide(k: int, n: int, size: int, seed: int) -> None:
    sample = problem_of(k, n, size, seed).sample
    sample.search(COST.theta, COST.under, COST.over, promising(sample, COST))


def decide_within(k: int, n: int, size: int, seed: int) -> None:
    within_shortfall(problem_of(k, n, size, seed), COST.theta, COST.over, Fraction(size, 10))


def milliseconds(decision: Callable[[int, int, int, int], None], case: tuple[int, int, int], problems: int) -> str:
    """Median and worst."""
    times = []
    for seed in range(problems):
        start = time.process_time()
        decision(*case, seed)
        times.append((time.process_time() - start) * 1e3)
    return f"{np.median(times):.1f} | {max(times):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=20)
    problems = parser.parse_args().problems
    decide(2, 100, 100, 0)  # loads what is loaded late
    print("| venues | samples | shares | ms, median | ms, worst | with a bound, median | worst |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for k, n, size in CASES:
        times = " | ".join(milliseconds(decision, (k, n, size), problems) for decision in (decide, decide_within))
        print(f"| {k} | {n:,} | {size:,} | {times} |", flush=True)


if __name__ == "__main__":
    main()
