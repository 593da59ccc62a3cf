"""How long one slice takes the router: its whole search, the grid of candidates and all, slice by slice.

    python benchmarks/slices.py TAPE [--shares 11,600] [--side buy]

Milliseconds of the processor in `solve_grid`, once a slice of five seconds; the parent order works the whole tape and
has that many shares for every slice. Median, 99 % and the longest. The goal is 3 ms.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from sor import backtest
from sor.core.router import walk_forward
from sor.core.router.grid_pool import solve_grid
from sor.tapes import open_tape

SLICE = 5 * 10**9


def searches(tape: Path, quantity: int, side: str) -> list[float]:
    """Milliseconds of each search of a default backtest."""
    taken: list[float] = []

    def timed(*problem: Any) -> Any:
        began = time.process_time()
        answer = solve_grid(*problem)
        taken.append((time.process_time() - began) * 1e3)
        return answer

    setattr(walk_forward, "solve_grid", timed)  # noqa: B010 - a name that walk_forward only imports
    try:
        backtest(tape=tape, quantity=quantity, side=side)
    finally:
        setattr(walk_forward, "solve_grid", solve_grid)  # noqa: B010
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tape", type=Path)
    parser.add_argument("--shares", default="11,600", help="a slice; default: %(default)s")
    parser.add_argument("--side", default="buy")
    asked = parser.parse_args()
    bounds = open_tape(asked.tape).bounds()
    assert bounds is not None
    slices = -(-(bounds[1] - bounds[0]) // SLICE)
    print(f"{'shares a slice':>15}{'slices':>8}{'median':>10}{'99 %':>10}{'longest':>10}")
    for shares in map(int, asked.shares.split(",")):
        taken = searches(asked.tape, slices * shares, asked.side)
        middle, late, most = np.percentile(taken, (50, 99, 100))
        print(f"{shares:>15}{len(taken):>8}{middle:>7.2f} ms{late:>7.2f} ms{most:>7.2f} ms", flush=True)


if __name__ == "__main__":
    main()
