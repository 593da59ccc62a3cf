"""The headers of a message: which run, which place in it, which schema; and the run's first and last message.

`run`, `seq` and `schema` are on every message, as text, so that any Kafka tool shows them. The first message of a run
also says what lies ahead (`tape`), the last one is the end marker (`end`: the count of snapshots).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from sor.core.market.batch import Form
from sor.errors import RunError
from sor.sources.source import FileFacts, TapeFacts
from sor.stream.names import can_be_read
from sor.stream.wire.decode import SCHEMA_VERSION, MessageError
from sor.stream.wire.typed import read
from sor.text import shorten

Header = tuple[str, bytes]
Headers = list[Header]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]

SCHEMA_HEADER: Header = ("schema", str(SCHEMA_VERSION).encode())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the first message of a run says of the rest: time of the first and last snapshot, and what the tape has.

    rule: which message of a venue counts at one time (`--snapshot-rule`), where the producer knew it. of: how many
    symbols there are, where each is a run of its own. extent: from when to when the run reaches, where its tape or
    `sor produce --start --end` says so. form, prints_late: what the tape shows of the market, and by how many ns its
    trades may be printed after the quotes that they changed.
    """

    first: Nanoseconds
    last: Nanoseconds
    symbol: str | None
    bids: bool
    rule: str | None = None
    of: Annotated[int, Meta(ge=0)] | None = None
    extent: tuple[Nanoseconds, Nanoseconds] | None = None
    form: Form = Form.VENUE
    prints_late: Nanoseconds = 0

    @property
    def in_order(self) -> bool:
        return self.first <= self.last and (self.extent is None or self.extent[0] <= self.extent[1])


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of one message of a run. `end` is the count in an end marker, None in a snapshot.

    sum: the checksum of all snapshots before it (RunChecksum), where the producer says it.
    """

    run: str
    seq: int
    end: int | None
    ahead: Ahead | None
    schema: str
    sum: bytes | None = None

    def check_schema(self) -> None:
        """RunError where a later version wrote this."""
        if self.schema != str(SCHEMA_VERSION):
            raise RunError(
                f"run {self.run} has messages of schema {shorten(self.schema, 20)}, and this version of sor reads "
                f"schema {SCHEMA_VERSION}: read it with the version that wrote it"
            )


def snapshot_headers(run: str, seq: int, ahead: Ahead | None = None, checksum: bytes | None = None) -> Headers:
    headers = [("run", run.encode()), ("seq", b"%d" % seq), SCHEMA_HEADER]
    if ahead is not None:
        headers.append(("tape", msgspec.json.encode(ahead)))
    return headers if checksum is None else [*headers, ("sum", checksum)]


def end_headers(run: str, count: int, checksum: bytes | None = None) -> Headers:
    return [*snapshot_headers(run, count, None, checksum), ("end", b"%d" % count)]


def end_value(run: str, count: int, facts: TapeFacts) -> bytes:
    """The body of the end marker; `tape` is what the report of the file itself would say."""
    return msgspec.json.encode({"end": {"run": run, "snapshots": count, "tape": facts}})


class _End(msgspec.Struct):
    tape: TapeFacts


class _EndMarker(msgspec.Struct):
    end: _End


def end_facts(value: bytes | None) -> TapeFacts:
    """What the end marker says of the tape. MessageError where it cannot be read."""
    try:
        facts = read(value, _EndMarker).end.tape
    except ValueError as error:
        raise MessageError(f"an end marker that cannot be read: {error}") from None
    parts: list[TapeFacts | FileFacts] = [facts, *facts.files]
    counts = [count for part in parts for count in astuple(part) if isinstance(count, int)]
    if min(counts, default=0) < 0:
        raise MessageError("an end marker that cannot be read: it has a negative count")
    return facts


def open_envelope(headers: Sequence[tuple[str, bytes | None]]) -> Envelope | None:
    """None for a bare message. MessageError for headers that are broken."""
    found = {key: value for key, value in headers if value is not None}
    if "run" not in found:
        return None
    run = found["run"].decode("utf-8", "backslashreplace")
    if not can_be_read(run):
        raise MessageError("header run is no run id")
    return Envelope(
        run,
        _count(found.get("seq"), "seq"),
        _count(found["end"], "end") if "end" in found else None,
        _ahead(found["tape"]) if "tape" in found else None,
        found.get("schema", b"none").decode("utf-8", "backslashreplace"),
        found.get("sum"),
    )


def _count(value: bytes | None, name: str) -> int:
    if value is None or not value.isdigit() or len(value) > 15:
        raise MessageError(f"header {name} is not a count")
    return int(value)


def _ahead(value: bytes) -> Ahead | None:
    """A hint only: where it cannot be read, the run is read without it."""
    try:
        ahead = read(value, Ahead)
    except ValueError:
        return None
    return ahead if ahead.in_order else None
