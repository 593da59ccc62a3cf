"""What `--workers` gains: one backtest by one process, and shared by several, in turn (benchmarks/engine.md).

    python benchmarks/workers.py [--folder DIR] [--rounds 1] [--minutes 390] [--shares 11] [--workers 1,2] [--stages]

Whole processes: seconds by the clock and of the processor (of all processes together), and the peak of the largest
process. The clock says nothing on a machine that has other work: the load is printed before and after. --stages works
the shares one after the other in this process and prints the processor's seconds of each, and what the clock would say
if every worker had a core of its own.
"""

from __future__ import annotations

import argparse
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from day import SLICE, Cost, made, median, metered

from sor.core.backtest.sessions import Stream
from sor.core.backtest.worker_pool import Task, WorkerPool
from sor.core.spec import Spec
from sor.options.windows import Window
from sor.request import BacktestRequest
from sor.running.run import run, stream_of
from sor.running.tape_source import tape_source
from sor.sources.source import Source, TimelineSource

T = TypeVar("T")


@dataclass(slots=True)
class InTurn:
    """A pool of nobody: the tasks are worked when their answers are asked for. marks: when we handed out and asked, in
    the processor's seconds without those of the tasks; tasks: the seconds of each."""

    others: int
    stream: Stream | None = None
    venues: tuple[int, ...] = ()
    marks: list[float] = field(default_factory=list)
    tasks: list[list[float]] = field(default_factory=list)

    def pool(self, source: Source, spec: Spec, window: Window) -> WorkerPool:
        assert isinstance(source, TimelineSource)
        self.stream, self.venues = stream_of(source, spec, window), source.timeline().venues
        return self

    def submit(self, tasks: Sequence[Task[T]]) -> Callable[[], list[T]]:
        def answers() -> list[T]:
            self.mark()
            found, seconds = list[T](), list[float]()
            for task in tasks:
                began = time.process_time()
                assert self.stream is not None
                answer = pickle.dumps(task.work(self.stream), pickle.HIGHEST_PROTOCOL)
                found.append(pickle.loads(answer))
                seconds.append(time.process_time() - began)
            self.tasks.append(seconds)
            return found

        return answers

    def mark(self) -> None:
        self.marks.append(time.process_time() - sum(map(sum, self.tasks)))


def stages(tape: Path, shares: int, workers: int) -> None:
    request = BacktestRequest(tape=str(tape), quantity=shares)
    pool, began = InTurn(workers - 1), time.process_time()
    spec, source = request.spec(), tape_source(request)
    run(source, spec, request=request.asked(), pool=pool.pool).to_json()
    pool.mark()
    ours = [end - start for start, end in zip([began, *pool.marks], pool.marks, strict=False)]
    theirs = [max(seconds) for seconds in pool.tasks]
    print(f"{workers} workers, if each has a core: until the study is joined, from there on, the report")
    print("  we      " + "".join(f"{seconds:>8.2f} s" for seconds in ours))
    print("  others " + "".join(f"{seconds:>8.2f} s" for seconds in theirs))
    clock = sum(max(pair) for pair in zip(ours, theirs, strict=False)) + ours[-1]
    began = time.process_time()
    run(source, spec, request=request.asked()).to_json()
    alone = time.process_time() - began
    print(f"  together {clock:.2f} s, alone {alone:.2f} s: {alone / clock:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/day"), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--minutes", default="390", help="of the tape; default: %(default)s")
    parser.add_argument("--shares", type=int, default=11, help="a slice; default: %(default)s")
    parser.add_argument("--workers", default="1,2", help="default: %(default)s")
    parser.add_argument("--stages", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    tape = made(asked.folder, asked.minutes)
    quantity = int(float(asked.minutes) * 60 / SLICE) * asked.shares
    counts = [int(count) for count in asked.workers.split(",")]
    if asked.stages:
        for count in counts:
            if count > 1:
                stages(tape, quantity, count)
        return
    command = ("backtest", "--json", "--tape", str(tape), "--quantity", str(quantity), "--workers")
    cores = len(os.sched_getaffinity(0))
    print(f"load {os.getloadavg()[0]:.1f}, {cores} cores; {asked.minutes} minutes of tape, {quantity} shares")
    costs: dict[int, list[Cost]] = {count: [] for count in counts}
    for _ in range(asked.rounds):
        for count in counts:
            costs[count].append(metered(sys.executable, "-m", "sor", *command, str(count)))
    first = median(costs[counts[0]])
    print(f"{'workers':<9}{'clock':>11}{'times':>7}{'processor':>12}{'peak':>10}")
    for count in counts:
        cost = median(costs[count])
        times = f"{first.clock / cost.clock:>7.2f}"
        print(f"{count:<9}{cost.clock:>9.2f} s{times}{cost.processor:>10.2f} s{cost.peak:>7.0f} MB")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
