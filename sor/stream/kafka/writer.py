"""Messages on their way into one topic, and what the broker has acknowledged of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.producer.producer_batch import ProducerBatch
from kafka.record.memory_records import MemoryRecordsBuilder

from sor.errors import StreamError
from sor.stream.kafka.connection import PARTITION, connect, our_words, said
from sor.stream.kafka.fast_records import body, extend
from sor.stream.kafka.topic_setup import BATCH_BYTES, topic_is_gone
from sor.stream.names import check_servers
from sor.stream.wire.envelope import Headers

MAX_UNACKED_BYTES = 16 * 2**20
MAX_UNACKED = 20_000  # messages


class _Unacked:
    """A batch under way: kafka-python's future for it, and how many messages and bytes of ours it holds."""

    __slots__ = ("bytes", "count", "future", "partition")

    def __init__(self, future: Any, partition: int) -> None:
        self.future, self.partition, self.count, self.bytes = future, partition, 0, 0

    def record(self, count: int, size: int) -> None:
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


class TopicWriter:
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
        self.stopping: Callable[[], bool] = lambda: False  # a caller that asks us to stop need not wait for room
        self._waiting: deque[_Unacked] = deque()
        self._last: dict[int, _Unacked] = {}  # by partition
        self._span: dict[int, tuple[int, int]] = {}
        self._split = _Split()
        self._waiting_bytes = 0
        self._progress = time.monotonic()
        with our_words(servers, "connecting"):
            self._producer = connect(
                KafkaProducer,
                servers,
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
                self._last[target.partition] = _Unacked(batch.produce_future, target.partition)
                self._waiting.append(self._last[target.partition])
                continue
            assert batch is not None
            batch.last_append = time.monotonic()
            batch._record_futures += [self._split] * count
            self._last[target.partition].record(count, sum(map(len, rest[:count])))
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
            base: int = batch.future.value[0]
            self._span[batch.partition] = (self._span.get(batch.partition, (base, base))[0], base)
            self.acked += batch.count
        if self._split.happened:
            raise StreamError(f"topic {self.topic!r} takes smaller messages than when this run began: run this again")
        now = time.monotonic()
        if self.acked > before or not waiting:
            self._progress = now
        elif now - self._progress > self.timeout:
            raise self._gone()

    def span(self, partition: int = PARTITION) -> tuple[int, int]:
        """The offsets of the first batch that was acknowledged and of the last one (each of its first message)."""
        return self._span[partition]

    def send_aside(self, topic: str, key: bytes, value: bytes, seconds: float = 2.0) -> None:
        """A message to another topic, for which nothing depends on whether it arrives."""
        with suppress(kafka_errors.KafkaError):
            self._producer.send(topic, value, key=key, partition=PARTITION).get(timeout=seconds)

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
            return self._deleted()
        return StreamError(f"sending to topic {self.topic!r} failed: {said(error)}")

    def _too_large(self, size: int) -> StreamError:
        return StreamError(
            f"message {self.acked + 1:,} has {size:,} bytes, more than topic {self.topic!r} takes "
            "(max.message.bytes, 1 MiB by default): use a topic that takes more, or a tape with fewer venues"
        )

    def _deleted(self) -> StreamError:
        return StreamError(f"topic {self.topic!r} is not there any more: was it deleted while it was written?")

    def _gone(self) -> StreamError:
        # kafka-python keeps asking for a topic that was deleted as if its broker were away.
        if topic_is_gone(self.servers, self.topic):
            return self._deleted()
        return StreamError(f"no broker at {self.servers} acknowledged anything for {self.timeout:g} s (--timeout)")
