"""From what a user typed to exact units: one function a kind of value, whose InputError is one sentence."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from sor.core.order import Latency, QueueModel
from sor.core.spec import Level, When
from sor.core.units import MAX_PRICE, NANO, decimal, parse_dollars, parse_time
from sor.errors import InputError
from sor.options.zones import Zone

E_ = TypeVar("E_", bound=StrEnum)


def one_of(name: str, value: object, allowed: Any) -> str:
    if value not in allowed:
        raise InputError(f"{name} {value!r} is unknown: choose one of {', '.join(allowed)}")
    return str(value)


def choice(name: str, value: object, kind: type[E_]) -> E_:
    return kind(one_of(name, value, [member.value for member in kind]))


def whole(name: str, value: object, *, least: int, most: int = 2**53, unit: str = "") -> int:
    number = decimal(name, value)
    if number != number.to_integral_value() or not least <= number <= most:
        bounds = f"at least {least}" if number < most else f"at most {most:,}"
        raise InputError(f"{name} {value!r} must be a whole number{f' of {unit}' if unit else ''}, {bounds}")
    return int(number)


def duration(name: str, value: object, unit_ns: int, unit: str, *, least: int) -> int:
    """A time span in ns."""
    ns = decimal(name, value) * unit_ns
    if ns < least or ns != ns.to_integral_value() or ns >= 2**60:
        bound = "0 or more" if least == 0 else "above 0"
        raise InputError(f"{name} {value!r} must be {unit}, {bound}, in whole nanoseconds")
    return int(ns)


def latency(name: str, value: object) -> Latency:
    """Microseconds for all venues, then venues that differ: 150,2=80,43=310."""
    first, *others = str(value).split(",")
    if "=" in first or not all("=" in other for other in others):
        raise InputError(f"{name} {value!r}: write one number, then VENUE=MICROSECONDS, as in 150,2=80,43=310")
    default, venues = duration(name, first, 1_000, "microseconds", least=0), dict[int, int]()
    for other in others:
        text, _, wait = other.partition("=")
        venue = whole(f"{name}: venue", text, least=0)
        if venue in venues:
            raise InputError(f"{name} {value!r} names venue {venue} twice")
        venues[venue] = duration(name, wait, 1_000, "microseconds", least=0)
    return Latency(default, {venue: ns for venue, ns in sorted(venues.items()) if ns != default})


def queue_model(name: str, value: object) -> QueueModel:
    """A model by name; power:1 is the proportional one."""
    if value == "power:1":
        return QueueModel.PROPORTIONAL
    if str(value).startswith("power:") and value not in list(QueueModel):
        raise InputError(f"{name} {value!r}: the exponent of power:n is a whole number from 1 to 8")
    return choice(name, value, QueueModel)


def seconds(name: str, value: object) -> int:
    return duration(name, value, NANO, "seconds", least=1)


def price(name: str, value: object) -> int:
    try:
        nanos = parse_dollars(str(value))
    except ValueError:
        raise InputError(f"{name} {value!r} is not a price in dollars, such as 222.75") from None
    if not 0 < nanos < MAX_PRICE:
        raise InputError(f"{name} {value!r} must be a price above 0 and below {MAX_PRICE // NANO:,} dollars")
    return nanos


def when(name: str, value: object, tz: str = "UTC") -> When:
    text = str(value).strip()
    try:
        if ":" in text and "T" not in text and " " not in text:
            return When(parse_time(f"1970-01-01T{text}Z"), of_day=True, zone=tz)
        return When(Zone.named(tz).parse(text))
    except ValueError:
        raise InputError(
            f"{name} {value!r} is not a time: write HH:MM:SS (on --day, in the zone of --tz) or 2024-08-01T13:36:32Z"
        ) from None


def calendar_day(name: str, value: object) -> date:
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise InputError(f"{name} {value!r} is not a day: write YYYY-MM-DD") from None


def levels(name: str, value: Any) -> tuple[Level, ...]:
    """One level, a list of them, or text with commas; dollars a share, or multiples as "1.5x"."""
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    if not parts:
        raise InputError(f"{name} is empty: give one value or a comma-separated list")
    return tuple(Level.parse(name, str(part).strip()) for part in parts)


def parts(name: str, value: Any) -> tuple[Fraction, ...]:
    """Numbers from 0 to 1, the greatest first; 1 itself is what everything else is measured against."""
    texts = value if isinstance(value, list | tuple) else str(value).split(",")
    numbers = {decimal(name, str(text).strip()) for text in texts}
    if not numbers or not all(0 <= number <= 1 for number in numbers):
        raise InputError(f"{name} {value!r}: write parts of the displayed size from 0 to 1, as in 0.8,0.5")
    return tuple(Fraction(number) for number in sorted(numbers - {1}, reverse=True))


def coefficient(name: str, value: object) -> Decimal:
    number = decimal(name, value)
    if not 0 < number <= 100:
        raise InputError(f"{name} {value!r} must be a coefficient above 0, of the order of 1")
    return number
