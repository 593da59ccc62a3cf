"""Which router interval, which grid, which adverse-selection default? Measured out of sample, for docs/model.md.

    python benchmarks/router_choice.py [TAPE ...]

Without tapes: four synthetic ten-minute tapes of five venues, seeds 1 to 4. For every router interval, with and
without --adverse-selection: what the walk-forward parents saved against taking at once (X_M), with the 95 % interval
over the slices of all tapes, and the share that was made.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from sor.core.backtest.headline import MICRO_BPS
from sor.core.spec import TUNED, Spec
from sor.core.statistics import bootstrap_t
from sor.core.units import NANO, parse_time
from sor.request import BacktestRequest
from sor.running.run import find, of_the_day, window_of
from sor.sources.source import Source
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec
from sor.tapes import open_tape

START = parse_time("2024-06-03T13:30:00Z")
INTERVALS = (2, 5, 10, 20, 60)


def main(paths: list[str]) -> None:
    """Print one row an interval and setting."""
    with tempfile.TemporaryDirectory() as folder:
        tapes: list[Source] = [open_tape(path) for path in (paths or synthetic(Path(folder)))]
        print(f"{'interval':>8} {'adverse':>8} {'slices':>7} {'savings vs X_M, bps':>32} {'made':>6} {'seconds':>8}")
        for interval in INTERVALS:
            for adverse in (False, True):
                row(
                    tapes, replace(BacktestRequest().spec(), router_interval=interval * NANO, adverse_selection=adverse)
                )


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
    began, made, done = time.perf_counter(), 0, 0
    savings: list[int] = []
    for tape in tapes:
        window = window_of(tape, spec)
        found = find(tape, of_the_day(spec, window), window=window)
        assert found.headline is not None
        against = found.headline.against["X_M"]
        scale = Fraction(MICRO_BPS * len(against.saved), abs(against.cost))
        savings += [round(value * scale) for value in against.saved]
        result = found.outcome.results[TUNED]
        made, done = made + result.maker_shares, done + result.filled
    mean = bootstrap_t(savings)
    if mean is None or mean.low is None or mean.high is None:
        figure = "too few slices"
    else:
        figure = f"{float(mean.mean) / 1e6:+.3f} [{float(mean.low) / 1e6:+.3f}, {float(mean.high) / 1e6:+.3f}]"
    print(
        f"{spec.router_interval // NANO:>7}s {spec.adverse_selection!s:>8} {len(savings):>7} {figure:>32} "
        f"{made / max(done, 1):>6.0%} {time.perf_counter() - began:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tapes", nargs="*", metavar="TAPE")
    main(parser.parse_args().tapes)
