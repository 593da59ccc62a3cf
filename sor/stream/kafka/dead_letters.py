"""What could not be read, kept beside its topic."""

from __future__ import annotations

from sor.errors import StreamError
from sor.stream.kafka.connection import PARTITION, Record
from sor.stream.kafka.reader import TopicReader
from sor.stream.kafka.topic_setup import ensure_topic
from sor.stream.kafka.writer import TopicWriter
from sor.stream.wire.envelope import Headers


class DeadLetters:
    """Messages that could not be read, kept in `<topic>.dlq` with the reason and where they came from.

    Several readers of one topic meet the same message; it is kept once.
    """

    MAX_BYTES = 1_000_000  # what a broker takes by default, less room for the headers

    def __init__(self, servers: str, topic: str, partition: int = PARTITION) -> None:
        self.name = f"{topic}.dlq"
        self._servers, self._source, self._partition = servers, topic, b"%d" % partition
        self._writer: TopicWriter | None = None
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
            self._writer = TopicWriter(self._servers, self.name, timeout=10.0, batch_bytes=most)
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
        reader = TopicReader(self._servers, self.name)
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
