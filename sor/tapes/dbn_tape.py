"""Databento's binary tapes (DBN): the vendor's package reads the header and says how records are laid out.

Records are fixed structures, so whole blocks of them become columns at once instead of one object each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np

from sor.core.market import UNKNOWN, Chars, Ints
from sor.core.units import NO_PRICE
from sor.errors import InputError, MissingExtraError
from sor.tapes.blocks import BLOCK_BYTES, ByteTape
from sor.tapes.rows import NO_ACTION, NUMBERS, QUOTES, RowChunk, impossible

_PREFIX = 8  # magic, version, length of the metadata
_WORD, _HEADER = 4, 16  # lengths of records are counted in words; every record begins with the same header
_NS_A_DAY = 86_400 * 10**9
_EPOCH = date(1970, 1, 1).toordinal()

# Record type -> the vendor's class. Samples (bbo) have no action, and the time of their ts_event is a trade's.
_SAMPLES = {192: "CBBOMsg", 193: "CBBOMsg", 195: "BBOMsg", 196: "BBOMsg"}
_RECORDS = {1: "MBP1Msg", 10: "MBP10Msg", 177: "CMBP1Msg", 194: "CMBP1Msg", 197: "MBP1Msg"} | _SAMPLES


class DbnReader:
    """A DBN tape as chunks of rows; records that are no quotes are passed over. See `Reader`."""

    def __init__(self, tape: ByteTape, block_bytes: int = BLOCK_BYTES) -> None:
        try:
            import databento_dbn
        except ImportError:
            raise MissingExtraError("A DBN tape (.dbn)", "dbn") from None
        self._vendor: Any = databento_dbn
        self._tape = tape
        self._block_bytes = block_bytes
        self._names = _SymbolNames(self._metadata().mappings)
        self._good_rows = self.bad_rows = self._records = 0
        self.first_bad: str | None = None

    @property
    def symbols(self) -> list[str | None]:
        return self._names.symbols

    def chunks(self) -> Iterator[RowChunk]:
        for data, starts in self._blocks():
            for records, first in self._alike(data, starts):
                rows = self._rows(records, first)
                self._good_rows += len(rows)
                if len(rows):
                    yield rows
        if not self._good_rows:
            why = f"none of {self.bad_rows:,} is good; {self.first_bad}" if self.bad_rows else "it has no such records"
            raise InputError(f"{self._tape.path}: a DBN tape needs records of mbp-1, mbp-10, tbbo or bbo: {why}")

    def _metadata(self) -> Any:
        prefix = self._tape.peek(_PREFIX)
        size = _PREFIX + int.from_bytes(prefix[4:8], "little")
        data = self._tape.take(size)
        try:
            if len(data) < size:
                raise ValueError("it ends within its header")
            return self._vendor.Metadata.decode(data)
        except (ValueError, self._vendor.DBNError) as error:
            raise InputError(f"{self._tape.path}: this DBN tape cannot be read: {error}") from None

    def _blocks(self) -> Iterator[tuple[bytes, Ints]]:
        """Bytes with the places where their records start, and where the last whole one ends."""
        rest = b""
        while piece := self._tape.read(self._block_bytes):
            data = rest + piece
            starts = self._starts(data)
            yield data, starts
            self._records += len(starts) - 1
            rest = data[starts[-1] :]
        if rest:
            where = f"{self._tape.path}: record {self._records + 1}"
            raise InputError(f"{where}: the file is cut off within it: copy or download the file again")

    def _starts(self, data: bytes) -> Ints:
        size = data[0] * _WORD
        if size >= _HEADER:
            whole = len(data) - len(data) % size
            if not np.any(np.frombuffer(data, np.uint8)[:whole:size] != data[0]):
                return np.arange(0, whole + 1, size)
        starts = [0]
        while starts[-1] < len(data):
            size = data[starts[-1]] * _WORD
            if size < _HEADER:
                where = f"{self._tape.path}: record {self._records + len(starts)}"
                raise InputError(f"{where} is damaged: copy or download the file again")
            if starts[-1] + size > len(data):
                break
            starts.append(starts[-1] + size)
        return np.array(starts)

    def _alike(self, data: bytes, starts: Ints) -> Iterator[tuple[Any, int]]:
        """Runs of quote records of one layout as structured arrays, with the number of each run's first record."""
        flat = np.frombuffer(data, np.uint8)
        sizes, kinds = flat[starts[:-1]].astype(np.int64) * _WORD, flat[starts[:-1] + 1].astype(np.int64)
        edges = np.flatnonzero(np.diff(sizes) | np.diff(kinds)) + 1
        for start, stop in pairwise([0, *edges.tolist(), len(kinds)]):
            layout = self._layout(int(kinds[start]), int(sizes[start])) if stop > start else None
            if layout is not None:
                yield np.frombuffer(data, layout, stop - start, int(starts[start])), self._records + start + 1

    def _layout(self, kind: int, size: int) -> np.dtype[Any] | None:
        """How the quote records of a kind lie in their bytes; None for other records."""
        if kind not in _RECORDS:
            return None
        columns = getattr(self._vendor, _RECORDS[kind])._dtypes
        more = size - np.dtype(columns).itemsize  # live records carry the time of sending behind their own fields
        return np.dtype([*columns, ("more", f"V{more}")] if more else columns) if more >= 0 else None

    def _rows(self, records: Any, first: int) -> RowChunk:
        is_sample = int(records["rtype"][0]) in _SAMPLES
        n = len(records)
        columns = {
            "ts": np.ascontiguousarray(records["ts_recv" if is_sample else "ts_event"]).view(np.int64),
            **{column: records[field].astype(np.int64) for column, field in QUOTES.items()},
            "action": np.full(n, NO_ACTION, np.uint8) if is_sample else _bytes(records["action"]),
            "side": np.full(n, UNKNOWN, np.uint8) if is_sample else _bytes(records["side"]),
            "price": np.full(n, NO_PRICE) if is_sample else records["price"].astype(np.int64),
            "size": np.zeros(n, np.int64) if is_sample else records["size"].astype(np.int64),
        }
        is_bad = np.zeros(n, np.bool_)
        for column in sorted(NUMBERS):
            fault = impossible(column, columns[column])
            if fault.any() and not self.bad_rows:
                row = int(fault.argmax())
                self.first_bad = f"record {first + row}, {column}: {columns[column][row]} is impossible"
            is_bad |= fault
        self.bad_rows += int(np.count_nonzero(is_bad))
        columns["symbol"] = self._names.codes(records["instrument_id"], records["ts_recv"])
        rows = RowChunk(**columns)
        return rows.take(~is_bad) if is_bad.any() else rows


class _SymbolNames:
    """Instrument ids to symbols, as the header maps them by day; an id that it does not map stands for itself."""

    def __init__(self, mappings: dict[str, list[dict[str, Any]]]) -> None:
        self._intervals: dict[int, list[tuple[int, int, str]]] = {}
        self._codes: dict[str, int] = {}
        self._known: dict[int, int] = {}
        self.symbols: list[str | None] = []
        for name, intervals in mappings.items():
            for interval in intervals:
                other = interval["symbol"]
                ident, symbol = (other, name) if other.isdecimal() else (name, other)
                if ident.isdecimal():
                    days = (interval["start_date"].toordinal() - _EPOCH, interval["end_date"].toordinal() - _EPOCH)
                    self._intervals.setdefault(int(ident), []).append((*days, symbol))

    def codes(self, idents: Any, times: Any) -> Ints:
        """Each record's symbol as its place in `symbols`; times in ns."""
        keys = idents.astype(np.int64) << 20 | np.minimum(times // np.uint64(_NS_A_DAY), 2**20 - 1).astype(np.int64)
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        for place in np.argsort(first):
            key = int(unique[place])
            if key not in self._known:
                self._known[key] = self._code(self._name(*divmod(key, 2**20)))
        return np.array([self._known[int(key)] for key in unique], np.int64)[inverse]

    def _name(self, ident: int, day: int) -> str:
        intervals = self._intervals.get(ident, [])
        names = [name for start, end, name in intervals if start <= day < end] or [name for *_, name in intervals]
        return names[0] if names else str(ident)

    def _code(self, name: str) -> int:
        if name not in self._codes:
            self._codes[name] = len(self.symbols)
            self.symbols.append(name)
        return self._codes[name]


def _bytes(chars: Any) -> Chars:
    return np.ascontiguousarray(chars).view(np.uint8)
