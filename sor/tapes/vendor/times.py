"""Texts of times as ns since the epoch: a column at once where all its texts are plain, else text by text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from sor.core.market.batch import Ints
from sor.core.units import NANO, parse_time
from sor.tapes.arrow import halves_of, int64_of
from sor.tapes.rows import MAX_TIME, Mask
from sor.tapes.vendor.numbers import MISSING, decimal_of, short
from sor.tapes.vendor.spec import TimeSpec
from sor.tapes.vendor.unit import UNITS

DAY = 86_400 * NANO
MINUTE = 60 * NANO

_EPOCH = date(1970, 1, 1).toordinal()
_NAIVE, _UTC = pa.timestamp("ns"), pa.timestamp("ns", "UTC")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,40}(?:\.0{0,9})?", re.ASCII)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATES = (
    re.compile(r"(?P<y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})", re.ASCII),
    re.compile(r"(?P<y>[0-9]{4})[-/](?P<m>[0-9]{1,2})[-/](?P<d>[0-9]{1,2})", re.ASCII),
    re.compile(r"(?P<d>[0-9]{1,2})-?(?P<m>[A-Za-z]{3})-?(?P<y>[0-9]{4})", re.ASCII),
)


def day_of(text: str) -> int:
    """Days since the epoch of a date: 20180102, 2018-01-02 or 02JAN2018. ValueError where it is none."""
    text = text.strip().removesuffix(".0")
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            month = found["m"] if found["m"].isdigit() else str(_month(found["m"]))
            try:
                return date(int(found["y"]), int(month), int(found["d"])).toordinal() - _EPOCH
            except ValueError:
                break
    raise ValueError(f"{short(text)} is no date, such as 20180102, 2018-01-02 or 02JAN2018")


def _month(name: str) -> int:
    return _MONTHS.index(name.upper()) + 1 if name.upper() in _MONTHS else 0


def date_of(day: int) -> date:
    """The date that is so many days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)


class ZoneClock:
    """Clock times of a zone to UTC. Those that a change of the clock skips or repeats have no answer."""

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)
        self._is_utc = name in ("UTC", "Etc/UTC")
        self._known: dict[int, int | None] = {}

    def to_utc(self, local: Ints) -> tuple[Ints, Mask]:
        """ns of the zone's clock as ns since the epoch, and which of them have no answer."""
        if self._is_utc or not len(local):
            return local, np.zeros(len(local), np.bool_)
        minutes, places = np.unique(local // MINUTE, return_inverse=True)
        offsets = [self._offset(minute) for minute in minutes.tolist()]
        shift = np.array([offset or 0 for offset in offsets], np.int64)
        missing = np.array([offset is None for offset in offsets])
        return local - shift[places], missing[places]

    def day(self, ts: Ints) -> Ints:
        """Days since the epoch of the zone's calendar at these times (ns)."""
        if self._is_utc or not len(ts):
            return ts // DAY
        minutes, places = np.unique(ts // MINUTE, return_inverse=True)
        days = [self._day(minute) for minute in minutes.tolist()]
        return np.array(days, np.int64)[places]

    def _day(self, minute: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=minute)
        return moment.astimezone(self._zone).toordinal() - _EPOCH

    def _offset(self, minute: int) -> int | None:
        """ns ahead of UTC at a minute of the zone's clock; None where that minute is twice, or not at all."""
        if minute not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[minute] = self._look_up(minute)
        return self._known[minute]

    def _look_up(self, minute: int) -> int | None:
        try:
            clock = datetime(1970, 1, 1) + timedelta(minutes=minute)
            offsets = {clock.replace(tzinfo=self._zone, fold=fold).utcoffset() for fold in (0, 1)}
        except OverflowError:
            return None
        (first, *more) = offsets
        return None if more or first is None else round(first / timedelta(microseconds=1)) * 1000


class TimeColumn:
    """One time of a format: a column of texts, and days where it is a time of day, to ns since the epoch."""

    def __init__(self, spec: TimeSpec, zone: str) -> None:
        self._spec = spec
        self._zone = ZoneClock(zone)
        self._fast, self._slow = self._ways()

    @property
    def is_clock(self) -> bool:
        return self._spec.is_clock

    def column(self, texts: Any, days: Ints | None) -> tuple[Ints, Mask]:
        """ns since the epoch (0 where there is none), and which rows have none."""
        found = self._fast(texts)
        values, is_local, is_bad = found if found is not None else self._one_by_one(texts)
        if days is not None:
            # A day far from ours would overflow; it is no day of a tape.
            is_bad = is_bad | (np.abs(days) > 10**5)
            values = values + np.where(is_bad, 0, days) * DAY
        if is_local.any():
            utc, no_answer = self._zone.to_utc(values)
            values = np.where(is_local, utc, values)
            is_bad = is_bad | (is_local & no_answer)
        return np.where(is_bad, 0, values), is_bad

    def reason(self, text: str) -> str:
        """Why a text is no time, or no time of this day."""
        try:
            self._slow(text)
        except (ValueError, ArithmeticError) as error:
            return str(error)
        return f"{short(text)} is a time that a change of the clock skips or repeats, or has no day"

    def _one_by_one(self, texts: Any) -> tuple[Ints, Mask, Mask]:
        n = len(texts)
        values, is_local, is_bad = np.zeros(n, np.int64), np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        for row, text in enumerate(texts.to_pylist()):
            try:
                values[row], is_local[row] = self._slow(text)
            except (ValueError, ArithmeticError):
                is_bad[row] = True
        return values, is_local, is_bad

    def _ways(self) -> tuple[_Fast, _Slow]:
        written = self._spec.written
        if self._spec.since_midnight:
            unit = UNITS[written]
            return lambda texts: _fast_decimal(texts, unit), lambda text: (_of_day(text, unit), True)
        if written in UNITS:
            unit = UNITS[written]
            return lambda texts: _fast_whole(texts, unit), lambda text: (_since_epoch(text, unit), False)
        ways: dict[str, tuple[_Fast, _Slow]] = {
            "iso": (_fast_iso, _iso),
            "auto": (_fast_auto, _auto),
            "HHMMSSf": (_fast_digits, lambda text: (_digits(text), True)),
            "HH:MM:SS.f": (_fast_clock, lambda text: (_clock(text), True)),
        }
        return ways[written]


_Fast = Callable[[Any], "tuple[Ints, Mask, Mask] | None"]
_Slow = Callable[[str], tuple[int, bool]]


def _told(values: Ints, *, is_local: bool, is_bad: Mask | None = None) -> tuple[Ints, Mask, Mask]:
    none = np.zeros(len(values), np.bool_)
    return values, none | is_local, none if is_bad is None else is_bad


def _cast(texts: Any, kind: Any) -> Any | None:
    """The texts as another type; None where one of them is not."""
    try:
        return texts.cast(kind)
    except (pa.ArrowException, ValueError):
        return None


# ---------------------------------------------------------------- since the epoch


def _fast_whole(texts: Any, unit: int) -> tuple[Ints, Mask, Mask] | None:
    found = _cast(texts, pa.int64())
    if found is None:
        return None
    values = int64_of(found)
    is_bad = (values < 0) | (values > MAX_TIME // unit)
    return _told(np.where(is_bad, 0, values) * unit, is_local=False, is_bad=is_bad)


def _since_epoch(text: str, unit: int) -> int:
    text = text.strip()
    if text in MISSING:
        raise ValueError("there is no time")
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{short(text)} is no time: an integer is needed")
    value = int(Decimal(text)) * unit
    if value > MAX_TIME:
        raise ValueError(f"{text[:40]} is an impossible time")
    return value


# ---------------------------------------------------------------- ISO 8601


def _fast_iso(texts: Any) -> tuple[Ints, Mask, Mask] | None:
    found = _cast(texts, _UTC)
    if found is not None:
        return _told(int64_of(found), is_local=False)
    found = _cast(texts, _NAIVE)
    return None if found is None else _told(int64_of(found), is_local=True)


def _iso(text: str) -> tuple[int, bool]:
    text = text.strip()
    if text in MISSING:
        raise ValueError("there is no time")
    if text[4:5] != "-":
        raise ValueError(f"{short(text)} is no time (ISO 8601)")
    value = parse_time(text)
    if not -MAX_TIME <= value <= MAX_TIME:
        raise ValueError(f"{text[:40]} is an impossible time")
    tail = text[11:]
    return value, not (tail[-1:] in ("Z", "z") or "+" in tail or "-" in tail)


def _fast_auto(texts: Any) -> tuple[Ints, Mask, Mask] | None:
    return _fast_whole(texts, 1) or _fast_iso(texts)


def _auto(text: str) -> tuple[int, bool]:
    plain = text.strip()
    if "-" in plain[1:] or ":" in plain:
        return _iso(plain)
    try:
        return _since_epoch(plain, 1), False
    except ValueError as error:
        if "integer" in str(error):
            raise ValueError(f"{short(plain)} is no time (ISO 8601, or integer nanoseconds)") from None
        raise


# ---------------------------------------------------------------- times of day


def _fast_decimal(texts: Any, unit: int) -> tuple[Ints, Mask, Mask] | None:
    found = _cast(texts, pa.decimal128(38, 9))
    if found is None:
        return None
    low, high = halves_of(found)
    is_bad = (high != 0) | (low < 0) | (low >= DAY // unit * NANO)
    part = NANO // unit  # of 1e-9 units in a ns
    is_bad |= low % part != 0
    return _told(np.where(is_bad, 0, low // part), is_local=True, is_bad=is_bad)


def _of_day(text: str, unit: int) -> int:
    if text.strip() in MISSING:
        raise ValueError("there is no time")
    value = decimal_of(text.strip()) * unit
    if not 0 <= value < DAY:
        raise ValueError(f"{short(text)} is no time of day")
    if value != int(value):
        raise ValueError(f"{short(text)} is finer than a nanosecond")
    return int(value)


def _fast_digits(texts: Any) -> tuple[Ints, Mask, Mask] | None:
    found = _cast(texts, pa.int64())
    if found is None:
        return None
    values = int64_of(found)
    clock, nanos = np.divmod(values, NANO)
    hours, minutes, seconds = clock // 10_000, clock // 100 % 100, clock % 100
    is_bad = (values < _LEAST_DIGITS) | (hours > 23) | (minutes > 59) | (seconds > 59)
    of_day = (hours * 3600 + minutes * 60 + seconds) * NANO + nanos
    return _told(np.where(is_bad, 0, of_day), is_local=True, is_bad=is_bad)


# Below it, ten past midnight, there are at most 12 digits: a time in microseconds or milliseconds, and no trading.
_LEAST_DIGITS = 10**12


def _digits(text: str) -> int:
    text = text.strip().removesuffix(".0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(f"{short(text)} is no time: HHMMSS and nine digits are needed")
    if int(text) < _LEAST_DIGITS:
        raise ValueError(f"{short(text)} is too short for HHMMSS and nine digits: is it in nanoseconds?")
    text = text.zfill(15)
    return _ns_of_day(text, int(text[:2]), int(text[2:4]), int(text[4:6]), int(text[6:]))


def _fast_clock(texts: Any) -> tuple[Ints, Mask, Mask] | None:
    import pyarrow.compute as pc  # a twentieth of a second, which most tapes need not wait for

    padded = pc.replace_substring_regex(texts, r"^(\d):", r"0\1:")
    found = _cast(pc.binary_join_element_wise("1970-01-01T", padded, ""), _NAIVE)
    if found is None:
        return None
    values = int64_of(found)
    return None if ((values < 0) | (values >= DAY)).any() else _told(values, is_local=True)


def _clock(text: str) -> int:
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{short(text)} is no time of day, such as 09:30:00.018")
    hours, minutes, seconds, part = found.groups()
    return _ns_of_day(text, int(hours), int(minutes), int(seconds), int((part or "0").ljust(9, "0")))


def _ns_of_day(text: str, hours: int, minutes: int, seconds: int, nanos: int) -> int:
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{short(text)} is no time of day")
    return (hours * 3600 + minutes * 60 + seconds) * NANO + nanos
