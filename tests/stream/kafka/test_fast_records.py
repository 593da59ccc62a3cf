"""Our reading and writing of record batches against kafka-python's own, message by message and byte by byte."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kafka import TopicPartition
from kafka import errors as kafka_errors
from kafka.consumer.fetcher import Fetcher
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder

from sor.stream.kafka.fast_records import FastRecords, body, extend

TP = TopicPartition("t", 0)

Headers = list[tuple[str, bytes | None]]
Row = tuple[int, bytes | None, bytes | None, Headers]  # time, key, value, headers
Shown = tuple[int, int, bytes | None, Headers]  # offset, time, value, headers
ToSend = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]  # key, value, headers

headers = st.lists(st.tuples(st.text(max_size=100), st.none() | st.binary(max_size=200)), max_size=4)
messages = st.lists(
    st.tuples(
        st.integers(0, 2**40),
        st.none() | st.binary(max_size=80),
        st.none() | st.binary(max_size=400),
        headers,
    ),
    min_size=1,
    max_size=8,
)


def batch_of(rows: Iterable[Row], compression: int = 0, base: int = 0) -> bytes:
    builder = DefaultRecordBatchBuilder(2, compression, False, -1, -1, -1, 1_000_000)
    for offset, (timestamp, key, value, found) in enumerate(rows):
        builder.append(offset, timestamp, key, value, found)
    data = bytearray(builder.build())
    data[:8] = base.to_bytes(8, "big")
    return bytes(data)


def read(kind: Any, data: bytes, fetch_offset: int = 0) -> tuple[list[Shown], int, bool, int, int]:
    taken = kind(fetch_offset, TP, MemoryRecords(data))
    records = taken.take(10_000)
    shown = [(r.offset, r.timestamp, r.value, r.headers) for r in records]
    return shown, taken.next_fetch_offset, bool(taken), taken.leader_epoch, taken.records_read


@given(st.lists(messages, min_size=1, max_size=3), st.sampled_from([0, 1]), st.integers(0, 30))
@settings(max_examples=150, deadline=None)
def test_the_same_messages_as_kafka_python(batches: list[list[Row]], compression: int, fetch_offset: int) -> None:
    data, base = b"", 0
    for rows in batches:
        data += batch_of(rows, compression, base)
        base += len(rows)
    assert read(FastRecords, data, fetch_offset) == read(Fetcher.PartitionRecords, data, fetch_offset)


@given(messages, st.data())
@settings(max_examples=100, deadline=None)
def test_a_flipped_byte_is_noticed(rows: list[Row], data: st.DataObject) -> None:
    whole = bytearray(batch_of(rows))
    whole[data.draw(st.integers(21, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(kafka_errors.CorruptRecordError):
        read(FastRecords, bytes(whole))


def test_taken_in_pieces() -> None:
    rows: list[Row] = [(i, None, b"%d" % i, [("seq", b"%d" % i)]) for i in range(10)]
    taken = FastRecords(3, TP, MemoryRecords(batch_of(rows)))
    assert [r.offset for r in taken.take(4)] == [3, 4, 5, 6]
    assert taken.next_fetch_offset == 7
    assert [r.offset for r in taken.take(4)] == [7, 8, 9]
    assert not taken


texts = st.lists(st.tuples(st.text(max_size=100), st.binary(max_size=200)), max_size=4)
to_send = st.lists(
    st.tuples(st.none() | st.binary(max_size=80), st.none() | st.binary(max_size=9000), texts), min_size=1, max_size=200
)


@settings(max_examples=200, deadline=None)
@given(rows=to_send, compression=st.sampled_from([0, 1]), room=st.integers(100, 50_000), moments=st.data())
def test_a_batch_is_written_byte_for_byte_as_kafka_python_writes_it(
    rows: list[ToSend], compression: int, room: int, moments: st.DataObject
) -> None:
    theirs, ours = MemoryRecordsBuilder(2, compression, room), MemoryRecordsBuilder(2, compression, room)
    written = 0
    while written < len(rows):
        size = moments.draw(st.integers(1, len(rows) - written))
        moment = moments.draw(st.integers(0, 2**42))
        some = rows[written : written + size]
        fitted = extend(ours, [body(*row) for row in some], moment)
        for row in some[:fitted]:
            assert theirs.append(moment, *row) is not None
        if fitted < len(some):
            assert theirs.append(moment, *some[fitted]) is None  # no room in either
            break
        written += fitted
    assert ours.next_offset() == theirs.next_offset() >= 1
    for builder in (ours, theirs):
        builder.close()
    if compression == 0:
        assert bytes(ours.buffer()) == bytes(theirs.buffer())
    else:  # gzip writes the time into its header
        assert [r.value for r in next(MemoryRecords(ours.buffer()))] == [
            r.value for r in next(MemoryRecords(theirs.buffer()))
        ]
    assert extend(ours, [b"x"], 0) == 0  # closed


def test_a_header_whose_name_is_no_text_does_not_stop_the_rest() -> None:
    data = batch_of([(1, None, b"a", [("name", b"x")]), (2, None, b"b", [("PQRS", b"y")]), (3, None, b"c", [])])
    poisoned = bytearray(data.replace(b"PQRS", b"\xff\xfeQS"))
    found = [(value, names) for _, _, value, names in read(FastRecords, _with_right_checksum(poisoned))[0]]
    assert found == [(b"a", [("name", b"x")]), (b"b", [("\\xff\\xfeQS", b"y")]), (b"c", [])]


def _with_right_checksum(batch: bytearray) -> bytes:
    from kafka.record.util import calc_crc32c

    batch[17:21] = calc_crc32c(memoryview(batch)[21:]).to_bytes(4, "big")
    return bytes(batch)
