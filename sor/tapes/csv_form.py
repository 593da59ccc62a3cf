"""What a CSV tape looks like: which column is where, and how prices and times are written.

Databento writes prices as decimals or as integer nanodollars, times as ISO 8601 or as integer nanoseconds, and the
columns differ by schema. The header and the first rows tell; the form then holds for the whole file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sor.core.units import NO_PRICE
from sor.errors import InputError
from sor.tapes.blocks import ByteTape
from sor.tapes.rows import PRICES, QUOTES

TRADES = {"action": "action", "price": "price", "size": "size"}
CHARS = frozenset({"action", "side"})
MISSING = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "<NA>", "NaT")

# Rows of these record types are samples of the book at fixed intervals (bbo-1s, bbo-1m, and the consolidated ones).
SAMPLED = frozenset({"192", "193", "195", "196"})

_SAMPLE_BYTES = (2**16, 2**22)
_LEAST_RAW = 10**7  # a cent in nanodollars, and more than a share costs in dollars
_INTEGER = re.compile(r"-?[0-9]{1,40}")


class TimeForm(Enum):
    """How times are written."""

    NANOSECONDS = "integer nanoseconds"
    ISO_UTC = "ISO 8601 with an offset"
    ISO_BARE = "ISO 8601 without an offset (UTC)"


@dataclass(frozen=True, slots=True)
class CsvForm:
    """columns: role -> index in the row, the roles being the fields of RowChunk; width: fields in a row."""

    names: tuple[str, ...]
    columns: dict[str, int]
    times: TimeForm
    raw_prices: bool

    @property
    def width(self) -> int:
        return len(self.names)

    def name_of(self, role: str) -> str:
        return self.names[self.columns[role]]


def parse_line(line: bytes) -> list[str] | None:
    """The fields of one line; None where it is no CSV."""
    try:
        rows = list(csv.reader([line.decode("utf-8", "surrogateescape").rstrip("\r\n")], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def detect_form(tape: ByteTape) -> CsvForm:
    """The form of a tape from its header and its first rows. InputError names a column that is missing."""
    for size in _SAMPLE_BYTES:
        sample = tape.peek(size)
        if b"\n" not in sample and len(sample) == size:
            continue
        if not sample:
            raise InputError(f"{tape.path}: the file is empty: a tape has a header and rows")
        header, *lines = sample.split(b"\n")
        names = _header(tape.path, header)
        rows = list(_full_rows(lines[:-1] if len(sample) == size else lines, len(names)))
        columns = _columns(tape.path, names, rows)
        is_raw = _has_raw_prices(columns, rows)
        # A tape may begin with hours of undefined prices, and these are written alike in both forms.
        if is_raw is not None or len(sample) < size:
            break
    else:
        if b"\n" not in sample:
            raise InputError(f"{tape.path}: this is no tape: the first line does not end")
    return CsvForm(names, columns, _time_form(columns["ts"], rows), bool(is_raw))


def _header(path: Path, header: bytes) -> tuple[str, ...]:
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    fields = parse_line(text.encode())
    if fields is None or "\0" in text:
        raise InputError(f"{path}: this is no tape: not CSV, DBN or our Parquet form (the first line is binary)")
    return tuple(name.strip() for name in fields)


def _full_rows(lines: Iterable[bytes], width: int) -> Iterator[list[str]]:
    for line in lines:
        fields = parse_line(line)
        if fields and len(fields) == width:
            yield fields


def _columns(path: Path, names: tuple[str, ...], rows: list[list[str]]) -> dict[str, int]:
    is_sampled = _is_sampled(names, rows)
    # The ts_event of a sample is the time of the last trade, perhaps long ago or undefined; ts_recv is its instant.
    wanted = {"ts": "ts_recv" if is_sampled else "ts_event", **QUOTES}
    if "action" in names and not is_sampled:
        wanted |= TRADES
        if "side" in names:
            wanted["side"] = "side"
    for name in ("instrument_id", "symbol"):
        if name in names:
            wanted["symbol"] = name
    missing = [repr(name) for name in wanted.values() if name not in names]
    twice = [repr(name) for name in wanted.values() if names.count(name) > 1]
    if missing or twice:
        fault = f"no column {', '.join(missing)}" if missing else f"column {', '.join(twice)} twice"
        raise InputError(f"{path}: {fault} in the header (line 1); the columns there are: {_listed(names)}")
    return {role: names.index(name) for role, name in wanted.items()}


def _is_sampled(names: tuple[str, ...], rows: list[list[str]]) -> bool:
    if "rtype" in names and rows:
        at = names.index("rtype")
        return rows[0][at].strip() in SAMPLED
    return "action" not in names and "ts_recv" in names


def _time_form(column: int, rows: list[list[str]]) -> TimeForm:
    texts = (row[column].strip() for row in rows)
    text = next((text for text in texts if any(map(str.isdigit, text))), "0")
    if text.lstrip("-").isdigit():
        return TimeForm.NANOSECONDS
    clock = text[10:]
    return TimeForm.ISO_UTC if clock[-1:] in ("Z", "z") or "+" in clock or "-" in clock else TimeForm.ISO_BARE


def _has_raw_prices(columns: dict[str, int], rows: list[list[str]]) -> bool | None:
    """Decimals have a point somewhere; without one, large integers are nanodollars. None where nothing tells."""
    used = [columns[role] for role in sorted(PRICES & columns.keys())]
    texts = [row[column].strip() for row in rows for column in used]
    if any("." in text for text in texts):
        return False
    values = {abs(int(text)) for text in texts if _INTEGER.fullmatch(text)} - {NO_PRICE}
    return any(value >= _LEAST_RAW for value in values) if values else None


def _listed(names: tuple[str, ...]) -> str:
    shown = [name if len(name) <= 40 else name[:37] + "..." for name in names[:24]]
    more = f" and {len(names) - 24} more" if len(names) > 24 else ""
    return ", ".join(shown) + more
