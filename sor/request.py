"""What a user asks for, as typed or passed, and its one translation into exact units.

Command line, Python and terminal interface all go through here, so the same request gives the same bytes, and the same
mistake gives the same sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

from sor.core.fees import FeeSchedule
from sor.core.order import Lots
from sor.core.spec import ROUTER, STRATEGIES, TUNED, Spec, When
from sor.core.strategies.plug_in import PlugIn
from sor.errors import InputError
from sor.options.option_values import one_of, when
from sor.options.order_options import BY_NAME, DEFAULTS
from sor.options.zones import Zone

Number = str | int | float | Decimal
Levels = Number | list[Number] | tuple[Number, ...]

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
        rule = one_of("snapshot-rule", self.get("snapshot_rule"), BY_NAME["snapshot_rule"].words)
        return "first" if rule == "first" else "last"

    def spec(self) -> Spec:
        """The request in exact units; InputError in one line where something is wrong."""
        tz = Zone.named(str(self.get("tz"))).name
        strategy, plug_in = self._strategy()
        exact = self._exact
        return Spec(
            side=exact("side"),
            quantity=exact("quantity"),
            start=self._when("start", tz),
            end=self._when("end", tz),
            tz=tz,
            day=exact("day"),
            clip=self.clip,
            interval=exact("interval"),
            limit_price=exact("limit_price"),
            liquidity=exact("liquidity"),
            latency=exact("latency_us"),
            cancel_latency=exact("cancel_latency_us"),
            lots=Lots(exact("child_min"), exact("child_lot")),
            max_quote_age=exact("max_quote_age"),
            stale_crossed=exact("stale_crossed"),
            take_fade=exact("take_fade") or (),
            impact=exact("impact"),
            fees=_fees(self.get("fees")),
            strategy=strategy,
            plug_in=plug_in,
            lambda_over=exact("lambda_over"),
            lambda_under=exact("lambda_under"),
            theta_queue=exact("theta_queue"),
            router_interval=exact("router_interval"),
            queue_model=exact("queue_model"),
            adverse_selection=self.adverse_selection,
            decision_time=_optional("decision-time", self.decision_time, lambda name, value: when(name, value, tz)),
            orders=exact("orders"),
            seed=exact("seed"),
            profile=self.profile,
        )

    def _exact(self, name: str) -> Any:
        return BY_NAME[name].exact(self.get(name))

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
            from difflib import get_close_matches

            from click import NoSuchOption

            near = get_close_matches(name, REQUEST_FIELDS)
            raise InputError(NoSuchOption(name, possibilities=near).format_message())
    return BacktestRequest(**options)


FIXED = "cont_kukanov_fixed"  # which knows the bound; several values of a parameter are its grid
RESERVED = (*STRATEGIES, TUNED, "vwap", "market_vwap")
REQUEST_FIELDS = tuple(field.name for field in fields(BacktestRequest))
T = TypeVar("T")


def _strategy(wanted: Any, parameters: Any) -> tuple[str, PlugIn | None]:
    """The name in the report, and the plug-in where it is one of the user's own."""
    given = _parameters(parameters)
    if isinstance(wanted, str) and wanted in STRATEGIES:
        if given:
            raise InputError(f"param {next(iter(given))}: {wanted} takes no --param")
        return wanted, None
    from sor.plug_ins.find import find_plug_in, names  # which loads what installed packages say of themselves

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


def _fees(value: Any) -> FeeSchedule:
    from sor.fees import fees_of, load_fees

    return fees_of(value) if isinstance(value, Mapping) else load_fees(value)
