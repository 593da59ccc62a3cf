"""Chunks on this machine's cores: as many processes as wished, and none for one worker.

Plain processes and not a cluster of our own: a chunk costs a fraction of a millisecond more than its cells, nothing
listens on a port, and Dask need not be there.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from threading import Thread

from sor.sweep.plan import Chunk
from sor.sweep.worker import ChunkResult, work

AHEAD = 3  # chunks handed out for each worker, so that none waits
TRIES = 3  # times that a chunk may see its worker die, the last time alone: then it was the chunk
LOST = "its worker died again and again (killed, or out of memory)"

Finished = tuple[Chunk, ChunkResult | str]  # or why there is no answer


def run_here(chunks: Iterable[Chunk]) -> Iterator[Finished]:
    """In this process, one after the other."""
    for chunk in chunks:
        yield chunk, work(chunk)


def run_local(chunks: Iterable[Chunk], workers: int) -> Iterator[Finished]:
    """In `workers` processes; the order is that of finishing. A process that is killed is replaced."""
    if workers == 1:
        yield from run_here(chunks)
        return
    crew = _Crew(workers, deque(chunks))
    try:
        yield from crew.run()
    finally:
        crew.dismiss()


@dataclass(slots=True)
class _Crew:
    """Processes and what they are at."""

    workers: int
    waiting: deque[Chunk]
    _pool: ProcessPoolExecutor | None = None
    _busy: dict[Future[ChunkResult], Chunk] = field(default_factory=dict)
    _deaths: dict[str, int] = field(default_factory=dict)

    def run(self) -> Iterator[Finished]:
        while self.waiting or self._busy:
            try:
                self._hand_out()
            except BrokenProcessPool:
                yield from self._replace()
                continue
            finished, _ = wait(self._busy, return_when=FIRST_COMPLETED)
            if any(isinstance(future.exception(), BrokenProcessPool) for future in finished):
                yield from self._replace()
                continue
            for future in finished:
                yield self._busy.pop(future), future.result()

    def dismiss(self) -> None:
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            # What they are at is of no use any more, and a long backtest would keep the terminal waiting.
            for process in processes:
                if self._busy:
                    process.terminate()
            for process in processes:
                process.join()

    def _hand_out(self) -> None:
        if self._pool is None:
            # A fresh interpreter each: a fork of a process with threads (Arrow has some) may hang.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.workers, context, _die_with_parent)
        while self.waiting and len(self._busy) < self.workers * AHEAD:
            alone = self._deaths.get(self.waiting[0].name, 0) >= TRIES - 1
            if alone and self._busy:
                return
            self._busy[self._pool.submit(work, self.waiting[0])] = self.waiting[0]  # a broken pool takes none
            self.waiting.popleft()
            if alone:
                return

    def _replace(self) -> Iterator[Finished]:
        """A process died and took the pool with it: keep what was finished, give out the rest again."""
        for future, chunk in reversed(self._busy.items()):
            if future.done() and not future.cancelled() and future.exception() is None:
                yield chunk, future.result()
                continue
            self._deaths[chunk.name] = self._deaths.get(chunk.name, 0) + 1
            if self._deaths[chunk.name] >= TRIES:
                yield chunk, LOST
            else:
                self.waiting.appendleft(chunk)
        self._busy.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None


def _die_with_parent() -> None:
    """Workers of a sweep that was killed must not go on without it; and Ctrl-C is the sweep's business."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        Thread(target=watch, daemon=True).start()
