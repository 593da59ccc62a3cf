"""A sweep from plan to table: who works the chunks out, and what is said meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

from sor.sweep.local_pool import Finished, run_local
from sor.sweep.plan import Chunk
from sor.sweep.row import failed_row
from sor.sweep.store import Store
from sor.sweep.worker import ChunkResult


@dataclass(slots=True)
class SweepProgress:
    """How far a sweep has come. Seconds: on the wall, of workers, and of these in backtests alone."""

    cells: int
    before: int = 0  # done by an earlier run
    done: int = 0
    failed: int = 0
    wall: float = 0.0
    busy: float = 0.0
    backtests: float = 0.0
    saved: float = 0.0  # sum of savings against best_ask, bps
    compared: int = 0

    @property
    def finished(self) -> int:
        return self.before + self.done + self.failed

    @property
    def rate(self) -> float:
        """Cells a second."""
        return (self.done + self.failed) / self.wall if self.wall > 0 else 0.0

    @property
    def overhead_ms(self) -> float:
        """Milliseconds a cell that a worker spent on anything but backtests: opening tapes, making rows."""
        return 1e3 * (self.busy - self.backtests) / max(1, self.done + self.failed)


class Show(Protocol):
    def __call__(self, tally: SweepProgress) -> None: ...


def sweep(
    store: Store, show: Show, *, workers: int, scheduler: str | None = None, retry_failed: bool = False
) -> SweepProgress:
    """Work out what the store lacks. What is finished is kept at once, so that an error loses nothing."""
    todo, before = store.missing(retry_failed=retry_failed)
    tally = SweepProgress(cells=before + sum(len(chunk.cells) for chunk in todo), before=before)
    began = time.monotonic()
    show(tally)
    for chunk, answer in _finished(todo, workers, scheduler):
        if isinstance(answer, str):
            answer = ChunkResult.from_rows([failed_row(cell, answer) for cell in chunk.cells])
        store.keep(chunk, answer.parquet)
        tally.wall = time.monotonic() - began
        _count(tally, answer)
        show(tally)
    assert tally.finished == tally.cells, "a chunk was lost"
    store.note({**asdict(tally), "workers": workers, "scheduler": scheduler})
    return tally


def _finished(todo: list[Chunk], workers: int, scheduler: str | None) -> Iterator[Finished]:
    if not todo:
        return iter(())
    if scheduler is None:
        return run_local(todo, min(workers, len(todo)))
    from sor.sweep.dask_cluster import run_on_cluster

    return run_on_cluster(todo, scheduler)


def _count(tally: SweepProgress, answer: ChunkResult) -> None:
    tally.done += answer.done
    tally.failed += answer.failed
    tally.busy += answer.seconds
    tally.backtests += answer.backtests
    tally.saved += answer.saved
    tally.compared += answer.compared
