"""Which router interval, which grid, which adverse-selection default? Measured out of sample, for docs/model.md.

    python benchmarks/router_choice.py [TAPE ...]

Without tapes: four synthetic ten-minute tapes of five venues, seeds 1 to 4. For every router interval, with and
without --adverse-selection, the mean walk-forward savings of a slice against taking at once (X_M), with its 95 %
Newey-West interval over the slices of all tapes, the share of a slice that rested and was filled, and how much of
the parent's cost against X_M it came to.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from sor.core.backtest import backtest
from sor.core.spec import ROUTER, Spec
from sor.core.statistics import newey_west
from sor.core.units import NANO, parse_time
from sor.request import Request
from sor.source import Source
from sor.tapes import open_tape
from sor.tapes.synth import SynthSpec
from sor.tapes.synth_csv import write_tape

START = parse_time("2024-06-03T13:30:00Z")
INTERVALS = (2, 5, 10, 20, 60)


def main(paths: list[str]) -> None:
    """Print one row an interval and setting."""
    with tempfile.TemporaryDirectory() as folder:
        tapes = [open_tape(path) for path in (paths or synthetic(Path(folder)))]
        print(f"{'interval':>8} {'adverse':>8} {'slices':>7} {'savings vs X_M, bps':>32} {'made':>6} {'seconds':>8}")
        for interval in INTERVALS:
            for adverse in (False, True):
                row(tapes, replace(Request().spec(), router_interval=interval * NANO, adverse_selection=adverse))


def synthetic(folder: Path) -> list[str]:
    """Four tapes that differ in their seed."""
    paths = []
    for seed in range(1, 5):
        path = folder / f"{seed}.csv.gz"
        for _ in write_tape(SynthSpec(5, 600 * NANO, seed, ("SYNA",), START, activity=600), path):
            pass
        paths.append(str(path))
    return paths


def row(tapes: list[Source], spec: Spec) -> None:
    """One setting over all tapes."""
    began, savings, made, done = time.perf_counter(), [], 0, 0
    for tape in tapes:
        bounds = tape.bounds()
        assert bounds is not None
        found = backtest(tape.batches, spec, spec.order(*bounds))
        savings += [float(one.savings["X_M"] * 10_000) for one in found.walk.judged]
        result = found.outcome.results[ROUTER]
        made, done = made + result.made, done + result.filled
    interval = newey_west(savings)
    if interval is None or interval.low is None or interval.high is None:
        figure = "too few slices were judged"
    else:
        figure = f"{interval.mean:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
    print(
        f"{spec.router_interval // NANO:>7}s {spec.adverse_selection!s:>8} {len(savings):>7} {figure:>32} "
        f"{made / max(done, 1):>6.0%} {time.perf_counter() - began:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
