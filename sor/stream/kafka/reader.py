"""The messages of one partition, by offset."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Protocol

from kafka import KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors

from sor.errors import RunError, StreamError
from sor.stream.kafka.connection import CONNECT_SECONDS, PARTITION, Record, connect, our_words, said
from sor.stream.kafka.fast_records import FastRecords
from sor.stream.names import check_servers

METADATA_SECONDS = 300.0  # as Kafka's own clients have it


def plain_consumer(servers: str, **more: Any) -> Any:
    """A consumer that belongs to no group and commits nothing. Its messages are FastMessages."""
    consumer = connect(
        KafkaConsumer,
        servers,
        group_id=None,
        enable_auto_commit=False,
        allow_auto_create_topics=False,
        metrics_enabled=False,
        **more,
    )
    consumer._fetcher.PartitionRecords = FastRecords  # kafka-python's own stop at a header whose name is no text
    return consumer


class Messages(Protocol):
    """The messages of one partition or of one run in it, by offset."""

    servers: str
    topic: str
    partition: int

    def seek(self, offset: int) -> None: ...

    def poll(self, seconds: float) -> list[Record]: ...

    def end(self) -> int | None: ...

    def known_end(self) -> int: ...

    def close(self) -> None: ...


class TopicReader:
    """The messages of one partition, read by offset. It belongs to no group: the checkpoint file is the truth."""

    def __init__(
        self, servers: str, topic: str, partition: int = PARTITION, metadata_seconds: float = METADATA_SECONDS
    ) -> None:
        """`metadata_seconds`: how old the number of partitions may be."""
        self.servers, self.topic, self.partition = check_servers(servers), topic, partition
        self._partition = TopicPartition(topic, partition)
        with our_words(servers, "connecting"):
            # An offset that is gone is an error, not a silent jump.
            self._consumer = plain_consumer(
                servers, auto_offset_reset="none", metadata_max_age_ms=round(metadata_seconds * 1000)
            )

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
        """The next message's offset as the last fetch saw it. Asking again would wait behind the fetch under way."""
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
            raise RunError(
                f"topic {self.topic!r} no longer has the messages that come next (deleted by retention, or the topic "
                "was made again): produce the run again"
            ) from error
        except kafka_errors.LogTruncationError as error:
            raise RunError(
                f"topic {self.topic!r} has lost messages that were read already (a broker without them became its "
                "leader, or the topic was made again): produce the run again"
            ) from error
        except kafka_errors.RetriableError:
            return []
        except kafka_errors.KafkaError as error:
            raise StreamError(f"reading topic {self.topic!r} failed at {self.servers}: {said(error)}") from error
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

    def between(self, first: int, end: int) -> list[Record]:
        """The messages from `first` to before `end` that are still there; fewer where the broker goes away."""
        found: list[Record] = []
        self.seek(first)
        while first < end and (records := self.poll(2.0, most=end - first)):
            found += [record for record in records if record.offset < end]
            first = records[-1].offset + 1
        return found

    def close(self) -> None:
        with suppress(Exception):
            self._consumer.close(autocommit=False, timeout_ms=1000)
