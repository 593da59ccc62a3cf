"""Which partitions of a topic are ours while we are a member of a consumer group: Kafka's group protocol, and no more.

Nothing is read through it (sor.stream.kafka.reader.TopicReader does that): the consumer here is paused, and only says
what the group has given us. A thread of its own keeps it up, so that a long backtest never looks like a dead member.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.structs import OffsetAndMetadata

from sor.errors import StreamError
from sor.stream.kafka.connection import connect, our_words

SESSION_SECONDS = 10.0  # a member that was killed is missed after this
GROWTH_SECONDS = 5.0  # a topic that has got more partitions is divided again after this
_TURN_MS = 200


class Membership:
    """A member of a group, from `join` until `leave`."""

    def __init__(self, servers: str, topic: str, group: str) -> None:
        self.topic, self.group = topic, group
        self._mine: frozenset[int] | None = None  # None until the group has said for the first time
        self._offsets: dict[int, int] = {}  # to be committed
        self._leaving = threading.Event()
        self._told = threading.Event()
        self._trouble: Exception | None = None
        with our_words(servers, f"joining group {group!r}"):
            self._consumer = connect(
                KafkaConsumer,
                servers,
                group_id=group,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                session_timeout_ms=round(SESSION_SECONDS * 1000),
                heartbeat_interval_ms=2000,
                metadata_max_age_ms=round(GROWTH_SECONDS * 1000),
                partition_assignment_strategy=(RoundRobinPartitionAssignor,),
                metrics_enabled=False,
            )
            self._consumer.subscribe([topic], listener=_Listener(self))
            # Who leads the group divides what it knows of: before the topic's metadata are there that is nothing, and
            # kafka-python does not always notice that they came.
            self._consumer.partitions_for_topic(topic)
        self._thread = threading.Thread(target=self._run, name="sor-group", daemon=True)
        self._thread.start()

    def mine(self, seconds: float = 1.0) -> frozenset[int]:
        """The partitions that the group has given us; waits so long for the first answer."""
        self._told.wait(seconds)
        if self._trouble is not None:
            raise StreamError(f"group {self.group!r}: {' '.join(str(self._trouble).split())[:160]}")
        return self._mine or frozenset()

    def commit(self, partition: int, offset: int) -> None:
        """For operators (`sor kafka groups`): nothing depends on it, and a member that was replaced commits nothing."""
        self._offsets[partition] = offset

    def leave(self) -> None:
        """What was ours goes to the others at once."""
        self._leaving.set()
        self._thread.join(5.0)

    def given(self, partitions: set[TopicPartition]) -> None:
        self._consumer.pause(*partitions)
        self._mine = frozenset(partition.partition for partition in partitions)
        self._told.set()

    def _run(self) -> None:
        while not self._leaving.is_set():
            try:
                self._consumer.poll(timeout_ms=_TURN_MS)
                self._commit()
            except (kafka_errors.GroupAuthorizationFailedError, kafka_errors.InvalidGroupIdError) as error:
                self._trouble = error
                self._told.set()
                return
            except kafka_errors.KafkaError:
                time.sleep(_TURN_MS / 1000)  # the broker is away: the readers notice, and say so
        with suppress(Exception):
            self._commit()
        with suppress(Exception):
            self._consumer.close(autocommit=False, timeout_ms=2000)

    def _commit(self) -> None:
        offsets = {p: o for p, o in self._offsets.items() if self._mine and p in self._mine}
        if not offsets:
            return
        # In the midst of a rebalance there is nothing to commit to: the next turn tries again.
        with suppress(kafka_errors.KafkaError):
            found = {TopicPartition(self.topic, p): OffsetAndMetadata(o, "", -1) for p, o in offsets.items()}
            self._consumer.commit(found, timeout_ms=2000)
            for partition, offset in offsets.items():
                if self._offsets.get(partition) == offset:
                    del self._offsets[partition]


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python has no types
    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Until the group says who has what, all goes on as before: results are written once, by the first."""

    def on_partitions_assigned(self, assigned: Any) -> None:
        self._membership.given(set(assigned))
