"""More processes for one backtest: each opens the tape for itself and works what it is handed (`--workers`).

They are plain interpreters with a pipe to either side of them. A fork of a process with threads (Arrow has some) may
hang, and multiprocessing's fresh interpreters run the user's script again. A process that ends, however it does, closes
its pipe, and the one that waits for it sees that. A worker whose pipe is closed ends: none outlives its backtest.
"""

from __future__ import annotations

import os
import pickle  # nosec B403  # of pipes to processes of our own, see below
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sor.core.backtest.two_pass import can_be_shared
from sor.core.backtest.worker_pool import Task, WorkerPool
from sor.core.market.timeline import Timeline
from sor.core.spec import Spec
from sor.errors import InputError, SorError
from sor.options.windows import Window
from sor.request import BacktestRequest
from sor.running.one_thread import ONE_THREAD
from sor.running.run import WorkerPoolFor
from sor.sources.source import Source, TapeFacts, TimelineSource
from sor.tapes.merge.inputs import inputs_of

if TYPE_CHECKING:
    import subprocess

T = TypeVar("T")
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class Work:
    """A task, and what a worker needs to see the same stream as we do. timeline, facts: of our tape; the worker's own
    is the same one if it has these too."""

    task: Task[Any]
    spec: Spec
    window: Window
    timeline: Timeline
    facts: TapeFacts


@contextmanager
def worker_pool(request: BacktestRequest, spec: Spec, workers: int) -> Iterator[WorkerPoolFor | None]:
    """What `run` is to be given for so many workers, of which we are one; None where nothing can be shared. The tape is
    being opened by the others meanwhile, and they end with the `with` block."""
    if workers == 1 or not can_be_shared(spec):
        yield None
        return
    if request.has_tape:
        _check_tape(request)
    with ExitStack() as stack:
        others = [stack.enter_context(_worker(request)) for _ in range(workers - 1)]

        def pool(source: Source, spec: Spec, window: Window) -> WorkerPool:
            assert isinstance(source, TimelineSource)  # a tape, as it was opened by its name
            return _WorkerPool(others, spec, window, source.timeline(), source.tape_facts())

        yield pool


def _check_tape(request: BacktestRequest) -> None:
    """InputError where a file can be read by one process only."""
    for one in inputs_of(request.tape):
        path = Path(os.path.abspath(one.path))
        if one.table is None and (not path.is_file() or path.is_relative_to("/dev") or path.is_relative_to("/proc")):
            raise InputError(f"{one.path}: is no file that every worker can read for itself: leave --workers out")


@dataclass(frozen=True, slots=True)
class _WorkerPool:
    """See sor.core.backtest.worker_pool.WorkerPool."""

    processes: Sequence[_Worker]
    spec: Spec
    window: Window
    timeline: Timeline
    facts: TapeFacts

    @property
    def others(self) -> int:
        return len(self.processes)

    @property
    def venues(self) -> tuple[int, ...]:
        return self.timeline.venues

    def submit(self, tasks: Sequence[Task[T]]) -> Callable[[], list[T]]:
        at_work = self.processes[: len(tasks)]
        for worker, task in zip(at_work, tasks, strict=True):
            worker.send(Work(task, self.spec, self.window, self.timeline, self.facts))
        return lambda: [worker.answer() for worker in at_work]


@contextmanager
def _worker(request: BacktestRequest) -> Iterator[_Worker]:
    import subprocess

    path = os.pathsep.join(map(os.path.abspath, sys.path))  # so that it finds what we found
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "sor.running.worker_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | ONE_THREAD | {"PYTHONPATH": path},
        process_group=0,  # Ctrl-C is for us, and we end it
    )
    try:
        worker = _Worker(process)
        worker.send(request)
        yield worker
    finally:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(BrokenPipeError):  # over what was not sent
                if pipe is not None:
                    pipe.close()
        process.wait()


@dataclass(frozen=True, slots=True)
class _Worker:
    """One of them. It is sent its tape first and then tasks, and answers each of them once."""

    process: subprocess.Popen[bytes]

    def send(self, message: Any) -> None:
        assert self.process.stdin is not None
        try:
            pickle.dump(message, self.process.stdin, pickle.HIGHEST_PROTOCOL)
            self.process.stdin.flush()
        except BrokenPipeError:
            raise _lost() from None

    def answer(self) -> Any:
        assert self.process.stdout is not None
        try:
            answer = pickle.load(self.process.stdout)  # nosec B301  # a pipe that only our child writes to
        except (EOFError, pickle.UnpicklingError):  # the rest of a half-written one does not come
            raise _lost() from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _lost() -> SorError:
    return SorError("a worker died (killed, or out of memory): leave --workers out, and one process does it all")
