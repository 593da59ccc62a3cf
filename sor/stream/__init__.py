"""The stream: a tape to a Kafka topic, and a run of a topic back to snapshots (docs/stream.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sor.stream.consume.source import KafkaSource
    from sor.stream.progress import StreamProgress

BOOTSTRAP_SERVERS = "127.0.0.1:9092"
TOPIC = "mock_l1_stream"


def open_stream(
    bootstrap_servers: str = BOOTSTRAP_SERVERS,
    topic: str = TOPIC,
    run: str = "latest",
    idle_timeout: float = 90.0,
    progress: Callable[[StreamProgress], None] | None = None,
    snapshot_rule: str | None = None,
) -> KafkaSource:
    """One run of a topic as a Source, once its first message is there.

    `progress` is called twice a second at most (sor.stream.progress.Lines shows it on standard error); `close()` the
    source when done. `snapshot_rule` is the one that is wanted: a run made by another gets a warning, because a stream
    cannot be turned into the other one. StreamError: no broker, no topic, several partitions, no message within
    `idle_timeout` seconds.
    """
    # kafka-python takes a quarter of a second to import, and most commands do without it.
    from sor.stream.consume.open import open_source
    from sor.stream.progress import silent

    return open_source(bootstrap_servers, topic, run, idle_timeout, progress or silent, snapshot_rule=snapshot_rule)
