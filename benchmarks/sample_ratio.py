"""Are resting orders filled as much as their samples said? Real over expected passive fills, with its standard error.

    python benchmarks/sample_ratio.py [TAPE ...] [--seeds 5,6,7] [--minutes 60] [--wait-ms 0,100,500]

By tape and latency, per slice: sum min(made, S - M) over sum E[min(sum_k min(e_k, L_k), S - M)], E the mean over the
samples that the decision saw. 1 is what an unbiased model gives. The error is that of a ratio of sums, over blocks of
five slices, since neighbours depend on each other. Without tapes: synthetic ones of five venues.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.order import Latency, ParentOrder, QueueModel, Rules, Side
from sor.core.router.allocators import CrossVenue, Solver, window_length
from sor.core.router.outflow_history import OutflowHistory
from sor.core.router.slice_problems import SliceProblems
from sor.core.schedule import Schedule
from sor.core.spec import Level, Parameters
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.units import NANO
from sor.sources.source import Source
from sor.synth.tape import SynthSpec
from sor.synth.write import make_tape
from sor.tapes import open_tape

INTERVAL, MS, BLOCK = 5 * NANO, 10**6, 5
START = 1_717_421_400 * NANO
PARAMETERS = Parameters(*(Level(Fraction(value), multiple=True) for value in ("2", "1.2", "0.1")))
Pairs = list[tuple[int, float]]  # of each slice with resting orders: what was made, and what was expected


def slices(source: Source, wait: int, shares_a_slice: int) -> Pairs:
    """Work an order with a latency of `wait` ns."""
    bounds = source.bounds()
    assert bounds is not None
    count = -((bounds[0] - bounds[1]) // INTERVAL)
    order = ParentOrder(Side.BUY, shares_a_slice * count, *bounds)
    latency = Latency(wait)
    history = OutflowHistory(window_length(INTERVAL), QueueModel.CONSERVATIVE, latency, latency)
    solver = Solver(PARAMETERS, SliceProblems(history, NO_FEES))
    expected: dict[int, tuple[int, float]] = {}

    def allocate(view: View, size: int) -> Allocation:
        answer = solver(view, size)
        if answer.limits:
            venues, limits = zip(*answer.limits, strict=True)
            filled = np.minimum(history.before(view.ts, venues).sold, limits).sum(axis=1)
            room = max(0, size - answer.market)
            expected[view.ts] = room, float(np.minimum(filled, room).mean())
        return answer

    router = CrossVenue("router", Schedule.for_order(order, INTERVAL), allocate)
    session = Session.for_order(order, Rules(NO_FEES, latency=latency), [router], histories=[history])
    for batch in source.batches():
        session.on_batch(batch)
    made: dict[int, int] = {}
    for fill in session.result().results["router"].fills:
        if fill.is_maker:
            made[fill.decided] = made.get(fill.decided, 0) + fill.qty
    return [(min(made.get(ts, 0), room), mean) for ts, (room, mean) in sorted(expected.items())]


def ratio(pairs: Pairs) -> tuple[float, float]:
    """The ratio of the sums and its standard error."""
    real, mean = (np.array(column, float) for column in zip(*pairs, strict=True))
    found = real.sum() / mean.sum()
    left = real - found * mean
    blocks = [left[at : at + BLOCK].sum() for at in range(0, len(left), BLOCK)]
    return float(found), sqrt(sum(block**2 for block in blocks)) / float(mean.sum())


def line(label: str, wait: int, pairs: Pairs) -> None:
    found, error = ratio(pairs)
    print(f"{label:>24} {wait // MS:>6} ms {len(pairs):>6} slices  {found:.3f} +- {error:.3f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tapes", nargs="*", type=Path)
    parser.add_argument("--seeds", default="5,6,7")
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--wait-ms", default="0,100,500")
    parser.add_argument("--shares-a-slice", type=int, default=42)
    wanted = parser.parse_args(arguments)
    waits = [int(text) * MS for text in wanted.wait_ms.split(",")]
    together: dict[int, Pairs] = {wait: [] for wait in waits}
    with TemporaryDirectory() as folder:
        tapes = wanted.tapes or [_made(Path(folder), seed, wanted.minutes) for seed in wanted.seeds.split(",")]
        for tape in tapes:
            for wait in waits:
                pairs = slices(open_tape(tape), wait, wanted.shares_a_slice)
                together[wait] += pairs
                line(tape.stem, wait, pairs)
    for wait, pairs in together.items():
        line("all", wait, pairs)


def _made(folder: Path, seed: str, minutes: int) -> Path:
    path = folder / f"seed-{seed}.parquet"
    make_tape(SynthSpec(5, minutes * 60 * NANO, int(seed), ("SYNT",), START), path)
    return path


if __name__ == "__main__":
    main()
