"""The runs of several symbols, shared by the members of a consumer group (docs/stream.md).

Kafka says which partitions are ours; of each run in them that has no result yet we are told, one after the other. What
has a result is asked of the caller: results are the truth, and the offsets that a group commits are for operators.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from sor.errors import StreamError
from sor.stream.client import Reader, Record
from sor.stream.consumer import BROKER_SECONDS, TOPIC_SECONDS, KafkaSource, Quiet, wait_for_topic
from sor.stream.membership import Membership
from sor.stream.progress import Meter, Progress, Show
from sor.stream.runs import LATEST, Run, envelope_of, member_of

LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SymbolRun:
    """The run of one symbol: where it begins, and how many symbols there are in all."""

    symbol: str
    partition: int
    first: Record
    of: int


@dataclass(frozen=True, slots=True)
class Worked:
    """How a member's work ended: symbols of the run that have a result by anyone, and how many there are in all."""

    done: int
    of: int


class Results(Protocol):
    """Where results are kept, for all members."""

    def has(self, symbol: str) -> bool: ...

    def work(self, symbol: str, source: KafkaSource) -> None:
        """Make and keep the result of one symbol."""
        ...


class _Lost(Exception):  # noqa: N818  # no error: the partition is another member's now
    pass


class Partition:
    """What a partition holds of runs of symbols, as far as it has been read."""

    def __init__(self, servers: str, topic: str, number: int) -> None:
        self._reader, self._number = Reader(servers, topic, number), number
        self._position, self._seeking = self._reader.range()[0], True
        self.found: dict[str, dict[str, SymbolRun]] = {}  # by family, by symbol

    def look(self) -> bool:
        """Read what is new; False where nothing was."""
        if (end := self._reader.end()) is None or end <= self._position:
            return False
        if self._seeking:
            self._reader.seek(self._position)
            self._seeking = False
        while self._position < end and (records := self._reader.poll(2.0)):
            for record in records:
                self._note(record)
            self._position = records[-1].offset + 1
        return True

    def end(self) -> int:
        return self._position

    def close(self) -> None:
        self._reader.close()

    def _note(self, record: Record) -> None:
        if ("seq", b"0") not in record.headers:
            return
        found = envelope_of(record)
        if found is None or found.ahead is None or not found.ahead.of or found.ahead.symbol is None:
            return
        symbol = found.ahead.symbol
        family = found.run.removesuffix(member_of("", symbol))
        if found.run == member_of(family, symbol):
            run = SymbolRun(symbol, self._number, record, found.ahead.of)
            self.found.setdefault(family, {}).setdefault(symbol, run)


class Group:
    """The runs of one family, seen over all partitions, and the part of them that is ours."""

    def __init__(
        self,
        servers: str,
        topic: str,
        group: str,
        wanted: str,
        idle_timeout: float,
        show: Show,
        snapshot_rule: str | None = None,
    ) -> None:
        self._servers, self._topic, self._idle_timeout = servers, topic, idle_timeout
        self._show, self._meter, self._rule = show, Meter(show), snapshot_rule
        with closing(Reader(servers, topic)) as reader:
            count = wait_for_topic(reader, min(idle_timeout, TOPIC_SECONDS), self._meter)
        self._heard = time.monotonic()  # when the topic last had news
        self._partitions = [Partition(servers, topic, number) for number in range(count)]
        self.run = self._await_family(wanted)
        self._membership = Membership(servers, topic, group)

    def work(self, results: Results) -> Worked:
        """Until every symbol of the run has a result, ours or another member's, or the rest do not come."""
        told = -1
        while True:
            self._look()
            runs = self._runs()
            done, of = sum(map(results.has, runs)), max(run.of for run in runs.values())
            self._commit(runs, results)
            if done >= of:
                return Worked(done, of)
            ours = self._next(runs, results)
            if ours is not None:
                self._work_on(ours, results)
            elif done == len(runs) and time.monotonic() - self._heard >= self._idle_timeout:
                return Worked(done, of)  # those that are missing have not begun, and nothing comes any more
            else:
                if done != told:
                    self._meter.note("waiting", f"{done} of {of} symbols done; waiting for the others")
                    told = done
                time.sleep(LOOK_SECONDS)

    def symbols(self) -> list[str]:
        """Those of the run that have begun."""
        return sorted(self._runs())

    def close(self) -> None:
        self._membership.leave()
        for partition in self._partitions:
            partition.close()

    def _next(self, runs: dict[str, SymbolRun], results: Results) -> SymbolRun | None:
        mine = self._membership.mine()
        for run in runs.values():
            if run.partition in mine and not results.has(run.symbol):
                return run
        return None

    def _commit(self, runs: dict[str, SymbolRun], results: Results) -> None:
        """For operators: a partition without work left is read to its end."""
        open_ones = {run.partition for run in runs.values() if not results.has(run.symbol)}
        for number in self._membership.mine() - open_ones:
            self._membership.commit(number, self._partitions[number].end())

    def _work_on(self, run: SymbolRun, results: Results) -> None:
        def show(progress: Progress) -> None:
            if run.partition not in self._membership.mine():
                raise _Lost
            self._show(progress)

        self._meter.note("reading", f"{run.symbol}: run {member_of(self.run, run.symbol)}, partition {run.partition}")
        meter = Meter(show)
        reader = Reader(self._servers, self._topic, run.partition)
        try:
            quiet = Quiet(reader, self._patience(), BROKER_SECONDS, meter)
            offset = run.first.offset
            place = Run(member_of(self.run, run.symbol), offset, offset, offset)
            source = KafkaSource(reader, place, run.first, quiet, meter, self._rule, commit=False)
            with closing(source):
                results.work(run.symbol, source)
        except _Lost:
            self._meter.note("reading", f"{run.symbol}: partition {run.partition} is another member's now")
        finally:
            reader.close()

    def _patience(self) -> float:
        """Where the topic has been silent already, a run without end marker need not wait for that once more."""
        return max(1.0, self._idle_timeout - (time.monotonic() - self._heard))

    def _look(self) -> None:
        news = [partition.look() for partition in self._partitions]
        if any(news):
            self._heard = time.monotonic()

    def _runs(self) -> dict[str, SymbolRun]:
        found = [partition.found.get(self.run, {}) for partition in self._partitions]
        return {symbol: run for runs in found for symbol, run in sorted(runs.items())}

    def _await_family(self, wanted: str) -> str:
        began, told = time.monotonic(), False
        while True:
            self._look()
            begun: dict[str, int] = {}  # when each family's first message came
            for partition in self._partitions:
                for family, runs in partition.found.items():
                    first = min(run.first.timestamp for run in runs.values())
                    begun[family] = min(first, begun.get(family, first))
            if wanted in begun:
                return wanted
            if wanted == LATEST and begun:
                return max(begun, key=lambda family: (begun[family], family))
            what = "a run of several symbols" if wanted == LATEST else f"run {wanted}"
            if not told:
                self._meter.note("waiting", f"topic {self._topic!r} does not have {what} yet; waiting for it")
                told = True
            if time.monotonic() - began >= self._idle_timeout:
                there = f" (it has: {', '.join(sorted(begun)[-5:])})" if begun else ""
                raise StreamError(
                    f"no message of {what} came to topic {self._topic!r} within {self._idle_timeout:g} s{there}: "
                    "start one with sor produce --symbol '*', or wait longer with --idle-timeout"
                )
            time.sleep(LOOK_SECONDS)
