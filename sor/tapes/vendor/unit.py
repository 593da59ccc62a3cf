"""Times in a unit that they are not read in, and how to say so."""

from __future__ import annotations

import re
from collections.abc import Callable

from sor.core.units import NANO
from sor.tapes.rows import BEFORE_1990, MIN_TIME, BadRow
from sor.tapes.vendor.spec import FormatSpec

_LATEST = 4_102_444_800 * NANO  # 2100
UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": NANO}
_WORDS = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}


def unit_of(number: int) -> str | None:
    """The unit in which a number is a time from 1990 to 2100: there is at most one."""
    return next((unit for unit, ns in UNITS.items() if MIN_TIME <= number * ns < _LATEST), None)


def hint_for(spec: FormatSpec, column: str) -> Callable[[BadRow], str | None]:
    """What to say of a bad row whose time is before 1990; column: where the time stands."""
    return lambda row: _hint(row.reason, spec, column) if BEFORE_1990 in row.reason else None


def _hint(text: str, spec: FormatSpec, column: str) -> str:
    digits = re.search(r"\d{5,}", text)
    unit = unit_of(int(digits[0])) if digits and "-" not in text else None
    if unit is None:
        return "times before 1990 are in a unit that they are not read in: look at how the file was made"
    return (
        f"the times are {_WORDS[unit]}, and the format {spec.name} has another unit: write a file {unit}.toml with "
        f'the lines like = "{spec.name}" and event = {{ read = ["{column}"], as = "{unit}" }}, and give '
        f"--format {unit}.toml"
    )
