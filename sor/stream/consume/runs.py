"""The runs that a topic holds, and which part of it is to be read for one of them.

A run may be there several times: a producer that was killed and is run again under the same id sends all of it again,
and so does one whose beginning has been deleted since. Each time is a copy; the newest that is complete is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sor.stream.consume.assembly import begins_again
from sor.stream.consume.sequence import WINDOW
from sor.stream.kafka.connection import Record
from sor.stream.wire.decode import MessageError, decode
from sor.stream.wire.envelope import Ahead, Envelope, open_envelope

LATEST = "latest"


@dataclass(frozen=True, slots=True)
class StreamRun:
    """One copy of a run in a topic, by offsets. id None: bare messages, which carry no headers.

    `read_from` is `first` or, where unreadable messages lie directly before it, the first of those: they are counted
    with this run. start: the number of its first snapshot, above 0 where the beginning is gone; ended: it has an end
    marker; ahead: what its first message says of the tape.
    """

    id: str | None
    first: int
    last: int
    read_from: int
    start: int = 0
    ended: bool = False
    ahead: Ahead | None = None

    @property
    def name(self) -> str:
        return self.id if self.id is not None else f"bare@{self.first}"

    def is_wanted(self, wanted: str) -> bool:
        return wanted in (LATEST, self.name)


def envelope_of(record: Record) -> Envelope | None:
    """None for a bare message, and for one whose headers cannot be read."""
    try:
        return open_envelope(record.headers)
    except MessageError:
        return None


def is_unreadable(record: Record) -> bool:
    """Neither of a run nor a snapshot without headers."""
    if any(name == "run" for name, _ in record.headers):
        return envelope_of(record) is None
    return not len(decode([record.value]).batch)


def newest(copies: Iterable[StreamRun]) -> str | None:
    """The name of the run whose first message came last."""
    return max(copies, key=lambda run: run.first).name if copies else None


def choose(copies: Sequence[StreamRun]) -> StreamRun:
    """Which copy of one run to read: the newest that has its beginning and its end, else the newest with a beginning.

    What an attempt before it left behind without an end marker, from the same tape, is read with it: copies are
    dropped and counted. That is what a reader that was there all the time sees too.
    """
    copies = sorted(copies, key=lambda run: run.first)
    whole = [run for run in copies if run.start == 0]
    best = ([run for run in whole if run.ended] or whole or copies)[-1]
    for earlier in reversed(copies[: copies.index(best)]):
        if earlier.ended or earlier.start or not _may_be_same(earlier.ahead, best.ahead):
            break
        best = replace(best, first=earlier.first, read_from=earlier.read_from, ahead=earlier.ahead or best.ahead)
    return best


def _may_be_same(one: Ahead | None, other: Ahead | None) -> bool:
    return one is None or other is None or one == other


def _swapped(copy: StreamRun, offset: int) -> bool:
    """A first message behind others of its copy: the order within a window is put right by the reader."""
    return copy.start > 0 and not copy.ended and offset - copy.first <= WINDOW


class RunScan:
    """Reads through messages and notes where runs begin and end."""

    def __init__(self) -> None:
        self.unreadable_from: int | None = None  # unreadable messages at the very end, and nothing after it yet
        self._headed: dict[str, list[StreamRun]] = {}  # copies
        self._bare: list[StreamRun] = []
        self._bare_times = (0, 0)  # of the last bare run: first and last
        self._bare_last: bytes | None = None

    def runs(self) -> list[StreamRun]:
        """All copies of all runs."""
        headed = [copy for copies in self._headed.values() for copy in copies]
        # Bare messages in the midst of a run are strays, not a run that began later.
        spans = [(copies[0].first, copies[-1].last) for copies in self._headed.values()]
        bare = [b for b in self._bare if not any(first < b.first and b.last < last for first, last in spans)]
        return headed + bare

    def on_records(self, records: Sequence[Record]) -> None:
        for record in records:
            found = envelope_of(record)
            if found is None:
                self._on_bare(record)
            else:
                self._on_headed(record, found)

    def _on_headed(self, record: Record, found: Envelope) -> None:
        copies = self._headed.setdefault(found.run, [])
        offset = record.offset
        opens = found.seq == 0 and found.end is None
        if opens and copies and _swapped(copies[-1], offset):
            copies[-1] = replace(copies[-1], start=0, ahead=found.ahead)
        elif opens or not copies:
            read_from = offset if self.unreadable_from is None else self.unreadable_from
            copies.append(StreamRun(found.run, offset, offset, read_from, found.seq, False, found.ahead))
        ended = copies[-1].ended or found.end is not None
        copies[-1] = replace(copies[-1], last=offset, ended=ended)
        self.unreadable_from = None

    def _on_bare(self, record: Record) -> None:
        batch = decode([record.value]).batch
        offset = record.offset
        if any(name == "run" for name, _ in record.headers) or not len(batch):
            self.unreadable_from = offset if self.unreadable_from is None else self.unreadable_from
            return
        ts = int(batch.ts[0])
        again = begins_again(ts, self._bare_times[0], self._bare_times[1]) and record.value != self._bare_last
        if self._bare and not again:
            self._bare[-1] = replace(self._bare[-1], last=offset)
            self._bare_times = (self._bare_times[0], max(self._bare_times[1], ts))
        else:
            read_from = offset if self.unreadable_from is None else self.unreadable_from
            self._bare.append(StreamRun(None, offset, offset, read_from))
            self._bare_times = (ts, ts)
        self._bare_last = record.value
        self.unreadable_from = None
