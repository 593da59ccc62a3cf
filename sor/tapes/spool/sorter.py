"""Rows to snapshots in the order of time, whatever the order of the file; memory is flat on long tapes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sor.core.market.batch import Form, SnapshotBatch
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.tapes.rows import RowChunk
from sor.tapes.snapshots import BatchCutter, SnapshotBuilder, SnapshotRule, group_rows, join_snapshots
from sor.tapes.sorting import LATE_ROWS, LateRows, merge_runs
from sor.tapes.spool.index import IndexBuilder

MEMORY_BUDGET = 4 * 2**20  # ten minutes of a busy stock; more is on disk


class SnapshotSorter:
    """Rows on time are grouped and spooled as they come; late ones wait in runs of their own until the end."""

    def __init__(self, rule: SnapshotRule, batch_snapshots: int, form: Form = Form.VENUE) -> None:
        self._rule: SnapshotRule = rule
        self._form = form
        self._batch_snapshots = batch_snapshots
        self._builder = SnapshotBuilder(rule, batch_snapshots, form)
        self._spool = SnapshotBuffer(memory_budget=MEMORY_BUDGET)
        self.index = IndexBuilder()  # of the batches of sorted_snapshots
        self._late = LateRows(self._run_of)

    def on_rows(self, on_time: RowChunk) -> None:
        self._keep(self._builder.on_rows(on_time))

    def on_late_rows(self, rows: RowChunk) -> None:
        self._late.collect(rows)

    def sorted_snapshots(self) -> SnapshotBuffer:
        """All snapshots in the order of time."""
        self._keep(self._builder.remaining())
        self._late.flush()
        if self._late.runs:
            self._merge([self._spool, *self._late.runs])
        return self._spool

    def _keep(self, batches: Iterable[SnapshotBatch]) -> None:
        for batch in batches:
            self._spool.append(batch)
            self.index.on_batch(batch)

    def _run_of(self, rows: RowChunk, before: int) -> SnapshotBuffer:
        # The first run may stay in memory; a tape with many of them is large.
        run = SnapshotBuffer(memory_budget=0 if before else MEMORY_BUDGET)
        cutter = BatchCutter(max(1, LATE_ROWS // 16))
        for batch in (*cutter.on_batch(group_rows(rows, self._rule, self._form)), *cutter.remaining()):
            run.append(batch)
        return run

    def _merge(self, runs: list[SnapshotBuffer]) -> None:
        self._spool, self.index = SnapshotBuffer(memory_budget=MEMORY_BUDGET), IndexBuilder()
        cutter = BatchCutter(self._batch_snapshots)
        for piece in merge_runs([run.batches() for run in runs], self._join):
            self._keep(cutter.on_batch(piece))
        self._keep(cutter.remaining())
        for run in runs:
            run.close()

    def _join(self, parts: Sequence[SnapshotBatch]) -> SnapshotBatch:
        return join_snapshots(parts, self._rule, self._form)
