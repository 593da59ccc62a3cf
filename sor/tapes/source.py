"""A tape on disk as a `Source`: read once into a spool, in time order, then as often as wanted from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sor.core.market import SnapshotBatch
from sor.errors import InputError
from sor.source import StreamFacts, TapeFacts
from sor.spool import Spool
from sor.tapes.order import Punctual, merge_runs
from sor.tapes.rows import Reader, RowChunk, concat_rows, sort_rows
from sor.tapes.snapshots import BatchCutter, SnapshotBuilder, SnapshotRule, group_rows, join_snapshots

MEMORY_BUDGET = 4 * 2**20  # ten minutes of a busy stock; more is on disk, so that memory is flat on long tapes
LATE_ROWS = 2**16  # late rows sorted in memory at a time: about 5 MiB


class SpooledTape:
    """Snapshots in a spool, with what was learned while they were read."""

    has_bids = True

    def __init__(self, spool: Spool, bounds: tuple[int, int], facts: TapeFacts) -> None:
        self._spool = spool
        self._bounds = bounds
        self._facts = facts

    def bounds(self) -> tuple[int, int]:
        return self._bounds

    def batches(self) -> Iterator[SnapshotBatch]:
        return self._spool.batches()

    def tape_facts(self) -> TapeFacts:
        return self._facts

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(expected=len(self._spool), received=len(self._spool))


def read_tape(
    reader: Reader, path: Path, symbol: str | None, rule: SnapshotRule, strict: bool, batch_snapshots: int
) -> SpooledTape:
    """Read a tape to its end. InputError where it has no such symbol, or several and none was named."""
    sorter = SnapshotSorter(rule, batch_snapshots)
    punctual = Punctual()
    rows_read = 0
    for chunk in reader.chunks():
        refuse_bad_rows(reader, path, strict)
        rows = _rows_of(chunk, reader.symbols, symbol)
        if len(rows) and (symbol is not None or len(reader.symbols) == 1):
            rows_read += len(rows)
            sorter.add(*punctual.split(rows))
    refuse_bad_rows(reader, path, strict)
    chosen = choose_symbol(reader.symbols, symbol, path)
    spool = sorter.finish()
    facts = TapeFacts(tape_name(path), chosen, rows_read, reader.bad_rows, reader.first_bad, punctual.out_of_order)
    return SpooledTape(spool, sorter.bounds, facts)


def tape_name(path: Path) -> str:
    """The file's name without folders and endings, so that a tape keeps it in every format."""
    return path.name.lstrip(".").partition(".")[0] or path.name


def refuse_bad_rows(reader: Reader, path: Path, strict: bool) -> None:
    if strict and reader.first_bad is not None:
        raise InputError(f"{path}: {reader.first_bad} (without --strict such rows are counted and left out)")


def choose_symbol(symbols: list[str | None], wanted: str | None, path: Path) -> str | None:
    """The symbol that will be read. InputError lists what is there."""
    if wanted is None and len(symbols) == 1:
        return symbols[0]
    names = sorted(str(symbol) for symbol in symbols if symbol is not None)
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    if wanted is None:
        raise InputError(f"{path}: there are {len(symbols)} symbols on this tape: name one with --symbol: {listed}")
    if wanted not in symbols:
        there = f"it has {listed}" if names else "it names no symbols, so leave --symbol out"
        raise InputError(f"{path}: symbol {wanted!r} is not on this tape: {there}")
    return wanted


def _rows_of(chunk: RowChunk, symbols: list[str | None], symbol: str | None) -> RowChunk:
    if symbol is None or symbols == [symbol]:
        return chunk
    return chunk.take(chunk.symbol == symbols.index(symbol)) if symbol in symbols else chunk.slice(0, 0)


class SnapshotSorter:
    """Rows on time are grouped and spooled as they come; late ones wait in runs of their own until the end."""

    def __init__(self, rule: SnapshotRule, batch_snapshots: int) -> None:
        self._rule: SnapshotRule = rule
        self._batch_snapshots = batch_snapshots
        self._builder = SnapshotBuilder(rule, batch_snapshots)
        self._spool = Spool(memory_budget=MEMORY_BUDGET)
        self._late: list[RowChunk] = []
        self._late_rows = 0
        self._runs: list[Spool] = []
        self.bounds = (0, 0)

    def add(self, on_time: RowChunk, late: RowChunk | None) -> None:
        for batch in self._builder.add(on_time):
            self._spool.append(batch)
        if late is not None:
            self._late.append(late)
            self._late_rows += len(late)
            if self._late_rows >= LATE_ROWS:
                self._keep_late()

    def finish(self) -> Spool:
        """All snapshots in the order of time."""
        for batch in self._builder.finish():
            self._spool.append(batch)
        if self._late:
            self._keep_late()
        if self._runs:
            self._merge()
        self.bounds = _bounds(self._spool)
        return self._spool

    def _keep_late(self) -> None:
        rows = sort_rows(concat_rows(self._late))
        self._late, self._late_rows = [], 0
        # The first run may stay in memory; a tape with many of them is large.
        run = Spool(memory_budget=0 if self._runs else MEMORY_BUDGET)
        cutter = BatchCutter(max(1, LATE_ROWS // 16))
        for batch in (*cutter.add(group_rows(rows, self._rule)), *cutter.finish()):
            run.append(batch)
        self._runs.append(run)

    def _merge(self) -> None:
        merged, cutter = Spool(memory_budget=MEMORY_BUDGET), BatchCutter(self._batch_snapshots)
        runs = [self._spool, *self._runs]
        for piece in merge_runs([run.batches() for run in runs], lambda parts: join_snapshots(parts, self._rule)):
            for batch in cutter.add(piece):
                merged.append(batch)
        for batch in cutter.finish():
            merged.append(batch)
        for run in runs:
            run.close()
        self._spool = merged


def _bounds(spool: Spool) -> tuple[int, int]:
    first = last = None
    for batch in spool.batches():
        first = first if first is not None else batch.ts[0]
        last = batch.ts[-1]
    assert first is not None
    assert last is not None
    return int(first), int(last)
