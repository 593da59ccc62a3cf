"""A topic as a run needs it: made where it is missing, and what is to be known of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.partitioner.default import murmur2

from sor.errors import StreamError
from sor.stream.kafka.connection import CONNECT_SECONDS, admin_client, our_words

BATCH_BYTES = 256 * 1024
SETTINGS_SECONDS = 5  # a broker answers this in milliseconds, or not at all
_SILENT = kafka_errors.RequestTimedOutError, kafka_errors.KafkaTimeoutError


@dataclass(frozen=True, slots=True)
class TopicFound:
    """A topic as a producer needs to know it: its partitions, how many bytes a batch may have, what is beside it."""

    partitions: int
    batch_bytes: int
    beside: frozenset[str] = frozenset()


def ensure_topic(
    servers: str, topic: str, partitions: int = 1, beside: Mapping[str, Mapping[str, str]] | None = None
) -> TopicFound:
    """Make the topic if it is not there, with so many partitions; one that is there may have another number.

    Where one is asked for, more are an error: the order of a run is the order of its partition. `beside`: topics by
    name with their settings that are useful and not needed, so that nothing is said where they cannot be made.
    """
    settings = {
        "num_partitions": partitions,
        "replication_factor": -1,  # as the broker's own default is: one here, three where there are three
        "configs": {"message.timestamp.type": "LogAppendTime"},  # replayed event times would be expired on arrival
    }
    with our_words(servers, f"creating topic {topic!r}"), admin_client(servers) as admin:
        deadline = time.monotonic() + CONNECT_SECONDS
        while (found := _described(admin, topic)) is None or (limit := _limit(servers, topic)) is None:
            # It is not there, or is just being deleted, or the broker has just started and does not know it yet.
            if time.monotonic() > deadline:
                raise StreamError(
                    f"the broker does not give the settings of topic {topic!r}: try again, or use another --topic"
                )
            if found is None:
                _create(admin, servers, topic, settings)
            time.sleep(0.1)
        count = len(found["partitions"])
        if partitions == 1:
            check_partitions(topic, count, "use another --topic")
        there = frozenset(name for name, configs in (beside or {}).items() if _made(admin, name, configs))
        return TopicFound(count, min(BATCH_BYTES, limit), there)


def _create(admin: Any, servers: str, topic: str, settings: Mapping[str, Any]) -> None:
    try:
        with suppress(kafka_errors.TopicAlreadyExistsError):
            admin.create_topics({topic: settings}, wait_for_metadata=True)
    except _SILENT:
        raise StreamError(
            f"topic {topic!r} is not there, and the broker at {servers} does not make it in time: is its ZooKeeper "
            "there? (sor kafka status looks)"
        ) from None


def _made(admin: Any, topic: str, configs: Mapping[str, str]) -> bool:
    """Whether a topic that is only useful is there, perhaps by our doing."""
    try:
        if _described(admin, topic) is None:
            settings = {"num_partitions": 1, "replication_factor": -1, "configs": dict(configs)}
            admin.create_topics({topic: settings}, wait_for_metadata=True)
    except kafka_errors.KafkaError:
        return False
    return True


def _described(admin: Any, topic: str) -> Any:
    """What the broker says of a topic that is there. To ask for it to be made needs ZooKeeper, and rights."""
    try:
        (found,) = admin.describe_topics([topic])
    except kafka_errors.UnknownTopicOrPartitionError:
        return None
    return found if not found.get("error_code") else None


def topic_is_gone(servers: str, topic: str) -> bool:
    """Whether a broker answers and does not have the topic. False where no broker answers."""
    try:
        with admin_client(servers, seconds=2) as admin:
            return _described(admin, topic) is None
    except kafka_errors.KafkaError:
        return False


def _limit(servers: str, topic: str) -> int | None:
    """The topic's max.message.bytes, which limits a batch; a batch beyond it would be split behind our back.

    A broker that has just started may not know its topics yet, and says so; kafka-python then returns no settings.
    One whose ZooKeeper is away has everything but the settings: then a batch is as large as topics take by default.
    """
    asked = ConfigResource(ConfigResourceType.TOPIC, topic, ["max.message.bytes"])
    try:
        with admin_client(servers, SETTINGS_SECONDS) as admin:
            ((_, found),) = admin.describe_configs([asked], config_filter="all").items()
    except _SILENT:
        return BATCH_BYTES
    value = found[topic].get("max.message.bytes")
    return None if value is None else int(value["value"] if isinstance(value, dict) else value)


def check_partitions(topic: str, count: int, remedy: str) -> None:
    if count > 1:
        raise StreamError(f"topic {topic!r} has {count} partitions, and the order of a run needs one: {remedy}")


def partition_of(symbol: str, partitions: int) -> int:
    """Where the messages of this key lie, by the rule of Kafka's own clients."""
    return int(murmur2(symbol.encode()) & 0x7FFFFFFF) % partitions
