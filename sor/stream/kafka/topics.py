"""What an operator asks a broker: topics, groups with their lag, the last messages. Nothing here changes anything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

from sor.errors import InputError
from sor.stream.kafka.connection import CONNECT_SECONDS, admin_client, no_broker, our_words
from sor.stream.kafka.reader import plain_consumer
from sor.stream.names import check_servers
from sor.text import plain

_CONNECT_SECONDS = 5  # an operator wants to know soon
_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One partition of a topic: its offsets [first, end), and its bytes on disk where the broker tells."""

    name: str
    partition: int
    first: int
    end: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class ConsumerGroupFacts:
    """What one group has committed of one partition: the next offset it will read, and the end of the partition.

    A group that has members but has committed nothing has no topic, and -1 for the numbers.
    """

    name: str
    state: str
    topic: str
    partition: int
    committed: int
    end: int

    @property
    def lag(self) -> int:
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """One message as it lies in the topic; `timestamp` is the broker's, in milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None

    def text(self) -> str:
        """The value in one line; bytes that are no text show as \\x.., a missing value as (null)."""
        if self.value is None:
            return "(null)"
        return plain(self.value.decode("utf-8", "backslashreplace"))

    def place(self) -> str:
        """Partition, offset, time and headers."""
        moment = datetime.fromtimestamp(self.timestamp / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        headers = " ".join(
            f"{plain(name)}={plain((value or b'').decode('utf-8', 'backslashreplace'))}" for name, value in self.headers
        )
        return f"{self.partition}:{self.offset} {moment} [{headers}]"


class Admin:
    """An operator's view of one broker; a context manager. Every failure is a StreamError of one line."""

    def __init__(self, servers: str) -> None:
        self._servers = check_servers(servers)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with our_words(self._servers, "connecting"):
            self._client: Any = self._open.enter_context(admin_client(self._servers, _CONNECT_SECONDS))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def topics(self) -> list[TopicFacts]:
        """Every partition of every topic, by name; Kafka's own topics too."""
        with our_words(self._servers, "listing topics"):
            partitions = self._partitions()
            first, end = self._offsets(partitions, OffsetSpec.EARLIEST), self._offsets(partitions, OffsetSpec.LATEST)
            size = self._bytes()
        return [TopicFacts(p.topic, p.partition, first[p], end[p], size.get(p)) for p in sorted(partitions)]

    def groups(self) -> list[ConsumerGroupFacts]:
        """Every partition that a consumer group has committed an offset of."""
        with our_words(self._servers, "listing groups"):
            names = sorted(group["group_id"] for group in self._client.list_groups())
            if not names:
                return []
            states = {name: facts["group_state"] or "?" for name, facts in self._client.describe_groups(names).items()}
            committed = {name: self._client.list_group_offsets(name)[name] for name in names}
            there = set(self._partitions())
            ends = self._offsets(
                [p for p in there if any(p in found for found in committed.values())], OffsetSpec.LATEST
            )
        return [
            facts
            for name in names
            for facts in _group_facts(name, states[name], {p: c.offset for p, c in committed[name].items()}, ends)
        ]

    def tail(self, topic: str, count: int, follow: bool = False) -> Iterator[TopicMessage]:
        """The last `count` messages in the order of their time, then, with `follow`, what arrives."""
        with our_words(self._servers, f"reading topic {topic!r}"):
            partitions = [p for p in self._partitions() if p.topic == topic]
            if not partitions:
                raise InputError(f"no topic {topic!r} at {self._servers}; see: sor kafka topics")
            first, end = self._offsets(partitions, OffsetSpec.EARLIEST), self._offsets(partitions, OffsetSpec.LATEST)
            reader = _Tail(self._servers, {p: (max(first[p], end[p] - count), end[p]) for p in partitions})
            with closing(reader):
                yield from reader.last(count)
                while follow:
                    yield from reader.more()

    def _partitions(self) -> list[TopicPartition]:
        return [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in self._client.describe_topics()
            for partition in topic["partitions"]
        ]

    def _offsets(self, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[TopicPartition, int]:
        if not partitions:
            return {}
        found = self._client.list_partition_offsets(dict.fromkeys(partitions, spec))
        return {partition: int(answer.offset) for partition, answer in found.items()}

    def _bytes(self) -> dict[TopicPartition, int]:
        return {
            TopicPartition(topic["name"], partition["partition_index"]): partition["partition_size"]
            for broker in self._client.describe_log_dirs()
            for folder in broker["log_dirs"]
            for topic in folder["topics"]
            for partition in topic["partitions"]
        }


def _group_facts(
    name: str, state: str, committed: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> list[ConsumerGroupFacts]:
    if not committed:
        return [ConsumerGroupFacts(name, state, "-", -1, -1, -1)]
    return [
        ConsumerGroupFacts(name, state, p.topic, p.partition, at, ends.get(p, at))
        for p, at in sorted(committed.items())
    ]


class _Tail:
    """Reads several partitions from given offsets."""

    def __init__(self, servers: str, ranges: dict[TopicPartition, tuple[int, int]]) -> None:
        self._servers, self._ranges = servers, ranges
        self._consumer = plain_consumer(servers)
        self._consumer.assign(list(ranges))
        for partition, (start, _) in ranges.items():
            self._consumer.seek(partition, start)

    def last(self, count: int) -> list[TopicMessage]:
        """Everything up to the ends as they were; of that, the last `count`."""
        found: list[TopicMessage] = []
        deadline = time.monotonic() + CONNECT_SECONDS
        while any(self._consumer.position(p) < end for p, (start, end) in self._ranges.items() if start < end):
            if more := self.more():
                found += more
                deadline = time.monotonic() + CONNECT_SECONDS
            elif time.monotonic() > deadline:
                raise no_broker(self._servers)
        found.sort(key=lambda message: (message.timestamp, message.partition, message.offset))
        return found[-count:] if count else []

    def more(self) -> list[TopicMessage]:
        polled = self._consumer.poll(timeout_ms=round(_POLL_SECONDS * 1000))
        return [
            TopicMessage(partition.topic, partition.partition, r.offset, r.timestamp, tuple(r.headers), r.value)
            for partition, records in polled.items()
            for r in records
        ]

    def close(self) -> None:
        self._consumer.close(autocommit=False, timeout_ms=1000)


def topic_settings(servers: str, topic: str) -> dict[str, str]:
    """The topic's settings as the broker sees them, its own defaults included."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    with our_words(servers, "reading the topic's settings"), admin_client(servers, 5) as client:
        answer: dict[str, Any] = client.describe_configs([resource], config_filter="all")
    ((_, by_name),) = answer.items()
    return {key: str(facts["value"] if isinstance(facts, dict) else facts) for key, facts in by_name[topic].items()}
