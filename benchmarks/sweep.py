"""What a sweep costs: cells a second, overhead a cell, windows and long tapes (benchmarks/sweep.md).

    python benchmarks/sweep.py [--folder DIR] [--minutes 390] [--symbols 1] [--venues 5] [--activity 0.6] [--rounds 3]
                               [--parts lengths,windows,workers,strategies]

Makes a tape of `minutes` and one of a tenth of it in the folder (kept for the next time), then prints one line a
figure, of the first symbol. What is compared is measured in turns, so that other work on the machine hits all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sor.core.units import format_time
from sor.sweep.plan import plan
from sor.sweep.request import SweepRequest
from sor.sweep.run import SweepProgress, sweep
from sor.sweep.store import Store
from sor.tapes.convert import reader_to_parquet
from sor.tapes.parquet.reader import ParquetReader
from sor.tapes.rows import RowChunk

SECOND = 10**9
MINUTE = 60 * SECOND
OPENS = 1_717_421_400 * SECOND  # 2024-06-03T13:30:00Z
SYMBOLS = [f"SYN{letter}" for letter in "ABCDEFGHIJ"]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "sor-bench-sweep"))
    options.add_argument("--minutes", type=int, default=390, help="of the long tape, 60 or more")
    options.add_argument("--symbols", type=int, default=1)
    options.add_argument("--venues", type=int, default=5)
    options.add_argument("--activity", type=float, default=0.6)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--parts", default="lengths,windows,workers,strategies")
    given = options.parse_args()
    if given.minutes < 60:
        options.error("--minutes must be 60 or more: the short tape is a tenth, and has orders of 5 minutes")
    given.folder.mkdir(parents=True, exist_ok=True)
    short = tape(given, given.minutes // 10)
    long = tape(given, given.minutes)
    size = f"{given.minutes} minutes, {long.stat().st_size / 1e6:.0f} MB"
    say("tape", f"{rows(long):,} rows of {given.symbols} symbol(s), {size}; a tenth: {rows(short):,} rows")
    parts = given.parts.split(",")
    if "lengths" in parts:
        lengths(long, short, given.rounds)
    if "windows" in parts:
        windows(long, given)
    if "workers" in parts:
        workers(given.folder, short, given.rounds)
    if "strategies" in parts:
        strategies(given.folder, short, given.rounds)


def say(what: str, figure: str) -> None:
    print(f"{what:34} {figure}", flush=True)


def tape(given: argparse.Namespace, minutes: int) -> Path:
    """A synthetic tape in the folder, made in a process of its own where it is not there yet."""
    out: Path = given.folder / f"s{given.symbols}-v{given.venues}-a{given.activity:g}-m{minutes}.parquet"
    if not out.exists():
        began = time.perf_counter()
        symbols = [text for name in SYMBOLS[: given.symbols] for text in ("--symbol", name)]
        shape = ["--venues", given.venues, "--minutes", minutes, "--activity", given.activity]
        command = [sys.executable, "-m", "sor", "data", "synth", *map(str, shape), *symbols, "--out", str(out)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        say(
            f"made {rows(out):,} rows",
            f"{time.perf_counter() - began:.0f} s ({usage.ru_utime + usage.ru_stime:.0f} s of the processor), "
            f"peak {usage.ru_maxrss / 1024:.0f} MiB",
        )
    return out


def rows(path: Path) -> int:
    """Of all symbols."""
    return sum(symbol.rows for symbol in ParquetReader(path).facts.symbols)


CHILD = """
import json, sys, time
from sor import backtest
path, times, options = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
began = time.perf_counter()
for _ in range(times):
    backtest(tape=path, **options)
taken = (time.perf_counter() - began) / times
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps([taken, peak / 1024]))
"""


def child(path: Path, times: int = 1, **options: Any) -> tuple[float, float]:
    """Seconds a backtest of the first symbol in a process of its own, and the peak of its memory in MiB."""
    options = {"symbol": SYMBOLS[0], "strategy": "twap", **options}
    args = [sys.executable, "-c", CHILD, str(path), str(times), json.dumps(options)]
    seconds, peak = json.loads(subprocess.run(args, check=True, capture_output=True, text=True).stdout)
    return float(seconds), float(peak)


def lengths(long: Path, short: Path, rounds: int) -> None:
    """The whole tape through one backtest: time and memory of ten times the rows."""
    found: dict[Path, list[tuple[float, float]]] = {short: [], long: []}
    for _ in range(rounds):
        for path, runs in found.items():
            runs.append(child(path))
    seconds = {path: median(one[0] for one in runs) for path, runs in found.items()}
    peaks = {path: median(one[1] for one in runs) for path, runs in found.items()}
    say("whole tape, s", f"{seconds[short]:.2f} and {seconds[long]:.2f}")
    say(
        "  ten times the tape",
        f"{seconds[long] / seconds[short]:.2f} times the time for {rows(long) / rows(short):.2f} times the rows",
    )
    say("  rows/s", f"{rows(long) / seconds[long]:,.0f}")
    say("  peak memory, MiB", f"{peaks[short]:.1f} and {peaks[long]:.1f}: {peaks[long] / peaks[short] - 1:+.1%}")


def windows(long: Path, given: argparse.Namespace) -> None:
    """Ten minutes in the middle of the long tape, against a file that holds these ten minutes only."""
    start = OPENS + given.minutes // 2 * MINUTE
    end = start + 10 * MINUTE
    alone = given.folder / f"window-of-{long.name}"
    if not alone.exists():
        reader_to_parquet(Cut(long, start, end), alone, alone)
    options = {"start": format_time(start), "end": format_time(end)}
    found: dict[str, list[float]] = {"window": [], "alone": []}
    for _ in range(given.rounds):
        found["window"].append(child(long, 5, **options)[0])
        found["alone"].append(child(alone, 5, **options)[0])
    whole = child(long)[0]
    window, only = (median(found[name]) for name in ("window", "alone"))
    say("window of 10 minutes, s", f"{window:.3f}; a file with nothing else {only:.3f}; the whole tape {whole:.2f}")
    say("  window / file of its own", f"{window / only:.2f}")


class Cut(ParquetReader):
    """Some minutes of a tape, as a tape of their own."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        super().__init__(path)
        self._start, self._end = start, end

    def chunks(self, groups: Sequence[int] | None = None) -> Iterator[RowChunk]:
        for chunk in super().chunks(groups):
            inside = chunk.take((chunk.ts >= self._start) & (chunk.ts <= self._end))
            if len(inside):
                yield inside


def workers(folder: Path, short: Path, rounds: int) -> None:
    """The same cells by one process, two, and a Dask cluster of two workers, in turns."""
    options = {
        "tape": str(short), "symbol": SYMBOLS[0], "every": 10, "horizon": 60,
        "side": "buy,sell", "quantity": "1000,5000",
        "strategy": "twap,static",
    }  # fmt: skip
    found: dict[str, list[SweepProgress]] = {"1 worker": [], "2 workers": [], "dask, 2 workers": []}
    spent: dict[str, list[float]] = {"1 worker": [], "2 workers": []}
    with cluster() as address:
        for _ in range(rounds):
            for name, count in (("1 worker", 1), ("2 workers", 2)):
                before = processor_time()
                found[name].append(swept(folder, options, count))
                spent[name].append(processor_time() - before)
            found["dask, 2 workers"].append(swept(folder, options, 2, address))
    for name, tallies in found.items():
        count = 1 if name == "1 worker" else 2
        best = max(tallies, key=lambda tally: tally.rate)
        beside = min(1e3 * (t.wall * count - t.busy) / t.done for t in tallies)
        rates = f"{best.rate:.1f} (best of {rounds}; median {median(t.rate for t in tallies):.1f})"
        inside = min(t.overhead_ms for t in tallies)
        say(f"cells/s, {name}", f"{rates}; {best.done} cells")
        say("  beside the backtest, ms a cell", f"{inside:.1f} in the worker, {beside:.1f} of worker time outside it")
    one, two = (max(t.rate for t in found[name]) for name in ("1 worker", "2 workers"))
    say("  two workers / one", f"{two / one:.2f} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
    first, second = (min(spent[name]) for name in ("1 worker", "2 workers"))
    say("  processor time, s", f"{first:.1f} with one worker, {second:.1f} with two: {second / first - 1:+.1%}")
    empty(short, folder)


def strategies(folder: Path, short: Path, rounds: int) -> None:
    """Cells a second of the processor, in turns: a simple strategy's, the router's, and orders as long as the tape."""
    options: dict[str, dict[str, Any]] = {
        "static, a minute": {"strategy": "static", "every": 10, "horizon": 60, "end": "13:40:00"},
        "static and twap, the whole tape": {"strategy": "static,twap", "quantity": "1000,2000,3000,4000"},
        "cont_kukanov, 5 minutes": {"strategy": "cont_kukanov", "every": 60, "horizon": 300, "end": "13:36:00"},
    }
    found: dict[str, list[float]] = {name: [] for name in options}
    for _ in range(rounds):
        for name, more in options.items():
            before = processor_time()
            tally = swept(folder, {"tape": str(short), "symbol": SYMBOLS[0], "side": "buy,sell", **more}, 1)
            found[name].append(tally.done / (processor_time() - before))
    for name, rates in found.items():
        say(f"cells/s of one core, {name}", f"{median(rates):.2f}")


def empty(short: Path, folder: Path) -> None:
    """What a cell costs when there is nothing to do in it: orders outside the tape."""
    options = {
        "tape": str(short), "symbol": SYMBOLS[0], "start": "01:00:00", "end": "02:00:00", "every": 1, "horizon": 1,
        "strategy": "twap",
    }  # fmt: skip
    for count in (1, 2):
        tally = swept(folder, options, count)
        say(
            f"empty cells, {count} worker{'s' if count > 1 else ''}",
            f"{1e3 * tally.wall * count / tally.failed:.2f} ms a cell ({tally.failed} cells)",
        )


def processor_time() -> float:
    """Seconds of this process and of those that it has started and that are over."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def swept(folder: Path, options: dict[str, Any], count: int, scheduler: str | None = None) -> SweepProgress:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    with Store(out, plan(SweepRequest.from_mapping(options))).opened() as store:
        return sweep(store, lambda tally: None, workers=count, scheduler=scheduler)


@contextmanager
def cluster() -> Iterator[str]:
    """A scheduler and two workers on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    loopback = ["--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory() as local:
        module = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://{address}", "--nthreads", "1"]
        worker = [*module, "--no-nanny", "--local-directory", local, *loopback]
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", address.split(":")[1], *loopback],
                **quiet,
            ),
            subprocess.Popen(worker, **quiet),
            subprocess.Popen(worker, **quiet),
        ]
        try:
            time.sleep(3)
            yield f"tcp://{address}"
        finally:
            for process in started:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
