"""Times as people type and read them, in a time zone: wall times to ns since the epoch, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sor.core.spec import When
from sor.core.units import NANO, Time, format_time, parse_time
from sor.errors import InputError

DAY = 86_400 * NANO
_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d(:?\d\d)?)?)$", re.IGNORECASE)
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Zone:
    """An IANA time zone."""

    name: str
    rules: ZoneInfo

    @classmethod
    def named(cls, name: str) -> Zone:
        """InputError for a name that is none."""
        return _zone(name)

    def at(self, day: date, ns: int) -> Time:
        """The instant at which clocks here show `ns` after midnight of `day`.

        InputError where a change of clocks skips or repeats that time.
        """
        wall = datetime(day.year, day.month, day.day) + timedelta(seconds=ns // NANO)
        early, late = (wall.replace(tzinfo=self.rules, fold=fold).utcoffset() for fold in (0, 1))
        assert early is not None
        assert late is not None
        if early != late:
            what = "twice" if early > late else "never"
            either = " or ".join(wall.replace(tzinfo=self.rules, fold=fold).isoformat() for fold in (0, 1))
            raise InputError(
                f"{wall.isoformat()} happens {what} in {self.name}, as clocks change: write it with its offset, "
                f"such as {either}"
            )
        elapsed = wall - early - datetime(1970, 1, 1)
        return (elapsed.days * 86_400 + elapsed.seconds) * NANO + ns % NANO

    def date_of(self, ts: Time) -> date:
        """The date that clocks here show at an instant."""
        return datetime.fromtimestamp(ts // NANO, self.rules).date()

    def midnight(self, day: date) -> Time:
        """The first instant of a day here, also where clocks skip its midnight."""
        noon = self.at(day, DAY // 2)
        before = noon - 18 * 3600 * NANO  # surely the day before, or this day's first hours
        low, high = before, noon
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.date_of(middle) >= day else (middle, high)
        return high

    def show(self, ts: Time) -> str:
        """ISO 8601 to the nanosecond with the offset of this zone: 2024-08-01T09:30:00.000000000-04:00."""
        if self.name == "UTC":
            return format_time(ts)
        seconds, nanos = divmod(ts, NANO)
        moment = datetime.fromtimestamp(seconds, self.rules)
        offset = moment.isoformat()[19:]
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos:09d}{offset}"

    def parse(self, text: str) -> Time:
        """ISO 8601, of this zone where it has no offset, or integer ns since the epoch. ValueError otherwise."""
        ns = parse_time(text)
        if text.strip().isdigit() or _OFFSET.search(text.strip()[10:]):
            return ns
        days, of_day = divmod(ns, DAY)
        return self.at(_EPOCH + timedelta(days=days), of_day)


def instant(when: When, day: date) -> Time:
    """What was typed, given the day that a time of day belongs to."""
    return Zone.named(when.zone).at(day, when.ns) if when.of_day else when.ns


@cache
def _zone(name: str) -> Zone:
    try:
        return Zone(name, ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # no such file, a name that leaves the folder, a folder
        raise InputError(f"tz {name!r} is no time zone: write a name such as America/New_York or UTC") from None
