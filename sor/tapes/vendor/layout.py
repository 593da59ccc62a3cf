"""A file's own form of a format: which column is where, which day its name says, what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from sor.core.units import NANO
from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.text.columns import fields_of
from sor.tapes.text.raw_prices import has_raw_prices
from sor.tapes.vendor.shipped import found_in
from sor.tapes.vendor.spec import FormatSpec, TimeSpec
from sor.tapes.vendor.times import day_of

_EPOCH = date(1970, 1, 1).toordinal()
HEAD_BYTES = (2**16, 2**22)


@dataclass(frozen=True, slots=True)
class Layout:
    """names: the file's columns; places: those of them that are read, in lower case.

    day: days since the epoch, where the file's name or footer says it; symbol: where the name says it. is_raw:
    prices are integer nanodollars.
    """

    spec: FormatSpec
    names: tuple[str, ...]
    places: dict[str, int]
    has_header: bool
    day: int | None
    symbol: str | None
    beside: Path | None = None
    is_raw: bool = False

    def has(self, name: str | None) -> bool:
        return name is not None and name.lower() in self.places

    @property
    def names_stocks(self) -> bool:
        """Whether stocks go by name, or by nothing, and not by the numbers of a data set."""
        spec = self.spec
        by_name = self.symbol is not None or any(map(self.has, spec.symbol))
        return by_name or not any(map(self.has, spec.symbol_else))

    def stated(self) -> tuple[int, int] | None:
        """The whole day (ns) of a file that says which day it is of."""
        if self.day is None:
            return None
        zone = ZoneInfo(self.spec.zone)
        days = (date.fromordinal(_EPOCH + self.day), date.fromordinal(_EPOCH + self.day + 1))
        start, end = (int(datetime.combine(day, time(), zone).timestamp()) * NANO for day in days)
        return start, end

    def times(self) -> list[TimeSpec]:
        return [time for time in (self.spec.event, self.spec.recv) if time is not None and self.has(time.read[0])]


def head_of(tape: ByteTape) -> tuple[list[bytes], bool]:
    """The first lines of a file, without those that may be cut, and whether these are all."""
    for size in HEAD_BYTES:
        sample = tape.peek(size)
        if b"\n" in sample or len(sample) < size:
            lines = sample.removeprefix(b"\xef\xbb\xbf").split(b"\n")
            is_all = len(sample) < size
            return (lines if is_all else lines[:-1]), is_all
    raise InputError(f"{tape.path}: this is no tape: the first line does not end")


def layout_of(tape: ByteTape, spec: FormatSpec) -> Layout:
    """The layout of a file in a format. InputError says what is missing."""
    lines, _ = head_of(tape)
    first = fields_of(lines[0], spec.delimiter)
    if first is None or "\0" in lines[0].decode("latin-1"):
        raise InputError(f"{tape.path}: this is no tape: the first line is binary, or no CSV")
    names = tuple(name.strip() for name in first) if spec.header else _unnamed(tape, spec, len(first))
    if spec.header:
        _refuse_missing(tape.path, spec, names)
    beside = _beside(tape, spec)
    if beside is not None and spec.beside is not None:
        with ByteTape(beside) as other:
            more = fields_of(head_of(other)[0][0], spec.delimiter) or []
        names += tuple(_unnamed_columns(spec.beside[2], len(more)))
    said = found_in(spec.file, tape.inner_name) or {} if spec.file else {}
    places = {name: place for name, place in _places(names).items() if name in _used(spec)}
    return Layout(
        spec=spec,
        names=names,
        places=places,
        has_header=bool(spec.header),
        day=_day(tape, spec, said.get("date")),
        symbol=said.get("symbol") or None,
        beside=beside,
        is_raw=spec.price_unit is None and _is_raw(lines, spec, places),
    )


def missing_in(spec: FormatSpec, names: tuple[str, ...]) -> list[str]:
    """What a format needs and a header does not have."""
    there = {name.lower() for name in names}
    return [name for name in (*spec.needed(), *_of_trades(spec, there)) if name.lower() not in there]


def _of_trades(spec: FormatSpec, there: set[str]) -> list[str]:
    """What optional trades need where the column that tells them apart is there."""
    trade = spec.trade
    if trade is None or not trade.optional or trade.when is None or trade.when[0].lower() not in there:
        return []
    return [trade.price, trade.size]


def _refuse_missing(path: Path, spec: FormatSpec, names: tuple[str, ...]) -> None:
    missing = missing_in(spec, names)
    if missing:
        listed = ", ".join(map(repr, missing))
        raise InputError(
            f"{path}: no column {listed} in the header (line 1), which the format {spec.name} needs; "
            f"the columns there are: {listed_names(names)}"
        )
    lower = [name.lower() for name in names]
    twice = [name for name in spec.needed() if lower.count(name.lower()) > 1]
    if twice:
        raise InputError(f"{path}: column {', '.join(map(repr, twice))} twice in the header (line 1)")


def listed_names(names: tuple[str, ...]) -> str:
    """A header as a message can show it."""
    shown = [name if len(name) <= 40 else name[:37] + "..." for name in names[:24]]
    return ", ".join(shown) + (f" and {len(names) - 24} more" if len(names) > 24 else "")


def _places(names: tuple[str, ...]) -> dict[str, int]:
    return {name.lower(): place for place, name in reversed(list(enumerate(names)))}


def _used(spec: FormatSpec) -> set[str]:
    """Every column that the format may read, in lower case."""
    times = [time for time in (spec.event, spec.recv) if time is not None]
    names: list[str | None] = [*spec.needed(), *spec.order, *spec.symbol, *spec.symbol_else, spec.venue.column]
    names += [name for time in times for name in (*time.read, time.date, time.plus[0] if time.plus else None)]
    names += [rule.column for rule in spec.leave_out]
    names += [remark.column for remark in spec.remarks]
    if spec.venue.off_exchange:
        names.append(spec.venue.off_exchange.column)
    if spec.trade:
        trade = spec.trade
        whens = [when[0] for when in (trade.when, trade.hidden) if when]
        names += [trade.price, trade.size, trade.side, *whens, trade.resting_side[0] if trade.resting_side else None]
    return {name.lower() for name in names if name is not None}


def _unnamed(tape: ByteTape, spec: FormatSpec, width: int) -> tuple[str, ...]:
    """The names of the columns of a file without a header."""
    if width < len(spec.columns):
        raise InputError(
            f"{tape.path}: line 1 has {width} fields, and the format {spec.name} has {len(spec.columns)}: "
            f"{', '.join(spec.columns)}"
        )
    return tuple(_unnamed_columns(spec.columns, width))


def _unnamed_columns(known: tuple[str, ...], width: int) -> list[str]:
    return [*known[:width], *([""] * (width - len(known)))]


def _day(tape: ByteTape, spec: FormatSpec, said: str | None) -> int | None:
    """The day of the file, from its name or its last line. InputError where it is needed and nowhere."""
    if said is None and spec.footer is not None and spec.footer.date is not None:
        fields = _last_line(tape.path).split(spec.delimiter)
        if fields[0] + spec.delimiter == spec.footer.starts and len(fields) > spec.footer.date:
            said = fields[spec.footer.date]
    if said is not None:
        try:
            return day_of(said)
        except ValueError:
            raise InputError(f"{tape.path}: {said[:20]!a} in the file's name is no date") from None
    if spec.event.is_clock and spec.event.date is None:
        raise InputError(
            f"{tape.path}: the times of the format {spec.name} have no date, and the file's name "
            f"({tape.inner_name[:80]!a}) has none: name it so that it matches {spec.file or 'a key `file`'}"
        )
    return None


def _last_line(path: Path) -> str:
    last = b""
    with ByteTape(path) as tape:
        for block in tape.blocks():
            last = block.data.rstrip(b"\r\n").rpartition(b"\n")[2] or last
    return last.decode("latin-1")


def _beside(tape: ByteTape, spec: FormatSpec) -> Path | None:
    if spec.beside is None:
        return None
    old, new, _ = spec.beside
    path = tape.path.with_name(tape.path.name.replace(old, new))
    if path == tape.path or not path.is_file():
        raise InputError(f"{tape.path}: the format {spec.name} needs the file {path.name} beside it")
    return path


def _is_raw(lines: list[bytes], spec: FormatSpec, places: dict[str, int]) -> bool:
    """Whether the prices of the first rows are integer nanodollars."""
    rows = [row for line in lines[1:] if (row := fields_of(line, spec.delimiter)) and len(row) > max(places.values())]
    told = (spec.quote.bid, spec.quote.ask) if spec.quote else (spec.trade.price,) if spec.trade else ()
    prices = [places[name.lower()] for name in told]
    times = [row[places[spec.event.read[0].lower()]].strip() for row in rows]
    return bool(has_raw_prices([row[place].strip() for row in rows for place in prices], times))
