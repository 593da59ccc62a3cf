"""How often the router's few starts miss the optimum of a tiny problem, where brute force can look at every split.

    python benchmarks/search_starts.py [PROBLEMS]

Two or three venues, three to eight shares, three to twelve samples, penalties as in the default grid. For each number
of starts: in how many problems the answer is not optimal, and by how much at most (as a share of max(|V|, h S)).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from random import Random

import numpy as np

from sor.core.place.whole.shares import IntegerSample
from sor.core.router.allocators import Penalties

COUNTS = (1, 2, 3, 4, 8, 20)


def problems(count: int) -> Iterator[tuple[IntegerSample, Penalties]]:
    """Random tiny problems, always the same."""
    random = Random(1)
    for _ in range(count):
        venues = random.choice((2, 3))
        size, n = random.randint(3, 8 if venues == 2 else 6), random.randint(3, 12)
        fills = [[random.choice((0, 0, random.randint(0, size + 3))) for _ in range(venues)] for _ in range(n)]
        h, take = Fraction(random.randint(1, 10), 2), random.randint(0, 4)
        make = [Fraction(random.randint(0, 3)) for _ in range(venues)]
        sample = IntegerSample.build(size, np.array(fills, np.int64), h, take, make)
        theta = h * Fraction(random.choice((0, 0, 2, 10, 50)), 100)
        under, over = (Fraction(random.randint(101, 500), 100) for _ in range(2))
        yield sample, Penalties(theta, (h + take) * under, (h + max(make)) * over, raised=False)


def least(sample: IntegerSample, cost: Penalties, splits: list[tuple[int, ...]]) -> Fraction:
    """The lowest N V over these splits."""
    return min(a + b * cost.theta + c * cost.under + d * cost.over for a, b, c, d in sample.coefficients(splits))


def main(count: int) -> None:
    cases = []
    for sample, cost in problems(count):
        everything = list(product(range(sample.size + 1), repeat=len(sample.make) + 1))
        cases.append((sample, cost, least(sample, cost, everything)))
    print(f"{'starts':>6} {'missed':>7} {'of':>5} {'worst':>8}")
    for starts in COUNTS:
        gaps = []
        for sample, cost, best in cases:
            chosen = sample.cheapest(sample.starts(), cost.theta, cost.under, cost.over, starts)
            found = sample.solve(cost.theta, cost.under, cost.over, chosen)
            over = least(sample, cost, [(found.m, *found.limits)]) - best
            if over:
                scale = max(abs(best), (sample.take or 1) * sample.size * sample.n)
                gaps.append(float(over / scale))
        print(f"{starts:>6} {len(gaps):>7} {len(cases):>5} {max(gaps, default=0.0):>8.2%}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="?", type=int, default=560, help="default: %(default)s")
    main(parser.parse_args().problems)
