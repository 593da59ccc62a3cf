"""Where the runs of a topic lie, kept beside it in `<topic>.runs` (compacted, one entry a run) by those who sent them.

It only saves looking: any reader checks what it says, and what is not in it is looked for in the topic.
"""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass

import msgspec

from sor.errors import StreamError
from sor.stream.kafka.reader import TopicReader
from sor.stream.wire.typed import read

CONFIGS = {"cleanup.policy": "compact", "segment.bytes": str(2**20), "max.message.bytes": "65536"}


@dataclass(frozen=True, slots=True)
class IndexedRun:
    """A run that was sent whole: the offsets of its first message and of its end marker."""

    run: str
    first: int
    last: int


def index_topic(topic: str) -> str:
    return f"{topic}.runs"


def index_entry(run: IndexedRun) -> bytes:
    return msgspec.json.encode(run)


def indexed_runs(servers: str, topic: str) -> list[IndexedRun]:
    """All that the index says; nothing where there is none."""
    found: list[IndexedRun] = []
    with suppress(StreamError), closing(TopicReader(servers, index_topic(topic))) as reader:
        if not reader.partitions():
            return []
        begin, end = reader.range()
        for record in reader.between(begin, end):
            with suppress(ValueError):
                found.append(read(record.value, IndexedRun))
    return found
