"""The runs of several symbols, shared by the members of a consumer group (docs/stream.md).

Kafka says which partitions are ours; of each run in them that has no result yet we are told, one after the other. What
has a result is asked of the caller: results are the truth, and the offsets that a group commits are for operators.
"""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Protocol

from sor.errors import StreamError
from sor.stream.consume.idle import IdleTimer, outlast
from sor.stream.consume.open import wait_for_topic
from sor.stream.consume.partition import Partition, RunReader, SymbolRun, best_copies
from sor.stream.consume.runs import LATEST, StreamRun
from sor.stream.consume.source import BROKER_SECONDS, TOPIC_SECONDS, KafkaSource
from sor.stream.kafka.membership import GROWTH_SECONDS, Membership
from sor.stream.kafka.reader import TopicReader
from sor.stream.names import member_of
from sor.stream.progress import Meter, Show, StreamProgress

CHECK_SECONDS = 0.5
CHECK_WHILE_WORKING = 5.0  # a question to the broker for every partition, which may take half a second each


@dataclass(frozen=True, slots=True)
class WorkSummary:
    """How a member's work ended: symbols of the run that have a result by anyone, and how many there are in all."""

    done: int
    of: int


class Results(Protocol):
    """Where results are kept, for all members."""

    def has(self, symbol: str) -> bool: ...

    def problem(self, symbol: str) -> str | None:
        """What is wrong with a result that is there; None where it is whole."""
        ...

    def made_before_end(self, symbol: str) -> bool:
        """Whether a result that is there was made of a run whose end marker had not come yet."""
        ...

    def work(self, symbol: str, source: KafkaSource) -> None:
        """Make and keep the result of one symbol."""
        ...


class _Lost(Exception):  # noqa: N818  # no error: the partition is another member's now
    pass


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
        with closing(TopicReader(servers, topic)) as reader:
            count = wait_for_topic(reader, min(idle_timeout, TOPIC_SECONDS), BROKER_SECONDS, self._meter)
        self._heard = self._checked_at = time.monotonic()  # when the topic last had news, and was last looked at
        self._partitions = [self._partition(number) for number in range(count)]
        self.run = self._await_family(wanted)
        self._membership = Membership(servers, topic, group)
        self._whole: set[str] = set()  # symbols whose results need not be looked at again
        self._tried: set[tuple[str, int, int, bool]] = set()  # copies of runs that we have worked

    def work(self, results: Results) -> WorkSummary:
        """Until every symbol of the run has a result, ours or another member's, or the rest do not come."""
        told = -1
        while True:
            mine = self._mine()
            runs = self._runs()
            ours = next(
                (run for run in runs.values() if run.partition in mine and self._is_open(run, mine, results)), None
            )
            if ours is not None:  # without asking for the results of all the others, each time
                self._work_on(ours, results)
                self._look(every=CHECK_WHILE_WORKING)
                continue
            open_ones = [run for run in runs.values() if self._is_open(run, mine, results)]
            if not open_ones and self._look(every=CHECK_SECONDS):
                continue  # what came while we worked may say that there is more to do
            done, of = len(runs) - len(open_ones), max(run.of for run in runs.values())
            self._commit(mine - {run.partition for run in open_ones})
            if done >= of:
                return WorkSummary(done, of)
            if done == len(runs) and time.monotonic() - self._heard >= self._idle_timeout:
                return WorkSummary(done, of)  # those that are missing have not begun, and nothing comes any more
            if done != told:
                self._meter.note("waiting", f"{done} of {of} symbols done; waiting for the others")
                told = done
            time.sleep(CHECK_SECONDS)
            self._look()

    def symbols(self) -> list[str]:
        """Those of the run that have begun."""
        return sorted(self._runs())

    def close(self) -> None:
        self._membership.leave()
        for partition in self._partitions:
            partition.close()

    def _mine(self) -> frozenset[int]:
        """The partitions that the group has given us. What is another's now is not held any longer."""
        mine = self._membership.mine()
        for partition in self._partitions:
            if partition.number not in mine:
                partition.drop()
        return frozenset(partition.number for partition in self._partitions if partition.number in mine)

    def _is_open(self, run: SymbolRun, mine: frozenset[int], results: Results) -> bool:
        """Whether there is something to be done for a symbol.

        Also where its result is not whole and its run has ended since, or there is another copy of it, from a producer
        that was killed and run again: the process that has that partition makes it again, once, and the others wait.
        """
        if run.symbol in self._whole or _copy(run) in self._tried:
            return False
        if not results.has(run.symbol):
            return True
        if results.problem(run.symbol) is None:
            self._whole.add(run.symbol)
            return False
        if run.ended and results.made_before_end(run.symbol):
            return True  # as good as none: the one with the partition makes it, however long that takes
        if run.partition in mine:
            return run.ended or self._has_copies(run)
        return self._has_copies(run) and time.monotonic() - self._heard < self._idle_timeout

    def _has_copies(self, run: SymbolRun) -> bool:
        """Whether it lies in several partitions: their number has grown between two tries of a producer."""
        return sum(run.symbol in partition.found.get(self.run, {}) for partition in self._partitions) > 1

    def _commit(self, finished: frozenset[int]) -> None:
        """For operators: a partition without work left is read to its end."""
        for number in finished:
            self._membership.commit(number, self._partitions[number].end())

    def _work_on(self, run: SymbolRun, results: Results) -> None:
        def show(progress: StreamProgress) -> None:
            if run.partition not in self._membership.mine():
                raise _Lost
            self._show(progress)

        self._meter.note("reading", f"{run.symbol}: run {member_of(self.run, run.symbol)}, partition {run.partition}")
        meter, partition = Meter(show), self._partitions[run.partition]
        try:
            reader = outlast(lambda: RunReader(partition, self.run, run.symbol), self._servers, BROKER_SECONDS, meter)
            quiet = IdleTimer(reader, self._patience(run), BROKER_SECONDS, meter)
            offset = run.first.offset
            place = StreamRun(member_of(self.run, run.symbol), offset, offset, offset)
            source = KafkaSource(reader, place, run.first, quiet, meter, self._rule, commit=False)
            with closing(source):
                results.work(run.symbol, source)
            self._tried.add(_copy(run))
        except _Lost:
            self._meter.note("reading", f"{run.symbol}: partition {run.partition} is another member's now")

    def _patience(self, run: SymbolRun) -> float:
        """Where the topic has been silent already, a run without end marker need not wait for that once more."""
        if run.ended:  # all of it is there, however slowly a busy broker hands it over
            return self._idle_timeout
        return max(1.0, self._idle_timeout - (time.monotonic() - self._heard))

    def _look(self, every: float = 0.0) -> bool:
        """Read what is new in all partitions, unless that was done less than `every` seconds ago; True for news."""
        if time.monotonic() - self._checked_at < every:
            return False
        self._grow()
        news = [partition.read_new() for partition in self._partitions]
        if any(news):
            self._heard = time.monotonic()
        self._checked_at = time.monotonic()
        return any(news)

    def _grow(self) -> None:
        """Partitions that the topic has got since. Where there is no broker to ask, the readers notice."""
        with suppress(StreamError):
            for number in range(len(self._partitions), self._partitions[0].reader.partitions()):
                self._partitions.append(self._partition(number))

    def _partition(self, number: int) -> Partition:
        return Partition(TopicReader(self._servers, self._topic, number, GROWTH_SECONDS))

    def _runs(self) -> dict[str, SymbolRun]:
        return best_copies(partition.found.get(self.run, {}) for partition in self._partitions)

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
            time.sleep(CHECK_SECONDS)


def _copy(run: SymbolRun) -> tuple[str, int, int, bool]:
    """A copy of a run; one that has ended since is worth another try."""
    return run.symbol, run.partition, run.first.offset, run.ended
