"""What a user asks for, as typed or passed, and its one translation into exact units.

Command line, Python and terminal interface all go through here, so the same wish gives the same bytes, and the same
mistake gives the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeVar

from sor.core.fees import FeeSchedule
from sor.core.order import Latency, Liquidity, Lots, QueueModel, Side
from sor.core.spec import ROUTER, STRATEGIES, TUNED, Level, Spec, When
from sor.core.strategies.plug_in import PlugIn
from sor.core.units import MAX_PRICE, NANO, decimal, parse_dollars, parse_time
from sor.errors import InputError
from sor.zones import Zone

Number = str | int | float | Decimal
Levels = Number | list[Number] | tuple[Number, ...]

DEFAULTS: dict[str, Any] = {
    "side": "buy",
    "tz": "UTC",
    "quantity": 5_000,
    "interval": 60,
    "liquidity": "consume",
    "snapshot_rule": "last",
    "strategy": ROUTER,
    "router_interval": 5,
    "queue_model": "conservative",
    "latency_us": 0,
    "child_min": 1,
    "child_lot": 1,
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
class BacktestRequest:
    """A backtest in the user's words; None is the profile's default. Prices in dollars, times in seconds.

    tape: a file, a folder, a glob, `VENUE=FILE`, a pandas or Arrow table, or a list of them that are one tape; None or
    empty the bundled tape. symbol_in: texts "FILE=ID". clock: "event" or "recv". start, end: "HH:MM:SS[.fff]" on `day`,
    ISO 8601, or ns since the epoch; without an offset, of the time zone `tz` (an IANA name, None UTC). day:
    "YYYY-MM-DD" or a date; alone, the session of that day. clip: work the part of the window that is on the tape.
    stale_crossed: seconds after which a quote that crosses a newer one of another venue is left out. fees: a JSON file,
    "none", a mapping {publisher_id: {"take": ..., "make": ...}}, None the bundled table. latency_us,
    cancel_latency_us: a number, or text such as "150,2=80,43=310" with publisher_ids; None for cancels is the same as
    for orders. format: a name of `sor data formats`, or a TOML file; lot: shares in a unit of displayed size.
    decision_time: when the parent order was decided, written as start is. lambda_over, lambda_under, theta_queue: one
    value, a list, or text with commas; dollars, or "1.5x". max_shortfall: shares that a slice may leave missing on
    average, in place of lambda_under. take_fade: one value, a list, or text with commas: parts of
    the displayed size. impact: coefficient of the square-root charge.
    """

    tape: Any = None
    profile: str = "default"
    symbol: str | None = None
    symbol_in: str | Sequence[str] = ()
    clock: str = "event"
    format: str | None = None
    lot: Number | None = None
    side: str | None = None
    quantity: Number | None = None
    start: str | int | None = None
    end: str | int | None = None
    day: str | date | None = None
    tz: str | None = None
    clip: bool = False
    interval: Number | None = None
    liquidity: str | None = None
    snapshot_rule: str | None = None
    fees: str | Path | Mapping[str | int, Mapping[str, Number]] | None = None
    strategy: Any = None
    param: Mapping[str, Any] | list[str] | tuple[str, ...] | None = None
    lambda_over: Levels | None = None
    lambda_under: Levels | None = None
    theta_queue: Levels | None = None
    max_shortfall: Number | None = None
    router_interval: Number | None = None
    queue_model: str | None = None
    limit_price: Number | None = None
    latency_us: Number | None = None
    cancel_latency_us: Number | None = None
    child_min: Number | None = None
    child_lot: Number | None = None
    max_quote_age: Number | None = None
    stale_crossed: Number | None = None
    take_fade: Levels | None = None
    impact: Number | None = None
    orders: Number | None = None
    decision_time: str | int | None = None
    seed: Number | None = None
    adverse_selection: bool = False
    strict: bool = False

    def get(self, name: str) -> Any:
        """The value asked for, or the profile's."""
        value = getattr(self, name)
        return PROFILES[one_of("profile", self.profile, PROFILES)].get(name) if value is None else value

    @property
    def has_tape(self) -> bool:
        """Whether a tape was named; tables have no truth value of their own."""
        return self.tape is not None and not (isinstance(self.tape, str | list | tuple) and not self.tape)

    def asked(self) -> dict[str, Any]:
        """The options that were given, as JSON has them; files without their folders, so that reports of the same
        request are the same bytes everywhere."""
        given = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "tape"}
        defaults = {field.name: field.default for field in fields(self)}
        found = {
            name: _as_given(name, value) for name, value in given.items() if not _is_default(value, defaults[name])
        }
        tapes = list(self.tape) if isinstance(self.tape, list | tuple) else [self.tape]
        return ({"tape": sorted(map(_tape_name, tapes))} if self.has_tape else {}) | found

    def rule(self) -> Literal["last", "first"]:
        rule = one_of("snapshot-rule", self.get("snapshot_rule"), ("last", "first"))
        return "first" if rule == "first" else "last"

    def spec(self) -> Spec:
        """The request in exact units; InputError in one line where something is wrong."""
        tz = Zone.of(str(self.get("tz"))).name
        strategy, plug_in = self._strategy()
        return Spec(
            side=choice("side", self.get("side"), Side),
            quantity=whole("quantity", self.get("quantity"), least=1, unit="shares"),
            start=self._when("start", tz),
            end=self._when("end", tz),
            tz=tz,
            day=_optional("day", self.day, calendar_day),
            clip=self.clip,
            interval=seconds("interval", self.get("interval")),
            limit_price=_optional("limit-price", self.get("limit_price"), price),
            liquidity=choice("liquidity", self.get("liquidity"), Liquidity),
            latency=latency("latency-us", self.get("latency_us")),
            cancel_latency=_optional("cancel-latency-us", self.get("cancel_latency_us"), latency),
            lots=Lots(
                whole("child-min", self.get("child_min"), least=1, unit="shares"),
                whole("child-lot", self.get("child_lot"), least=1, unit="shares"),
            ),
            max_quote_age=_optional("max-quote-age", self.get("max_quote_age"), seconds),
            stale_crossed=_optional("stale-crossed", self.get("stale_crossed"), seconds),
            take_fade=() if self.take_fade is None else parts("take-fade", self.take_fade),
            impact=_optional("impact", self.impact, coefficient),
            fees=_fees(self.get("fees")),
            strategy=strategy,
            plug_in=plug_in,
            lambda_over=_optional("lambda-over", self.get("lambda_over"), levels),
            lambda_under=_optional("lambda-under", self.get("lambda_under"), levels),
            theta_queue=_optional("theta-queue", self.get("theta_queue"), levels),
            router_interval=seconds("router-interval", self.get("router_interval")),
            queue_model=queue_model("queue-model", self.get("queue_model")),
            adverse_selection=self.adverse_selection,
            decision_time=_optional("decision-time", self.decision_time, lambda name, value: when(name, value, tz)),
            orders=whole("orders", self.get("orders"), least=1, most=10_000),
            seed=whole("seed", self.get("seed"), least=0),
            profile=self.profile,
        )

    def _strategy(self) -> tuple[str, PlugIn | None]:
        if self.max_shortfall is None:
            return _strategy(self.get("strategy"), self.param)
        if self.get("strategy") != ROUTER:
            raise InputError(
                f"max-shortfall is for {ROUTER}: others take --param, as {FIXED} does max_shortfall=SHARES"
            )
        if self.lambda_under is not None:
            raise InputError("max-shortfall is in place of lambda-under: give one of them")
        given = {
            "max_shortfall": self.max_shortfall,
            "lambda_over": self.lambda_over,
            "theta": self.theta_queue,
            "adverse_selection": self.adverse_selection or None,
        }
        return _strategy(FIXED, {key: value for key, value in given.items() if value is not None})

    def _when(self, name: str, tz: str) -> When | None:
        """What was typed is of the time zone `tz`, a profile's own window of UTC."""
        typed = getattr(self, name)
        if typed is not None:
            return when(name, typed, tz)
        # A day chosen instead of the profile's window is the session of that day.
        return None if self.day is not None else _optional(name, self.get(name), when)


def request_of(options: Mapping[str, Any]) -> BacktestRequest:
    """A request from keywords; a wrong one is the error that a wrong option is on the command line."""
    for name in options:
        if name not in REQUEST_FIELDS:
            from click import NoSuchOption

            near = get_close_matches(name, REQUEST_FIELDS)
            raise InputError(NoSuchOption(name, possibilities=near).format_message())
    return BacktestRequest(**options)


FIXED = "cont_kukanov_fixed"  # which knows the bound; several values of a parameter are its grid
RESERVED = (*STRATEGIES, TUNED, "vwap", "market_vwap")
REQUEST_FIELDS = tuple(field.name for field in fields(BacktestRequest))
E_ = TypeVar("E_", bound=StrEnum)
T = TypeVar("T")


def _strategy(wanted: Any, parameters: Any) -> tuple[str, PlugIn | None]:
    """The name in the report, and the plug-in where it is one of the user's own."""
    given = _parameters(parameters)
    if isinstance(wanted, str) and wanted in STRATEGIES:
        if given:
            raise InputError(f"param {next(iter(given))}: {wanted} takes no --param")
        return wanted, None
    from sor.plug_ins import find_plug_in, names  # which loads what installed packages say of themselves

    found = find_plug_in(wanted, given)
    if found is None:
        known = ", ".join((*STRATEGIES, *names()))
        raise InputError(f"strategy {wanted!r} is unknown: choose one of {known}, or FILE.py:NAME for one of your own")
    if found.name in RESERVED or found.name.startswith("X_L_"):
        raise InputError(f"strategy {found.name}: the name is taken by one that the report compares with: rename it")
    return found.name, found


def _parameters(given: Any) -> dict[str, str]:
    """key=value texts, or a mapping, as texts."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(key): _as_typed(value) for key, value in given.items()}
    pairs = {}
    for text in given:
        key, equals, value = str(text).partition("=")
        if not equals or not key.strip().isidentifier():
            raise InputError(f"param {text!r} is not KEY=VALUE")
        pairs[key.strip()] = value.strip()
    return pairs


def _as_typed(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_default(value: Any, default: Any) -> bool:
    return (
        value is None or value is default or (isinstance(value, list | tuple) and not value) or bool(value == default)
    )


def _as_given(name: str, value: Any) -> Any:
    if name == "symbol_in":
        texts = [value] if isinstance(value, str) else value
        return sorted(_tape_name(text) for text in texts)
    if name == "param":
        return {key: Path(text).name if Path(text).is_file() else text for key, text in _parameters(value).items()}
    if isinstance(value, Path) or (name in ("fees", "strategy") and isinstance(value, str)):
        return Path(value).name
    if isinstance(value, Mapping):
        return {str(key): _as_given(name, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return ",".join(str(_as_given(name, inner)) for inner in value)  # as the command line has several levels
    if isinstance(value, bool | str | None):
        return value
    if isinstance(value, int | float | Decimal):
        return str(value)  # a number is the text that the command line gets for it
    return str(value) if isinstance(value, date) else getattr(value, "__name__", type(value).__name__)


def _tape_name(tape: Any) -> str:
    """A file as it was named, without its folders, which VENUE=FILE keeps its venue of; `table` for what is no file."""
    if not isinstance(tape, str | Path):
        return "table"
    text = str(tape)
    venue, equals, file = text.partition("=")
    if equals and "/" not in venue and not Path(text).exists():
        return f"{venue}={Path(file).name}"
    return Path(text).name


def _optional(name: str, value: Any, parse: Callable[[str, Any], T]) -> T | None:
    return None if value is None else parse(name, value)


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
        return When(Zone.of(tz).parse(text))
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


def _fees(value: Any) -> FeeSchedule:
    from sor.fees import fees_of, load_fees

    return fees_of(value) if isinstance(value, Mapping) else load_fees(value)
