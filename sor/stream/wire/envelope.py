"""The headers of a message: which run, which place in it, which schema; and the run's first and last message.

`run`, `seq` and `schema` are on every message, as text, so that any Kafka tool shows them. The first message of a run
also says what lies ahead (`tape`), the last one is the end marker (`end`: the count of snapshots).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from sor.core.market.batch import Form
from sor.errors import RunError
from sor.source import TapeFacts
from sor.stream.names import can_be_read
from sor.stream.wire.decode import SCHEMA_VERSION, MessageError
from sor.text import shorten

Header = tuple[str, bytes]
Headers = list[Header]

SCHEMA_HEADER: Header = ("schema", str(SCHEMA_VERSION).encode())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the first message of a run says of the rest: time of the first and last snapshot, and what the tape has.

    rule: which message of a venue counts at one time (`--snapshot-rule`), where the producer knew it. of: how many
    symbols there are, where each is a run of its own. extent: from when to when the run reaches, where its tape or
    `sor produce --start --end` says so. form, prints_late: what the tape shows of the market, and by how many ns its
    trades may be printed after the quotes that they changed.
    """

    first: int
    last: int
    symbol: str | None
    bids: bool
    rule: str | None = None
    of: int | None = None
    extent: tuple[int, int] | None = None
    form: Form = Form.VENUE
    prints_late: int = 0


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
        headers.append(("tape", orjson.dumps(asdict(ahead))))
    return headers if checksum is None else [*headers, ("sum", checksum)]


def end_headers(run: str, count: int, checksum: bytes | None = None) -> Headers:
    return [*snapshot_headers(run, count, None, checksum), ("end", b"%d" % count)]


def end_value(run: str, count: int, facts: TapeFacts) -> bytes:
    """The body of the end marker; `tape` is what the report of the file itself would say."""
    return orjson.dumps({"end": {"run": run, "snapshots": count, "tape": asdict(facts)}})


def end_facts(value: bytes | None) -> TapeFacts:
    """What the end marker says of the tape. MessageError where it cannot be read."""
    try:
        tape = orjson.loads(value or b"")["end"]["tape"]
        facts = TapeFacts.from_json(tape)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MessageError(f"an end marker that cannot be read: {error}") from None
    texts = [facts.name, facts.symbol, facts.first_bad, *facts.notes, *(file.name for file in facts.files)]
    counts = [facts.rows, facts.bad_rows, facts.out_of_order, facts.doubled]
    counts += [facts.off_exchange_trades, facts.off_exchange, facts.round_lot]
    counts += [count for file in facts.files for count in (file.rows, file.first, file.last)]
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


def _extent(value: Any) -> tuple[int, int] | None:
    """None too for what is none: it is a hint."""
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(type(ts) is int for ts in value):
        return None
    return (value[0], value[1]) if 0 <= value[0] <= value[1] < 2**63 else None


def ahead_from(found: Mapping[str, Any]) -> Ahead:
    """From what `asdict` made, by way of JSON; keys of other versions are passed over."""
    known = {name: found[name] for name in Ahead.__dataclass_fields__ if name in found}
    form, extent = Form(known.get("form", Form.VENUE)), _extent(known.get("extent"))
    return Ahead(**known | {"form": form, "extent": extent})


def _ahead(value: bytes) -> Ahead | None:
    """A hint only: where it cannot be read, the run is read without it."""
    try:
        ahead = ahead_from(orjson.loads(value))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    whole = type(ahead.first) is int and type(ahead.last) is int and 0 <= ahead.first <= ahead.last < 2**63
    texts = isinstance(ahead.symbol, str | None) and isinstance(ahead.rule, str | None)
    counts = _is_count(ahead.of) and type(ahead.prints_late) is int and 0 <= ahead.prints_late < 2**63
    return ahead if whole and texts and type(ahead.bids) is bool and counts else None
