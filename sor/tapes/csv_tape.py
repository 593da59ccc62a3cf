"""CSV tapes: blocks of lines to columns, exactly, and a second careful look at blocks with bad rows.

A block is first parsed as a whole with the types that the form promises. Only where that fails are its lines looked
at one by one: the good ones are parsed as before, the bad ones are counted. So a row is good or bad by itself,
however the file is cut into blocks. A line feed always ends a row, also within quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import csv

from sor.errors import InputError
from sor.tapes.blocks import BLOCK_BYTES, Block, ByteTape, in_background
from sor.tapes.csv_form import CHARS, MISSING, CsvForm, TimeForm, detect_form, parse_line
from sor.tapes.decode import Decoder
from sor.tapes.rows import PRICES, ROW_COLUMNS, BadRow, RowChunk, concat_rows, empty_rows

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIMES = {
    TimeForm.NANOSECONDS: pa.int64(),
    TimeForm.ISO_UTC: pa.timestamp("ns", "UTC"),
    TimeForm.ISO_BARE: pa.timestamp("ns"),
}

# What the parser surely refuses, so that hopeless rows need not be tried one at a time.
_INTEGER = re.compile(r"\s*(-?\d+|0[xX][0-9a-fA-F]+)\s*")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_TIME = re.compile(r"\s*\d{4}-\d\d-\d\d.*", re.DOTALL)

Line = tuple[int, bytes]  # its number in the file, and its bytes without the line feed


class CsvReader:
    """A CSV tape as chunks of rows. See `Reader` for `symbols` and the facts on bad rows."""

    def __init__(self, tape: ByteTape, block_bytes: int = BLOCK_BYTES) -> None:
        self._tape = tape
        self._block_bytes = block_bytes
        self._form = detect_form(tape)
        self._parser = _Parser(self._form)
        self._decoder = Decoder(self._form)
        self._first_line: int | None = None
        self._last_line = 1
        self._last_bad: BadRow | None = None
        self._good_rows = self.bad_rows = 0
        self.first_bad: str | None = None

    @property
    def symbols(self) -> list[str | None]:
        return self._decoder.symbols

    def chunks(self) -> Iterator[RowChunk]:
        for block in in_background(self._tape.blocks(self._block_bytes)):
            bad: list[BadRow] = []
            rows = self._read(_without_header(block), bad)
            self._note(bad)
            self._good_rows += len(rows)
            if len(rows):
                yield rows
        self._check_the_end()

    def _read(self, block: Block, bad: list[BadRow]) -> RowChunk:
        if not block.data:
            return empty_rows()
        table = self._parser.parse(block.data, block.lines) if _has_plain_ends(block.data) else None
        if table is None:
            return self._read_carefully(block, bad)
        self._first_line = self._first_line or block.first_line
        lines = range(block.first_line, block.first_line + block.lines)
        self._last_line = lines[-1]
        return self._decoder.rows(table, lines, bad)

    def _read_carefully(self, block: Block, bad: list[BadRow]) -> RowChunk:
        lines = [
            (number, line) for number, line in enumerate(block.data.split(b"\n"), block.first_line) if line.strip(b"\r")
        ]
        if not lines:
            return empty_rows()
        self._first_line = self._first_line or lines[0][0]
        self._last_line = lines[-1][0]
        hopeful = []
        for line in lines:
            fault = _surely_bad(line, self._form)
            if fault is None:
                hopeful.append(line)
            else:
                bad.append(fault)
        parts = [self._decoder.rows(table, numbers, bad) for table, numbers in self._parser.parse_lines(hopeful, bad)]
        return concat_rows([empty_rows(), *parts])

    def _note(self, bad: list[BadRow]) -> None:
        if not bad:
            return
        bad.sort(key=lambda row: row.line)
        self.bad_rows += len(bad)
        self.first_bad = self.first_bad or str(bad[0])
        self._last_bad = bad[-1]
        if bad[0].line == self._first_line and bad[0].is_unreadable:
            raise InputError(f"{self._tape.path}: {bad[0]}: the first row cannot be read, so this is another format")

    def _check_the_end(self) -> None:
        last = self._last_bad
        if last is not None and last.line == self._last_line and last.is_unreadable:
            raise InputError(f"{self._tape.path}: {last}: the last row is cut off or damaged: copy the file again")
        if self._first_line is None:
            raise InputError(f"{self._tape.path}: there is a header and no row")
        if not self._good_rows:
            raise InputError(f"{self._tape.path}: none of the {self.bad_rows:,} rows can be read; {self.first_bad}")


class _Parser:
    """Lines to a typed table with one column per role, or to the knowledge that they are not all good."""

    def __init__(self, form: CsvForm) -> None:
        self._form = form
        # Names by position: the header's may repeat in columns that are not used.
        roles = [role for role in ROW_COLUMNS if role in form.columns]
        used = {f"c{form.columns[role]}": _type(role, form) for role in roles}
        self._roles = roles
        self._names = [f"c{i}" for i in range(form.width)]
        self._convert = csv.ConvertOptions(column_types=used, include_columns=list(used), null_values=MISSING)

    def parse(self, data: bytes, n: int) -> pa.Table | None:
        """The n rows in these lines, None unless every one of them is good."""
        try:
            table = self._table(data)
        except (pa.ArrowException, ValueError):
            return None
        return table if table.num_rows == n else None

    def parse_lines(self, lines: Sequence[Line], bad: list[BadRow]) -> Iterator[tuple[pa.Table, list[int]]]:
        """Tables of the good ones among these lines, with their line numbers; the others are noted as bad."""
        if not lines:
            return
        table = self.parse(b"\n".join(line for _, line in lines), len(lines))
        if table is not None:
            yield table, [number for number, _ in lines]
        elif len(lines) == 1:
            bad.append(self._explain(lines[0]))
        else:
            half = len(lines) // 2
            yield from self.parse_lines(lines[:half], bad)
            yield from self.parse_lines(lines[half:], bad)

    def _table(self, data: bytes) -> pa.Table:
        # One block, so that every column is one array.
        read = csv.ReadOptions(column_names=self._names, block_size=len(data) + 1)
        table = csv.read_csv(pa.BufferReader(data), read_options=read, convert_options=self._convert)
        return table.rename_columns(self._roles)

    def _explain(self, line: Line) -> BadRow:
        """What is wrong with a line that the parser refuses."""
        number, data = line
        fault = _fault(number, parse_line(data), self._form)
        if fault is not None:
            return fault
        try:
            self._table(data)
        except (pa.ArrowException, ValueError) as error:
            column = re.search(r"CSV column #(\d+): (.*)", str(error), re.DOTALL)
            if column is None:
                return BadRow(number, None, f"cannot be read: {_short(str(error))}")
            cell = (parse_line(data) or [])[int(column[1]) :][:1]
            return BadRow(
                number, self._form.names[int(column[1])], f"{_short(*cell or '?')} cannot be read: {column[2]}"
            )
        return BadRow(number, None, "is not one row of CSV")


def _type(role: str, form: CsvForm) -> Any:
    if role == "ts":
        return _TIMES[form.times]
    if role in PRICES:
        return pa.int64() if form.raw_prices else pa.decimal128(38, 9)
    return _TEXT if role in CHARS or role == "symbol" else pa.int64()


def _without_header(block: Block) -> Block:
    if block.first_line > 1:
        return block
    return Block(block.data.partition(b"\n")[2], 2, block.lines - 1)


def _has_plain_ends(data: bytes) -> bool:
    """Rows end with LF or CR LF; the parser would take a CR alone as an end, too."""
    return b"\r" not in data or data.count(b"\r") == data.count(b"\r\n")


def _surely_bad(line: Line, form: CsvForm) -> BadRow | None:
    """What is wrong with a line without quotes, if the parser is certain to refuse it."""
    number, data = line
    text = data.removesuffix(b"\r")
    if b"\r" in text:
        return BadRow(number, None, "has a carriage return in the middle")
    if b'"' in text:
        return None
    return _fault(number, text.decode("utf-8", "surrogateescape").split(","), form)


def _fault(number: int, fields: list[str] | None, form: CsvForm) -> BadRow | None:
    if fields is None:
        return BadRow(number, None, "is not CSV (look at its quotes)")
    if len(fields) != form.width:
        return BadRow(number, None, f"has {len(fields)} of {form.width} fields")
    for role, column in form.columns.items():
        text = fields[column]
        pattern, what = _pattern(role, form)
        if pattern is not None and text not in MISSING and pattern.fullmatch(text) is None:
            return BadRow(number, form.names[column], f"{_short(text)} is no {what}")
    return None


def _pattern(role: str, form: CsvForm) -> tuple[re.Pattern[str] | None, str]:
    if role == "ts":
        return (_INTEGER if form.times is TimeForm.NANOSECONDS else _TIME), f"time ({form.times.value})"
    if role in PRICES:
        return (_INTEGER, "price in integer nanodollars") if form.raw_prices else (_DECIMAL, "price")
    return (None, "text") if role in CHARS or role == "symbol" else (_INTEGER, "integer")


def _short(text: str) -> str:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return ascii(shown) if not shown.isprintable() else repr(shown)
