"""Any tape to our Parquet form, in bounded memory whatever the order of its rows."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sor.core.market.timeline import HOLE, Hole
from sor.errors import InputError, SorError
from sor.tapes.bytes.byte_blocks import Progress
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.merge.tape_rows import SeveralFiles, TapeRows
from sor.tapes.open import several_files
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.parquet.form import ParquetFacts, SymbolFacts
from sor.tapes.parquet.reader import read_rows
from sor.tapes.parquet.writer import RowWriter
from sor.tapes.rows import RowChunk, RowReader, concat_rows, sort_rows
from sor.tapes.sorting import LateRows, by_symbol, grown, merge_runs
from sor.tapes.spool.read import facts_of

SUFFIX = ".parquet"
_RUN_GROUP_ROWS = 2**13  # small, because one group of every run is in memory while they are merged


def convert(
    tape: Any,
    out: Path,
    *,
    symbol_in: Sequence[str] = (),
    options: ReadOptions = AS_IT_IS,
    strict: bool = False,
    progress: Progress | None = None,
) -> ParquetFacts:
    """Write a tape, of one file or several, to the Parquet file `out`, which appears when it is whole.

    InputError for wrong files.
    """
    _check(out)
    files = several_files(tape, None, symbol_in, options, strict, progress)
    for one in files.inputs:
        if out.exists() and one.table is None and one.path.exists() and out.samefile(one.path):
            raise InputError(f"{out}: cannot be written: name another file")
    return to_parquet(files, out)


def to_parquet(files: SeveralFiles, out: Path) -> ParquetFacts:
    """The same for files that are named already."""
    _check(out)
    try:
        beside = tempfile.TemporaryDirectory(dir=out.parent, prefix=".sor-")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None
    with beside as folder:
        # Each pass over the files has a folder of its own: the first may turn out to be in vain.
        try:
            facts, whole = files.read(lambda rows: _Conversion(rows, Path(tempfile.mkdtemp(dir=folder))).run().written)
            os.replace(whole, out)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise  # of the files that are read
            raise SorError(f"{out}: {os.strerror(error.errno)}") from None
    return facts


def reader_to_parquet(reader: RowReader, path: Path, out: Path) -> ParquetFacts:
    """The same for rows from anywhere, as if they were those of the file `path`."""
    return to_parquet(SeveralFiles((TapeInput(path),), lambda _, inputs: ([(inputs[0], reader)], [])), out)


def _check(out: Path) -> None:
    if not out.name.endswith(SUFFIX):
        raise InputError(f"{out}: the name of a Parquet tape ends with {SUFFIX}")
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    if out.is_dir():
        raise InputError(f"{out}: cannot be written: name another file")


class _Conversion:
    """Rows on time go straight into the file; if some are late, that file becomes the first of the runs to merge."""

    def __init__(self, rows: TapeRows, folder: Path) -> None:
        self._rows = rows
        self._folder = folder
        self._sink = _Sink(folder / "on-time", rows.symbols)
        self._late = LateRows(self._run_of)

    def run(self) -> _Conversion:
        """All rows, once."""
        for rows in self._rows.chunks(self._late.collect):
            self._sink.on_rows(rows)
        return self

    def written(self) -> tuple[ParquetFacts, Path]:
        """What is in the file, and the file."""
        sink = self._sink
        self._late.flush()
        sink.writer.flush()
        if self._late.runs:
            sink.writer.close()
            sink = _Sink(self._folder / "whole", self._rows.symbols)
            self._merge([self._sink.path, *self._late.runs], sink)
            sink.writer.flush()
        facts = self._facts(sink)
        sink.writer.close(facts)
        return facts, sink.path

    def _run_of(self, rows: RowChunk, before: int) -> Path:
        path = self._folder / f"late-{before}"
        writer = RowWriter(path, self._rows.symbols, _RUN_GROUP_ROWS)
        for start in range(0, len(rows), _RUN_GROUP_ROWS):
            writer.write_rows(rows.slice(start, start + _RUN_GROUP_ROWS))
        writer.flush()
        writer.close()
        return path

    def _merge(self, runs: list[Path], sink: _Sink) -> None:
        pieces = [read_rows(run, self._rows.symbols) for run in runs]
        for rows in merge_runs(pieces, lambda parts: sort_rows(concat_rows(parts))):
            sink.on_rows(rows)

    def _facts(self, sink: _Sink) -> ParquetFacts:
        rows = self._rows
        kept = [code for code in range(len(rows.symbols)) if code < len(sink.count) and sink.count[code]]
        if not kept:
            raise InputError(f"{rows.where}: there is no row to write")
        return ParquetFacts(
            name=rows.name,
            bad_rows=rows.bad_rows,
            first_bad=rows.first_bad,
            symbols=tuple(self._symbol(sink, code) for code in range(len(rows.symbols))),
            groups=tuple(sink.writer.groups),
            form=rows.form,
            prints_late=rows.prints_late,
            kind=rows.kind,
            has_names=rows.has_names,
            stated=rows.stated,
            notes=rows.notes,
            round_lot=rows.round_lot,
        )

    def _symbol(self, sink: _Sink, code: int) -> SymbolFacts:
        learned = facts_of(self._rows, self._rows.symbols[code])
        return SymbolFacts(
            symbol=learned.symbol,
            rows=learned.rows or 0,
            out_of_order=learned.out_of_order or 0,
            snapshots=int(sink.count[code]),
            first=int(sink.first[code]),
            last=int(sink.last[code]),
            quotes=sink.writer.quotes(code),
            venues=sink.writer.venues(code),
            holes=tuple(sink.holes.get(code, ())),
            files=learned.files,
            off_exchange_trades=learned.off_exchange_trades,
            off_exchange=learned.off_exchange,
            doubled=learned.doubled or 0,
        )


class _Sink:
    """Where sorted rows end up, with the instants of each symbol: how many, the first and the last, and the holes."""

    def __init__(self, out: Path, symbols: list[str | None]) -> None:
        self.path = out
        self.writer = RowWriter(out, symbols)
        self.count = self.first = self.last = np.empty(0, np.int64)
        self.holes: dict[int, list[Hole]] = {}

    def on_rows(self, rows: RowChunk) -> None:
        if len(rows) == 0:
            return
        self.writer.write_rows(rows)
        n = max(len(self.count), int(rows.symbol.max()) + 1)
        self.count, self.first = grown(self.count, n, 0), grown(self.first, n, -1)
        self.last = grown(self.last, n, -1)
        symbol, ts, before = by_symbol(rows, self.last)
        self.first[symbol[before < 0]] = ts[before < 0]
        self.count += np.bincount(symbol[ts != before], minlength=n)
        for at in np.flatnonzero((before >= 0) & (ts - before >= HOLE)).tolist():
            self.holes.setdefault(int(symbol[at]), []).append((int(before[at]), int(ts[at])))
