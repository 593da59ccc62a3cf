"""Headers and the end marker."""

from collections.abc import Sequence

import pytest

from sor.errors import StreamError
from sor.source import TapeFacts
from sor.stream.wire.decode import MessageError
from sor.stream.wire.envelope import (
    Ahead,
    Envelope,
    end_facts,
    end_headers,
    end_value,
    open_envelope,
    snapshot_headers,
)

Headers = Sequence[tuple[str, bytes | None]]


def opened(headers: Headers) -> Envelope:
    found = open_envelope(headers)
    assert found is not None
    return found


def test_headers_come_back() -> None:
    found = opened(snapshot_headers("a run", 17))
    assert (found.run, found.seq, found.end, found.ahead) == ("a run", 17, None, None)
    found.check_schema()


def test_the_first_message_says_what_lies_ahead() -> None:
    ahead = Ahead(1, 2, "AAPL", True)
    assert opened(snapshot_headers("r", 0, ahead)).ahead == ahead


def test_the_end_marker_carries_the_count_and_the_facts() -> None:
    facts = TapeFacts("l1_day", "AAPL", 59_999, 2, "row 3: price is no number", 1)
    found = opened(end_headers("r", 54_540))
    assert (found.seq, found.end) == (54_540, 54_540)
    assert end_facts(end_value("r", 54_540, facts)) == facts
    nothing = TapeFacts(None, None, None, None, None, None)
    assert end_facts(end_value("r", 0, nothing)) == nothing


@pytest.mark.parametrize("headers", [[], [("other", b"x")], [("run", None)]])
def test_bare_messages(headers: Headers) -> None:
    assert open_envelope(headers) is None


@pytest.mark.parametrize("seq", [None, b"", b"-1", b"1.0", b"x", b"9" * 16, "²".encode()])
def test_broken_sequence_numbers(seq: bytes | None) -> None:
    with pytest.raises(MessageError, match="seq"):
        open_envelope([("run", b"r"), ("seq", seq), ("schema", b"1")])


def test_another_schema() -> None:
    found = opened([("run", b"r"), ("seq", b"0"), ("schema", b"2")])
    with pytest.raises(StreamError, match="schema 2"):
        found.check_schema()


@pytest.mark.parametrize("tape", [b"", b"[]", b"{}", b'{"first":2,"last":1,"symbol":null,"bids":true}', b"\xff"])
def test_a_hint_that_cannot_be_read_is_no_hint(tape: bytes) -> None:
    assert opened([*snapshot_headers("r", 0), ("tape", tape)]).ahead is None


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[]", b'{"end":{"tape":[]}}', b'{"end":{"tape":{"name":1,"symbol":"a","rows":1}}}']
)
def test_end_markers_that_cannot_be_read(value: bytes | None) -> None:
    with pytest.raises(MessageError, match="end marker"):
        end_facts(value)
