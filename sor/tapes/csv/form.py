"""What a CSV tape looks like: which column is where, and how prices and times are written.

Databento writes prices as decimals or as integer nanodollars, times as ISO 8601 or as integer nanoseconds, and the
columns differ by schema. The header and the first rows tell; the form then holds for the whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.rows import PRICES, QUOTES, Kind
from sor.tapes.text.columns import fields_of
from sor.tapes.text.raw_prices import has_raw_prices

TRADES = {"action": "action", "price": "price", "size": "size"}
CHARS = frozenset({"action", "side"})
MISSING = ("", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "<NA>", "NaT")

# Rows of these record types are samples of the book at fixed intervals (bbo-1s, bbo-1m, and the consolidated ones).
SAMPLED = frozenset({"192", "193", "195", "196"})

_SAMPLE_BYTES = (2**16, 2**22)

# As in formats/databento.toml: most tapes are of this form, and are known without reading what formats there are.
HEADER = frozenset({"ts_event", *QUOTES.values()})
NOT_HEADER = frozenset({"bid_pb_00"})


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
    kind: Kind

    @property
    def has_names(self) -> bool:
        """Whether the symbols are names of stocks, and not numbers of a data set."""
        return "symbol" not in self.columns or self.name_of("symbol") == "symbol"

    @property
    def has_venues(self) -> bool:
        return "venue" in self.columns

    @property
    def width(self) -> int:
        return len(self.names)

    def name_of(self, role: str) -> str:
        return self.names[self.columns[role]]


def is_databento(tape: ByteTape) -> bool:
    """Whether the header is the form's; False also where it is long."""
    header, end, _ = tape.peek(_SAMPLE_BYTES[0]).removeprefix(b"\xef\xbb\xbf").partition(b"\n")
    there = {name.strip().lower() for name in fields_of(header) or ()} if end else frozenset()
    return there >= HEADER and NOT_HEADER.isdisjoint(there)


def detect_form(tape: ByteTape, clock: str = "event") -> CsvForm:
    """The form of a tape from its header and its first rows. InputError names a column that is missing.

    clock: `recv` for the time of receipt as the instant of every row.
    """
    for size in _SAMPLE_BYTES:
        sample = tape.peek(size)
        if b"\n" not in sample and len(sample) == size:
            continue
        if not sample:
            raise InputError(f"{tape.path}: the file is empty: a tape has a header and rows")
        header, *lines = sample.split(b"\n")
        names = _header(tape.path, header)
        rows = list(_full_rows(lines[:-1] if len(sample) == size else lines, len(names)))
        columns = _columns(tape.path, names, rows, clock)
        is_raw = has_raw_prices(_texts(rows, PRICES & columns.keys(), columns), _texts(rows, {"ts"}, columns))
        # A tape may begin with hours of undefined prices, and these are written alike in both forms.
        if is_raw is not None or len(sample) < size:
            break
    else:
        if b"\n" not in sample:
            raise InputError(f"{tape.path}: this is no tape: the first line does not end")
    return CsvForm(names, columns, _time_form(columns["ts"], rows), bool(is_raw), _kind(names, rows))


def _header(path: Path, header: bytes) -> tuple[str, ...]:
    try:
        text = header.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    fields = fields_of(text.encode())
    if fields is None or "\0" in text:
        raise InputError(f"{path}: this is no tape: not CSV, DBN or our Parquet form (the first line is binary)")
    return tuple(name.strip().lower() for name in fields)


def _full_rows(lines: Iterable[bytes], width: int) -> Iterator[list[str]]:
    for line in lines:
        fields = fields_of(line)
        if fields and len(fields) == width:
            yield fields


def _columns(path: Path, names: tuple[str, ...], rows: list[list[str]], clock: str) -> dict[str, int]:
    is_sampled = _is_sampled(names, rows)
    if clock == "recv" and "ts_recv" not in names:
        raise InputError(f"{path}: it has no time of receipt (ts_recv), which --clock recv needs: leave --clock out")
    # The ts_event of a sample is the time of the last trade, perhaps long ago or undefined; ts_recv is its instant.
    wanted = {"ts": "ts_recv" if is_sampled or clock == "recv" else "ts_event", **QUOTES}
    if "action" in names and not is_sampled:
        wanted |= TRADES
        if "side" in names:
            wanted["side"] = "side"
    for name in ("instrument_id", "symbol"):
        if name in names:
            wanted["symbol"] = name
    if QUOTES["venue"] not in names:
        wanted.pop("venue")  # said with VENUE=FILE
    missing = [repr(name) for name in wanted.values() if name not in names]
    twice = [repr(name) for name in wanted.values() if names.count(name) > 1]
    if missing or twice:
        fault = f"no column {', '.join(missing)}" if missing else f"column {', '.join(twice)} twice"
        raise InputError(f"{path}: {fault} in the header (line 1); the columns there are: {_listed(names)}")
    return {role: names.index(name) for role, name in wanted.items()}


def _kind(names: tuple[str, ...], rows: list[list[str]]) -> Kind:
    if _is_sampled(names, rows):
        return Kind.BBO
    if "action" not in names:
        return Kind.QUOTES
    found = {_rtype(names, row) for row in rows}
    if "bid_px_09" in names:
        return Kind.MBP_10
    if found & {"177", "194"}:
        return Kind.CMBP_1 if "177" in found else Kind.TBBO
    # The records of tbbo are those of mbp-1, but each of them is a trade.
    actions = {row[names.index("action")].strip() for row in rows}
    return Kind.TBBO if "1" in found and actions == {"T"} else Kind.MBP_1


def _rtype(names: tuple[str, ...], row: list[str]) -> str:
    return row[names.index("rtype")].strip() if "rtype" in names else ""


def _is_sampled(names: tuple[str, ...], rows: list[list[str]]) -> bool:
    if "rtype" in names and rows:
        return _rtype(names, rows[0]) in SAMPLED
    return "action" not in names and "ts_recv" in names


def _time_form(column: int, rows: list[list[str]]) -> TimeForm:
    texts = (row[column].strip() for row in rows)
    text = next((text for text in texts if any(map(str.isdigit, text))), "0")
    if text.lstrip("-").isdigit():
        return TimeForm.NANOSECONDS
    clock = text[10:]
    return TimeForm.ISO_UTC if clock[-1:] in ("Z", "z") or "+" in clock or "-" in clock else TimeForm.ISO_BARE


def _texts(rows: list[list[str]], roles: Iterable[str], columns: dict[str, int]) -> list[str]:
    return [row[columns[role]].strip() for role in sorted(roles) for row in rows]


def _listed(names: tuple[str, ...]) -> str:
    shown = [name if len(name) <= 40 else name[:37] + "..." for name in names[:24]]
    more = f" and {len(names) - 24} more" if len(names) > 24 else ""
    return ", ".join(shown) + more
