"""The fields of a run: their names, words and defaults, and whether what was typed makes sense."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.core.order import QueueModel
from sor.core.router.literature import BUILT_IN
from sor.core.schedules import SCHEDULES
from sor.core.spec import STRATEGIES
from sor.errors import SorError
from sor.request import PROFILES, REQUEST_FIELDS, BacktestRequest
from sor.stream.names import check_run_id, check_servers
from sor.stream.produce.pacing import parse_speed
from tui.app_state import SPEEDS
from tui.messages import RunRequest

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


GROUPS: tuple[tuple[str, tuple[FieldFacts, ...]], ...] = (
    (
        "Order",
        (
            _field("side", "side", "Buy or sell.", choices=("buy", "sell")),
            _field("quantity", "quantity", "Shares of the parent order."),
            _field("start", "start", "HH:MM:SS of the zone below on the day, or ISO 8601.", "tape's first"),
            _field("end", "end", "The window is closed: what happens at its end counts.", "tape's last"),
            _field("decision_time", "decided at", "When the order was decided, for its delay cost.", "the start"),
            _field("day", "day", "YYYY-MM-DD: of a tape with several; alone, that day's session.", "the only one"),
            _field("tz", "time zone", "IANA name: of times typed and shown.", "UTC"),
            _field("clip", "clip", "Yes: work the part of the window that is on the tape.", "no", YES_NO),
            _field("limit_price", "limit price, $", "Nothing trades beyond it.", "none"),
        ),
    ),
    (
        "Tape",
        (
            _field("tape", "tape", "Files, folders, globs or VENUE=FILE that are one tape; empty: the bundled one.",
                   "bundled"),
            _field("symbol", "symbol", "Needed where the tape has several.", "the only one"),
            _field("snapshot_rule", "snapshot rule", "Which message of a venue counts at one time.",
                   choices=("last", "first")),
            _field("fees", "fees", "A JSON file, or none; empty: the bundled table.", "bundled table"),
            _field("max_quote_age", "max quote age, s", "Older quotes do not take part.", "no limit"),
            _field("stale_crossed", "stale crossed, s", "Leave out quotes that cross a newer one for longer than this.",
                   "keep them"),
            _field("clock", "clock", "event: the exchange's time of a row; recv: the capture's.", "event",
                   ("event", "recv")),
            _field("format", "format", "A name of sor data formats, or a TOML file; empty: found out.", "found out"),
            _field("lot", "shares a unit", "Of displayed size, where the tape counts in lots.", "as the format says"),
            _field("symbol_in", "symbol in", "FILE=ID: which instrument_id of a file without symbols is the stock.",
                   "not needed"),
            _field("strict", "strict", "Yes: a bad row of the tape is an error.", "no", YES_NO),
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
            _field("strategy", "strategy", "Which one is `optimized` in the report.",
                   choices=(*STRATEGIES, *BUILT_IN, *SCHEDULES)),
            _field("own", "own strategy", "FILE.py:NAME, or one that is installed; instead of the one above.",
                   "none"),
            _field("param", "its parameters", "KEY=VALUE, several with spaces between.", "none"),
            _field("profile", "profile", "seed: the original system's rules.", "default", tuple(PROFILES)),
            _field("lambda_over", "lambda over", "Penalty for too much: dollars or 1.5x; commas make a grid.", "grid"),
            _field("lambda_under", "lambda under", "Penalty for too little: dollars or 1.5x; commas make a grid.",
                   "grid"),
            _field("theta_queue", "theta queue", "Penalty for joining the queues; commas make a grid.", "grid"),
            _field("max_shortfall", "max shortfall", "Shares that may be missing, in place of lambda under.", "none"),
            _field("router_interval", "router slice, s", "Duration of one slice of the router."),
            _field("queue_model", "queue model", "What cancellations do to the queue ahead.",
                   choices=tuple(QueueModel)),
            _field("adverse_selection", "adverse selection", "Lower the rebate by the mid's move against past fills.",
                   "no", YES_NO),
        ),
    ),
    (
        "Rules",
        (
            _field("interval", "TWAP slice, s", "Duration of one slice of TWAP."),
            _field("liquidity", "liquidity", "What was taken stays taken, or not.", choices=("consume", "replenish")),
            _field("latency_us", "latency, us", "From a decision to its effect on the book; 150,2=80 by venue."),
            _field("cancel_latency_us", "cancel latency, us", "From a cancel to its effect.", "as orders"),
            _field("child_min", "smallest child", "Smaller child orders are not sent."),
            _field("child_lot", "lot", "Child orders are whole lots."),
            _field("take_fade", "take fade", "Share of displayed size that a take does not find; commas make several.",
                   "none"),
            _field("impact", "impact", "A square-root charge on what is taken, as a sensitivity.", "none"),
            _field("orders", "orders", "Spread N parent orders over the window for a distribution."),
            _field("seed", "seed", "Of whatever is random."),
        ),
    ),
)  # fmt: skip
FIELDS: Mapping[str, FieldFacts] = {field.name: field for _, group in GROUPS for field in group}
STREAM_FIELDS = ("stream", "servers", "topic", "run", "speed")
FLAGS = ("adverse_selection", "strict", "clip")
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
    wishes: dict[str, Any] = {n: v for n, v in values.items() if n not in STREAM_FIELDS and v and n not in FLAGS}
    wishes |= {name: True for name in FLAGS if values.get(name) == "yes"}
    wishes |= {name: listed(wishes[name]) for name in LISTS if name in wishes}
    if own := wishes.pop("own", None):
        wishes["strategy"] = own
    stream = {name: values[name] for name in STREAM_FIELDS if values.get(name)}
    return RunRequest(wishes, **stream)


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
        return  # a strategy's code is loaded where it runs, and only it knows its parameters
    elif name == "tape":
        for one in listed(value):
            _check_tape(one)
    elif name not in STREAM_FIELDS and name not in FLAGS:
        wish: dict[str, Any] = {name: value}
        BacktestRequest(**wish).spec()


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
