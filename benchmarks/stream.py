"""The stream against bare kafka-python loops on the same broker, topic and messages, in turns (benchmarks/stream.md).

    python benchmarks/stream.py --bootstrap-servers 127.0.0.1:9092 --tape day.csv.gz [--rounds 5] [--pace]

Prints one line a figure; the last lines are the ratios that matter.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import msgspec
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from sor.core.market.batch import SnapshotBatch
from sor.paths import bundled_tape
from sor.sources.source import Source
from sor.stream import open_stream
from sor.stream.kafka.connection import quiet
from sor.stream.kafka.topic_setup import ensure_topic
from sor.stream.produce.pacing import Pace
from sor.stream.produce.producer import SourceWindow, produce
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import snapshot_headers
from sor.tapes import open_tape

NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """A rate by the clock on the wall, and the processor's microseconds a message, which other work disturbs less."""

    rate: float
    cpu: float


class Clock:
    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, messages: int) -> Cost:
        cpu = time.process_time() - self._cpu
        return Cost(messages / (time.perf_counter() - self._wall), cpu / messages * 1e6)


def bare_send(servers: str, topic: str, messages: list[bytes], **settings: Any) -> Cost:
    """A bare send loop of the same bytes and headers: messages a second."""
    ensure_topic(servers, topic)
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", **settings)
    producer.partitions_for(topic)
    clock = Clock()
    for seq, message in enumerate(messages):
        producer.send(topic, message, headers=snapshot_headers("bench", seq), partition=0)
    producer.flush(timeout=300)
    cost = clock.stop(len(messages))
    producer.close()
    return cost


def bare_poll(servers: str, topic: str) -> Cost:
    """A bare poll loop over the topic with the JSON decoded: messages a second."""
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    end = consumer.end_offsets([partition])[partition]
    consumer.seek(partition, 0)
    count, clock = 0, Clock()
    while count < end:
        for record in consumer.poll(500).get(partition, ()):
            msgspec.json.decode(record.value)
            count += 1
    cost = clock.stop(count)
    consumer.close()
    return cost


def our_poll(servers: str, topic: str) -> Cost:
    source = open_stream(servers, topic)
    clock = Clock()
    count = sum(len(batch) for batch in source.batches())
    cost = clock.stop(count)
    source.close()
    return cost


def our_send(source: Source, servers: str, topic: str, **settings: Any) -> Cost:
    clock = Clock()
    return clock.stop(produce(source, servers, topic, **settings).snapshots)


def peak_memory(code: str) -> float:
    """MB resident at most of a process that runs this code."""
    script = f"import resource\n{code}\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def speed(servers: str, tape: Path, rounds: int) -> None:
    source = open_tape(tape)
    messages = [message for batch in source.batches() for message in encode(batch)]
    found: dict[str, list[Cost]] = {}

    def note(name: str, cost: Cost) -> None:
        found.setdefault(name, []).append(cost)
        print(f"{name:44} {cost.rate:10,.0f} messages/s {cost.cpu:8.1f} us of processor a message", flush=True)

    for _ in range(rounds):
        topic = f"bench-{uuid4().hex[:6]}"
        note("sor produce --speed max", our_send(source, servers, topic))
        note("bare send, kafka-python's defaults", bare_send(servers, f"{topic}-a", messages))
        note("bare send, our batches", bare_send(servers, f"{topic}-b", messages, batch_size=262_144, linger_ms=20))
        note("sor produce --compression gzip", our_send(source, servers, f"{topic}-c", compression="gzip"))
        note("consumer: poll, decode, order, spool", our_poll(servers, topic))
        note("bare poll with msgspec", bare_poll(servers, topic))
    ratio(found, "consumer: poll, decode, order, spool", "bare poll with msgspec")
    ratio(found, "sor produce --speed max", "bare send, kafka-python's defaults")
    ratio(found, "sor produce --speed max", "bare send, our batches")


def ratio(found: dict[str, list[Cost]], ours: str, bare: str) -> None:
    wall = median(c.rate for c in found[ours]) / median(c.rate for c in found[bare])
    cpu = median(c.cpu for c in found[bare]) / median(c.cpu for c in found[ours])
    print(f"{ours} / {bare}: {wall:.2f} by the wall, {cpu:.2f} by the processor")


def memory(servers: str, tape: Path) -> None:
    for copies in (1, 4):
        topic = f"bench-{uuid4().hex[:6]}"
        common = "from benchmarks.stream import Repeated, open_tape, produce, open_stream\n"
        sending = f"produce(Repeated(open_tape({str(tape)!r}), {copies}), {servers!r}, {topic!r})"
        print(f"memory of the producer, tape x {copies}: {peak_memory(common + sending):.0f} MB")
        reading = f"print(sum(len(b) for b in open_stream({servers!r}, {topic!r}).batches()))"
        print(f"memory of the consumer, tape x {copies}: {peak_memory(common + reading):.0f} MB")


def bounds(source: Source) -> tuple[int, int]:
    found = source.bounds()
    assert found is not None, "an empty tape"
    return found


class Repeated:
    """A tape played several times in a row, later each time: a longer run of the same kind."""

    has_bids = True

    def __init__(self, source: Source, times: int) -> None:
        self._source, self._times = source, times
        self.form, self.prints_late = source.form, source.prints_late
        self.tape_facts, self.stream_facts = source.tape_facts, source.stream_facts

    def bounds(self) -> tuple[int, int]:
        first, last = bounds(self._source)
        return first, last + (self._times - 1) * (last - first + NANO)

    def batches(self) -> Iterator[SnapshotBatch]:
        first, last = bounds(self._source)
        for i in range(self._times):
            for batch in self._source.batches():
                yield replace(batch, ts=batch.ts + i * (last - first + NANO))


def pace(servers: str, tape: Path, rounds: int) -> None:
    source = open_tape(tape)
    first = bounds(source)[0]
    window = SourceWindow(source, first, first + 60 * NANO)
    begin, end = bounds(window)
    length = (end - begin) / NANO
    for speed in (*[10.0] * rounds, 1.0):
        sent = produce(window, servers, f"bench-{uuid4().hex[:6]}", pace=Pace(speed))
        assert sent.late_p99 is not None
        assert sent.late_max is not None
        print(
            f"--speed {speed:g}: {sent.snapshots:,} snapshots, {length:.2f} s, late p99 {sent.late_p99 * 1e3:.2f} ms, "
            f"at worst {sent.late_max * 1e3:.2f} ms, done {sent.seconds - length / speed:+.3f} s off the tape's length",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap-servers", default="127.0.0.1:9092")
    parser.add_argument("--tape", type=Path, default=bundled_tape())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pace", action="store_true", help="only the pacing (60 s, and 6 a round)")
    parser.add_argument("--memory", action="store_true", help="only the memory")
    options = parser.parse_args()
    quiet()
    if options.pace:
        pace(options.bootstrap_servers, options.tape, options.rounds)
    elif options.memory:
        memory(options.bootstrap_servers, options.tape)
    else:
        speed(options.bootstrap_servers, options.tape, options.rounds)


if __name__ == "__main__":
    main()
