"""Typed columns of a CSV table to the integers of a RowChunk, and the rows whose numbers cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sor.core.market.batch import UNKNOWN, Chars, Ints
from sor.core.units import NANO, NO_PRICE
from sor.tapes.arrow import halves_of, int64_of, nulls_of, texts_of
from sor.tapes.codes import action_of, side_of
from sor.tapes.csv.form import CsvForm
from sor.tapes.rows import (
    MAX_SIZE,
    NO_ACTION,
    NUMBERS,
    PRICES,
    ROW_COLUMNS,
    SIZES,
    Mask,
    RowChunk,
    impossible,
    impossible_trades,
)
from sor.tapes.symbols.symbol_codes import SymbolCodes


class Decoder:
    """Tables of one tape to rows; its symbols are learned by first appearance."""

    def __init__(self, form: CsvForm, codes: SymbolCodes, lot: int = 1) -> None:
        """lot: shares in a unit of displayed size."""
        self._form = form
        self._codes = codes
        self._lot = lot

    def rows(self, table: pa.Table) -> RowChunk | None:
        """The rows of a table with one array per role; None where one of them has an impossible number or symbol."""
        arrays = {role: table.column(role).chunk(0) for role in self._form.columns}
        columns: dict[str, Any] = {}
        for role in NUMBERS & arrays.keys():
            columns[role], fault = _numbers(role, arrays[role])
            if fault.any():
                return None
        for role in ("bid_sz", "ask_sz") if self._lot != 1 else ():
            if (columns[role] > MAX_SIZE // self._lot).any():
                return None
            columns[role] = columns[role] * self._lot
        n = table.num_rows
        columns["action"] = _chars(arrays.get("action"), action_of, NO_ACTION, n)
        columns["side"] = _chars(arrays.get("side"), side_of, UNKNOWN, n)
        if "price" in arrays and impossible_trades(columns["action"], columns["price"]).any():
            return None
        if "symbol" in arrays and not all(map(str.isprintable, _texts(arrays["symbol"])[0])):
            return None
        columns.setdefault("venue", np.zeros(n, np.int64))
        columns["symbol"] = self._symbols(arrays.get("symbol"), n)
        for role in ("price", "size"):
            columns.setdefault(role, np.full(n, NO_PRICE if role == "price" else 0, np.int64))
        return RowChunk(*(columns[name] for name in ROW_COLUMNS))

    def _symbols(self, texts: Any, n: int) -> Ints:
        """Each row's symbol as its place in `symbols`."""
        if texts is None:
            return self._codes.codes_of_one(None, n)
        return self._codes.codes_of(*_texts(texts), np.ones(n, np.bool_))


def _numbers(role: str, array: Any) -> tuple[Ints, Mask]:
    """An array's values as integers, and which of them cannot be."""
    if role in PRICES:
        return _prices(role, array)
    values = int64_of(array)
    is_null = nulls_of(array)
    if role in SIZES:
        values = values if is_null is None else np.where(is_null, 0, values)
        return values, impossible(role, values)
    fault = impossible(role, values)
    return values, fault if is_null is None else fault | is_null


def _prices(role: str, array: Any) -> tuple[Ints, Mask]:
    """Nanodollars from decimals with nine places or from integers; NO_PRICE where there is none."""
    is_null = nulls_of(array)
    if pa.types.is_decimal(array.type):
        # Little-endian 128-bit integers of nanodollars: a price fits into the low half.
        low, high = halves_of(array)
        # The undefined price of raw files, in a file that is not raw: 2^63-1 dollars.
        is_undefined = (low == _RAW_UNDEFINED[0]) & (high == _RAW_UNDEFINED[1])
        is_null = is_undefined if is_null is None else is_null | is_undefined
        values, fault = low, high != low >> 63  # the sign, and nothing more
    else:
        values = int64_of(array)
        fault = np.zeros(len(array), np.bool_)
    fault |= impossible(role, values)
    if is_null is not None and is_null.any():
        values = np.where(is_null, NO_PRICE, values)
        fault &= ~is_null
    return np.ascontiguousarray(values), fault


_RAW_UNDEFINED = np.frombuffer((NO_PRICE * NANO).to_bytes(16, "little"), "<i8")


def _texts(array: Any) -> tuple[list[str], NDArray[np.int32]]:
    texts, places = texts_of(array)
    return [text.strip() for text in texts], places


def _chars(array: Any, code: Callable[[str], int], default: int, n: int) -> Chars:
    """The code of each text, `default` where there is no column."""
    if array is None:
        return np.full(n, default, np.uint8)
    texts, local = _texts(array)
    codes: Chars = np.array(list(map(code, texts)), np.uint8)[local]
    return codes
