"""A partition that holds the runs of many symbols: read once, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sor.stream.consume.runs import envelope_of
from sor.stream.consume.shelf import Shelf
from sor.stream.kafka.connection import Record
from sor.stream.kafka.reader import TopicReader
from sor.stream.names import member_of, split_member
from sor.stream.wire.decode import MessageError
from sor.stream.wire.envelope import end_facts

CHECK_SECONDS = 2.0
MOST = 2000  # messages at once


@dataclass(frozen=True, slots=True)
class SymbolRun:
    """The run of one symbol in a partition: where it begins, how many symbols there are in all, and if it has ended."""

    symbol: str
    partition: int
    first: Record
    of: int
    ended: bool = False


class Partition:
    """What a partition holds of runs of symbols, as far as it has been read."""

    def __init__(self, reader: TopicReader) -> None:
        self.number, self.reader = reader.partition, reader
        self._position, self._seeking = self.reader.range()[0], True
        self._family = ""
        self.shelf: Shelf | None = None
        self.found: dict[str, dict[str, SymbolRun]] = {}  # by family, by symbol

    def keep(self, family: str) -> None:
        """From now on lay aside what belongs to this family's runs: read again from the beginning, once for all."""
        if self.shelf is None:
            begin = self.reader.range()[0]  # asked first: where the broker is away, nothing has changed
            self.shelf, self._family = Shelf(), family
            self._position, self._seeking = begin, True

    def drop(self) -> None:
        """What was laid aside is another member's to read."""
        if self.shelf is not None:
            self.shelf.close()
            self.shelf = None

    def read_new(self) -> bool:
        """Read what is new; False where nothing was."""
        if (end := self.reader.end()) is None or end <= self._position:
            return False
        while self._position < end and self.read(CHECK_SECONDS):
            pass
        return True

    def read(self, seconds: float) -> list[Record]:
        """What comes next, noted and laid aside."""
        if self._seeking:
            self.reader.seek(self._position)
            self._seeking = False
        records = self.reader.poll(seconds, MOST)
        for record in records:
            self._note(record)
        if records:
            self._position = records[-1].offset + 1
            if self.shelf is not None:
                self._lay_aside(self.shelf, records)
        return records

    def end(self) -> int:
        return self._position

    def close(self) -> None:
        self.drop()
        self.reader.close()

    def _note(self, record: Record) -> None:
        ends = bool(record.headers) and record.headers[-1][0] == "end"
        if not ends and ("seq", b"0") not in record.headers:
            return
        found = envelope_of(record)
        if found is None:
            return
        if found.ahead is not None and found.ahead.of:
            symbol, family = found.ahead.symbol, split_member(found.run, found.ahead.symbol)
            if symbol is not None and family is not None:
                run = SymbolRun(symbol, self.number, record, found.ahead.of)
                self.found.setdefault(family, {}).setdefault(symbol, run)
        elif found.end is not None and _is_readable(record):
            family, _, symbol = found.run.partition("/")
            if (begun := self.found.get(family, {}).get(symbol)) is not None:
                self.found[family][symbol] = replace(begun, ended=True)

    def _lay_aside(self, shelf: Shelf, records: list[Record]) -> None:
        """By run; what is of no run lies among those of all, and is counted with each."""
        ours = f"{self._family}/"
        by_run: dict[str, list[Record]] = {}
        nobodys = []
        for record in records:
            run = next((value for name, value in record.headers if name == "run"), None)
            text = None if run is None else run.decode("utf-8", "backslashreplace")
            if text is not None and text.startswith(ours):
                by_run.setdefault(text, []).append(record)
            elif text is None or envelope_of(record) is None:
                nobodys.append(record)
        if nobodys:
            for text in {*shelf.runs(), *by_run}:
                by_run[text] = sorted([*by_run.get(text, ()), *nobodys], key=lambda record: record.offset)
        shelf.put(by_run)


def _is_readable(end: Record) -> bool:
    """Whether it says what an end marker says; one that does not ends nothing."""
    try:
        end_facts(end.value)
    except MessageError:
        return False
    return True


def best_copies(found: Iterable[Mapping[str, SymbolRun]]) -> dict[str, SymbolRun]:
    """The runs of several partitions by symbol, in the order of their names.

    Where one lies in several (their number has changed between two tries of a producer), the newest copy that has an
    end, else the newest.
    """
    best: dict[str, SymbolRun] = {}
    for runs in found:
        for symbol, run in runs.items():
            best[symbol] = max(best.get(symbol, run), run, key=lambda run: (run.ended, run.first.timestamp))
    return {symbol: best[symbol] for symbol in sorted(best)}


class RunReader:
    """One run's messages for any caller that takes a TopicReader: those that were laid aside, then those that come."""

    def __init__(self, partition: Partition, family: str, symbol: str) -> None:
        partition.keep(family)
        self.servers, self.topic, self.partition = partition.reader.servers, partition.reader.topic, partition.number
        self._from, self._run, self._first, self._part = partition, member_of(family, symbol), 0, 0

    def seek(self, offset: int) -> None:
        self._first, self._part = offset, 0

    def poll(self, seconds: float) -> list[Record]:
        """What comes next of the run, after at most `seconds`; a message of another run where only such ones came."""
        while not (records := self._laid_aside()):
            came = self._from.read(seconds)
            if not came or came[-1].offset >= self._first:
                return self._laid_aside() or came[-1:]
        return records

    def end(self) -> int | None:
        return self._from.reader.end()

    def known_end(self) -> int:
        """Behind the end marker nothing is waited for."""
        return 0

    def close(self) -> None:
        """The partition is read on for others."""

    def _laid_aside(self) -> list[Record]:
        shelf, found = self._from.shelf, list[Record]()
        while shelf is not None and not found:
            records, after = shelf.get(self._run, self._part, MOST)
            if after == self._part:
                break
            self._part, found = after, [record for record in records if record.offset >= self._first]
        return found
