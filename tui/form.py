"""The fields of a run: their names, words and defaults, and whether what was typed makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.core.spec import STRATEGIES
from sor.errors import SorError
from sor.request import PROFILES, REQUEST_FIELDS, Request
from sor.stream.names import check_run_id, check_servers
from sor.stream.pacing import parse_speed
from tui.desk import SPEEDS
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
            _field("start", "start", "HH:MM:SS UTC on the tape's first day, or ISO 8601.", "tape's first"),
            _field("end", "end", "The window is closed.", "tape's last"),
            _field("limit_price", "limit price, $", "Nothing trades beyond it.", "none"),
        ),
    ),
    (
        "Tape",
        (
            _field("tape", "tape", "A CSV, DBN or Parquet file; empty: the bundled synthetic tape.", "bundled"),
            _field("symbol", "symbol", "Needed where the tape has several.", "the only one"),
            _field("snapshot_rule", "snapshot rule", "Which message of a venue counts at one time.",
                   choices=("last", "first")),
            _field("fees", "fees", "A JSON file, or none; empty: the bundled table.", "bundled table"),
            _field("max_quote_age", "max quote age, s", "Older quotes do not take part.", "no limit"),
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
            _field("strategy", "strategy", "Which one is `optimized` in the report.", choices=STRATEGIES),
            _field("profile", "profile", "seed: the original system's rules.", "default", tuple(PROFILES)),
            _field("lambda_over", "lambda over", "Penalty for too much: dollars or 1.5x; commas make a grid.", "grid"),
            _field("lambda_under", "lambda under", "Penalty for too little: dollars or 1.5x; commas make a grid.",
                   "grid"),
            _field("theta_queue", "theta queue", "Penalty for joining the queues; commas make a grid.", "grid"),
            _field("router_interval", "router slice, s", "Duration of one slice of the router."),
            _field("queue_model", "queue model", "What cancellations do to the queue ahead.",
                   choices=("conservative", "proportional", "optimistic")),
            _field("adverse_selection", "adverse selection", "Lower the rebate by the mid's move against past fills.",
                   "no", YES_NO),
        ),
    ),
    (
        "Rules",
        (
            _field("interval", "TWAP slice, s", "Duration of one slice of TWAP."),
            _field("liquidity", "liquidity", "What was taken stays taken, or not.", choices=("consume", "replenish")),
            _field("latency_us", "latency, us", "From a decision to its effect on the book."),
            _field("orders", "orders", "Spread N parent orders over the window for a distribution."),
            _field("seed", "seed", "Of whatever is random."),
        ),
    ),
)  # fmt: skip
FIELDS: Mapping[str, FieldFacts] = {field.name: field for _, group in GROUPS for field in group}
STREAM_FIELDS = ("stream", "servers", "topic", "run", "speed")
FLAGS = ("adverse_selection", "strict")


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
    stream = {name: values[name] for name in STREAM_FIELDS if values.get(name)}
    return RunRequest(wishes, **stream)


def values(wanted: RunRequest) -> dict[str, str]:
    """The form that makes this run; what is as by default stays empty."""
    found = {
        name: "yes" if value is True else str(value)
        for name, value in wanted.wishes.items()
        if value not in (None, False)
    }
    for name in STREAM_FIELDS:
        value = str(getattr(wanted, name))
        if value != FIELDS[name].default:
            found[name] = value
    if found.get("profile") == "default":
        del found["profile"]
    return found


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
    elif name == "tape":
        _check_file(value)
    elif name not in STREAM_FIELDS and name not in FLAGS:
        wish: dict[str, Any] = {name: value}
        Request(**wish).spec()


def _check_file(value: str) -> None:
    path = Path(value).expanduser()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise SorError(f"tape {value}: {what}; name a CSV, DBN or Parquet file, or leave it empty for the bundled one")
