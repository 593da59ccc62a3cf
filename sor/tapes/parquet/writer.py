"""Sorted rows to a file of our Parquet form."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sor.core.market.cut import Quoted
from sor.core.units import NO_PRICE
from sor.tapes.arrow import array_of, strings_of
from sor.tapes.parquet.form import KEY, NAMES, SCHEMA, TYPES, ParquetFacts, RowGroupFacts
from sor.tapes.rows import ROW_COLUMNS, TRADE, RowChunk, concat_rows, with_quotes

GROUP_ROWS = 2**16  # of each symbol, about
MOST_SHARES = 4  # symbols that make a row group larger: it is in memory while it is written

_TEXTS = ("symbol", "action", "side")


class RowWriter:
    """Writes sorted rows as row groups. `groups` describes those written so far."""

    def __init__(self, path: Path, symbols: list[str | None], group_rows: int | None = None) -> None:
        self._symbols = symbols  # the reader's, which grows
        self._group_rows = group_rows or GROUP_ROWS
        self._held: list[RowChunk] = []
        self._held_rows = 0
        self._books: dict[tuple[int, int], Quoted] = {}
        self.groups: list[RowGroupFacts] = []
        self._quotes: Counter[int] = Counter()
        numbers = [NAMES.get(name, name) for name in ROW_COLUMNS if name not in TYPES]
        self._file = pq.ParquetWriter(
            path,
            SCHEMA,
            compression="zstd",
            use_dictionary=["symbol", "action", "side", *numbers],
            column_encoding={"ts_event": "DELTA_BINARY_PACKED"},
            # Of all columns, on hundreds of row groups, they would be most of what every reader holds in memory.
            write_statistics=["ts_event"],
            write_page_checksum=True,
        )

    def write_rows(self, rows: RowChunk) -> None:
        if len(rows) == 0:
            return
        self._held.append(rows)
        self._held_rows += len(rows)
        if self._held_rows <= self._most:
            return
        held = concat_rows(self._held)
        while cut := self._cut(held):
            self._write(held.slice(0, cut))
            held = held.slice(cut, len(held))
        # A copy, because a view would keep all that was held in memory.
        self._held, self._held_rows = [held.take(np.arange(len(held)))], len(held)

    def _cut(self, held: RowChunk) -> int:
        """Where a row group ends: with the last instant that it holds whole, or the only one it has; 0 for not yet.

        The rows alone decide, not the chunks they come in.
        """
        most = self._most
        if len(held) <= most:
            return 0
        ts = int(held.ts[most])
        cut = int(np.searchsorted(held.ts, ts)) or int(np.searchsorted(held.ts, ts, "right"))
        return cut if cut < len(held) else 0

    @property
    def _most(self) -> int:
        """Rows of the next row group. More where several symbols share it, as a reader of one needs more of them, and
        holds some kilobytes for every group that there is."""
        return self._group_rows * min(MOST_SHARES, max(1, len(self._quotes)))

    def flush(self) -> None:
        """Write what is held: `groups` is complete after it, and close comes next."""
        if self._held_rows:
            self._write(concat_rows(self._held))
        self._held, self._held_rows = [], 0

    def quotes(self, symbol: int) -> int:
        """Of the symbol at this place, the distinct venues over all instants written so far."""
        return self._quotes[symbol]

    def venues(self, symbol: int) -> tuple[int, ...]:
        """Of the symbol at this place, ascending."""
        return tuple(sorted(venue for place, venue in self._books if place == symbol))

    def close(self, facts: ParquetFacts | None = None) -> None:
        """The end of the file; with facts it becomes a tape."""
        if facts is not None:
            self._file.add_key_value_metadata({KEY: facts.to_json()})
        self._file.close()

    def _write(self, rows: RowChunk) -> None:
        self.groups.append(RowGroupFacts.from_quotes(int(rows.ts[0]), int(rows.ts[-1]), self._books))
        self._file.write_table(_table(rows, self._symbols), row_group_size=len(rows))
        self._note_quotes(with_quotes(rows))

    def _note_quotes(self, rows: RowChunk) -> None:
        """The last quotes so far, and how many there were."""
        if not len(rows):
            return  # trades alone
        keys = rows.symbol << 32 | rows.venue
        order = np.lexsort((keys, rows.ts))  # an instant is never divided between groups
        is_new = np.append(True, (np.diff(keys[order]) != 0) | (np.diff(rows.ts[order]) != 0))
        counts = np.bincount(rows.symbol[order][is_new])
        self._quotes.update({place: count for place, count in enumerate(counts.tolist()) if count})
        _, places = np.unique(keys[::-1], return_index=True)
        last = rows.take(len(rows) - 1 - places)
        quotes = zip(*(getattr(last, c).tolist() for c in ("bid_px", "bid_sz", "ask_px", "ask_sz")), strict=True)
        self._books.update(zip(zip(last.symbol.tolist(), last.venue.tolist(), strict=True), quotes, strict=True))


def _table(rows: RowChunk, symbols: list[str | None]) -> pa.Table:
    is_trade = rows.action == TRADE
    numbers = {name: getattr(rows, name) for name in ROW_COLUMNS if name not in _TEXTS}
    numbers["price"] = np.where(is_trade, rows.price, NO_PRICE)
    numbers["size"] = np.where(is_trade, rows.size, 0)
    arrays = {name: array_of(values, TYPES.get(name, pa.int64())) for name, values in numbers.items()}
    arrays["symbol"] = _coded(rows.symbol, [symbol or "" for symbol in symbols])
    for name in ("action", "side"):
        letters, codes = np.unique(getattr(rows, name), return_inverse=True)
        arrays[name] = _coded(codes, list(map(chr, letters)))
    return pa.Table.from_arrays([arrays[name] for name in ROW_COLUMNS], schema=SCHEMA)


def _coded(codes: NDArray[Any], texts: list[str]) -> Any:
    return pa.DictionaryArray.from_arrays(array_of(codes.astype(np.int32), pa.int32()), strings_of(texts))
