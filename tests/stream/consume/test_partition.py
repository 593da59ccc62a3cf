"""A partition with the runs of many symbols: each is read as if it lay there alone, and the partition is read once."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.errors import BrokerAwayError
from sor.sources.source import TapeFacts
from sor.stream.consume import idle
from sor.stream.consume.group import Group
from sor.stream.consume.partition import Partition, RunReader, SymbolRun, best_copies
from sor.stream.consume.shelf import Shelf
from sor.stream.kafka.connection import Record
from sor.stream.kafka.fast_records import FastMessage
from sor.stream.progress import Meter, StreamProgress, silent
from sor.stream.wire.envelope import Ahead, end_headers, end_value, snapshot_headers

NAMES = ("A", "B", "BRK/B", "other family", "nobody", "broken")


class Memory:
    """The messages of a partition, for any caller that takes a TopicReader; counts those that it hands out."""

    servers, topic, partition = "h:1", "t", 3

    def __init__(self, records: list[FastMessage], most: int) -> None:
        self.records, self._most, self._at, self.given = records, most, 0, 0

    def range(self) -> tuple[int, int]:
        return (self.records[0].offset if self.records else 0), self.end()

    def end(self, seconds: float = 0.0) -> int:
        return self.records[-1].offset + 1 if self.records else 0

    def seek(self, offset: int) -> None:
        self._at = next((at for at, record in enumerate(self.records) if record.offset >= offset), len(self.records))

    def poll(self, seconds: float, most: int) -> list[FastMessage]:
        found = self.records[self._at : self._at + min(most, self._most)]
        self._at += len(found)
        self.given += len(found)
        return found


def partition_of(names: list[str], gap: int, damaged: frozenset[str] = frozenset()) -> list[FastMessage]:
    """Messages of runs that lie among each other, the offsets with holes; every run ends, some damaged."""
    records, counts = [], dict.fromkeys(NAMES, 0)
    ends = [name for name in dict.fromkeys(names) if name not in ("nobody", "broken")]
    for place, name in enumerate([*names, *ends]):
        run = "s/other family" if name == "other family" else f"r/{name}"
        ahead = Ahead(1, 9, name, True, None, 3) if counts[name] == 0 else None
        headers: Any = snapshot_headers(run, counts[name], ahead)
        value = b"%d" % place
        if place >= len(names):
            headers = end_headers(run, counts[name])
            value = b"{}" if name in damaged else end_value(run, counts[name], TapeFacts("t", name, 1))
        elif name == "nobody":
            headers = []
        elif name == "broken":
            headers = [("run", b"r/A"), ("seq", b"x")]
        counts[name] += 1
        records.append(FastMessage(5 + place * gap, place, value, headers))
    return records


def all_of(reader: RunReader) -> list[FastMessage]:
    """What a reader hands out until nothing comes any more."""
    found: list[Any] = []
    while records := reader.poll(0.0):
        assert [r.offset for r in records] == sorted({r.offset for r in records})
        assert not found or records[0].offset > found[-1].offset
        found += records
    return found


def wanted(records: list[FastMessage], run: bytes, start: int) -> list[FastMessage]:
    """The oracle: from its first message on what names it, and what names no run."""
    return [r for r in records if r.offset >= start and dict(r.headers).get("run", run) == run]


def is_foreign(record: FastMessage, symbol: str) -> bool:
    own = f"r/{symbol}".encode()
    return dict(record.headers).get("run", own) != own


@settings(max_examples=60)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 3), st.data())
def test_each_run_as_if_it_lay_there_alone(names: list[str], most: int, gap: int, data: Any) -> None:
    damaged = data.draw(st.frozensets(st.sampled_from(NAMES)))
    records = partition_of(names, gap, damaged)
    memory = Memory(records, most)
    partition = Partition(memory)  # type: ignore[arg-type]
    assert partition.read_new()
    assert not partition.read_new()
    symbols = [name for name in ("A", "B", "BRK/B") if name in names]
    assert sorted(partition.found.get("r", {})) == sorted(symbols)
    ended = {run.symbol for run in partition.found.get("r", {}).values() if run.ended}
    assert ended == set(symbols) - damaged  # a marker that cannot be read ends nothing
    assert ("s" in partition.found) == ("other family" in names)
    before = memory.given
    for symbol in data.draw(st.permutations(symbols)):
        first = partition.found["r"][symbol].first.offset
        reader = RunReader(partition, "r", symbol)
        reader.seek(first)
        # A foreign message may come with it: it only shows that the topic is alive.
        own = [r for r in all_of(reader) if not is_foreign(r, symbol)]
        assert own == wanted(records, f"r/{symbol}".encode(), first)
    assert memory.given - before == (len(records) if symbols else 0)  # once, whatever the number of symbols
    partition.drop()
    assert partition.shelf is None


def test_a_broker_that_is_away_as_a_member_turns_to_a_run_is_outlasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "AGAIN_SECONDS", 0.0)
    records = partition_of(["A", "A", "A"], gap=1)
    memory = Memory(records, most=2)
    partition = Partition(memory)  # type: ignore[arg-type]
    assert partition.read_new()
    away = [BrokerAwayError("away"), BrokerAwayError("away")]

    def range_of() -> tuple[int, int]:
        if away:
            raise away.pop()
        return Memory.range(memory)

    monkeypatch.setattr(memory, "range", range_of)
    member, read, noted = Group.__new__(Group), list[list[FastMessage]](), list[StreamProgress]()
    member._servers, member._idle_timeout, member._heard, member._rule = "h:1", 1.0, time.monotonic(), None
    member._show, member._meter, member.run, member._tried = noted.append, Meter(silent), "r", set()
    member._partitions = {3: partition}  # type: ignore[assignment]
    member._membership = SimpleNamespace(mine=lambda: {3})  # type: ignore[assignment]
    results = SimpleNamespace(work=lambda symbol, source: read.append(all_of(source._reader)))
    member._work_on(partition.found["r"]["A"], results)
    assert not away
    assert read == [records]
    assert [one.note for one in noted] == [
        "the broker at h:1 is away; waiting for it", "the broker at h:1 is back",
    ]  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 5), min_size=1)), st.integers(1, 20))
def test_what_was_laid_aside_comes_back_in_its_order(puts: list[dict[str, int]], most: int) -> None:
    shelf, number = Shelf(), 0
    put: dict[str, list[FastMessage]] = {}
    for counts in puts:
        part = {}
        for run, count in counts.items():
            part[run] = [FastMessage(number + i, i, None if i % 3 else b"v", [("h", None)]) for i in range(count)]
            number += count
            put.setdefault(run, []).extend(part[run])
        shelf.put(part)
    for run in "abc":
        found: list[Record] = []
        at = 0
        while True:
            records, after = shelf.get(run, at, most)
            if after == at:
                break
            found += records
            at = after
        assert found == put.get(run, [])
    shelf.close()


@pytest.mark.parametrize(
    ("copies", "best"),
    [
        ([(0, False, 10), (3, True, 20)], 3),  # a producer that was killed, and run again after the number had changed
        ([(3, False, 10), (0, True, 20)], 0),
        ([(0, True, 10), (3, False, 20)], 0),  # a whole copy outlives a later attempt
        ([(0, True, 10), (3, True, 20)], 3),
        ([(3, True, 10), (0, True, 20)], 0),
        ([(0, False, 10), (3, False, 20)], 3),
    ],
)
def test_of_several_copies_the_newest_that_is_whole(copies: list[tuple[int, bool, int]], best: int) -> None:
    found = [{"A": SymbolRun("A", number, FastMessage(0, at, b"", []), 1, ended)} for number, ended, at in copies]
    assert best_copies(found)["A"].partition == best
