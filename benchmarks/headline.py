"""Does the headline say what the parent saved, and do its intervals cover? On synthetic tapes, one row a tape.

    python benchmarks/headline.py [--tapes 20] [--side buy] [--quantity 5000] [--latency-us 0] [--strategy cont_kukanov]
    python benchmarks/headline.py --tapes 200 --save ROWS.jsonl --minutes 8 [--part 0/2]

Ten minutes of five venues each (`--seconds`), seeds from 1 up, a small grid. `alone`: the mean over slices worked as
orders of their own, as the headline was before (`--no-alone` leaves it out, which is faster). `parent`: what the
walk-forward parent saved against X_M's parent, from their cash. `headline`: the report's figure, which must be `parent`
to the last digit. Last: how far the two are from the parent on average, and how many intervals of each baseline hold
the mean saving over all tapes (at least 91 % should; with 200 tapes at least 182).

With `--save` every row is appended to a file, and a later call goes on where the file ends: `--minutes` ends a call
before its tapes are done, `--part 0/2` and `--part 1/2` are two calls side by side on the same file.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from tempfile import TemporaryDirectory
from typing import Any

from sor.core.backtest.headline import MICRO_BPS, ParentSavings
from sor.core.backtest.session import Session
from sor.core.backtest.two_pass import backtest
from sor.core.execution.accounting import savings, settle
from sor.core.execution.engine import Execution
from sor.core.market.book import Book
from sor.core.order import ParentOrder
from sor.core.router.allocators import Allocator, CrossVenue, Decision, FixedAllocation, all_market
from sor.core.schedule import Schedule
from sor.core.spec import ROUTER, TUNED, Level, Spec
from sor.core.units import NANO, parse_time
from sor.request import BacktestRequest
from sor.running.run import of_the_day, window_of
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec
from sor.tapes import open_tape

START = parse_time("2024-06-03T13:30:00Z")


@dataclass
class SlicesAlone:
    """Watches a router and works its slices, with X_M beside them, as parent orders of their own."""

    name: str
    runs: list[tuple[Execution, Execution]] = field(default_factory=list)
    seen: int = 0

    def watch(self, session: Session, book: Book) -> None:
        if self.name not in session.executions:
            return
        parent = session.executions[self.name]
        router: CrossVenue[Allocator] = parent.strategy  # type: ignore[assignment]
        for decision in router.decisions[self.seen :]:
            mine, market = (
                self._alone(parent, router.schedule, decision, allocator)
                for allocator in (FixedAllocation(decision.allocation), all_market)
            )
            self.runs.append((mine, market))
        self.seen = len(router.decisions)
        for pair in self.runs:
            for run in pair:
                run.advance(book)

    @staticmethod
    def _alone(parent: Execution, schedule: Schedule, decision: Decision, allocator: Allocator) -> Execution:
        index, order = schedule.index(decision.ts), parent.order
        ends = schedule.ends(index)
        end = order.end if index == schedule.slices - 1 else ends - 1
        alone = Schedule(schedule.begins(index), schedule.interval, 1, decision.size, ends)
        part = ParentOrder(order.side, decision.size, decision.ts, end, order.limit_price)
        return Execution(part, parent.rules, CrossVenue("alone", alone, allocator), parent.queue_model)

    def mean_bps(self) -> float:
        """The mean over the slices that had something to rest."""
        saved = []
        for pair in self.runs:
            for run in pair:
                run.on_end()
            mine, market = (settle(run, "alone", None) for run in pair)
            value = savings(mine, market)
            if value is not None and mine.fills != market.fills:
                saved.append(float(value * 10_000))
        return fmean(saved) if saved else 0.0


def levels(text: str) -> tuple[Level, ...]:
    return tuple(Level(Fraction(value), multiple=True) for value in text.split())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tapes", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--no-alone", action="store_true")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--part", default="0/1")
    for name, default in (("side", "buy"), ("quantity", 5_000), ("latency_us", 0), ("strategy", ROUTER)):
        parser.add_argument(f"--{name.replace('_', '-')}", default=default)
    wanted = vars(parser.parse_args(arguments))
    tapes, seconds, without, save, minutes, part = (
        wanted.pop(name) for name in ("tapes", "seconds", "no_alone", "save", "minutes", "part")
    )
    spec = replace(
        BacktestRequest(**wanted).spec(),
        lambda_over=levels("1.01 1.1 1.5 3 8"),
        lambda_under=levels("1.02 1.5 3 9"),
        theta_queue=levels("0 0.1 1"),
    )
    rows = {row["seed"]: row for row in saved_rows(save)}
    mine, parts = map(int, part.split("/"))
    stop = time.monotonic() + 60 * minutes
    print(f"{'seed':>4} {'alone':>8} {'parent':>10} {'headline':>10} {'95 %':>18} {'seconds':>8}")
    with TemporaryDirectory() as folder:
        for seed in range(1, tapes + 1):
            if seed not in rows and seed % parts == mine and time.monotonic() < stop:
                rows[seed] = row(spec, Path(folder) / f"{seed}.csv.gz", seed, seconds, alone=not without)
                if save is not None:
                    with save.open("a") as file:
                        file.write(json.dumps(rows[seed]) + "\n")
    summary([rows[seed] for seed in sorted(rows) if seed <= tapes])


Row = dict[str, Any]  # seed, alone (None: not looked at), parent, headline; against: by baseline mean, low, high; bps


def saved_rows(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def row(spec: Spec, path: Path, seed: int, seconds: int, *, alone: bool) -> Row:
    began = time.perf_counter()
    for _ in write_tape(SynthSpec(5, seconds * NANO, seed, ("SYNA",), START, activity=seconds), path):
        pass
    tape = open_tape(path)
    window = window_of(tape, spec)
    spec = of_the_day(spec, window)
    name = TUNED if spec.strategy == ROUTER else spec.strategy
    slices = SlicesAlone(name)
    found = backtest(tape.batches, spec, window.order, slices.watch if alone else None)
    path.unlink()
    assert found.headline is not None
    results, against = found.outcome.results, dict(found.headline.against)
    parent = savings(results[name], results["X_M"])
    assert parent is not None
    assert round(parent * MICRO_BPS) == round(against["X_M"].savings * MICRO_BPS)
    figures: Row = {
        "seed": seed,
        "alone": slices.mean_bps() if alone else None,
        "parent": float(parent * 10_000),
        "headline": float(against["X_M"].savings * 10_000),
        "against": {name: (float(saved.savings * 10_000), *_ends(saved)) for name, saved in against.items()},
    }
    _, low, high = figures["against"]["X_M"]
    print(
        f"{seed:>4} {'' if figures['alone'] is None else format(figures['alone'], '+.3f'):>8} "
        f"{figures['parent']:>+10.6f} {figures['headline']:>+10.6f} {f'{low:+.3f} to {high:+.3f}':>18} "
        f"{time.perf_counter() - began:>8.1f}",
        flush=True,
    )
    return figures


def summary(rows: Sequence[Row]) -> None:
    n = len(rows)
    looked = [row for row in rows if row["alone"] is not None]
    for label, values in (
        ("alone", [row["alone"] for row in looked]),
        ("parent", [row["parent"] for row in rows]),
        ("alone - parent", [row["alone"] - row["parent"] for row in looked]),
        ("headline - parent", [row["headline"] - row["parent"] for row in rows]),
    ):
        if values:
            error = f" +- {stdev(values) / sqrt(len(values)):.3f}" if len(values) > 1 else ""
            print(f"mean {label}: {fmean(values):+.3f}{error}, largest {max(map(abs, values)):.6f} bps")
    for name in [name for name in rows[0]["against"] if all(name in row["against"] for row in rows)]:
        ends = [row["against"][name] for row in rows]
        mean = fmean(saved for saved, _, _ in ends)
        covered = sum(low <= mean <= high for _, low, high in ends)
        print(f"{name}: mean {mean:+.3f} bps, in {covered} of {n} intervals ({covered / n:.0%})")


def _ends(saved: ParentSavings) -> tuple[float, float]:
    low, high = saved.estimate.low, saved.estimate.high
    return float("-inf") if low is None else float(low) / 1e6, float("inf") if high is None else float(high) / 1e6


if __name__ == "__main__":
    main()
