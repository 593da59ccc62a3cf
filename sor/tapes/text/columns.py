"""Blocks of lines to columns of text, as they stand in the file: the first half of reading what is not plainly typed.

A block is parsed as a whole; where that fails, line by line, and the lines that are no rows are noted. So a row is
good or bad by itself, however the file is cut into blocks. A line feed always ends a row, also within quotes.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyarrow import csv as arrow_csv

from sor.tapes.arrow import strings_of
from sor.tapes.bytes.byte_blocks import Block
from sor.tapes.rows import BadRow

TEXT = pa.string()
CODED = pa.dictionary(pa.int32(), pa.string())  # for columns whose texts repeat

NumberedLine = tuple[int, bytes]  # its number in the file, and its bytes without the line feed


class TextReader:
    """Some columns of a file as text. columns: name -> place in the row; plain: those whose texts hardly repeat."""

    def __init__(self, columns: Mapping[str, int], width: int, delimiter: str, plain: frozenset[str]) -> None:
        self._columns = columns
        self._width = width
        self._delimiter = delimiter
        self._types = {name: TEXT if name in plain else CODED for name in columns}
        self._names = [f"c{place}" for place in range(width)]
        types = {f"c{place}": self._types[name] for name, place in columns.items()}
        self._parse = arrow_csv.ParseOptions(delimiter=delimiter)
        self._convert = arrow_csv.ConvertOptions(column_types=types, include_columns=list(types))

    def read(self, block: Block, bad: list[BadRow]) -> tuple[pa.Table, Sequence[int]]:
        """The rows of a block, and the number of each one's line; lines that are no rows are noted as bad."""
        whole = has_plain_ends(block.data) and not self._ends_in_a_quote(block.data)
        table = self._whole(block) if whole else None
        if table is not None:
            return table, range(block.first_line, block.first_line + block.lines)
        return self.read_lines(lines_of(block), bad)

    def read_lines(self, lines: Sequence[NumberedLine], bad: list[BadRow]) -> tuple[pa.Table, Sequence[int]]:
        """The same for lines one by one."""
        rows, numbers = [], []
        for number, line in lines:
            fields = self._fields(number, line, bad)
            if fields is not None:
                rows.append(fields)
                numbers.append(number)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self._columns)
        plain = [strings_of(list(texts)) for texts in columns]
        arrays = [
            texts if self._types[name] == TEXT else texts.dictionary_encode()
            for name, texts in zip(self._columns, plain, strict=True)
        ]
        return pa.table(arrays, names=list(self._columns)), numbers

    def _ends_in_a_quote(self, data: bytes) -> bool:
        """Whether a quote is open at the end, which Arrow takes for the end of a field: a block more of the file tells
        that it is none."""
        last = data.rstrip(b"\r\n").rpartition(b"\n")[2]
        return b'"' in last and fields_of(last, self._delimiter) is None

    def _whole(self, block: Block) -> pa.Table | None:
        if not block.data:
            return None
        # One block, so that every column is one array.
        read = arrow_csv.ReadOptions(column_names=self._names, block_size=len(block.data) + 1, use_threads=False)
        try:
            table = arrow_csv.read_csv(
                pa.BufferReader(block.data), read_options=read, parse_options=self._parse, convert_options=self._convert
            )
        except (pa.ArrowException, ValueError):
            return None
        return table.rename_columns(list(self._columns)) if table.num_rows == block.lines else None

    def _fields(self, number: int, line: bytes, bad: list[BadRow]) -> list[str] | None:
        text = line.removesuffix(b"\r")
        if b"\r" in text:
            bad.append(BadRow(number, None, "has a carriage return in the middle"))
            return None
        found = fields_of(text, self._delimiter)
        if found is None:
            bad.append(BadRow(number, None, "is not CSV (look at its quotes)"))
        elif len(found) != self._width:
            bad.append(BadRow(number, None, f"has {len(found)} of {self._width} fields"))
        else:
            used = [found[place] for place in self._columns.values()]
            odd = next((name for name, text in zip(self._columns, used, strict=True) if not _is_unicode(text)), None)
            if odd is None:
                return used
            bad.append(BadRow(number, odd, "has bytes that are no UTF-8"))
        return None


def lines_of(block: Block) -> list[NumberedLine]:
    """The lines of a block that are not empty."""
    numbered = enumerate(block.data.split(b"\n"), block.first_line)
    return [(number, line) for number, line in numbered if line.strip(b"\r")]


def fields_of(line: bytes, delimiter: str = ",") -> list[str] | None:
    """The fields of one line; None where it is no CSV."""
    try:
        text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def has_plain_ends(data: bytes) -> bool:
    """Rows end with LF or CR LF; the parser would take a CR alone as an end, too."""
    return b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
