"""Which runs a topic holds, and where each begins.

Runs normally lie one behind the other, and the number of a run's last message says where its first one is: then the
runs are found by a few jumps from the end. Wherever that does not hold exactly (interleaved runs, duplicates, bare
messages, rubbish), the rest of the topic is read through once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sor.stream.assembly import begins_anew
from sor.stream.client import Reader, Record
from sor.stream.codec import MessageError, decode
from sor.stream.envelope import Envelope, open_envelope

MAX_JUMPS = 100
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Run:
    """One run in a topic, by offsets. id None: bare messages, which carry no headers.

    `read_from` is `first` or, where rubbish lies directly before it, the first of that: it is counted with this run.
    """

    id: str | None
    first: int
    last: int
    read_from: int

    @property
    def name(self) -> str:
        return self.id if self.id is not None else f"bare@{self.first}"

    def is_wanted(self, wanted: str) -> bool:
        return wanted in (LATEST, self.name)


def member_of(family: str, symbol: str) -> str:
    """The id of one symbol's run, where several symbols are sent together."""
    return f"{family}/{symbol}"


def envelope_of(record: Record) -> Envelope | None:
    """None for a bare message, and for one whose headers cannot be read."""
    try:
        return open_envelope(record.headers)
    except MessageError:
        return None


def catalogue(
    reader: Reader, poll: Callable[[float], Sequence[Record]], say: Callable[[int], None]
) -> tuple[list[Run], int]:
    """All runs in the order of their first messages, and the offset up to which that is known.

    `poll` reads on and waits for a broker that is away; `say` gets the count of messages read, where that takes long.
    """
    begin, end = reader.range()
    jumped, rest = _jump(reader, begin, end)
    scanned = _Scan()
    if rest > begin:
        reader.seek(begin)
        position = begin
        while position < rest:
            records = poll(5.0)
            if not records:
                break  # the messages are gone
            scanned.take([record for record in records if record.offset < rest])
            position = records[-1].offset + 1
            say(position - begin)
    return _joined(scanned.runs(), scanned.rubbish_from, jumped), end


def _jump(reader: Reader, begin: int, end: int) -> tuple[list[Run], int]:
    """Runs from the end backwards as far as that is sure, and the offset before which nothing is known."""
    runs: list[Run] = []
    for _ in range(MAX_JUMPS):
        if end <= begin:
            break
        last = reader.at(end - 1)
        found = envelope_of(last) if last is not None and last.offset == end - 1 else None
        start = end - 1 - found.seq if found else -1
        first = reader.at(start) if start >= begin else None
        opening = envelope_of(first) if first is not None and first.offset == start else None
        if found is None or opening is None or (opening.run, opening.seq) != (found.run, 0):
            break
        runs.append(Run(found.run, start, end - 1, start))
        end = start
    return runs[::-1], end


def _joined(scanned: list[Run], rubbish_from: int | None, jumped: list[Run]) -> list[Run]:
    if jumped and rubbish_from is not None:
        jumped[0] = replace(jumped[0], read_from=rubbish_from)
    found: dict[str, Run] = {}
    for run in scanned + jumped:
        earlier = found.get(run.name)  # a producer that was killed and run again under the same id
        found[run.name] = replace(earlier, last=run.last) if earlier else run
    return sorted(found.values(), key=lambda run: run.first)


class _Scan:
    """Reads through messages and notes where runs begin and end."""

    def __init__(self) -> None:
        self.rubbish_from: int | None = None  # rubbish at the very end, and nothing after it yet
        self._headed: dict[str, Run] = {}
        self._bare: list[Run] = []
        self._bare_times = (0, 0)  # of the last bare run: first and last
        self._bare_last: bytes | None = None

    def runs(self) -> list[Run]:
        headed = list(self._headed.values())
        # Bare messages in the midst of a run are strays, not a run that began later.
        bare = [b for b in self._bare if not any(h.first < b.first and b.last < h.last for h in headed)]
        return headed + bare

    def take(self, records: Sequence[Record]) -> None:
        for record in records:
            found = envelope_of(record)
            if found is None:
                self._take_bare(record)
                continue
            run = self._headed.get(found.run)
            offset = record.offset
            read_from = offset if self.rubbish_from is None else self.rubbish_from
            self._headed[found.run] = replace(run, last=offset) if run else Run(found.run, offset, offset, read_from)
            self.rubbish_from = None

    def _take_bare(self, record: Record) -> None:
        batch = decode([record.value]).batch
        offset = record.offset
        if any(name == "run" for name, _ in record.headers) or not len(batch):
            self.rubbish_from = offset if self.rubbish_from is None else self.rubbish_from
            return
        ts = int(batch.ts[0])
        anew = begins_anew(ts, self._bare_times[0], self._bare_times[1]) and record.value != self._bare_last
        if self._bare and not anew:
            self._bare[-1] = replace(self._bare[-1], last=offset)
            self._bare_times = (self._bare_times[0], max(self._bare_times[1], ts))
        else:
            read_from = offset if self.rubbish_from is None else self.rubbish_from
            self._bare.append(Run(None, offset, offset, read_from))
            self._bare_times = (ts, ts)
        self._bare_last = record.value
        self.rubbish_from = None
