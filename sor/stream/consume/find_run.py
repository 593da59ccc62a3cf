"""Where in a topic a run lies, without reading the topic where that can be helped.

Runs normally lie one behind the other, and the number of a run's last message says where its first one is: from the
end of the topic it is one jump to the latest run, and a jump for each one before it. Where something else lies
between, the index that producers keep beside the topic says where a run is. Where neither helps (runs that are
interleaved, messages without headers, a producer of another make), the topic is read through once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sor.stream.consume.runs import LATEST, RunScan, StreamRun, choose, envelope_of, is_unreadable, newest
from sor.stream.kafka.connection import Record
from sor.stream.kafka.reader import TopicReader
from sor.stream.kafka.run_index import indexed_runs

MAX_JUMPS = 100
JUMPS_BEFORE_INDEX = 3  # opening the index costs as much as a few jumps
MAX_UNREADABLE = 10_000  # messages: how far before a run unreadable ones are looked for


@dataclass(frozen=True, slots=True)
class FoundRun:
    """run: None where the topic does not have it. others: names of runs that were seen. end: known up to here."""

    run: StreamRun | None
    others: list[str]
    end: int


def find_run(
    reader: TopicReader, wanted: str, poll: Callable[[float], Sequence[Record]], say: Callable[[int], None]
) -> FoundRun:
    """The wanted run, in the copy that is to be read.

    `poll` reads on and waits for a broker that is away; `say` gets the count of messages read, where that takes long.
    """
    begin, end = reader.range()
    jumps = _Jumps(reader, begin, end)
    copies = jumps.newest(JUMPS_BEFORE_INDEX, wanted)
    if jumps.reached > begin and not _complete(copies, wanted):
        copies += _indexed(reader, wanted, begin, jumps.reached)
    if not _copies_of(copies, wanted):
        copies += jumps.newest(MAX_JUMPS, wanted)
    if wanted == LATEST and jumps.reached == end and end > begin:
        # What lies at the end is no run as a producer of ours sends it, but may be one.
        copies += _scan(reader, max((run.first for run in copies), default=begin), end, poll, say)
    elif not _copies_of(copies, wanted):
        copies += _scan(reader, begin, jumps.reached, poll, say)
    mine = _copies_of(copies, wanted)
    others = list(dict.fromkeys(run.name for run in sorted(copies, key=lambda run: run.first)))
    if not mine:
        return FoundRun(None, others, end)
    return FoundRun(_with_unreadable(reader, choose(mine), begin), others, end)


def _copies_of(copies: Sequence[StreamRun], wanted: str) -> list[StreamRun]:
    name = newest(copies) if wanted == LATEST else wanted
    return [run for run in copies if run.name == name]


def _complete(copies: Sequence[StreamRun], wanted: str) -> bool:
    return any(run.ended for run in _copies_of(copies, wanted))


class _Jumps:
    """Copies of runs that lie one behind the other, from the end of the topic backwards."""

    def __init__(self, reader: TopicReader, begin: int, end: int) -> None:
        self.reached = end  # nothing is known of what lies before
        self._runs = self._walk(reader, begin)

    def newest(self, most: int, wanted: str) -> list[StreamRun]:
        taken: list[StreamRun] = []
        for run in self._runs:
            taken.append(run)
            # Before a complete copy there may be attempts of the same run, which are read with it.
            attempt = not run.ended and run in _copies_of(taken, wanted)
            if len(taken) == most or (_complete(taken[:-1], wanted) and not attempt):
                break
        return taken

    def _walk(self, reader: TopicReader, begin: int) -> Iterator[StreamRun]:
        while self.reached > begin:
            end = self.reached
            last = reader.at(end - 1)
            found = envelope_of(last) if last is not None and last.offset == end - 1 else None
            start = end - 1 - found.seq if found else -1
            first = reader.at(start) if start >= begin else None
            opening = envelope_of(first) if first is not None and first.offset == start else None
            if found is None or opening is None or (opening.run, opening.seq) != (found.run, 0):
                return
            self.reached = start
            yield StreamRun(found.run, start, end - 1, start, 0, found.end is not None, opening.ahead)


def _indexed(reader: TopicReader, wanted: str, begin: int, before: int) -> list[StreamRun]:
    """What the index says of the wanted run, or of the newest one, as far as the topic bears it out."""
    entries = [
        StreamRun(entry.run, entry.first, entry.last, entry.first, ended=True)
        for entry in indexed_runs(reader.servers, reader.topic)
        if wanted in (LATEST, entry.run) and begin <= entry.first <= entry.last < before
    ]
    for run in sorted(entries, key=lambda run: -run.first):
        first, last = reader.at(run.first), reader.at(run.last)
        if first is None or last is None:
            continue
        opening, ending = envelope_of(first), envelope_of(last)
        if opening is None or ending is None:
            continue
        there = (first.offset, last.offset, opening.run, ending.run, opening.seq)
        if there == (run.first, run.last, run.id, run.id, 0) and ending.end is not None:
            return [replace(run, ahead=opening.ahead)]
    return []


def _scan(
    reader: TopicReader,
    begin: int,
    end: int,
    poll: Callable[[float], Sequence[Record]],
    say: Callable[[int], None],
) -> list[StreamRun]:
    scan, position = RunScan(), begin
    reader.seek(begin)
    while position < end:
        records = poll(5.0)
        if not records:
            break  # the messages are gone
        scan.on_records([record for record in records if record.offset < end])
        position = records[-1].offset + 1
        say(position - begin)
    return scan.runs()


def _with_unreadable(reader: TopicReader, run: StreamRun, begin: int) -> StreamRun:
    """With what lies directly before it and belongs to nobody, which is counted with it."""
    place, least, step = run.read_from, max(begin, run.read_from - MAX_UNREADABLE), 1
    while place > least:
        start, step = max(least, place - step), step * 16  # nearly always there is none
        records = reader.between(start, place)
        tail = [record for record in records if record.offset < place]
        while tail and is_unreadable(tail[-1]):
            place = tail.pop().offset
        if tail or not records:
            break
    return replace(run, read_from=place)
