"""A table of text columns while it is decoded, with what is wrong with its rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sor.errors import InputError
from sor.tapes.arrow import array_of, texts_of
from sor.tapes.rows import BadRow, Mask
from sor.tapes.vendor.numbers import is_in

_READABLE = ("impossible", "zero or less")  # the text is right, and the number in it is not


class TextFields:
    """The columns of a table by name, and the faults that were found in its rows: the first one of each counts."""

    def __init__(self, table: pa.Table, lines: Sequence[int]) -> None:
        self._table = table
        self.lines = lines
        self.n = table.num_rows
        self._faults: dict[int, tuple[str, str]] = {}
        self._stops: dict[int, str] = {}

    def take(self, rows: Mask) -> TextFields:
        places = np.flatnonzero(rows)
        lines = [self.lines[place] for place in places.tolist()]
        return TextFields(self._table.take(array_of(places.astype(np.int64), pa.int64())), lines)

    def coded(self, name: str) -> Any:
        column = self._table.column(name.lower())
        found = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        found = found.chunk(0) if isinstance(found, pa.ChunkedArray) else found
        return found if pa.types.is_dictionary(found.type) else found.dictionary_encode()

    def texts(self, *names: str) -> Any:
        columns = [pc.cast(self._table.column(name.lower()), pa.string()).combine_chunks() for name in names]
        columns = [column.chunk(0) if isinstance(column, pa.ChunkedArray) else column for column in columns]
        return columns[0] if len(columns) == 1 else pc.binary_join_element_wise(*columns, " ")

    def text(self, name: str, row: int) -> str:
        return str(self._table.column(name.lower())[row].as_py())

    def says(self, when: tuple[str, frozenset[str]] | None) -> Mask:
        """The rows whose text in a column is one of these; none where nothing is asked."""
        if when is None:
            return np.zeros(self.n, np.bool_)
        return is_in(self.coded(when[0]), lambda text: text.strip() in when[1])

    def codes(self, name: str, meaning: Callable[[str], int]) -> Any:
        """A column as the small numbers that its texts mean."""
        texts, places = texts_of(self.coded(name))
        return np.array([meaning(text.strip()) for text in texts], np.uint8)[places]

    def refuse(self, column: str, is_bad: Mask, reason: Callable[[str], str]) -> None:
        for row in np.flatnonzero(is_bad).tolist():
            if row not in self._faults:
                text = self.text(column, row) if column.lower() in self._table.column_names else ""
                self._faults[row] = (column, reason(text))

    def refuse_plain(self, column: str, texts: Any, is_bad: Mask, reason: Callable[[str], str]) -> None:
        for row in np.flatnonzero(is_bad).tolist():
            self._faults.setdefault(row, (column, reason(texts[row].as_py())))

    def stop(self, row: int, reason: str) -> None:
        """This row shows that the whole file is not what it should be."""
        self._stops.setdefault(row, reason)

    def report(self, bad: list[BadRow]) -> Mask:
        """Note the bad rows; which rows are good. InputError of the first row that stops the file."""
        good = np.ones(self.n, np.bool_)
        for row, (column, reason) in self._faults.items():
            good[row] = False
            bad.append(BadRow(self.lines[row], column, reason, not any(word in reason for word in _READABLE)))
        if self._stops:
            raise InputError(self._stops[min(self._stops)])
        return good
