"""A tape to a topic, as a live market would send it: paced by an absolute clock, acknowledged, ended by a marker."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from heapq import merge
from itertools import islice, takewhile
from operator import itemgetter

import numpy as np

from sor.core.market.batch import SnapshotBatch
from sor.core.units import NANO
from sor.errors import InputError, StreamError
from sor.sources.source import Source, WrappedSource
from sor.stream.kafka.run_index import CONFIGS as INDEX_CONFIGS
from sor.stream.kafka.run_index import IndexedRun, index_entry, index_topic
from sor.stream.kafka.topic_setup import TopicFound, ensure_topic, partition_of
from sor.stream.kafka.writer import TopicWriter
from sor.stream.names import check_family, check_run_id, check_symbol, member_of, new_run_id
from sor.stream.produce.pacing import MAX, Pace
from sor.stream.produce.realtime import RealtimePriority, undisturbed
from sor.stream.produce.run_messages import Message, RunMessages
from sor.stream.progress import Meter, Show, silent

SLICE = 1000  # snapshots encoded at a time
PACED_SLICE = 50  # the same when each has its moment: encoding must not keep the next one
CHECK_SECONDS = 0.1  # how often a paced run looks after acknowledgements
AHEAD = 2000  # snapshots encoded before their time, so that a burst has only to be sent
SPARE_NS = 2_000_000  # time enough to encode a slice
HOPELESS_NS = NANO  # so late a run cannot keep its pace, and never sleeps
GROUP = 200  # snapshots sent at once, where so many are due
STOP_SECONDS = 5.0  # how long an interrupted run waits for what is under way
PARTITIONS = 8  # of a topic that is made for several symbols
AWAY_SECONDS = 2.0  # no acknowledgement for so long is worth a word


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run of the producer did. late_*: seconds a snapshot was sent after it was due; None at full speed."""

    run: str
    snapshots: int  # acknowledged by the broker
    complete: bool  # all of them and the end marker
    seconds: float
    late_p99: float | None = None
    late_max: float | None = None


class LatencyHistogram:
    """A histogram in steps of 10 microseconds up to 0.2 s, so that a day of tape costs no more than a minute."""

    def __init__(self) -> None:
        self._counts = [0] * 20_001
        self.worst = 0

    def record(self, ns: int) -> None:
        self._counts[min(ns // 10_000, 20_000)] += 1
        self.worst = max(self.worst, ns)

    def quantile(self, share: float) -> float | None:
        """Seconds, rounded up to the step; the worst where it is beyond the histogram; None where nothing was paced."""
        total = sum(self._counts)
        if not total:
            return None
        step = int(np.searchsorted(np.cumsum(self._counts), share * total))
        return self.worst / NANO if step == 20_000 else min((step + 1) * 1e-5, self.worst / NANO)


class SourceWindow(WrappedSource):
    """A source cut to the snapshots from `start` to `end`, both included (ns): that is what its header states."""

    def __init__(self, source: Source, start: int, end: int) -> None:
        super().__init__(source)
        self._start, self._end = start, end
        self.stated = (start, end)
        times = [(int(batch.ts[0]), int(batch.ts[-1])) for batch in self.batches()]
        if not times:
            raise InputError("no snapshot of the tape lies between --start and --end")
        self._bounds = times[0][0], times[-1][1]

    def bounds(self) -> tuple[int, int]:
        return self._bounds

    def batches(self) -> Iterator[SnapshotBatch]:
        for batch in self._source.batches():
            first = int(np.searchsorted(batch.ts, self._start, "left"))
            last = int(np.searchsorted(batch.ts, self._end, "right"))
            if last > first:
                yield batch.slice(first, last)


def produce(
    source: Source,
    bootstrap_servers: str,
    topic: str,
    *,
    pace: Pace | None = None,
    run_id: str | None = None,
    timeout: float = 60.0,
    compression: str | None = None,
    rule: str | None = None,
    progress: Show = silent,
) -> Sent:
    """Send a source as one run, and its end marker once everything before it is acknowledged.

    `rule` is the snapshot rule that the source was read with, for the reader to know.
    `pace` may be changed from other threads; after `pace.stop()` what is under way is flushed and there is no end
    marker. StreamError, with what has arrived, where the broker fails for longer than `timeout` seconds.
    """
    pace = pace or Pace(MAX)
    run = check_run_id(run_id) if run_id else new_run_id()
    found = ensure_topic(bootstrap_servers, topic, beside={index_topic(topic): INDEX_CONFIGS})
    streams = [RunMessages(source, run, rule=rule)]
    return _produce(streams, run, found, bootstrap_servers, topic, pace, timeout, compression, progress)


def produce_symbols(
    sources: Mapping[str, Source],
    bootstrap_servers: str,
    topic: str,
    *,
    partitions: int = PARTITIONS,
    pace: Pace | None = None,
    run_id: str | None = None,
    timeout: float = 60.0,
    compression: str | None = None,
    rule: str | None = None,
    progress: Show = silent,
) -> Sent:
    """Send the sources of several symbols side by side in the order of time, each as a run of its own (`RUN/SYMBOL`).

    A message's key is its symbol, which says the partition as any Kafka client would; a topic that is not there is made
    with so many `partitions`. Everything else as in `produce`.
    """
    pace = pace or Pace(MAX)
    run = check_family(run_id) if run_id else new_run_id()
    found = ensure_topic(bootstrap_servers, topic, partitions)
    streams = [
        RunMessages(
            source,
            member_of(run, check_symbol(symbol)),
            key=symbol,
            partition=partition_of(symbol, found.partitions),
            rule=rule,
            of=len(sources),
        )
        for symbol, source in sources.items()
    ]
    return _produce(streams, run, found, bootstrap_servers, topic, pace, timeout, compression, progress)


def _produce(
    streams: Sequence[RunMessages],
    run: str,
    found: TopicFound,
    servers: str,
    topic: str,
    pace: Pace,
    timeout: float,
    compression: str | None,
    progress: Show,
) -> Sent:
    linger = 20 if pace.flat_out else 1
    with nullcontext(RealtimePriority()) if pace.flat_out else undisturbed() as first:
        writer = TopicWriter(
            servers, topic, timeout, linger_ms=linger, compression=compression, batch_bytes=found.batch_bytes
        )
        writer.stopping = lambda: pace.stopped
        try:
            sent = _Sending(streams, run, writer, pace, Meter(progress), first).send()
            if sent.complete and index_topic(topic) in found.beside:
                _note_in_index(writer, run, streams[0].partition)
            return sent
        except StreamError as error:
            raise StreamError(
                f"{error}; {writer.acked:,} messages of run {run} are in topic {topic!r}, without an end marker: "
                f"run this again, with --run-id {run} to complete that run or without for a new one"
            ) from error
        finally:
            writer.close()


def _note_in_index(writer: TopicWriter, run: str, partition: int) -> None:
    """Useful and not needed: a reader that does not find it looks for the run itself."""
    first, last = writer.span(partition)
    entry = index_entry(IndexedRun(run, first, last))
    writer.send_aside(index_topic(writer.topic), run.encode(), entry)


class _Sending:
    """One run, or the runs of several symbols, on the way."""

    def __init__(
        self,
        streams: Sequence[RunMessages],
        run: str,
        writer: TopicWriter,
        pace: Pace,
        meter: Meter,
        first: RealtimePriority,
    ) -> None:
        self._streams, self._run, self._writer, self._pace, self._meter = streams, run, writer, pace, meter
        self._first = first
        self._bounds = _span([stream.bounds() for stream in streams])
        self._late = LatencyHistogram()
        self._messages = self._in_time()
        self._ready: deque[Message] = deque()  # encoded, not yet sent
        self._checked_at = time.monotonic()
        self._away = False

    def send(self) -> Sent:
        began = time.monotonic()
        self._fill()
        self._send_snapshots()
        self._flush(STOP_SECONDS if self._pace.stopped else None)
        snapshots = self._writer.acked
        complete = not self._pace.stopped
        if complete:
            for stream in self._streams:
                self._writer.send_all([stream.end()], stream.partition)
            self._flush(None)
        seconds = time.monotonic() - began
        late = self._late.quantile(0.99)
        return Sent(self._run, snapshots, complete, seconds, late, None if late is None else self._late.worst / NANO)

    def _send_snapshots(self) -> None:
        ready = self._ready
        while ready or self._encode_more():
            if self._pace.flat_out:
                self._first.give_back()
                self._send(len(ready))
            elif self._wait(ready[0][0]):
                self._send(self._due())
            else:
                return

    def _fill(self) -> None:
        """A paced run begins with all that may be ready ahead of time: a tape often begins with a burst."""
        while not self._pace.flat_out and len(self._ready) < AHEAD and self._encode_more():
            pass

    def _due(self) -> int:
        """How many of those that are ready it is time for: in a burst they go together."""
        now = self._pace.moment()
        if now is None:
            return 1
        return max(1, sum(1 for _ in takewhile(lambda one: one[0] <= now, islice(self._ready, GROUP))))

    def _send(self, count: int) -> None:
        sent = [self._ready.popleft() for _ in range(count)]
        by_partition: dict[int, list[bytes]] = {}
        for _, partition, record in sent:
            by_partition.setdefault(partition, []).append(record)
        for partition, records in by_partition.items():
            self._writer.send_all(records, partition)
        now, speed = self._pace.moment(), self._pace.speed
        if now is not None:
            for ts, _, _ in sent:
                self._late.record(max(0, round((now - ts) / speed)))

    def _encode_more(self) -> bool:
        """The next slice of the tape as messages; False at its end."""
        before = len(self._ready)
        self._ready.extend(islice(self._messages, self._slice()))
        if len(self._ready) == before:
            return False
        if self._pace.flat_out:
            self._look(self._ready[-1][0])
        return True

    def _in_time(self) -> Iterator[Message]:
        """The messages of all streams in the order of time."""
        streams = [stream.messages(self._slice) for stream in self._streams]
        return streams[0] if len(streams) == 1 else merge(*streams, key=itemgetter(0))

    def _slice(self) -> int:
        return SLICE if self._pace.flat_out else PACED_SLICE

    def _wait(self, ts: int) -> bool:
        """Until it is time for the snapshot at `ts`; False if the run is stopped."""
        while not self._pace.stopped:
            if len(self._ready) < AHEAD and (self._pace.left(ts) or 0) > SPARE_NS and self._encode_more():
                continue
            late = self._pace.wait(ts)
            if time.monotonic() - self._checked_at >= CHECK_SECONDS:
                self._look(ts, late)
                if late is not None and late > HOPELESS_NS:
                    self._first.give_back()
            if late is not None:
                return True
        return False

    def _look(self, ts: int, late: int | None = None) -> None:
        """After acknowledgements, and for any caller that watches."""
        self._checked_at = time.monotonic()
        self._writer.check()
        away = self._writer.stalled > AWAY_SECONDS
        if away and not self._away:
            self._meter.note("waiting", f"the broker at {self._writer.servers} does not answer; waiting for it")
        elif self._away and not away:
            self._meter.note("sending", f"the broker at {self._writer.servers} is back")
        self._away = away
        done = None
        if self._bounds is not None and self._bounds[1] > self._bounds[0]:
            done = (ts - self._bounds[0]) / (self._bounds[1] - self._bounds[0])
        doing = "paused" if self._pace.paused else "sending"
        self._meter.update(doing, self._writer.sent, done, None if late is None else late / NANO)

    def _flush(self, seconds: float | None) -> None:
        deadline = None if seconds is None else time.monotonic() + seconds
        for _ in self._writer.flush():
            self._look(self._bounds[1] if self._bounds else 0)
            if self._pace.stopped and deadline is None:
                deadline = time.monotonic() + STOP_SECONDS
            if deadline is not None and time.monotonic() > deadline:
                return


def _span(bounds: Sequence[tuple[int, int] | None]) -> tuple[int, int] | None:
    """From the first snapshot of all to the last; None where one does not know."""
    known = [pair for pair in bounds if pair is not None]
    if len(known) < len(bounds):
        return None
    return min(first for first, _ in known), max(last for _, last in known)
