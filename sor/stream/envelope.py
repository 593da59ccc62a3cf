"""The headers of a message: which run, which place in it, which schema; and the run's first and last message.

`run`, `seq` and `schema` are on every message, as text, so that any Kafka tool shows them. The first message of a run
also says what lies ahead (`tape`), the last one is the end marker (`end`: the count of snapshots).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from sor.errors import StreamError
from sor.source import TapeFacts
from sor.stream.codec import SCHEMA_VERSION, MessageError

Header = tuple[str, bytes]
Headers = list[Header]

SCHEMA_HEADER: Header = ("schema", str(SCHEMA_VERSION).encode())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the first message of a run says of the rest: time of the first and last snapshot, and what the tape has.

    rule: which message of a venue counts at one time (`--snapshot-rule`), where the producer knew it. of: how many
    symbols there are, where each is a run of its own.
    """

    first: int
    last: int
    symbol: str | None
    bids: bool
    rule: str | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of one message of a run. `end` is the count in an end marker, None in a snapshot."""

    run: str
    seq: int
    end: int | None
    ahead: Ahead | None
    schema: str

    def check_schema(self) -> None:
        """StreamError where a later version wrote this."""
        if self.schema != str(SCHEMA_VERSION):
            raise StreamError(
                f"run {self.run} has messages of schema {self.schema}, and this version of sor reads schema "
                f"{SCHEMA_VERSION}: read it with the version that wrote it"
            )


def snapshot_headers(run: str, seq: int, ahead: Ahead | None = None) -> Headers:
    headers = [("run", run.encode()), ("seq", b"%d" % seq), SCHEMA_HEADER]
    return headers if ahead is None else [*headers, ("tape", orjson.dumps(asdict(ahead)))]


def end_headers(run: str, count: int) -> Headers:
    return [*snapshot_headers(run, count), ("end", b"%d" % count)]


def end_value(run: str, count: int, facts: TapeFacts) -> bytes:
    """The body of the end marker; `tape` is what the report of the file itself would say."""
    return orjson.dumps({"end": {"run": run, "snapshots": count, "tape": asdict(facts)}})


def end_facts(value: bytes | None) -> TapeFacts:
    """What the end marker says of the tape. MessageError where it cannot be read."""
    try:
        tape = orjson.loads(value or b"")["end"]["tape"]
        facts = TapeFacts(**{name: tape[name] for name in TapeFacts.__dataclass_fields__ if name in tape})
    except (ValueError, TypeError, KeyError) as error:
        raise MessageError(f"an end marker that cannot be read: {error}") from None
    texts, counts = (facts.name, facts.symbol, facts.first_bad), (facts.rows, facts.bad_rows, facts.out_of_order)
    if not all(text is None or isinstance(text, str) for text in texts) or not all(map(_is_count, counts)):
        raise MessageError("an end marker with facts of a wrong type")
    return facts


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and value >= 0)


def open_envelope(headers: Sequence[tuple[str, bytes | None]]) -> Envelope | None:
    """None for a bare message. MessageError for headers that are broken."""
    found = {key: value for key, value in headers if value is not None}
    if "run" not in found:
        return None
    run = found["run"].decode("utf-8", "backslashreplace")
    return Envelope(
        run,
        _count(found.get("seq"), "seq"),
        _count(found["end"], "end") if "end" in found else None,
        _ahead(found["tape"]) if "tape" in found else None,
        found.get("schema", b"none").decode("utf-8", "backslashreplace"),
    )


def _count(value: bytes | None, name: str) -> int:
    if value is None or not value.isdigit() or len(value) > 15:
        raise MessageError(f"header {name} is not a count")
    return int(value)


def _ahead(value: bytes) -> Ahead | None:
    """A hint only: where it cannot be read, the run is read without it."""
    try:
        found = orjson.loads(value)
        ahead = Ahead(found["first"], found["last"], found["symbol"], found["bids"], found.get("rule"), found.get("of"))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    whole = type(ahead.first) is int and type(ahead.last) is int and 0 <= ahead.first <= ahead.last < 2**63
    texts = isinstance(ahead.symbol, str | None) and isinstance(ahead.rule, str | None)
    return ahead if whole and texts and type(ahead.bids) is bool and _is_count(ahead.of) else None
