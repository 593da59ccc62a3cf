"""The fields of a run: their names, words and defaults, and whether what was typed makes sense."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.core.router.literature import BUILT_IN
from sor.core.schedules import SCHEDULES
from sor.core.spec import STRATEGIES
from sor.errors import SorError
from sor.options.order_options import BY_NAME
from sor.request import PROFILES, REQUEST_FIELDS, BacktestRequest
from sor.stream.names import check_run_id, check_servers
from sor.stream.produce.pacing import parse_speed
from tui.messages import RunRequest
from tui.state.app_state import SPEEDS

YES_NO = ("no", "yes")


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One field of the form. choices: empty for text. default: what it is when left empty."""

    name: str
    label: str
    help: str
    default: str = ""
    choices: tuple[str, ...] = ()


def _field(name: str, label: str, help_: str, default: str = "", choices: tuple[str, ...] = ()) -> FieldFacts:
    return FieldFacts(name, label, help_, default, choices)


def _order(name: str, choices: tuple[str, ...] = ()) -> FieldFacts:
    """A field of the order, in the words that the table of its options has for it."""
    option = BY_NAME[name]
    if option.metavar:
        return FieldFacts(name, option.label, option.form, option.unset_form, choices or option.words)
    return FieldFacts(name, option.label, option.form, "no", YES_NO)


def _orders(*names: str) -> tuple[FieldFacts, ...]:
    return tuple(_order(name) for name in names)


GROUPS: tuple[tuple[str, tuple[FieldFacts, ...]], ...] = (
    (
        "Order",
        _orders("side", "quantity", "start", "end", "decision_time", "day", "tz", "clip", "limit_price"),
    ),
    (
        "Tape",
        (
            _field("tape", "tape", "Files, folders, globs or VENUE=FILE that are one tape; empty: the bundled one.",
                   "bundled"),
            *_orders("symbol", "snapshot_rule", "fees", "max_quote_age", "stale_crossed"),
            _field("clock", "clock", "event: the exchange's time of a row; recv: the capture's.", "event",
                   ("event", "recv")),
            _field("format", "format", "A name of sor data formats, or a TOML file; empty: found out.", "found out"),
            _field("lot", "shares a unit", "Of displayed size, where the tape counts in lots.", "as the format says"),
            _field("symbol_in", "symbol in", "FILE=ID: which instrument_id of a file without symbols is the stock.",
                   "not needed"),
            *_orders("strict"),
        ),
    ),
    (
        "Stream",
        (
            _field("stream", "stream", "auto: through Kafka where a broker answers, embedded where none does.", "auto",
                   ("auto", "kafka", "embedded")),
            _field("servers", "broker", "host:port of the Kafka broker.", "127.0.0.1:9092"),
            _field("topic", "topic", "Made if it is not there.", "mock_l1_stream"),
            _field("run", "run", "new: produce the tape. latest or a run id: read what is in the topic.", "new"),
            _field("speed", "speed", "Market seconds a second; it can be changed while the run is on.", "max", SPEEDS),
        ),
    ),
    (
        "Strategy",
        (
            _order("strategy", (*STRATEGIES, *BUILT_IN, *SCHEDULES)),
            _field("own", "own strategy", "FILE.py:NAME, or one that is installed; instead of the one above.",
                   "none"),
            *_orders("param", "profile", "lambda_over", "lambda_under", "theta_queue", "max_shortfall",
                     "router_interval", "queue_model", "adverse_selection"),
        ),
    ),
    (
        "Rules",
        _orders("interval", "liquidity", "latency_us", "cancel_latency_us", "child_min", "child_lot", "take_fade",
                "impact", "orders", "seed"),
    ),
)  # fmt: skip
FIELDS: Mapping[str, FieldFacts] = {field.name: field for _, group in GROUPS for field in group}
STREAM_FIELDS = ("stream", "servers", "topic", "run", "speed")
FLAGS = tuple(field.name for field in FIELDS.values() if field.choices == YES_NO)
LISTS = ("tape", "symbol_in", "param")  # several values, as a shell would separate them


def default(name: str, profile: str = "default") -> str:
    """What a field is when nothing is typed."""
    own = FIELDS[name].default
    if name in REQUEST_FIELDS and name != "profile":
        value = PROFILES.get(profile, PROFILES["default"]).get(name)
        return own if value is None else str(value)
    return own


def request(values: Mapping[str, str]) -> RunRequest:
    """The form as a run. Empty fields are left to the profile."""
    options: dict[str, Any] = {n: v for n, v in values.items() if n not in STREAM_FIELDS and v and n not in FLAGS}
    options |= {name: True for name in FLAGS if values.get(name) == "yes"}
    options |= {name: listed(options[name]) for name in LISTS if name in options}
    if own := options.pop("own", None):
        options["strategy"] = own
    stream = {name: values[name] for name in STREAM_FIELDS if values.get(name)}
    return RunRequest(options, **stream)


def of_options(options: Mapping[str, str]) -> dict[str, str]:
    """The form that the command line's options fill; what is as by default stays empty."""
    found = {name: value for name, value in options.items() if name in FIELDS and value != FIELDS[name].default}
    if found.get("strategy", STRATEGIES[0]) not in FIELDS["strategy"].choices:
        found["own"] = found.pop("strategy")
    if found.get("profile") == "default":
        del found["profile"]
    return found


def as_text(value: Any) -> str:
    """A value as the form shows it."""
    if isinstance(value, list | tuple):
        return shlex.join(map(str, value))
    return "yes" if value is True else str(value)


def listed(text: str) -> tuple[str, ...]:
    """The names in a field that takes several. SorError where a quote is left open."""
    if Path(text).expanduser().exists():
        return (text,)
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise SorError(f"{text}: {error}") from None


def problem(name: str, value: str) -> str | None:
    """What is wrong with one field, in the words of the command line; None where it is fine or empty."""
    if not value or name not in FIELDS:
        return None
    try:
        _check(name, value)
    except SorError as error:
        return " ".join(str(error).split())
    return None


def _check(name: str, value: str) -> None:
    if name == "speed":
        parse_speed(value)
    elif name == "servers":
        check_servers(value)
    elif name == "run" and value not in ("new", "latest") and not value.startswith("bare@"):
        check_run_id(value)
    elif name == "own":
        _check_own(value)
    elif name in ("strategy", "param"):
        return  # a strategy's code is loaded where it runs, and its parameters are known only there
    elif name == "tape":
        for one in listed(value):
            _check_tape(one)
    elif name not in STREAM_FIELDS and name not in FLAGS:
        option: dict[str, Any] = {name: value}
        BacktestRequest(**option).spec()


def _check_tape(name: str) -> None:
    path = Path(name).expanduser()
    if path.exists() or (glob.has_magic(name) and glob.glob(name)):
        return
    venue, equals, file = name.partition("=")
    if not (equals and venue and Path(file).expanduser().exists()):
        raise SorError(
            f"tape {name}: does not exist; name files, folders or globs, or leave it empty for the bundled one"
        )


def _check_own(text: str) -> None:
    """Whether the file is there: what is in it is found out where it runs, as it may load anything."""
    where, colon, name = text.rpartition(":")
    if colon and where.endswith(".py"):
        if not Path(where).expanduser().is_file():
            raise SorError(f"strategy {text}: {where} does not exist; name FILE.py:NAME")
        if not name.isidentifier():
            raise SorError(f"strategy {text}: {name!r} is no name of a class; name FILE.py:NAME")
    elif text.endswith(".py"):
        raise SorError(f"strategy {text}: say which class of it: {text}:NAME")
