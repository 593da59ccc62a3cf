"""Lines to a typed table, one column per role: the fast way for blocks in which every row is plainly good."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyarrow import csv

from sor.tapes.csv.form import CHARS, MISSING, CsvForm, TimeForm
from sor.tapes.rows import PRICES, ROW_COLUMNS

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIMES = {
    TimeForm.NANOSECONDS: pa.int64(),
    TimeForm.ISO_UTC: pa.timestamp("ns", "UTC"),
    TimeForm.ISO_BARE: pa.timestamp("ns"),
}


class TypedParser:
    """Parses with the types that the form promises."""

    def __init__(self, form: CsvForm) -> None:
        # Names by position: the header's may repeat in columns that are not used.
        roles = [role for role in ROW_COLUMNS if role in form.columns]
        used = {f"c{form.columns[role]}": _type(role, form) for role in roles}
        self._roles = roles
        self._names = [f"c{i}" for i in range(form.width)]
        self._convert = csv.ConvertOptions(column_types=used, include_columns=list(used), null_values=MISSING)

    def parse(self, data: bytes, n: int) -> pa.Table | None:
        """The n rows in these lines, None unless every one of them is good."""
        if b"0x" in data or b"0X" in data:
            return None  # Arrow takes these for numbers
        # One block, so that every column is one array.
        read = csv.ReadOptions(column_names=self._names, block_size=len(data) + 1)
        try:
            table = csv.read_csv(pa.BufferReader(data), read_options=read, convert_options=self._convert)
        except (pa.ArrowException, ValueError):
            return None
        return table.rename_columns(self._roles) if table.num_rows == n else None


def _type(role: str, form: CsvForm) -> Any:
    if role == "ts":
        return _TIMES[form.times]
    if role in PRICES:
        return pa.int64() if form.raw_prices else pa.decimal128(38, 9)
    return _TEXT if role in CHARS or role == "symbol" else pa.int64()
