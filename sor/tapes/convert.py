"""Any tape to our Parquet form, in bounded memory whatever the order of its rows."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from sor.errors import InputError
from sor.tapes.blocks import Progress
from sor.tapes.order import OrderBySymbol, Punctual, by_symbol, grown, merge_runs
from sor.tapes.parquet import ParquetFacts, ParquetReader, RowWriter, SymbolFacts, read_rows
from sor.tapes.reading import open_reader
from sor.tapes.rows import Reader, RowChunk, concat_rows, sort_rows
from sor.tapes.source import refuse_bad_rows, tape_name

SUFFIX = ".parquet"
LATE_ROWS = 2**16
_RUN_GROUP_ROWS = 2**13  # small, because one group of every run is in memory while they are merged


def convert(path: Path, out: Path, *, strict: bool = False, progress: Progress | None = None) -> ParquetFacts:
    """Write the tape `path` to the Parquet file `out`, which appears when it is whole. InputError for wrong files."""
    _check(out)
    if out.exists() and path.exists() and out.samefile(path):
        raise InputError(f"{out}: cannot be written: name another file")
    with open_reader(path, progress) as reader:
        return to_parquet(reader, path, out, strict=strict)


def to_parquet(reader: Reader, path: Path, out: Path, *, strict: bool = False) -> ParquetFacts:
    """The same for rows from anywhere; the tape takes its name from `path`."""
    _check(out)
    try:
        beside = tempfile.TemporaryDirectory(dir=out.parent, prefix=".sor-")
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror})") from None
    with beside as folder:
        whole = Path(folder) / "whole"
        facts = _Conversion(reader, path, Path(folder)).run(whole, strict)
        os.replace(whole, out)
    return facts


def _check(out: Path) -> None:
    if not out.name.endswith(SUFFIX):
        raise InputError(f"{out}: the name of a Parquet tape ends with {SUFFIX}")
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    if out.is_dir():
        raise InputError(f"{out}: cannot be written: name another file")


class _Conversion:
    """Rows on time go straight into the file; if some are late, that file becomes the first of the runs to merge."""

    def __init__(self, reader: Reader, path: Path, folder: Path) -> None:
        self._reader = reader
        self._path = path
        self._folder = folder
        self._order = OrderBySymbol()
        self._late: list[RowChunk] = []
        self._runs: list[Path] = []

    def run(self, out: Path, strict: bool) -> ParquetFacts:
        sink = _Sink(out, self._reader)
        punctual = Punctual()
        for rows in self._reader.chunks():
            refuse_bad_rows(self._reader, self._path, strict)
            self._order.count(rows)
            on_time, late = punctual.split(rows)
            sink.add(on_time)
            if late is not None:
                self._late.append(late)
                self._keep_late(LATE_ROWS)
        refuse_bad_rows(self._reader, self._path, strict)
        self._keep_late(1)
        if self._runs:
            sink.writer.finish()
            sink.writer.close()
            first = self._folder / "on-time"
            os.replace(out, first)
            sink = _Sink(out, self._reader)
            self._merge([first, *self._runs], sink)
        sink.writer.finish()
        facts = self._facts(sink)
        sink.writer.close(facts)
        return facts

    def _keep_late(self, least: int) -> None:
        """Write the late rows to a run of their own if there are at least so many."""
        if sum(map(len, self._late)) < least:
            return
        path = self._folder / f"late-{len(self._runs)}"
        writer = RowWriter(path, self._reader.symbols, _RUN_GROUP_ROWS)
        rows = sort_rows(concat_rows(self._late))
        for start in range(0, len(rows), _RUN_GROUP_ROWS):
            writer.add(rows.slice(start, start + _RUN_GROUP_ROWS))
        writer.finish()
        writer.close()
        self._late = []
        self._runs.append(path)

    def _merge(self, runs: list[Path], sink: _Sink) -> None:
        pieces = [read_rows(run, self._reader.symbols) for run in runs]
        for rows in merge_runs(pieces, lambda parts: sort_rows(concat_rows(parts))):
            sink.add(rows)

    def _facts(self, sink: _Sink) -> ParquetFacts:
        reader = self._reader
        name, fallen = tape_name(self._path), self._order.fallen.tolist()
        if isinstance(reader, ParquetReader):  # sorted, but it remembers the original
            name, fallen = reader.facts.name, [symbol.out_of_order for symbol in reader.facts.symbols]
        columns = (self._order.rows.tolist(), fallen, sink.count.tolist(), sink.first.tolist(), sink.last.tolist())
        places = range(len(reader.symbols))
        whole = (map(sink.writer.quotes, places), map(sink.writer.venues, places))
        symbols = tuple(map(SymbolFacts, reader.symbols, *columns, *whole))
        return ParquetFacts(name, reader.bad_rows, reader.first_bad, symbols, tuple(sink.writer.groups))


class _Sink:
    """Where sorted rows end up, with the instants of each symbol: how many, the first and the last."""

    def __init__(self, out: Path, reader: Reader) -> None:
        self.writer = RowWriter(out, reader.symbols)
        self.count = self.first = self.last = np.empty(0, np.int64)

    def add(self, rows: RowChunk) -> None:
        if len(rows) == 0:
            return
        self.writer.add(rows)
        n = max(len(self.count), int(rows.symbol.max()) + 1)
        self.count, self.first = grown(self.count, n, 0), grown(self.first, n, -1)
        self.last = grown(self.last, n, -1)
        symbol, ts, before = by_symbol(rows, self.last)
        self.first[symbol[before < 0]] = ts[before < 0]
        self.count += np.bincount(symbol[ts != before], minlength=n)
