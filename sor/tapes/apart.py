"""Every symbol of a tape as a source of its own: the files are read once, whatever the number of symbols."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sor.core.market.batch import Form, SnapshotBatch
from sor.core.market.timeline import Timeline
from sor.errors import InputError
from sor.files.writing import scratch_dir
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.sources.source import WrappedSource
from sor.tapes.bytes.byte_blocks import Progress
from sor.tapes.convert import SUFFIX, to_parquet
from sor.tapes.open import check_strict, parquet_alone, several_files
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.parquet.reader import ParquetReader
from sor.tapes.parquet.source import ParquetTape
from sor.tapes.rows import RowChunk, concat_rows
from sor.tapes.snapshots import SnapshotBuilder, SnapshotRule
from sor.tapes.spool.read import check_national

HELD_SNAPSHOTS = 2**16  # of all symbols together, before they are written
CHUNK_ROWS = 2**17  # sorted by symbol at a time: about 11 MB
LEAST_BATCH = 128  # so that a batch is worth its header, however many symbols there are


class SpooledSymbol(WrappedSource):
    """One symbol of a tape: its snapshots are in the spool of all of them, its facts are the tape's."""

    def __init__(self, tape: ParquetTape, spool: SnapshotBuffer) -> None:
        super().__init__(tape)
        self._tape, self._spool = tape, spool
        self._places: list[int] = []

    def on_batches(self, batches: Iterator[SnapshotBatch]) -> None:
        for batch in batches:
            self._places.append(self._spool.position)
            self._spool.append(batch)

    def timeline(self) -> Timeline:
        return self._tape.timeline()

    def batches(self) -> Iterator[SnapshotBatch]:
        return map(self._spool.at, self._places)


def open_symbols(
    tape: Any,
    symbol_in: Sequence[str] = (),
    options: ReadOptions = AS_IT_IS,
    rule: SnapshotRule = "last",
    strict: bool = False,
    progress: Progress | None = None,
) -> dict[str | None, SpooledSymbol]:
    """What `open_tape` gives for each symbol of a tape, in the order of their names.

    What is no Parquet tape of ours becomes one first, in a temporary folder: it is in the order of time. From there the
    snapshots of all symbols go to one temporary file. Memory does not grow with the tape.
    """
    files = several_files(tape, None, symbol_in, options, strict, progress)
    if (alone := parquet_alone(files)) is not None:
        check_strict(files, alone)
        return _apart(alone, str(files.inputs[0].path), rule)
    with tempfile.TemporaryDirectory(prefix="sor-", dir=scratch_dir()) as folder:
        whole = Path(folder) / f"tape{SUFFIX}"
        to_parquet(files, whole)
        reader = ParquetReader(whole)
        if reader.form is Form.NBBO:
            check_national(rule, str(files.inputs[0].path))
        return _apart(reader, str(files.inputs[0].path), rule)


def _apart(reader: ParquetReader, where: str, rule: SnapshotRule) -> dict[str | None, SpooledSymbol]:
    size = max(LEAST_BATCH, HELD_SNAPSHOTS // len(reader.symbols))
    spool = SnapshotBuffer(memory_budget=0)
    found = [SpooledSymbol(ParquetTape(reader, symbol, rule, size), spool) for symbol in reader.symbols]
    builders = [SnapshotBuilder(rule, size, reader.form) for _ in found]
    for rows in _joined(reader.chunks()):
        for code, part in _by_symbol(rows):
            found[code].on_batches(builders[code].on_rows(part))
    for symbol, builder in zip(found, builders, strict=True):
        symbol.on_batches(builder.remaining())
    for name, facts in zip(reader.symbols, reader.facts.symbols, strict=True):
        if not facts.snapshots:
            raise InputError(f"{where}: no row of symbol {name!r} is left: {' '.join(reader.notes)}")
    return dict(sorted(zip(reader.symbols, found, strict=True), key=lambda one: str(one[0])))


def _joined(chunks: Iterator[RowChunk]) -> Iterator[RowChunk]:
    """The same rows in larger chunks: of many symbols each has only a few rows in one."""
    held: list[RowChunk] = []
    for rows in chunks:
        held.append(rows)
        if sum(map(len, held)) >= CHUNK_ROWS:
            yield concat_rows(held)
            held = []
    if held:
        yield concat_rows(held)


def _by_symbol(rows: RowChunk) -> Iterator[tuple[int, RowChunk]]:
    """The rows of each symbol, in their order."""
    rows = rows.take(np.argsort(rows.symbol, kind="stable"))
    edges = [0, *(np.flatnonzero(np.diff(rows.symbol)) + 1).tolist(), len(rows)]
    for start, stop in pairwise(edges):
        yield int(rows.symbol[start]), rows.slice(start, stop)
