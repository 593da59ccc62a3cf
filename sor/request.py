"""What a user asks for, as typed or passed, and its one translation into exact units.

Command line, Python and terminal interface all go through here, so the same wish gives the same bytes, and the same
mistake gives the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar

from sor.core.fees import FeeSchedule
from sor.core.order import Liquidity, QueueModel, Side
from sor.core.spec import ROUTER, STRATEGIES, Level, Spec, When
from sor.core.units import MAX_PRICE, NANO, parse_dollars, parse_time
from sor.errors import InputError

Number = str | int | float | Decimal
Levels = Number | list[Number] | tuple[Number, ...]

DEFAULTS: dict[str, Any] = {
    "side": "buy",
    "quantity": 5_000,
    "interval": 60,
    "liquidity": "consume",
    "snapshot_rule": "last",
    "strategy": ROUTER,
    "router_interval": 5,
    "queue_model": "conservative",
    "latency_us": 0,
    "orders": 1,
    "seed": 0,
}
PROFILES: dict[str, dict[str, Any]] = {
    "default": DEFAULTS,
    # The original system, as it behaved.
    "seed": DEFAULTS
    | {
        "liquidity": "replenish",
        "snapshot_rule": "first",
        "strategy": "static",
        "fees": "none",
        "start": "13:36:32",
        "end": "13:45:14",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A backtest in the user's words; None is the profile's default. Prices in dollars, times in seconds.

    tape: a file, None the bundled tape. start, end: "HH:MM:SS[.fff]" UTC on the tape's first day, ISO 8601, or ns
    since the epoch. fees: a JSON file, "none", a mapping {publisher_id: {"take": ..., "make": ...}}, None the bundled
    table. lambda_over, lambda_under, theta_queue: one value, a list, or text with commas; dollars, or "1.5x".
    """

    tape: str | Path | None = None
    profile: str = "default"
    symbol: str | None = None
    side: str | None = None
    quantity: Number | None = None
    start: str | int | None = None
    end: str | int | None = None
    interval: Number | None = None
    liquidity: str | None = None
    snapshot_rule: str | None = None
    fees: str | Path | Mapping[str | int, Mapping[str, Number]] | None = None
    strategy: str | None = None
    lambda_over: Levels | None = None
    lambda_under: Levels | None = None
    theta_queue: Levels | None = None
    router_interval: Number | None = None
    queue_model: str | None = None
    limit_price: Number | None = None
    latency_us: Number | None = None
    max_quote_age: Number | None = None
    orders: Number | None = None
    seed: Number | None = None
    adverse_selection: bool = False
    strict: bool = False

    def get(self, name: str) -> Any:
        """The value asked for, or the profile's."""
        value = getattr(self, name)
        return PROFILES[one_of("profile", self.profile, PROFILES)].get(name) if value is None else value

    def rule(self) -> Literal["last", "first"]:
        rule = one_of("snapshot-rule", self.get("snapshot_rule"), ("last", "first"))
        return "first" if rule == "first" else "last"

    def spec(self) -> Spec:
        """The request in exact units; InputError in one line where something is wrong."""
        return Spec(
            side=choice("side", self.get("side"), Side),
            quantity=whole("quantity", self.get("quantity"), least=1, unit="shares"),
            start=_optional("start", self.get("start"), when),
            end=_optional("end", self.get("end"), when),
            interval=seconds("interval", self.get("interval")),
            limit_price=_optional("limit-price", self.get("limit_price"), price),
            liquidity=choice("liquidity", self.get("liquidity"), Liquidity),
            latency=duration("latency-us", self.get("latency_us"), 1_000, "microseconds", least=0),
            max_quote_age=_optional("max-quote-age", self.get("max_quote_age"), seconds),
            fees=_fees(self.get("fees")),
            strategy=one_of("strategy", self.get("strategy"), STRATEGIES),
            lambda_over=_optional("lambda-over", self.get("lambda_over"), levels),
            lambda_under=_optional("lambda-under", self.get("lambda_under"), levels),
            theta_queue=_optional("theta-queue", self.get("theta_queue"), levels),
            router_interval=seconds("router-interval", self.get("router_interval")),
            queue_model=choice("queue-model", self.get("queue_model"), QueueModel),
            adverse_selection=self.adverse_selection,
            orders=whole("orders", self.get("orders"), least=1, most=10_000),
            seed=whole("seed", self.get("seed"), least=0),
            profile=self.profile,
        )


REQUEST_FIELDS = tuple(field.name for field in fields(Request))
E_ = TypeVar("E_", bound=StrEnum)
T = TypeVar("T")


def _optional(name: str, value: Any, parse: Callable[[str, Any], T]) -> T | None:
    return None if value is None else parse(name, value)


def one_of(name: str, value: object, allowed: Any) -> str:
    if value not in allowed:
        raise InputError(f"{name} {value!r} is unknown: choose one of {', '.join(allowed)}")
    return str(value)


def choice(name: str, value: object, kind: type[E_]) -> E_:
    return kind(one_of(name, value, [member.value for member in kind]))


def decimal(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InputError(f"{name} {value!r} is not a number") from None
    if not number.is_finite() or isinstance(value, bool) or abs(number.adjusted()) > 30:
        raise InputError(f"{name} {value!r} is not a finite number of a sensible size")
    return number


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


def when(name: str, value: object) -> When:
    text = str(value).strip()
    try:
        if ":" in text and "T" not in text and " " not in text:
            return When(parse_time(f"1970-01-01T{text}Z"), of_day=True)
        return When(parse_time(text))
    except ValueError:
        raise InputError(
            f"{name} {value!r} is not a time: write HH:MM:SS (UTC, the tape's first day) or 2024-08-01T13:36:32Z"
        ) from None


def levels(name: str, value: Any) -> tuple[Level, ...]:
    """One level, a list of them, or text with commas; dollars a share, or multiples as "1.5x"."""
    parts = value if isinstance(value, list | tuple) else str(value).split(",")
    if not parts:
        raise InputError(f"{name} is empty: give one value or a comma-separated list")
    return tuple(_level(name, str(part).strip()) for part in parts)


def _level(name: str, text: str) -> Level:
    multiple = text.lower().endswith("x")
    number = decimal(name, text[:-1] if multiple else text)
    if number < 0:
        raise InputError(f"{name} {text!r} must not be negative")
    if multiple and number <= 1 and name.startswith("lambda"):
        raise InputError(f"{name} {text!r}: a multiple must be above 1 (the model's assumptions A2 and A3)")
    return Level(Fraction(number), multiple)


def _fees(value: Any) -> FeeSchedule:
    from sor.venues import fees_of, load_fees

    return fees_of(value) if isinstance(value, Mapping) else load_fees(value)
