"""Messages out of a fetched batch, faster: kafka-python's own way spends half of a poll loop on what nobody here reads.

The format is Kafka's record batch v2 (KIP-98): zigzag varints, then key, value and headers. Only the inner loop is
ours; fetching, positions, checksums and older formats stay kafka-python's, which is pinned to the version this fits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from kafka import errors as kafka_errors
from kafka.consumer.fetcher import Fetcher
from kafka.record.util import decode_varint


class Message(NamedTuple):
    """What is read of a message. `timestamp` is in ms since the epoch."""

    offset: int
    timestamp: int
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class FastRecords(Fetcher.PartitionRecords):  # type: ignore[misc]  # kafka-python has no types
    """The messages of one fetch."""

    def _unpack_records(self, tp: Any, records: Any, key_deserializer: Any, value_deserializer: Any) -> Iterator[Any]:
        last: Any = None
        while (batch := records.next_batch()) is not None:
            if batch.magic != 2:
                raise kafka_errors.CorruptRecordError(f"{tp}: a message format older than Kafka 0.11")
            if self.check_crcs and not batch.validate_crc():
                raise kafka_errors.CorruptRecordError(f"{tp}: batch at offset {batch.base_offset} failed its checksum")
            last = batch
            self.leader_epoch = batch.leader_epoch
            if not batch.is_control_batch:
                yield from self._messages(batch)
        if last is not None:
            self.next_fetch_offset = last.next_offset  # compaction may have taken the last messages of a batch
        self.drain()

    def _messages(self, batch: Any) -> Iterator[Message]:
        base, moment = batch.base_offset, batch.first_timestamp
        fixed = batch.max_timestamp if batch.timestamp_type == batch.LOG_APPEND_TIME else None
        batch._maybe_uncompress()
        data, pos = bytes(batch._buffer), batch._pos
        try:
            for _ in range(batch.records_count):
                length, pos = decode_varint(data, pos)
                end = pos + length
                delta, pos = decode_varint(data, pos + 1)  # one byte of attributes, unused
                place, pos = decode_varint(data, pos)
                size, pos = decode_varint(data, pos)
                pos += max(size, 0)  # the key
                size, pos = decode_varint(data, pos)
                value = data[pos : pos + size] if size >= 0 else None
                pos += max(size, 0)
                count, pos = decode_varint(data, pos)
                headers: list[tuple[str, bytes | None]] = []
                for _ in range(count):
                    # Nearly all lengths here are one byte: twice the number.
                    size, pos = (data[pos] >> 1, pos + 1) if data[pos] < 128 else decode_varint(data, pos)
                    name = data[pos : pos + size].decode()
                    pos += size
                    size, pos = decode_varint(data, pos)
                    headers.append((name, data[pos : pos + size] if size >= 0 else None))
                    pos += max(size, 0)
                if pos != end or end > len(data):
                    raise ValueError("lengths that do not add up")
                self.records_read += 1
                self.bytes_read += length
                self.next_fetch_offset = base + place + 1
                yield Message(base + place, moment + delta if fixed is None else fixed, value, headers)
        except (ValueError, IndexError) as error:
            raise kafka_errors.CorruptRecordError(f"batch at offset {base}: {error}") from error
