"""Our own Parquet form of a tape: sorted by time, exact integers, all symbols, fast to read.

Columns are those of RowChunk under plain names; a missing price is 2^63-1, as in DBN. `price` and `size` are kept in
rows with action T only. The file's metadata hold, under `sor.tape`, the version of this form, what the original's
reader knew (bad rows, order), the facts of each symbol, and for each row group its times and the last quote of each
symbol and venue before it, so that reading can start in the middle. A row group begins with a new instant.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sor.core.market import SnapshotBatch
from sor.core.units import NO_PRICE
from sor.errors import InputError
from sor.source import Source, StreamFacts, TapeFacts
from sor.tapes.arrow import array_of, int64_of, strings_of, texts_of
from sor.tapes.blocks import Progress
from sor.tapes.rows import ROW_COLUMNS, TRADE, RowChunk, concat_rows
from sor.tapes.snapshots import SnapshotBuilder, SnapshotRule

VERSION = 2
KEY = b"sor.tape"
GROUP_ROWS = 2**16  # of each symbol, about
MOST_SHARES = 4  # symbols that make a row group larger: it is in memory while it is written

Quoted = tuple[int, int, int, int]  # bid_px, bid_sz, ask_px, ask_sz

_READ_ROWS = 2**14
_TEXTS = ("symbol", "action", "side")

_TEXT = pa.dictionary(pa.int32(), pa.string())
_NAMES = {"ts": "ts_event"}  # where a column of the file is not named as in RowChunk
_TYPES = {"ts": pa.timestamp("ns", "UTC"), "symbol": _TEXT, "action": _TEXT, "side": _TEXT}
SCHEMA = pa.schema(
    [pa.field(_NAMES.get(name, name), _TYPES.get(name, pa.int64()), nullable=False) for name in ROW_COLUMNS]
)


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """One symbol of a tape: rows, how many of them came before the row above, instants, first and last time in ns.

    quotes: distinct venues over all instants.
    """

    symbol: str | None
    rows: int
    out_of_order: int
    snapshots: int
    first: int
    last: int
    quotes: int
    venues: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """A row group: its first and last time, and `before`, the last quotes before it.

    `before` is JSON within JSON, read when it is wanted: a day of many symbols and venues has hundreds of groups, and
    as objects their quotes took more memory than all the rest of a backtest.
    """

    first: int
    last: int
    before: str

    @classmethod
    def of(cls, first: int, last: int, quotes: Mapping[tuple[int, int], Quoted]) -> GroupFacts:
        listed = [[*key, *quote] for key, quote in sorted(quotes.items())]
        return cls(first, last, json.dumps(listed, separators=(",", ":")))

    def quotes_before(self) -> dict[tuple[int, int], Quoted]:
        """bid_px, bid_sz, ask_px, ask_sz by (symbol's place, venue). ValueError or TypeError where it is damaged."""
        return {
            (place, venue): (bid, bid_sz, ask, ask_sz)
            for place, venue, bid, bid_sz, ask, ask_sz in json.loads(self.before)
        }


@dataclass(frozen=True, slots=True)
class ParquetFacts:
    """What the metadata tell. bad_rows and first_bad are those of the original file."""

    name: str
    bad_rows: int
    first_bad: str | None
    symbols: tuple[SymbolFacts, ...]
    groups: tuple[GroupFacts, ...]

    def to_json(self) -> bytes:
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> ParquetFacts:
        """ValueError, KeyError or TypeError where this is not what to_json wrote."""
        found = json.loads(data)
        if found.pop("version") != VERSION:
            raise ValueError("another version of this form")
        symbols = tuple(SymbolFacts(**symbol | {"venues": tuple(symbol["venues"])}) for symbol in found.pop("symbols"))
        groups = tuple(GroupFacts(**group) for group in found.pop("groups"))
        return cls(symbols=symbols, groups=groups, **found)


class RowWriter:
    """Writes sorted rows as row groups. `groups` describes those written so far."""

    def __init__(self, path: Path, symbols: list[str | None], group_rows: int | None = None) -> None:
        self._symbols = symbols  # the reader's, which grows
        self._group_rows = group_rows or GROUP_ROWS
        self._held: list[RowChunk] = []
        self._held_rows = 0
        self._books: dict[tuple[int, int], Quoted] = {}
        self.groups: list[GroupFacts] = []
        self._quotes: Counter[int] = Counter()
        numbers = [_NAMES.get(name, name) for name in ROW_COLUMNS if name not in _TYPES]
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

    def add(self, rows: RowChunk) -> None:
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

    def finish(self) -> None:
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
        self.groups.append(GroupFacts.of(int(rows.ts[0]), int(rows.ts[-1]), self._books))
        self._file.write_table(_table(rows, self._symbols), row_group_size=len(rows))
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
    arrays = {name: array_of(values, _TYPES.get(name, pa.int64())) for name, values in numbers.items()}
    arrays["symbol"] = _coded(rows.symbol, [symbol or "" for symbol in symbols])
    for name in ("action", "side"):
        letters, codes = np.unique(getattr(rows, name), return_inverse=True)
        arrays[name] = _coded(codes, list(map(chr, letters)))
    return pa.Table.from_arrays([arrays[name] for name in ROW_COLUMNS], schema=SCHEMA)


def _coded(codes: NDArray[Any], texts: list[str]) -> Any:
    return pa.DictionaryArray.from_arrays(array_of(codes.astype(np.int32), pa.int32()), strings_of(texts))


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
        column = batch.column(_NAMES.get(name, name))
        if name not in _TEXTS:
            columns[name] = int64_of(column)
            continue
        texts, codes = texts_of(column)
        meaning = places.__getitem__ if name == "symbol" else ord
        columns[name] = np.array(list(map(meaning, texts)), np.int64 if name == "symbol" else np.uint8)[codes]
    return RowChunk(**columns)


class ParquetReader:
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
        self._rows = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
        self.facts = found
        self.symbols = [symbol.symbol for symbol in found.symbols]
        self.bad_rows = found.bad_rows
        self.first_bad = found.first_bad

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
        return {venue: quoted for (place, venue), quoted in found.items() if place == symbol}

    def _damaged(self, error: Exception) -> InputError:
        why = " ".join(str(error).split())[:80]
        return InputError(
            f"{self._path}: this Parquet tape is damaged or of another version ({why}): convert the original again"
        )


# What a Parquet file that was changed by accident makes of pyarrow and of us.
_DAMAGES = (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError, IndexError)


class ParquetTape:
    """One symbol of a Parquet tape as a `Source`: every pass streams from the file."""

    has_bids = True

    def __init__(self, reader: ParquetReader, symbol: str | None, rule: SnapshotRule, batch_snapshots: int) -> None:
        self._reader = reader
        self._place = reader.symbols.index(symbol)
        self._symbol = reader.facts.symbols[self._place]
        self._rule: SnapshotRule = rule
        self._batch_snapshots = batch_snapshots

    def bounds(self) -> tuple[int, int]:
        return self._symbol.first, self._symbol.last

    def batches(self) -> Iterator[SnapshotBatch]:
        builder = SnapshotBuilder(self._rule, self._batch_snapshots)
        for rows in self._reader.chunks():
            yield from builder.add(rows if len(self._reader.symbols) == 1 else rows.take(rows.symbol == self._place))
        yield from builder.finish()

    def window(self, start: int, end: int) -> Source:
        """Only the row groups that an order between these times (ns) needs, with the book as it stands before them.

        The whole tape with the rule `first`: the index knows the last quotes only.
        """
        if self._rule != "last":
            return self
        from sor.tapes.window import ParquetWindow

        return ParquetWindow(self, self._reader, self._place, self._batch_snapshots, start, end)

    def tape_facts(self) -> TapeFacts:
        facts, symbol = self._reader.facts, self._symbol
        return TapeFacts(facts.name, symbol.symbol, symbol.rows, facts.bad_rows, facts.first_bad, symbol.out_of_order)

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(expected=self._symbol.snapshots, received=self._symbol.snapshots)
