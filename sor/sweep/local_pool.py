"""Chunks on this machine's cores: as many processes as asked for, and none for one worker.

Plain processes and not a cluster of our own: a chunk costs a fraction of a millisecond more than its cells, nothing
listens on a port, and Dask need not be there.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from threading import Thread

from sor.sweep.plan import Chunk
from sor.sweep.shares import Shares
from sor.sweep.worker import ChunkResult, work

AHEAD = 2  # chunks that a worker has, so that it need not wait for the next one
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
    pool = _ProcessPool(chunks, workers)
    try:
        yield from pool.run()
    finally:
        pool.close()


@dataclass(slots=True)
class _Worker:
    """A process of its own, and the chunks that it was given."""

    busy: dict[Future[ChunkResult], Chunk] = field(default_factory=dict)
    _pool: ProcessPoolExecutor | None = None

    def takes(self, chunk: Chunk) -> bool:
        """Give it a chunk. False where it has just died over another one."""
        try:
            self._submit(chunk)
        except BrokenProcessPool:
            if self.busy:
                return False
            self.reap()  # it had nothing to do when it died
            self._submit(chunk)
        return True

    def _submit(self, chunk: Chunk) -> None:
        if self._pool is None:
            # A fresh interpreter each: a fork of a process with threads (Arrow has some) may hang.
            self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _die_with_parent)
        self.busy[self._pool.submit(work, chunk)] = chunk
        # Only the process may write results. While we could too, one that is killed in the midst of a result leaves the
        # pool waiting for the rest of it for ever.
        self._pool._result_queue._writer.close()  # type: ignore[attr-defined]

    def reap(self) -> tuple[list[Finished], list[Chunk]]:
        """What it had finished before it died, and what not. The next chunk begins a new process."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None
        done, lost = list[Finished](), list[Chunk]()
        for future, chunk in self.busy.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                done.append((chunk, future.result()))
            else:
                lost.append(chunk)
        self.busy.clear()
        return done, lost

    def close(self) -> None:
        if self._pool is None:
            return
        if self.busy:
            # What it is at is of no use any more, and a long backtest would keep the terminal waiting.
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        # The pool's thread too: where it is still closing its pipes, Python's own end of the program may write to them.
        self._pool.shutdown(wait=True, cancel_futures=True)


class _ProcessPool:
    """Processes, each at a tape of its own while there are tapes enough."""

    def __init__(self, chunks: Iterable[Chunk], workers: int) -> None:
        self._workers = [_Worker() for _ in range(workers)]
        self._shares = Shares(chunks)
        self._deaths: Counter[str] = Counter()
        self._suspects: deque[Chunk] = deque()  # done at the end, each alone

    def run(self) -> Iterator[Finished]:
        while busy := self._assign():
            wait(busy, return_when=FIRST_COMPLETED)
            for place, worker in enumerate(self._workers):
                finished = [future for future in worker.busy if future.done()]
                if any(isinstance(future.exception(), BrokenProcessPool) for future in finished):
                    yield from self._replace(place)
                    continue
                for future in finished:
                    yield worker.busy.pop(future), future.result()

    def close(self) -> None:
        for worker in self._workers:
            worker.close()

    def _assign(self) -> list[Future[ChunkResult]]:
        """Give everyone something to do; what all are at then."""
        for place, worker in enumerate(self._workers):
            while not worker.busy or (len(worker.busy) < AHEAD and self._shares.has_more(place)):
                chunk = self._shares.next(place)
                if chunk is None:
                    break
                if not worker.takes(chunk):
                    self._shares.put_back(place, chunk)
                    break
        if self._suspects and not any(worker.busy for worker in self._workers):
            self._workers[0].takes(self._suspects.popleft())
        return [future for worker in self._workers for future in worker.busy]

    def _replace(self, place: int) -> Iterator[Finished]:
        """A process died: keep what was finished, give out the rest again."""
        done, lost = self._workers[place].reap()
        yield from done
        for chunk in reversed(lost):
            self._deaths[chunk.name] += 1
            if self._deaths[chunk.name] >= TRIES:
                yield chunk, LOST
            elif self._deaths[chunk.name] == TRIES - 1:
                self._suspects.append(chunk)
            else:
                self._shares.put_back(place, chunk)


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
