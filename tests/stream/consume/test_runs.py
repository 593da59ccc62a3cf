"""Which copy of a run is read, whatever attempts and copies of it lie in a topic."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sor.core.market.batch import Quote, Snapshot, batch_of
from sor.sources.source import TapeFacts
from sor.stream.consume.runs import RunScan, StreamRun, choose, newest
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import Ahead, end_headers, end_value, snapshot_headers


@dataclass
class Message:
    value: bytes | None
    headers: list[tuple[str, bytes]]
    offset: int
    timestamp: int = 0


TAPE, CORRECTED = Ahead(1, 9, "A", True), Ahead(1, 8, "A", True)


def scan(*texts: str) -> dict[str, list[StreamRun]]:
    """`a0 a1 a!`: snapshots 0 and 1 of run a, and its end marker; `x` is unreadable; `A0`: a of the corrected tape."""
    value = encode(batch_of([Snapshot(5, (Quote(2, 1, 1, 3, 1),))]))[0]
    messages = []
    for offset, word in enumerate(" ".join(texts).split()):
        run, rest = word[0].lower(), word[1:]
        if word == "x":
            messages.append(Message(b"?", [], offset))
        elif rest == "!":
            facts = end_value(run, 2, TapeFacts("t", "A", 1))
            messages.append(Message(facts, end_headers(run, 2), offset))
        else:
            ahead = (CORRECTED if word[0].isupper() else TAPE) if rest == "0" else None
            messages.append(Message(value, snapshot_headers(run, int(rest), ahead), offset))
    scan = RunScan()
    scan.on_records(messages)
    found: dict[str, list[StreamRun]] = {}
    for copy in scan.runs():
        found.setdefault(copy.name, []).append(copy)
    return found


@pytest.mark.parametrize(
    ("topic", "first"),
    [
        ("a0 a1 a!", 0),
        ("a1 a! a0 a1 a!", 2),  # the beginning is gone, and it was sent again
        ("a0 a0 a1 a!", 0),  # an attempt that was killed, and the whole: both are read, copies are dropped
        ("a0 a1 a! a0", 0),  # sent again, and killed: the complete one counts
        ("a0 a! a0 a1 a!", 2),  # the newest that is complete
        ("a0 a1 a! A0 A1 a!", 3),  # a corrected tape under the same id
        ("a0 A0 A1 a!", 1),  # of the attempt with the other tape nothing is read
        ("a1 a! a0", 2),  # on its way
        ("a1 a!", 0),  # what is there is there
        ("x x a0 a1 a!", 2),
        ("a1 a0 a!", 0),  # neighbours that were swapped
        ("b0 a0 b1 b! a1 a!", 1),
    ],
)
def test_the_copy_that_is_read(topic: str, first: int) -> None:
    assert choose(scan(topic)["a"]).first == first


def test_the_latest_is_the_one_whose_newest_copy_began_last() -> None:
    runs = scan("a0 a1 a! b0 b1 b! a0 a1 a!")
    assert newest([run for copies in runs.values() for run in copies]) == "a"
    assert newest([]) is None


def test_what_is_unreadable_directly_before_a_run_is_read_with_it() -> None:
    assert choose(scan("x x a0 a1 a!")["a"]).read_from == 0
