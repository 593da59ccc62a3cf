"""Messages out of a fetched batch and into one to be sent, faster than kafka-python's own way.

Reading, that spends half of a poll loop on what nobody here reads; sending, ten times what is needed for a record whose
body was made ahead of time, and in a burst at `--speed 10` that is the difference between late and not late.
The format is Kafka's record batch v2 (KIP-98): zigzag varints, then key, value and headers. Only the inner loops are
ours; fetching, positions, checksums and older formats stay kafka-python's, which is pinned to the version this fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kafka import errors as kafka_errors
from kafka.consumer.fetcher import Fetcher
from kafka.record.util import decode_varint, encode_varint


class FastMessage(NamedTuple):
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

    def _messages(self, batch: Any) -> Iterator[FastMessage]:
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
                    name = data[pos : pos + size].decode(errors="backslashreplace")  # poison must not stop the rest
                    pos += size
                    size, pos = decode_varint(data, pos)
                    headers.append((name, data[pos : pos + size] if size >= 0 else None))
                    pos += max(size, 0)
                if pos != end or end > len(data):
                    raise ValueError("lengths that do not add up")
                self.records_read += 1
                self.bytes_read += length
                self.next_fetch_offset = base + place + 1
                yield FastMessage(base + place, moment + delta if fixed is None else fixed, value, headers)
        except (ValueError, IndexError) as error:
            raise kafka_errors.CorruptRecordError(f"batch at offset {base}: {error}") from error


def _varint(value: int) -> bytes:
    out = bytearray()
    encode_varint(value, out.append)
    return bytes(out)


_SMALL = tuple(_varint(value) for value in range(4096))


def _length(value: int) -> bytes:
    return _SMALL[value] if value < 4096 else _varint(value)


def body(key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> bytes:
    """A record less its place in a batch: all of it that can be made before its moment comes."""
    parts = [
        b"\x01" if key is None else _length(len(key)) + key,
        b"\x01" if value is None else _length(len(value)) + value,
        _length(len(headers)),
    ]
    for name, text in headers:
        raw = name.encode()
        parts += (_length(len(raw)), raw, _length(len(text)), text)
    return b"".join(parts)


def extend(records: Any, bodies: Sequence[bytes], moment: int) -> int:
    """Append to a kafka-python MemoryRecordsBuilder as many records as it has room for, at this time in ms; how many.

    The caller holds what guards it. The first record of a batch always has room, as in kafka-python.
    """
    if records._closed:
        return 0
    builder, place = records._builder, records._next_offset
    if builder._first_timestamp is None:
        builder._first_timestamp = builder._max_timestamp = moment
    head = b"\0" + _varint(moment - builder._first_timestamp)
    buffer, most = builder._buffer, builder._batch_size
    for record in bodies:
        offset = _length(place)
        size = _length(len(head) + len(offset) + len(record))
        if place and len(buffer) + len(size) + len(head) + len(offset) + len(record) > most:
            break
        buffer += size + head + offset + record
        place += 1
    count: int = place - records._next_offset
    if count:
        builder._max_timestamp = max(builder._max_timestamp, moment)
        builder._num_records += count
        builder._last_offset = place - 1
        records._next_offset = place
    return count
