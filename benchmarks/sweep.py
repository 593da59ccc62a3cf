"""What a sweep costs: cells a second, overhead a cell, windows and long tapes (benchmarks/sweep.md).

    python benchmarks/sweep.py [--folder DIR] [--minutes 390] [--venues 5] [--activity 0.6] [--rounds 3]

Makes a tape of `minutes` and one of a tenth of it in the folder (kept for the next time), then prints one line a
figure. With a cluster, each part is measured in turns, so that other work on the machine hits all alike.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from sor.sweep.drive import Tally, sweep
from sor.sweep.plan import plan
from sor.sweep.store import Store
from sor.sweep.wishes import Wishes
from sor.tapes import open_tape
from sor.tapes.convert import convert
from sor.tapes.synth import SynthSpec
from sor.tapes.synth_csv import write_tape

SECOND = 10**9
MINUTE = 60 * SECOND
OPENS = 1_717_421_400 * SECOND  # 2024-06-03T13:30:00Z


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "sor-bench-sweep"))
    options.add_argument("--minutes", type=int, default=390)
    options.add_argument("--venues", type=int, default=5)
    options.add_argument("--activity", type=float, default=0.6)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    long = tape(given.folder, given, given.minutes)
    short = tape(given.folder, given, given.minutes // 10)
    size = f"{given.minutes} minutes, {long.stat().st_size / 1e6:.0f} MB"
    say("tape", f"{rows(long):,} rows, {size}; a tenth: {rows(short):,} rows")
    lengths(long, short, given.rounds)
    windows(long, given)
    workers(given.folder, short, given.rounds)


def say(what: str, figure: str) -> None:
    print(f"{what:34} {figure}", flush=True)


def tape(folder: Path, given: argparse.Namespace, minutes: int) -> Path:
    name = f"v{given.venues}-a{given.activity:g}-m{minutes}"
    out = folder / f"{name}.parquet"
    if not out.exists():
        csv = folder / f"{name}.csv"
        spec = SynthSpec(given.venues, minutes * MINUTE, 1, ("SYNT",), OPENS, int(given.activity * 1000))
        for _ in write_tape(spec, csv):
            pass
        convert(csv, out)
        csv.unlink()
    return out


def rows(path: Path) -> int:
    return open_tape(path).tape_facts().rows or 0


CHILD = """
import json, sys, time
from sor.api import backtest
from sor.request import Request
from sor.run import run
from sor.tapes import open_tape
path, window, wishes = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
began = time.perf_counter()
for _ in range(int(sys.argv[4])):
    run(open_tape(path, window=window), Request(**wishes).spec())
taken = (time.perf_counter() - began) / int(sys.argv[4])
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(json.dumps([taken, peak / 1024]))
"""


def child(path: Path, window: tuple[int, int] | None, times: int = 1, **wishes: Any) -> tuple[float, float]:
    """Seconds a backtest in a process of its own, and the peak of its memory in MiB."""
    args = [sys.executable, "-c", CHILD, str(path), json.dumps(window), json.dumps(wishes), str(times)]
    seconds, peak = json.loads(subprocess.run(args, check=True, capture_output=True, text=True).stdout)
    return float(seconds), float(peak)


def lengths(long: Path, short: Path, rounds: int) -> None:
    """The whole tape through one backtest: time and memory of ten times the rows."""
    found = {path: [child(path, None, strategy="twap") for _ in range(rounds)] for path in (short, long)}
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
        cut(long, alone, start, end)
    wishes = {"strategy": "twap", "start": start, "end": end}
    found: dict[str, list[float]] = {"window": [], "alone": [], "whole": []}
    for _ in range(given.rounds):
        found["window"].append(child(long, (start, end), 5, **wishes)[0])
        found["alone"].append(child(alone, None, 5, **wishes)[0])
        found["whole"].append(child(long, None, 1, **wishes)[0])
    window, only, whole = (median(found[name]) for name in ("window", "alone", "whole"))
    say("window of 10 minutes, s", f"{window:.3f}; a file with nothing else {only:.3f}; the whole tape {whole:.2f}")
    say("  window / file of its own", f"{window / only:.2f}")


def cut(long: Path, out: Path, start: int, end: int) -> None:
    """These minutes as a tape of their own, through CSV as anyone would make it."""
    lines = ["ts_event,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00"]
    none = 2**63 - 1
    for batch in open_tape(long, window=(start, end)).batches():
        for snapshot in batch.snapshots():
            if start <= snapshot.ts <= end:
                for q in snapshot.quotes:
                    bid, ask = ("" if px == none else f"{px / 1e9:.2f}" for px in (q.bid_px, q.ask_px))
                    lines.append(f"{snapshot.ts},{q.venue},{bid},{q.bid_sz},{ask},{q.ask_sz}")
    csv = out.with_suffix(".csv")
    csv.write_text("\n".join(lines) + "\n")
    convert(csv, out)
    csv.unlink()


def workers(folder: Path, short: Path, rounds: int) -> None:
    """The same cells by one process, two, and a Dask cluster of two workers, in turns."""
    wishes = {
        "tape": str(short), "every": 20, "horizon": 60, "side": "buy,sell", "quantity": "1000,5000",
        "strategy": "twap,static",
    }  # fmt: skip
    found: dict[str, list[Tally]] = {"1 worker": [], "2 workers": [], "dask, 2 workers": []}
    with cluster() as address:
        for _ in range(rounds):
            found["1 worker"].append(swept(folder, wishes, 1))
            found["2 workers"].append(swept(folder, wishes, 2))
            found["dask, 2 workers"].append(swept(folder, wishes, 2, address))
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
    empty(short, folder)


def empty(short: Path, folder: Path) -> None:
    """What a cell costs when there is nothing to do in it: orders outside the tape."""
    wishes = {"tape": str(short), "start": "01:00:00", "end": "02:00:00", "every": 1, "horizon": 1, "strategy": "twap"}
    for count in (1, 2):
        tally = swept(folder, wishes, count)
        say(
            f"empty cells, {count} worker{'s' if count > 1 else ''}",
            f"{1e3 * tally.wall * count / tally.failed:.2f} ms a cell ({tally.failed} cells)",
        )


def swept(folder: Path, wishes: dict[str, Any], count: int, scheduler: str | None = None) -> Tally:
    out = folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    with Store(out, plan(Wishes.of(wishes))).opened() as store:
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
