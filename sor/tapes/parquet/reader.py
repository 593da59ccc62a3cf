"""Rows of a file of our Parquet form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sor.core.market.batch import no_quote
from sor.core.market.cut import Quoted
from sor.errors import InputError
from sor.tapes.arrow import int64_of, texts_of
from sor.tapes.bytes.byte_blocks import Progress
from sor.tapes.parquet.form import KEY, NAMES, SCHEMA, ParquetFacts
from sor.tapes.rows import ROW_COLUMNS, RowChunk, VenueReader

_READ_ROWS = 2**14
_TEXTS = ("symbol", "action", "side")


def read_rows(path: Path, symbols: list[str | None], groups: Sequence[int] | None = None) -> Iterator[RowChunk]:
    """The rows of a file of RowWriter in chunks, or of some of its row groups; symbols as places in the given list."""
    places = {symbol or "": place for place, symbol in enumerate(symbols)}
    # Without pre_buffer=False Arrow holds the whole file (or all groups asked for) in memory, compressed.
    with pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False) as file:
        # Small batches and no threads: faster than whole row groups, and memory stays flat on long tapes.
        for batch in file.iter_batches(_READ_ROWS, row_groups=groups, use_threads=False):
            yield _rows(batch, places)


def _rows(batch: pa.RecordBatch, places: dict[str, int]) -> RowChunk:
    columns: dict[str, Any] = {}
    for name in ROW_COLUMNS:
        column = batch.column(NAMES.get(name, name))
        if name not in _TEXTS:
            columns[name] = int64_of(column)
            continue
        texts, codes = texts_of(column)
        meaning = places.__getitem__ if name == "symbol" else ord
        columns[name] = np.array(list(map(meaning, texts)), np.int64 if name == "symbol" else np.uint8).take(codes)
    return RowChunk(**columns)


def is_ours(path: Path) -> bool:
    """Whether a Parquet file claims to be of our form; True also where it is too damaged to tell."""
    try:
        return KEY in (pq.read_metadata(path).metadata or {})
    except _DAMAGES:
        return True


class ParquetReader(VenueReader):
    """A Parquet tape as chunks of rows, all symbols. See `Reader`; here all is known from the start."""

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self._path = path
        self._progress = progress
        self._size = path.stat().st_size
        try:
            footer = pq.read_metadata(path)
            schema, metadata = footer.schema.to_arrow_schema(), footer.metadata or {}
            found = ParquetFacts.from_json(metadata[KEY]) if KEY in metadata else None
        except _DAMAGES as error:
            raise self._damaged(error) from None
        if found is None or schema.names != SCHEMA.names or schema.types != SCHEMA.types:
            raise InputError(f"{path}: this Parquet file is not a tape of ours: make one with `sor data convert`")
        if not found.groups or not all(symbol.rows for symbol in found.symbols):
            raise self._damaged(ValueError("it has no rows"))
        if len(found.groups) != footer.num_row_groups:
            raise self._damaged(ValueError("row groups are missing"))
        self._rows = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
        self.facts = found
        self.symbols = [symbol.symbol for symbol in found.symbols]
        self.form, self.prints_late, self.kind = found.form, found.prints_late, found.kind
        self.has_names, self.stated = found.has_names, found.stated
        self.bad_rows = found.bad_rows
        self.first_bad = found.first_bad

    @property
    def notes(self) -> Sequence[str]:
        return self.facts.notes

    @property
    def round_lot(self) -> int:
        return self.facts.round_lot

    def chunks(self, groups: Sequence[int] | None = None) -> Iterator[RowChunk]:
        """All rows, or those of some row groups."""
        try:
            done, total = 0, sum(self._rows if groups is None else (self._rows[group] for group in groups))
            size = self._size * total // max(1, sum(self._rows))
            for rows in read_rows(self._path, self.symbols, groups):
                yield rows
                done += len(rows)
                if self._progress is not None:
                    self._progress(size * done // total, size)
        except _DAMAGES as error:
            raise self._damaged(error) from None

    def books(self, group: int, symbol: int) -> dict[int, Quoted]:
        """The last quotes of the symbol at this place before a row group, by venue."""
        try:
            found = self.facts.groups[group].quotes_before()
        except _DAMAGES as error:
            raise self._damaged(error) from None
        return {  # the file keeps what stood in the rows: a price of zero with a size is no quote
            venue: (*no_quote(bid, bid_sz), *no_quote(ask, ask_sz))
            for (place, venue), (bid, bid_sz, ask, ask_sz) in found.items()
            if place == symbol
        }

    def _damaged(self, error: Exception) -> InputError:
        why = " ".join(str(error).split())[:80]
        return InputError(
            f"{self._path}: this Parquet tape is damaged or of another version ({why}): convert the original again"
        )


# What a Parquet file that was changed by accident makes of pyarrow and of us.
_DAMAGES = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
