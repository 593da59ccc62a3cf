"""From messages to one run: the same whatever lies between, and however the polls cut the topic."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, batch_of, concat
from sor.errors import RunError
from sor.sources.source import TapeFacts
from sor.stream.consume.assembly import BareRun, HeadedRun, begins_again
from sor.stream.kafka.connection import Record
from sor.stream.wire.checksum import CHECK_EVERY, RunChecksum
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import end_headers, end_value, snapshot_headers

FACTS = TapeFacts("tape", "SYM", 9)


@dataclass
class Message:
    """As kafka-python hands a record over."""

    value: bytes | None
    headers: list[tuple[str, bytes]]
    offset: int = 0
    timestamp: int = 0


@dataclass
class Rejects:
    offsets: list[int] = field(default_factory=list)

    def __call__(self, record: Record, reason: str) -> None:
        assert reason
        self.offsets.append(record.offset)


def snapshots(count: int, first: int = 100) -> SnapshotBatch:
    return batch_of([Snapshot(first + i, (Quote(2, 1, 1, 3 + i, 1),)) for i in range(count)])


def run_of(run: str, count: int, end: bool = True) -> list[Message]:
    values = encode(snapshots(count))
    messages = [Message(value, snapshot_headers(run, seq)) for seq, value in enumerate(values)]
    return [*messages, Message(end_value(run, count, FACTS), end_headers(run, count))] if end else messages


def number(messages: list[Message]) -> list[Message]:
    return [Message(m.value, m.headers, offset) for offset, m in enumerate(messages)]


def assemble(assembler: HeadedRun | BareRun, messages: list[Message], cuts: list[int]) -> SnapshotBatch:
    out: list[SnapshotBatch] = []
    start = 0
    for stop in [*sorted(cuts), len(messages)]:
        if stop > start:
            out += assembler.accept(messages[start:stop])
            start = stop
    out += assembler.give_up()
    return concat(out) if out else batch_of([])


def same(a: SnapshotBatch, b: SnapshotBatch) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(SnapshotBatch))


@st.composite
def topics(draw: st.DrawFn) -> list[Message]:
    """A run `r` of 30 among another run, strays, poison and copies; what came before its end marker is whole."""
    messages = run_of("r", 30, end=False)
    others = run_of("other", 10)
    for other in others:
        messages.insert(draw(st.integers(0, len(messages))), other)
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["copy", "stray", "poison", "headless poison"]))
        at = draw(st.integers(0, len(messages)))
        if kind == "copy":
            message = messages[draw(st.integers(0, len(messages) - 1))]
        elif kind == "stray":
            message = Message(encode(snapshots(1))[0], [])
        elif kind == "poison":
            message = Message(b"{", snapshot_headers("r", draw(st.integers(0, 29))))
        else:
            message = Message(b"[1]", [("x", b"y")])
        messages.insert(at, message)
    return number([*messages, Message(end_value("r", 30, FACTS), end_headers("r", 30))])


@given(topics(), st.lists(st.integers(0, 60), max_size=8))
@settings(max_examples=80, deadline=None)
def test_the_run_comes_out_whole_however_it_is_cut(messages: list[Message], cuts: list[int]) -> None:
    rejects = Rejects()
    assembler = HeadedRun("r", rejects)
    assert same(assemble(assembler, messages, [c for c in cuts if c < len(messages)]), snapshots(30))
    assert assembler.ended
    assert assembler.facts == FACTS
    assert (assembler.expected, assembler.received, assembler.gaps) == (30, 30, 0)
    ours = [m for m in messages if ("run", b"r") in m.headers]
    poison = sum(m.value == b"{" for m in ours)
    assert assembler.sequence.duplicates == len(ours) - 1 - 30 - poison
    assert assembler.tally.rejected == len(rejects.offsets) == poison + sum(m.value == b"[1]" for m in messages)
    assert assembler.tally.strays == sum(not m.headers for m in messages)


@given(topics(), st.integers(0, 45))
@settings(max_examples=50, deadline=None)
def test_a_state_goes_on_as_if_nothing_had_happened(messages: list[Message], at: int) -> None:
    plain = HeadedRun("r", Rejects())
    assemble(plain, messages, [])
    first = HeadedRun("r", Rejects())
    out = first.accept(messages[:at])
    if not first.settled:
        return  # no checkpoint is taken here
    second = HeadedRun("r", Rejects())
    second.restore(json.loads(json.dumps(first.state())))
    out += second.accept(messages[at:]) + second.give_up()
    assert same(concat(out), snapshots(30))
    assert second.state() == plain.state()


def produced(run: str, batch: SnapshotBatch, size: int = 50) -> list[Message]:
    """What a producer of ours sends, checksums included."""
    values, checksum, messages = encode(batch), RunChecksum(), []
    for seq, value in enumerate(values):
        said = checksum.text() if seq and seq % CHECK_EVERY == 0 else None
        messages.append(Message(value, snapshot_headers(run, seq, None, said)))
        checksum.on_batch(batch.slice(seq, seq + 1))
    end = Message(end_value(run, len(values), FACTS), end_headers(run, len(values), checksum.text()))
    return number([*messages, end])


@cache
def long_run(corrected: bool = False) -> list[Message]:
    """2,100 snapshots, so that checksums are said on the way; one price of it corrected."""
    one = snapshots(2100)
    return produced("r", replace(one, ask_px=one.ask_px + (np.arange(2100) == 3)) if corrected else one)


@given(st.lists(st.integers(0, 2100), max_size=6))
@settings(max_examples=20)
def test_the_checksum_proves_a_run_however_it_is_cut(cuts: list[int]) -> None:
    assembler = HeadedRun("r", Rejects())
    assemble(assembler, long_run(), cuts)
    assert assembler.proven
    assert (assembler.expected, assembler.received) == (2100, 2100)


@pytest.mark.parametrize("seen", [10, 400, 999, 1000, 1500, 2099])
def test_a_mixture_of_two_tapes_of_the_same_times_is_an_error(seen: int) -> None:
    """The topic was made again with a corrected tape while the reader was at `seen`."""
    assembler = HeadedRun("r", Rejects())
    assembler.accept(long_run()[:seen])
    rest = long_run(corrected=True)[seen:]
    with pytest.raises(RunError, match="run r is not one tape"):
        assembler.accept(rest)
    if seen < 1000:  # noticed on the way, not only at the end
        again = HeadedRun("r", Rejects())
        again.accept(long_run()[:seen])
        with pytest.raises(RunError):
            again.accept(rest[: 1001 - seen])


def test_a_run_without_checksums_is_not_proven() -> None:
    assembler = HeadedRun("r", Rejects())
    assemble(assembler, number(run_of("r", 30)), [])
    assert assembler.received == assembler.expected == 30
    assert not assembler.proven


def test_what_is_missing_is_not_taken_for_a_mixture() -> None:
    messages = produced("r", snapshots(2100))
    assembler = HeadedRun("r", Rejects())
    assemble(assembler, messages[:500] + messages[501:], [])
    assert (assembler.gaps, assembler.proven) == (1, False)


def test_a_state_goes_on_with_the_checksum() -> None:
    messages = produced("r", snapshots(1500))
    first = HeadedRun("r", Rejects())
    first.accept(messages[:700])
    second = HeadedRun("r", Rejects())
    second.restore(json.loads(json.dumps(first.state())))
    second.accept(messages[700:])
    assert second.proven


def test_copies_behind_the_end_marker_are_duplicates() -> None:
    run = run_of("r", 5)
    assembler = HeadedRun("r", Rejects())
    assert same(assemble(assembler, number([*run, *run]), [3, 8]), snapshots(5))
    assert assembler.sequence.duplicates == 6


def test_a_snapshot_earlier_than_the_one_before_is_left_out() -> None:
    values = encode(batch_of([Snapshot(ts, ()) for ts in (5, 9, 7, 9, 12)]))
    messages = [Message(value, snapshot_headers("r", seq)) for seq, value in enumerate(values)]
    for cuts in ([], [1], [2], [3], [1, 2, 3, 4]):
        assembler = HeadedRun("r", Rejects())
        assert assemble(assembler, number(messages), cuts).ts.tolist() == [5, 9, 9, 12]
        assert (assembler.received, assembler.gaps, assembler.tally.disordered) == (4, 1, 1)


def test_an_end_marker_that_cannot_be_read_ends_nothing() -> None:
    run = run_of("r", 3, end=False)
    assembler = HeadedRun("r", Rejects())
    assemble(assembler, number([*run, Message(b"?", end_headers("r", 3))]), [])
    assert not assembler.ended
    assert assembler.tally.rejected == 1


# --- bare ---


def bare(times: list[int]) -> list[Message]:
    return number([Message(value, []) for value in encode(batch_of([Snapshot(ts, ()) for ts in times]))])


@given(st.lists(st.integers(0, 20), max_size=6))
def test_a_bare_run_ends_where_time_begins_anew(cuts: list[int]) -> None:
    messages = bare([10, 11, 11, 15, 12, 20, 10, 11])
    assembler = BareRun(Rejects())
    assert assemble(assembler, messages, [c for c in cuts if c < 8]).ts.tolist() == [10, 11, 15, 20]
    assert assembler.ended
    assert (assembler.received, assembler.duplicates) == (4, 2)


def test_different_messages_of_one_time_are_all_kept() -> None:
    batch = batch_of([Snapshot(10, (Quote(v, 1, 1, 3, 1),)) for v in (2, 3, 2)])
    assembler = BareRun(Rejects())
    out = assemble(assembler, number([Message(value, []) for value in encode(batch)]), [1])
    assert same(out, batch)
    assert not assembler.ended


def test_poison_after_the_end_of_a_bare_run_is_the_next_ones() -> None:
    rejects = Rejects()
    assembler = BareRun(rejects)
    messages = bare([10, 12, 10])
    topic = number([messages[0], Message(b"?", []), messages[1], messages[2], Message(b"?", [])])
    assemble(assembler, topic, [])
    assert rejects.offsets == [1]


def test_a_bare_state_goes_on() -> None:
    messages = bare([10, 11, 11, 15])
    first = BareRun(Rejects())
    out = first.accept(messages[:2])
    second = BareRun(Rejects())
    second.restore(json.loads(json.dumps(first.state())))
    out += second.accept(messages[2:])
    assert concat(out).ts.tolist() == [10, 11, 15]
    assert (second.received, second.duplicates) == (3, 1)


def test_where_a_bare_run_begins_anew() -> None:
    assert begins_again(9, first_ts=10, last_ts=10)
    assert begins_again(10, first_ts=10, last_ts=11)
    assert not begins_again(10, first_ts=10, last_ts=10)
    assert not begins_again(11, first_ts=10, last_ts=20)
