"""Typed columns of a CSV table to the integers of a RowChunk, and the rows whose numbers cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sor.core.market import UNKNOWN, Chars, Ints
from sor.core.units import NANO, NO_PRICE, format_time
from sor.tapes.arrow import halves_of, int64_of, nulls_of, texts_of
from sor.tapes.csv_form import CsvForm
from sor.tapes.rows import NO_ACTION, NUMBERS, PRICES, ROW_COLUMNS, SIZES, BadRow, Mask, RowChunk, impossible


class Decoder:
    """Tables of one tape to rows; learns its symbols by first appearance in good rows."""

    def __init__(self, form: CsvForm) -> None:
        self._form = form
        self._codes: dict[str, int] = {}
        self.symbols: list[str | None] = [] if "symbol" in form.columns else [None]

    def rows(self, table: pa.Table, lines: Sequence[int], bad: list[BadRow]) -> RowChunk:
        """The good rows of a table with one array per role; those with impossible numbers are noted as bad."""
        arrays = {role: table.column(role).chunk(0) for role in self._form.columns}
        is_bad = np.zeros(table.num_rows, np.bool_)
        columns: dict[str, Any] = {}
        for role in NUMBERS & arrays.keys():
            columns[role], fault = _numbers(role, arrays[role])
            is_bad |= fault
        if "symbol" in arrays:
            is_bad |= _unprintable(arrays["symbol"])
        if is_bad.any():
            bad.extend(self._explain(arrays, row, lines[row]) for row in np.flatnonzero(is_bad).tolist())
        for role, default in _CHARS.items():
            columns[role] = _chars(arrays.get(role), default, len(is_bad))
        columns["symbol"] = self._symbols(arrays.get("symbol"), ~is_bad)
        for role in ("price", "size"):
            columns.setdefault(role, np.full(len(is_bad), NO_PRICE if role == "price" else 0, np.int64))
        rows = RowChunk(*(columns[name] for name in ROW_COLUMNS))
        return rows.take(~is_bad) if is_bad.any() else rows

    def _symbols(self, texts: Any, is_good: Mask) -> Ints:
        """Each row's symbol as its place in `symbols`."""
        if texts is None:
            return np.zeros(len(is_good), np.int64)
        names, local = _texts(texts)
        if any(name not in self._codes for name in names):
            present, first = np.unique(local[is_good], return_index=True)
            for index in present[np.argsort(first)]:
                if names[index] not in self._codes:
                    self._codes[names[index]] = len(self.symbols)
                    self.symbols.append(names[index] or None)
        if len(names) == 1:
            return np.full(len(local), self._codes.get(names[0], 0))
        return np.array([self._codes.get(name, 0) for name in names], np.int64)[local]

    def _explain(self, arrays: dict[str, Any], row: int, line: int) -> BadRow:
        for role, array in arrays.items():
            column = self._form.name_of(role)
            value = array.slice(row, 1)
            if role in NUMBERS and _numbers(role, value)[1][0]:
                if value.null_count:
                    return BadRow(line, column, f"there is no {_WORDS[role]}")
                return BadRow(line, column, f"{_shown(value)} is an impossible {_WORDS[role]}", is_unreadable=False)
            if role == "symbol" and _unprintable(value)[0]:
                texts, local = _texts(value)
                return BadRow(line, column, f"{texts[local[0]][:40]!a} is no symbol")
        raise AssertionError("a bad row has a bad column")


_CHARS = {"action": NO_ACTION, "side": UNKNOWN}
_WORDS = {"ts": "time", "venue": "venue"} | dict.fromkeys(PRICES, "price") | dict.fromkeys(SIZES, "size")


def _numbers(role: str, array: Any) -> tuple[Ints, Mask]:
    """An array's values as integers, and which of them cannot be."""
    if role in PRICES:
        return _prices(array)
    values = int64_of(array)
    is_null = nulls_of(array)
    if role in SIZES:
        values = values if is_null is None else np.where(is_null, 0, values)
        return values, impossible(role, values)
    fault = impossible(role, values)
    return values, fault if is_null is None else fault | is_null


def _prices(array: Any) -> tuple[Ints, Mask]:
    """Nanodollars from decimals with nine places or from integers; NO_PRICE where there is none."""
    is_null = nulls_of(array)
    if pa.types.is_decimal(array.type):
        # Little-endian 128-bit integers of nanodollars: a price fits into the low half.
        low, high = halves_of(array)
        # The undefined price of raw files, in a file that is not raw: 2^63-1 dollars.
        is_undefined = (low == _RAW_UNDEFINED[0]) & (high == _RAW_UNDEFINED[1])
        is_null = is_undefined if is_null is None else is_null | is_undefined
        values, fault = low, high != 0
    else:
        values = int64_of(array)
        fault = np.zeros(len(array), np.bool_)
    fault |= impossible("price", values)
    if is_null is not None and is_null.any():
        values = np.where(is_null, NO_PRICE, values)
        fault &= ~is_null
    return np.ascontiguousarray(values), fault


_RAW_UNDEFINED = np.frombuffer((NO_PRICE * NANO).to_bytes(16, "little"), "<i8")


def _texts(array: Any) -> tuple[list[str], NDArray[np.int32]]:
    texts, places = texts_of(array)
    return [text.strip() for text in texts], places


def _chars(array: Any, default: int, n: int) -> Chars:
    """The first character of each text, `default` where it is empty or no ASCII."""
    if array is None:
        return np.full(n, default, np.uint8)
    texts, local = _texts(array)
    codes = [ord(text[0]) if text and text.isascii() else default for text in texts]
    return np.array(codes, np.uint8)[local]


def _unprintable(array: Any) -> Mask:
    texts, local = _texts(array)
    if all(map(str.isprintable, texts)):
        return np.zeros(len(local), np.bool_)
    return np.array([not text.isprintable() for text in texts])[local]


def _shown(value: Any) -> str:
    text = format_time(int(int64_of(value)[0])) if pa.types.is_timestamp(value.type) else str(value[0].as_py())
    return text if len(text) <= 40 else text[:37] + "..."
