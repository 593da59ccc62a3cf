"""Tables (pandas, Arrow, a vendor's Parquet) as tapes: each is read as the CSV that it would be written as.

So everything that is true of CSV is true of them: which formats there are, what a column means, what a bad row is. A
binary float is the shortest decimal that reads back to it, which is what a price was before it became one.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape, Progress

_ROWS = 2**14  # made into text at a time


class TableTape(ByteTape):
    """The rows of a table as the bytes of a CSV file."""

    def __init__(self, path: Path, batches: Iterator[pa.RecordBatch], names: list[str], rows: int) -> None:
        self.path = path
        self.inner_name = path.name
        self._pieces = _texts(batches, names, path)
        self._piece = b""
        self._ahead = b""
        self._rows = rows

    def __exit__(self, *_: object) -> None:
        self._pieces = iter(())

    @property
    def is_compressed(self) -> bool:
        return False

    def _read(self, size: int) -> bytes:
        if not self._piece:
            self._piece = next(self._pieces, b"")
        taken, self._piece = self._piece[:size], self._piece[size:]
        return taken


def table_tape(table: Any, path: Path) -> TableTape:
    """A pandas or Arrow table; an index that has a name is a column of that name. InputError where it is no table."""
    try:
        found = _arrow_of(table)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InputError(f"{path}: this table cannot be read: {_short(error)}") from None
    if found.num_rows == 0:
        raise InputError(f"{path}: the table has no row")
    return TableTape(path, iter(found.to_batches(max_chunksize=_ROWS)), found.column_names, found.num_rows)


def parquet_tape(path: Path, progress: Progress | None = None) -> TableTape:
    """A Parquet file that is not of our form. InputError where it is damaged."""
    try:
        file = pq.ParquetFile(path, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: this Parquet file cannot be read: {_short(error)}") from None
    total, size = max(1, file.metadata.num_rows), path.stat().st_size
    if not file.metadata.num_rows:
        raise InputError(f"{path}: this Parquet file has no row")

    def batches() -> Iterator[pa.RecordBatch]:
        done = 0
        for batch in file.iter_batches(_ROWS, use_threads=False):
            yield batch
            done += len(batch)
            if progress is not None:
                progress(size * done // total, size)

    return TableTape(path, batches(), file.schema_arrow.names, total)


def _arrow_of(table: Any) -> pa.Table:
    if isinstance(table, pa.Table):
        return table
    if hasattr(table, "to_arrow"):
        return table.to_arrow()
    return pa.Table.from_pandas(table)


def _texts(batches: Iterator[pa.RecordBatch], names: list[str], path: Path) -> Iterator[bytes]:
    """Pieces of a CSV file with one header."""
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    header: list[str] | None = None
    try:
        for batch in batches:
            columns = {name: _writable(batch.column(at)) for at, name in enumerate(names)}
            columns = {name: column for name, column in columns.items() if column is not None}
            if header is None:
                header = list(columns)
                yield ",".join(map(_quoted, header)).encode() + b"\n"
            out = io.BytesIO()
            csv.write_csv(pa.Table.from_arrays(list(columns.values()), names=list(columns)), out, options)
            yield out.getvalue()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: this table cannot be read: {_short(error)}") from None


def _writable(column: Any) -> Any:
    """The column as a type that text is made of; None where there is no such."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _writable(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        return column if kind.tz in (None, "UTC") else column.cast(pa.timestamp(kind.unit, "UTC"))
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pc.cast(column, pa.string())
    is_plain = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    return column if is_plain or pa.types.is_integer(kind) or pa.types.is_floating(kind) else None


def _quoted(name: str) -> str:
    text = str(name).replace('"', '""').replace("\n", " ")
    return f'"{text}"' if any(letter in text for letter in ',"') else text


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
