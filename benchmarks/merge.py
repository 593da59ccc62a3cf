"""A day of twelve venues in twelve files against the one file that holds their rows: time and memory.

    python -m benchmarks.merge --minutes 20 --folder /var/tmp/merge
    python -m benchmarks.merge --minutes 20 --times 4     # memory of a longer tape

Each reading is a process of its own. Times are the processor's (all threads), so that a busy machine says the same.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import pyarrow.compute as pc
from pyarrow import csv

from sor.core.units import NANO, parse_time
from sor.synth.tape import SynthSpec
from sor.synth.write import make_tape
from sor.tapes.convert import convert

VENUES = 12

CHILD = """
import json, resource, sys
from sor.tapes import open_tape
tape = open_tape(json.loads(sys.argv[1]))
count = sum(len(batch) for batch in tape.batches())
use = resource.getrusage(resource.RUSAGE_SELF)
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps([use.ru_utime + use.ru_stime, peak / 1024, count, tape.tape_facts().rows]))
"""


def read(paths: list[Path], rounds: int) -> tuple[float, float, int, int]:
    """Median seconds of the processor and peak MiB; snapshots and rows."""
    found = []
    for _ in range(rounds):
        args = [sys.executable, "-c", CHILD, json.dumps([str(path) for path in paths])]
        found.append(json.loads(subprocess.run(args, check=True, capture_output=True, text=True).stdout))
    return median(one[0] for one in found), median(one[1] for one in found), found[0][2], found[0][3]


BACKTEST = """
import json, resource, subprocess, sys
words = [word for path in json.loads(sys.argv[1]) for word in ("--tape", path)]
subprocess.run([sys.executable, "-m", "sor", "backtest", "--strategy", "twap", "--json", *words], check=True,
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
use = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(use.ru_utime + use.ru_stime))
"""


def backtest(name: str, one: list[Path], many: list[Path], rounds: int) -> None:
    """A whole command, the two in turns."""
    seconds: dict[int, list[float]] = {len(one): [], len(many): []}
    for _ in range(rounds):
        for paths in (one, many):
            args = [sys.executable, "-c", BACKTEST, json.dumps([str(path) for path in paths])]
            said = subprocess.run(args, check=True, capture_output=True, text=True).stdout
            seconds[len(paths)].append(json.loads(said))
    alone, together = median(seconds[len(one)]), median(seconds[len(many)])
    print(f"{name}: sor backtest --strategy twap: one file {alone:.2f} s, {len(many)} files {together:.2f} s; ", end="")
    print(f"{together / alone:.2f} times the time")


def split(whole: Path, folder: Path) -> list[Path]:
    """The rows of a CSV tape by venue, each in a file of its own."""
    text = csv.ConvertOptions(column_types={"ts_event": "string"}, strings_can_be_null=True)
    table = csv.read_csv(whole, convert_options=text)
    paths = []
    for venue in pc.unique(table["publisher_id"]).to_pylist():
        paths.append(folder / f"venue-{venue}.csv")
        csv.write_csv(table.filter(pc.equal(table["publisher_id"], venue)), paths[-1])
    return sorted(paths)


def compare(name: str, one: list[Path], many: list[Path], rounds: int) -> None:
    alone, together = read(one, rounds), read(many, rounds)
    assert alone[2:] == together[2:], (alone, together)
    ratio, speed = together[0] / alone[0], alone[3] / together[0]
    print(f"{name}: {alone[3]:,} rows; one file {alone[0]:.2f} s, {alone[1]:.0f} MiB", end="; ")
    print(
        f"{len(many)} files {together[0]:.2f} s, {together[1]:.0f} MiB; {ratio:.2f} times the time, {speed:,.0f} rows/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--times", type=float, default=1, help="a tape so many times as long")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as made:
        folder = given.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        whole = folder / "whole.csv"
        length = round(given.minutes * given.times * 60) * NANO
        make_tape(SynthSpec(VENUES, length, 7, ("SYNT",), parse_time("2024-06-03T13:30:00Z")), whole)
        many = split(whole, folder)
        compare("CSV", [whole], many, given.rounds)
        backtest("CSV", [whole], many, given.rounds)
        for path in (whole, *many):
            convert(path, path.with_suffix(".parquet"))
        fast = [path.with_suffix(".parquet") for path in many]
        compare("Parquet", [whole.with_suffix(".parquet")], fast, given.rounds)
        backtest("Parquet", [whole.with_suffix(".parquet")], fast, given.rounds)


if __name__ == "__main__":
    main()
