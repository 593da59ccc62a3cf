"""How fast the engine is, as ratios measured in one run (benchmarks/engine.md); whole days are in day.py.

    make bench            or: .venv/bin/python benchmarks/engine.py [--tape day.csv.gz] [--rounds 5]

The peer, hftbacktest, lives in .venv-bench (`make bench` puts it there); without it that line is left out.
Speeds are the best of the rounds, ratios those of the medians; rounds take turns, so that a busy machine slows both
sides of a ratio. Inside a process, seconds are the processor's; of a whole process they are the clock's, unless it
says otherwise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from sor.core.backtest.session import Session
from sor.core.fees import NO_FEES
from sor.core.market.batch import SnapshotBatch, concat
from sor.core.order import ParentOrder, Rules, Side
from sor.core.strategies.simple import BestAsk
from sor.core.strategies.static import Offer, allocate
from sor.paths import bundled_tape
from sor.tapes import open_tape

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared/data/l1_day.csv.gz"
PEER = ROOT / ".venv-bench/bin/python"
NEVER = 10**12  # shares: the order never completes, so every snapshot is worked

# The interpreter, numpy and the CSV reader imported, the used columns read, and nothing else.
FLOOR = """
import sys, numpy, pyarrow
from pyarrow import csv
names = "ts_event publisher_id action side price size bid_px_00 ask_px_00 bid_sz_00 ask_sz_00".split()
csv.read_csv(sys.argv[1], convert_options=csv.ConvertOptions(include_columns=names))
"""


def say(name: str, figure: str) -> None:
    print(f"{name:<66}{figure:>22}", flush=True)


def work(batches: Iterable[SnapshotBatch], first: int, last: int) -> tuple[float, int]:
    """Processor seconds and snapshots of a best_ask that never completes."""
    began = time.process_time()
    session = Session.for_order(ParentOrder(Side.BUY, NEVER, first, last), Rules(NO_FEES), [BestAsk()])
    for batch in batches:
        session.on_batch(batch)
    outcome = session.result()
    return time.process_time() - began, outcome.market.snapshots


def engine(title: str, tape: Path, folder: Path, rounds: int) -> None:
    """Snapshots a second, warm: batches in memory, then from Parquet."""
    parquet = folder / f"{tape.name}.parquet"
    sor("data", "convert", str(tape), str(parquet))
    source = open_tape(parquet)
    bounds = source.bounds()
    assert bounds is not None
    batches = list(source.batches())
    in_memory, from_file, peer = [], [], []
    n = 0
    for _ in range(rounds + 1):
        seconds, n = work(batches, *bounds)
        in_memory.append(n / seconds)
        seconds, _ = work(open_tape(parquet).batches(), *bounds)
        from_file.append(n / seconds)
        peer += peer_rounds(batches, folder)
    say(f"{title}: {n:,} snapshots, book and best_ask, in memory", f"{max(in_memory[1:]):,.0f}/s")
    say(f"{title}: the same, from Parquet", f"{max(from_file[1:]):,.0f}/s")
    if peer:
        say(f"{title}: hftbacktest 2.4 steps and reads the top", f"{max(peer):,.0f}/s")
        say(f"{title}: ratio to hftbacktest, medians, in memory", f"{median(in_memory[1:]) / median(peer):.2f}")


def peer_rounds(batches: list[SnapshotBatch], folder: Path) -> list[float]:
    """The peer's snapshots a second, for a tape of one venue."""
    whole = concat(batches)
    if not PEER.exists() or len(np.unique(whole.venue)) > 1:
        return []
    path = folder / "peer.npz"
    if not path.exists():
        last = whole.quote_end - 1
        columns = {name: getattr(whole, name)[last] for name in ("bid_px", "bid_sz", "ask_px", "ask_sz")}
        quoted = (columns["bid_sz"] > 0) & (columns["ask_sz"] > 0)
        np.savez(path, ts=whole.ts[quoted], **{name: values[quoted] for name, values in columns.items()})
    script = Path(__file__).with_name("engine_peer.py")
    done = subprocess.run([PEER, script, path, "2"], capture_output=True, text=True, check=True)
    return [float(rate) for rate in json.loads(done.stdout)["per_second"]]


def allocator() -> None:
    """Microseconds a call for N = 11 venues and S = 5,000, after warm-up."""
    offers = [Offer(k, 222_740_000_000 + (7 * k % 5) * 10_000_000, 300 + 137 * k % 900) for k in range(11)]
    assert allocate(5_000, offers) is not None
    best = min(timed(lambda: [allocate(5_000, offers) for _ in range(1_000)]) for _ in range(20))
    say("static allocator, N = 11, S = 5,000, a call", f"{best * 1e3:.2f} us")


def timed(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def whole_process(tape: Path, rounds: int) -> None:
    """csv.gz to JSON as people run it, against the floor."""
    command = [sys.executable, "-m", "sor", "backtest", "--tape", str(tape), "--strategy", "static", "--json"]
    floor, full = [], []
    for _ in range(rounds):
        floor.append(spawn([sys.executable, "-c", FLOOR, str(tape)]))
        full.append(spawn(command))
    clock, processor = ([median([run[k] for run in runs]) for runs in (full, floor)] for k in (0, 1))
    say("whole process, csv.gz to JSON, --strategy static, 4,875 candidates", f"{clock[0]:.2f} s")
    say("the floor: imports, and the used columns read", f"{clock[1]:.2f} s")
    say("ratio by the clock (target 2.5, goal 1.5)", f"{clock[0] / clock[1]:.2f}")
    say("ratio by the processor", f"{processor[0] / processor[1]:.2f}")
    say("sor --help", f"{min(spawn([sys.executable, '-m', 'sor', '--help'])[0] for _ in range(rounds)):.2f} s")


# Starts a command and prints seconds by the clock, seconds of the processor and peak kilobytes. A process of its own,
# because the peak of a child is never below that of the process that starts it, and this one has read tapes.
METER = """
import os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def spawn(command: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of the processor, and peak megabytes of a process."""
    meter = [sys.executable, "-S", "-c", METER, *command]
    done = subprocess.run(meter, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    clock, processor, peak = map(float, done.stdout.split())
    return clock, processor, peak / 1024


def sor(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "sor", *words], check=True, capture_output=True, cwd=ROOT)


median = statistics.median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--tape", type=Path, default=REAL if REAL.exists() else bundled_tape(), help="default: %(default)s"
    )
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine("tape", arguments.tape, folder, arguments.rounds)
        if arguments.tape != bundled_tape():
            engine("bundled", bundled_tape(), folder, arguments.rounds)
        allocator()
        whole_process(arguments.tape, arguments.rounds)


if __name__ == "__main__":
    main()
