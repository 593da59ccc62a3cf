"""What the default backtest costs beside twap: a day of five venues, larger slices, shorter tapes, the bundled run.

    python benchmarks/day.py [--folder DIR] [--rounds 1] [--minutes 3.9,39,390] [--slices 11,600] [--before PYTHON]

Whole processes, seconds of the processor and by the clock, and the peak of memory. Each tape is made once and kept in
the folder (`sor data synth --seed 7`, five venues); the parent order has that many shares for every slice of five
seconds, and works the whole tape. --before names the interpreter of another checkout's virtual environment: both take
turns, so that a busy machine slows both, and the last column is after over before.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine import FLOOR, METER

from sor.paths import bundled_tape

SLICE = 5  # seconds
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}  # as users have it


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of the rounds. clock and processor in seconds, peak in megabytes."""

    clock: float
    processor: float
    peak: float


Run = Callable[[str], Cost]  # of one interpreter


def metered(*command: str) -> Cost:
    meter = [sys.executable, "-S", "-c", METER, *command]
    done = subprocess.run(meter, capture_output=True, text=True, cwd="/", env=ENVIRONMENT)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    clock, processor, kilobytes = map(float, done.stdout.split())
    return Cost(clock, processor, kilobytes / 1024)


def median(costs: list[Cost]) -> Cost:
    columns = ([getattr(cost, name) for cost in costs] for name in ("clock", "processor", "peak"))
    return Cost(*(statistics.median(column) for column in columns))


def in_turn(pythons: list[str], rounds: int, *arguments: str) -> list[Cost]:
    """One cost for each interpreter."""
    costs = [[metered(python, "-m", "sor", *arguments) for python in pythons] for _ in range(rounds)]
    return [median(list(column)) for column in zip(*costs, strict=True)]


def made(folder: Path, minutes: str) -> Path:
    tape = folder / f"day-{minutes}.parquet"
    if not tape.exists():
        words = ("data", "synth", "--minutes", minutes, "--seed", "7", "--out", str(tape))
        subprocess.run([sys.executable, "-m", "sor", *words], check=True, capture_output=True)
    return tape.resolve()


def show(what: str, costs: list[Cost]) -> None:
    figures = "".join(f"{c.clock:>9.2f} s{c.processor:>9.2f} s{c.peak:>7.0f} MB" for c in costs)
    ratio = f"{costs[-1].processor / costs[0].processor:>7.2f}" if len(costs) > 1 else ""
    print(f"{what:<44}{figures}{ratio}", flush=True)


def compare(pythons: list[str], rounds: int, tape: Path, minutes: str, shares: int) -> list[Cost]:
    """The default run and twap on one tape; the default's costs."""
    quantity = str(int(float(minutes) * 60 / SLICE) * shares)
    common = ("backtest", "--json", "--tape", str(tape), "--quantity", quantity)
    twap = in_turn(pythons, rounds, *common, "--strategy", "twap")
    default = in_turn(pythons, rounds, *common)
    name = f"{minutes} minutes, {shares} shares a slice"
    show(f"{name}: twap", twap)
    show(f"{name}: default", default)
    ratios = "".join(f"{d.processor / t.processor:>30.1f}" for d, t in zip(default, twap, strict=True))
    print(f"{'  by twap, by the processor':<44}{ratios}", flush=True)
    return default


def bundled(pythons: list[str], rounds: int) -> None:
    in_turn(pythons, 1, "backtest", "--json")  # bytecode is written
    floor = median([metered(sys.executable, "-c", FLOOR, str(bundled_tape())) for _ in range(rounds)])
    costs = in_turn(pythons, rounds, "backtest", "--json")
    show("the bundled run, default options", costs)
    print(
        f"{'  by the floor, by the processor':<44}" + "".join(f"{c.processor / floor.processor:>30.2f}" for c in costs)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/day"), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--minutes", default="3.9,39,390", help="default: %(default)s")
    parser.add_argument("--slices", default="11,600", help="shares a slice, of the longest tape; default: %(default)s")
    parser.add_argument("--before", metavar="PYTHON", help="interpreter of another checkout")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    pythons = [*([asked.before] if asked.before else []), sys.executable]
    print(f"{'':<44}" + "".join(f"{'clock':>11}{'processor':>11}{'peak':>10}" for _ in pythons))
    bundled(pythons, max(3, asked.rounds))
    first, *others = (int(shares) for shares in asked.slices.split(","))
    minutes = asked.minutes.split(",")
    growth = [compare(pythons, asked.rounds, made(asked.folder, m), m, first)[-1] for m in minutes]
    for m, cost in zip(minutes, growth, strict=True):
        times, memory = cost.processor / growth[0].processor, cost.peak / growth[0].peak
        print(f"{float(m) / float(minutes[0]):g} times the tape: processor x {times:.1f}, memory x {memory:.2f}")
    for shares in others:
        compare(pythons, asked.rounds, made(asked.folder, minutes[-1]), minutes[-1], shares)


if __name__ == "__main__":
    main()
