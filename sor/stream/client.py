"""Every call to kafka-python on the way of the stream is here (its record format: records.py), in our words and limits.

kafka-python 3.0.12 prints lost connections as errors with tracebacks and waits without limit in several places; what
leaves this file is a StreamError of one line, or nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.partitioner.default import murmur2
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder
from kafka.structs import OffsetAndMetadata

from sor.errors import InputError, StreamError
from sor.stream.envelope import Headers
from sor.stream.names import check_servers
from sor.stream.records import FastRecords, body, extend

PARTITION = 0
CONNECT_SECONDS = 10
MAX_UNACKED_BYTES = 16 * 2**20
MAX_UNACKED = 20_000  # messages
BATCH_BYTES = 256 * 1024

# Without the last, a client comes back up to 30 s after its broker.
COMMON: dict[str, Any] = {"client_id": "sor", "reconnect_backoff_ms": 50, "reconnect_backoff_max_ms": 1000}


class Record(Protocol):
    """A message as kafka-python hands it over."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def quiet() -> None:
    """kafka-python's own log goes nowhere, except when somebody looks for trouble (SOR_KAFKA_LOG=1)."""
    logger = logging.getLogger("kafka")
    if not os.environ.get("SOR_KAFKA_LOG"):
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False


@contextmanager
def our_words(servers: str, doing: str) -> Iterator[None]:
    quiet()
    try:
        yield
    except (kafka_errors.KafkaConnectionError, kafka_errors.KafkaTimeoutError) as error:
        raise no_broker(servers) from error
    except kafka_errors.InvalidTopicError as error:
        raise InputError(f"{doing}: a topic's name has letters, digits, dot, dash and underscore only") from error
    except (kafka_errors.KafkaError, ValueError) as error:
        raise StreamError(f"{doing} failed at {servers}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return f"{type(error).__name__.removesuffix('Error')}: {' '.join(str(error).split())[:160]}"


def no_broker(servers: str) -> StreamError:
    return StreamError(
        f"no Kafka broker answers at {servers}: is it running? (sor kafka up starts one here, sor kafka status looks)"
    )


@contextmanager
def admin_client(servers: str, seconds: int = CONNECT_SECONDS) -> Iterator[Any]:
    client = KafkaAdminClient(
        bootstrap_servers=servers, bootstrap_timeout_ms=seconds * 1000, request_timeout_ms=seconds * 1000, **COMMON
    )
    try:
        yield client
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic as a producer needs to know it: its partitions, and how many bytes a batch may have."""

    partitions: int
    batch_bytes: int


def ensure_topic(servers: str, topic: str, partitions: int = 1) -> TopicFound:
    """Make the topic if it is not there, with so many partitions; one that is there may have another number.

    Where one is asked for, more are an error: the order of a run is the order of its partition.
    """
    settings = {
        "num_partitions": partitions,
        "replication_factor": 1,
        "configs": {"message.timestamp.type": "LogAppendTime"},  # replayed event times would be expired on arrival
    }
    with our_words(servers, f"creating topic {topic!r}"), admin_client(servers) as admin:
        with suppress(kafka_errors.TopicAlreadyExistsError):
            admin.create_topics({topic: settings}, wait_for_metadata=True)
        (found,) = admin.describe_topics([topic])
        count = len(found["partitions"])
        if partitions == 1:
            check_partitions(topic, count, "use another --topic")
        return TopicFound(count, min(BATCH_BYTES, _limit(admin, topic)))


def _limit(admin: Any, topic: str) -> int:
    """The topic's max.message.bytes, which limits a batch; a batch beyond it would be split behind our back.

    A broker that has just started may not know its topics yet, and says so; kafka-python then returns no settings.
    """
    asked = ConfigResource(ConfigResourceType.TOPIC, topic, ["max.message.bytes"])
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        ((_, found),) = admin.describe_configs([asked], config_filter="all").items()
        value = found[topic].get("max.message.bytes")
        if value is not None:
            return int(value["value"] if isinstance(value, dict) else value)
        if time.monotonic() > deadline:
            raise StreamError(
                f"the broker does not tell the settings of topic {topic!r}: try again, or use another --topic"
            )
        time.sleep(0.1)


def check_partitions(topic: str, count: int, remedy: str) -> None:
    if count > 1:
        raise StreamError(f"topic {topic!r} has {count} partitions, and the order of a run needs one: {remedy}")


def partition_of(symbol: str, partitions: int) -> int:
    """Where the messages of this key lie, by the rule of Kafka's own clients."""
    return int(murmur2(symbol.encode()) & 0x7FFFFFFF) % partitions


class Reader:
    """The messages of one partition, read by offset. It belongs to no group: the checkpoint file is the truth."""

    def __init__(self, servers: str, topic: str, partition: int = PARTITION) -> None:
        self.servers, self.topic, self.partition = check_servers(servers), topic, partition
        self._partition = TopicPartition(topic, partition)
        with our_words(servers, "connecting"):
            self._consumer = KafkaConsumer(
                bootstrap_servers=servers,
                bootstrap_timeout_ms=CONNECT_SECONDS * 1000,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="none",  # an offset that is gone is an error, not a silent jump
                allow_auto_create_topics=False,
                metrics_enabled=False,
                **COMMON,
            )
        self._consumer._fetcher.PartitionRecords = FastRecords

    def partitions(self) -> int:
        """How many the topic has; 0 where it is missing, which shows here only: poll is silent about it."""
        with our_words(self.servers, f"looking for topic {self.topic!r}"):
            return len(self._consumer.partitions_for_topic(self.topic) or ())

    def range(self) -> tuple[int, int]:
        """The first offset that is still there, and the one that the next message will get."""
        with our_words(self.servers, f"reading topic {self.topic!r}"):
            wait = CONNECT_SECONDS * 1000
            begin = self._consumer.beginning_offsets([self._partition], timeout_ms=wait)[self._partition]
            return begin, self._consumer.end_offsets([self._partition], timeout_ms=wait)[self._partition]

    def end(self, seconds: float = 2.0) -> int | None:
        """The next message's offset, or None where no broker answers in time."""
        try:
            ends = self._consumer.end_offsets([self._partition], timeout_ms=round(seconds * 1000))
        except kafka_errors.KafkaError:
            return None
        return int(ends[self._partition])

    def known_end(self) -> int:
        """The next message's offset as the last fetch saw it. Asking anew would wait behind the fetch under way."""
        return int(self._consumer.highwater(self._partition) or 0)

    def seek(self, offset: int) -> None:
        self._consumer.assign([self._partition])
        self._consumer.seek(self._partition, offset)

    def poll(self, seconds: float, most: int = 2000) -> list[Record]:
        """What comes next, after at most `seconds`; nothing also while there is no broker."""
        try:
            # When a fetch arrives in the midst of it, kafka-python's poll sleeps a tenth of a second on top of the
            # records, unless it has no time to wait; so it is first asked for what is there.
            found = self._consumer.poll(timeout_ms=0, max_records=most)
            found = found or self._consumer.poll(timeout_ms=round(seconds * 1000), max_records=most)
        except kafka_errors.OffsetOutOfRangeError as error:
            raise StreamError(
                f"topic {self.topic!r} no longer has the messages that come next (deleted by retention, or the topic "
                "was made anew): produce the run again"
            ) from error
        except kafka_errors.RetriableError:
            return []
        except kafka_errors.KafkaError as error:
            raise StreamError(f"reading topic {self.topic!r} failed at {self.servers}: {_said(error)}") from error
        records: list[Record] = found.get(self._partition, [])
        return records

    def at(self, offset: int, seconds: float = CONNECT_SECONDS) -> Record | None:
        """The message at this offset, or the next one that is there; None if none comes in time."""
        self.seek(offset)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if records := self.poll(0.5, most=1):
                return records[0]
        return None

    def close(self) -> None:
        with suppress(Exception):
            self._consumer.close(autocommit=False, timeout_ms=1000)


class _Unacked:
    """A batch under way: kafka-python's future for it, and how many messages and bytes of ours it holds."""

    __slots__ = ("bytes", "count", "future")

    def __init__(self, future: Any) -> None:
        self.future, self.count, self.bytes = future, 0, 0

    def add(self, count: int, size: int) -> None:
        self.count += count
        self.bytes += size

    def error(self) -> Exception | None:
        """What the broker said against it, if it did."""
        _, _, of_record = self.future.value
        error: Exception | None = of_record(0) if of_record is not None else None
        return error


class _Split:
    """Stands for the futures of records, which nobody here waits for: a batch that kafka-python splits, because the
    topic takes less than a batch, would be acknowledged in parts that we do not know of.
    """

    happened = False

    def rebind(self, *_: Any) -> None:
        self.happened = True


class Writer:
    """Sends to one topic, idempotent and acknowledged; knows what has arrived, and gives up in time.

    kafka-python's own producer never sends again once a batch that was tried before reaches delivery_timeout_ms, so
    that is far above `timeout`, ours: seconds without an acknowledgement while something waits for one.
    """

    def __init__(
        self,
        servers: str,
        topic: str,
        timeout: float,
        *,
        linger_ms: int = 20,
        compression: str | None = None,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self.servers, self.topic, self.timeout = check_servers(servers), topic, timeout
        self.sent = self.acked = 0
        self.stopping: Callable[[], bool] = lambda: False  # whoever asks us to stop need not wait for room
        self._waiting: deque[_Unacked] = deque()
        self._last: dict[int, _Unacked] = {}  # by partition
        self._split = _Split()
        self._waiting_bytes = 0
        self._progress = time.monotonic()
        with our_words(servers, "connecting"):
            self._producer = KafkaProducer(
                bootstrap_servers=servers,
                bootstrap_timeout_ms=CONNECT_SECONDS * 1000,
                acks="all",
                enable_idempotence=True,
                delivery_timeout_ms=round(timeout * 1000) + 600_000,
                max_block_ms=round(timeout * 1000),
                request_timeout_ms=30_000,
                batch_size=batch_bytes,
                linger_ms=linger_ms,
                compression_type=compression,
                allow_auto_create_topics=False,
                metrics_enabled=False,
                **COMMON,
            )
            # Otherwise the first message waits for this, and all after it are late.
            self._producer.partitions_for(topic)
            self._most: int = self._producer.config["max_request_size"] - 1000  # less room for the request around it

    def send(self, value: bytes, headers: Headers, key: bytes | None = None) -> None:
        """One message; waits while too much is unacknowledged. StreamError once anything failed."""
        self.send_all([body(key, value, headers)])

    def send_all(self, bodies: Sequence[bytes], partition: int = PARTITION) -> None:
        """Several messages (`records.body`) at once: in a burst the way into the client must be short.

        This is `KafkaProducer.send` without what is the same for every message of a run (checks, serializers,
        partitioner) and with one future for a batch and not for a record. kafka-python is pinned to the version whose
        RecordAccumulator.append does just this.
        """
        size = sum(map(len, bodies))
        if self._waiting_bytes + size > MAX_UNACKED_BYTES or self.sent - self.acked >= MAX_UNACKED:
            self._make_room(size)
        if not self._waiting:
            self._progress = time.monotonic()
        if any(len(record) > self._most for record in bodies):
            raise self._too_large(max(map(len, bodies)))
        accumulator = self._producer._accumulator
        accumulator._appends_in_progress.increment()
        try:
            target = TopicPartition(self.topic, partition)
            with accumulator._tp_lock(target):
                wake = self._append(accumulator, target, bodies)
        finally:
            accumulator._appends_in_progress.decrement()
        if wake:
            self._producer._sender.wakeup()

    def _append(self, accumulator: Any, target: TopicPartition, bodies: Sequence[bytes]) -> bool:
        """Into the last batch and as many new ones as it takes; True where the sender has something new to do."""
        batches = accumulator._batches[target]
        done, fresh, moment = 0, False, time.time_ns() // 1_000_000
        batch = batches[-1] if batches else None
        while done < len(bodies):
            rest = bodies[done:] if done else bodies
            count = extend(batch.records, rest, moment) if batch is not None else 0
            if not count:
                config = accumulator.config
                records = MemoryRecordsBuilder(
                    config["message_version"], config["compression_attrs"], config["batch_size"]
                )
                batch, fresh = ProducerBatch(target, records), True
                batches.append(batch)
                accumulator._incomplete.add(batch)
                self._last[target.partition] = _Unacked(batch.produce_future)
                self._waiting.append(self._last[target.partition])
                continue
            assert batch is not None
            batch.last_append = time.monotonic()
            batch._record_futures += [self._split] * count
            self._last[target.partition].add(count, sum(map(len, rest[:count])))
            self._waiting_bytes += sum(map(len, rest[:count]))
            done += count
            self.sent += count
        return fresh or len(batches) > 1

    def check(self) -> None:
        """Count what has been acknowledged. StreamError if something failed, or nothing was for `timeout`."""
        waiting, before = self._waiting, self.acked
        while waiting and waiting[0].future.is_done:
            batch = waiting.popleft()
            self._waiting_bytes -= batch.bytes
            if error := batch.error():
                raise self._failed(error, batch.bytes)
            self.acked += batch.count
        if self._split.happened:
            raise StreamError(f"topic {self.topic!r} takes smaller messages than when this run began: run this again")
        now = time.monotonic()
        if self.acked > before or not waiting:
            self._progress = now
        elif now - self._progress > self.timeout:
            raise self._gone()

    @property
    def stalled(self) -> float:
        """Seconds since the last acknowledgement, while something waits for one."""
        return time.monotonic() - self._progress if self._waiting else 0.0

    def flush(self) -> Iterator[None]:
        """Wait until everything is acknowledged; yields now and then so that the caller can show it."""
        while self._waiting:
            with suppress(kafka_errors.KafkaTimeoutError):
                self._producer.flush(timeout=0.2)
            self.check()
            yield

    def close(self) -> None:
        """Never waits for a broker that is gone."""
        with suppress(Exception):
            if self._waiting:
                # Its own close would first wait for what can no longer be sent, and say so with a traceback at exit.
                self._producer._unregister_cleanup()
                self._producer._sender.force_close()
                self._producer._closed = True
            else:
                self._producer.close(timeout=2)

    def _make_room(self, size: int) -> None:
        self.check()
        while self._waiting and (
            self._waiting_bytes + size > MAX_UNACKED_BYTES // 2 or self.sent - self.acked > MAX_UNACKED // 2
        ):
            if self.stopping():
                return
            time.sleep(0.002)
            self.check()

    def _failed(self, error: Exception, size: int) -> StreamError:
        if isinstance(error, kafka_errors.MessageSizeTooLargeError | kafka_errors.RecordListTooLargeError):
            return self._too_large(size)
        if isinstance(error, kafka_errors.UnknownTopicOrPartitionError):
            return StreamError(f"topic {self.topic!r} is not there any more: was it deleted while it was written?")
        return StreamError(f"sending to topic {self.topic!r} failed: {_said(error)}")

    def _too_large(self, size: int) -> StreamError:
        return StreamError(
            f"message {self.acked + 1:,} has {size:,} bytes, more than topic {self.topic!r} takes "
            "(max.message.bytes, 1 MiB by default): use a topic that takes more, or a tape with fewer venues"
        )

    def _gone(self) -> StreamError:
        return StreamError(f"no broker at {self.servers} acknowledged anything for {self.timeout:g} s (--timeout)")


class Commits:
    """Tells the broker how far a group has read, for operators (`sor kafka groups`); nothing depends on it.

    A thread of its own, so that a broker that is busy or gone never holds up the reading.
    """

    def __init__(self, servers: str, topic: str, group: str) -> None:
        self._servers, self._group = servers, group
        self._partition = TopicPartition(topic, PARTITION)
        self._wanted: int | None = None
        self._wake = threading.Event()
        self._closing: float | None = None  # the moment to give up
        self._thread = threading.Thread(target=self._run, name="sor-commits", daemon=True)

    def commit(self, offset: int) -> None:
        """The offset of the next message to be read."""
        self._wanted = offset
        if self._thread.ident is None:
            self._thread.start()
        self._wake.set()

    def close(self, seconds: float = 3.0) -> None:
        """Try for so long to get the last one through."""
        self._closing = time.monotonic() + seconds
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while self._pending():
            try:
                with admin_client(self._servers, seconds=5) as admin:
                    while self._pending():
                        offset = self._wanted
                        admin.alter_group_offsets(self._group, {self._partition: OffsetAndMetadata(offset, "", -1)})
                        if self._wanted == offset:
                            self._wanted = None
            except (
                Exception
            ):  # the coordinator is being made, the broker is away: another try, as long as there is time
                time.sleep(0.2)

    def _pending(self) -> bool:
        """Wait for something to commit; False when it is time to end."""
        while self._wanted is None and self._closing is None:
            self._wake.wait()
            self._wake.clear()
        return self._wanted is not None and (self._closing is None or time.monotonic() < self._closing)


class DeadLetters:
    """Messages that could not be read, kept in `<topic>.dlq` with the reason and where they came from.

    Several readers of one topic meet the same message; it is kept once.
    """

    MAX_BYTES = 1_000_000  # what a broker takes by default, less room for the headers

    def __init__(self, servers: str, topic: str, partition: int = PARTITION) -> None:
        self.name = f"{topic}.dlq"
        self._servers, self._source, self._partition = servers, topic, b"%d" % partition
        self._writer: Writer | None = None
        self._known: set[tuple[bytes, ...]] = set()
        self.trouble: str | None = None  # why letters could not be kept, in words

    def put(self, record: Record, reason: str) -> None:
        if self.trouble:
            return
        try:
            self._put(record, reason)
        except StreamError as error:
            self.trouble = str(error)

    def flush(self) -> None:
        """Wait until they are kept."""
        try:
            for _ in self._writer.flush() if self._writer else ():
                pass
        except StreamError as error:
            self.trouble = str(error)

    def close(self) -> None:
        self.flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _put(self, record: Record, reason: str) -> None:
        if self._writer is None:
            most = ensure_topic(self._servers, self.name).batch_bytes
            self._known = self._kept()
            self._writer = Writer(self._servers, self.name, timeout=10.0, batch_bytes=most)
        key = (self._partition, b"%d" % record.offset, b"%d" % record.timestamp)
        if key in self._known:
            return
        self._known.add(key)
        value = record.value or b""
        headers: Headers = [
            ("reason", reason.encode("utf-8", "replace")),
            ("partition", key[0]),
            ("offset", key[1]),
            ("timestamp", key[2]),
            ("topic", self._source.encode()),
            ("bytes", b"%d" % len(value)),
        ]
        headers += [(f"was-{name}"[:100], text[:200]) for name, text in list(record.headers)[:10] if text is not None]
        self._writer.send(value[: self.MAX_BYTES], headers)

    def _kept(self) -> set[tuple[bytes, ...]]:
        reader = Reader(self._servers, self.name)
        try:
            position, end = reader.range()
            reader.seek(position)
            known: set[tuple[bytes, ...]] = set()
            while position < end and (records := reader.poll(5.0)):
                for record in records:
                    headers = dict(record.headers)
                    known.add(tuple(headers.get(name) or b"" for name in ("partition", "offset", "timestamp")))
                position = records[-1].offset + 1
            return known
        finally:
            reader.close()
