"""What the stream's integration tests share: sources, digests, and the program as its own processes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from sor.core.market.batch import Form, Quote, Snapshot, SnapshotBatch, Trade, batch_of, concat
from sor.paths import bundled_tape
from sor.sources.source import StreamFacts, TapeFacts
from sor.stream import open_stream
from sor.stream.kafka.reader import TopicReader
from sor.stream.kafka.topic_setup import ensure_topic
from sor.tapes import open_tape

SOR = [sys.executable, "-m", "sor"]
CONSUME = [sys.executable, str(Path(__file__)), "consume"]
REAL_TAPE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "l1_day.csv.gz"
START = 1_722_519_392_491_911_683


class Few:
    """A source of a few snapshots in memory."""

    form = Form.VENUE
    prints_late = 0

    def __init__(self, count: int, seed: int = 1, has_bids: bool = True, name: str = "few") -> None:
        self.has_bids = has_bids
        self._name = name
        self.batch = batch_of(list(_snapshots(count, random.Random(seed), has_bids)))

    def bounds(self) -> tuple[int, int] | None:
        return (int(self.batch.ts[0]), int(self.batch.ts[-1])) if len(self.batch) else None

    def batches(self) -> Iterator[SnapshotBatch]:
        for start in range(0, len(self.batch), 700):
            yield self.batch.slice(start, min(start + 700, len(self.batch)))

    def tape_facts(self) -> TapeFacts:
        return TapeFacts(self._name, "TEST", len(self.batch), 3, "row 7: ask_px_00 is no number", 2)

    def stream_facts(self) -> StreamFacts:
        return StreamFacts(len(self.batch), len(self.batch))


def _snapshots(count: int, rng: random.Random, has_bids: bool) -> Iterator[Snapshot]:
    ts = START
    for _ in range(count):
        ts += rng.randrange(1, 20_000_000)
        mid = 222_000_000_000 + rng.randrange(100) * 10_000_000
        quotes = []
        for venue in sorted(rng.sample((2, 3, 8, 15), rng.randint(1, 2))):
            bid = (mid - 10_000_000, rng.randrange(1, 500)) if has_bids else (2**63 - 1, 0)
            quotes.append(Quote(venue, *bid, mid + 1, rng.randrange(1, 500)))
        trades = [Trade(2, mid, rng.randrange(1, 300), rng.choice("ABN"))] if rng.random() < 0.1 else []
        yield Snapshot(ts, tuple(quotes), tuple(trades))


def digest(batches: Iterator[SnapshotBatch] | Sequence[SnapshotBatch]) -> str:
    whole = concat(list(batches))
    sha = hashlib.sha256()
    for field in fields(SnapshotBatch):
        sha.update(getattr(whole, field.name).tobytes())
    return f"{len(whole)}-{sha.hexdigest()[:16]}"


def bundled_digest() -> str:
    return digest(open_tape(bundled_tape()).batches())


def topic_name() -> str:
    return f"s-{uuid4().hex[:8]}"


def read_run(servers: str, topic: str, run: str = "latest", idle: float = 5.0) -> tuple[str, StreamFacts, TapeFacts]:
    """Read a run twice, live and from the spool: both passes must be the same."""
    source = open_stream(servers, topic, run, idle)
    try:
        first = digest(source.batches())
        assert digest(source.batches()) == first
        return first, source.stream_facts(), source.tape_facts()
    finally:
        source.close()


def without_stream(report: str) -> str:
    """The report's very text, less what may differ between a file and a stream: `stream` and `request`."""
    value = json.loads(report, parse_float=str, parse_int=str)
    del value["stream"], value["request"]
    return json.dumps(value)


def send_raw(servers: str, topic: str, messages: Sequence[tuple[bytes | None, list[tuple[str, bytes]]]]) -> None:
    """Messages of our making, straight to the topic."""
    ensure_topic(servers, topic)
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", linger_ms=5, max_request_size=2_000_000)
    for value, headers in messages:
        # A message without value needs a key, says kafka-python.
        producer.send(topic, value, key=b"k" if value is None else None, headers=headers, partition=0)
    producer.flush(timeout=60)
    producer.close(timeout=5)


def all_records(servers: str, topic: str) -> list[Any]:
    consumer = KafkaConsumer(bootstrap_servers=servers, enable_auto_commit=False, reconnect_backoff_max_ms=1000)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    end = consumer.end_offsets([partition])[partition]
    records: list[Any] = []
    while len(records) < end:
        records += consumer.poll(1000).get(partition, [])
    consumer.close()
    return records


def start(command: Sequence[str], state: Path, **more: Any) -> subprocess.Popen[str]:
    """A process of its own, with the stream's state in a folder of its own."""
    environment = {**os.environ, "SOR_STATE": str(state), "PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment, **{**pipes, **more})


def producing(broker: Any, topic: str, state: Path, speed: str, *more: str) -> subprocess.Popen[str]:
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    return start([*SOR, "produce", "--speed", speed, "--run-id", "r", *where, *more], state)


def consuming(broker: Any, topic: str, state: Path, idle: float = 30.0) -> subprocess.Popen[str]:
    return start([*CONSUME, broker.bootstrap_servers, topic, "r", str(idle)], state)


def wait_until_sending(broker: Any, topic: str, beyond: int = 100, seconds: float = 60.0) -> int:
    """How many messages there are, once these are more than `beyond`: a machine under load takes its time."""
    deadline = time.monotonic() + seconds
    reader = TopicReader(broker.bootstrap_servers, topic)
    try:
        while not (reader.partitions() and (reader.end() or 0) > beyond):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return reader.end() or 0
    finally:
        reader.close()


def finish(process: subprocess.Popen[str], seconds: float = 120.0) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {seconds} s: {out[-2000:]} {err[-2000:]}") from None
    return process.returncode, out, err


def consume(servers: str, topic: str, run: str, idle: float) -> None:
    """The smallest program that reads a run: one line of JSON, progress on standard error."""
    from sor.stream.progress import Lines

    source = open_stream(servers, topic, run, idle, Lines())
    print(
        json.dumps(
            {
                "digest": digest(source.batches()),
                "stream": asdict(source.stream_facts()),
                "tape": asdict(source.tape_facts()),
                "bounds": source.bounds(),
            }
        )
    )
    source.close()


if __name__ == "__main__":
    consume(sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5]))
