"""Headers and the end marker."""

from collections.abc import Sequence

import pytest

from sor.errors import StreamError
from sor.sources.source import TapeFacts
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


HINT = b'{"first":1,"last":2,"symbol":null,"bids":true'


def test_a_hint_of_another_version_has_more_names_and_fewer() -> None:
    assert opened([*snapshot_headers("r", 0), ("tape", HINT + b',"later":[{}]}')]).ahead == Ahead(1, 2, None, True)


@pytest.mark.parametrize(
    "tape",
    [
        *(b"", b"[]", b"{}", b"\xff", HINT + b',"later":"\xff"}', HINT + b',"later":' + b"[" * 10_000),
        *(b'{"first":2,"last":1,"symbol":null,"bids":true}', b'{"first":-1,"last":1,"symbol":null,"bids":true}'),
        *(b'{"first":1,"last":2,"symbol":null,"bids":1}', b'{"first":1,"last":2.0,"symbol":null,"bids":true}'),
        *(HINT + b',"extent":[2,1]}', HINT + b',"extent":[1]}', HINT + b',"of":-1}', HINT + b',"form":"other"}'),
        HINT + b',"prints_late":9223372036854775808}',
    ],
)
def test_a_hint_that_cannot_be_read_is_no_hint(tape: bytes) -> None:
    assert opened([*snapshot_headers("r", 0), ("tape", tape)]).ahead is None


@pytest.mark.parametrize(
    ("tape", "reason"),
    [
        (b"[]", "Expected `object`, got `array` - at `$.end.tape`"),
        (b'{"name":"a"}', "Object missing required field `symbol` - at `$.end.tape`"),
        (b'{"name":1,"symbol":"a","rows":1}', "Expected `str | null`, got `int` - at `$.end.tape.name`"),
        (b'{"name":"a","symbol":"a","rows":true}', "Expected `int | null`, got `bool` - at `$.end.tape.rows`"),
        (b'{"name":"a","symbol":"a","rows":-1}', "it has a negative count"),
        (
            b'{"name":"a","symbol":"a","rows":1,"files":[{"name":"x","rows":-1,"first":null,"last":null}]}',
            "it has a negative count",
        ),
        (b"[" * 10_000, "Expected `object`, got `array` - at `$.end.tape`"),
        (b'{"name":"a","later":' + b"[" * 10_000, "nested too deeply"),
    ],
)
def test_an_end_marker_of_other_types_is_refused_with_the_place(tape: bytes, reason: str) -> None:
    with pytest.raises(MessageError) as caught:
        end_facts(b'{"end":{"tape":' + tape + b"}}")
    assert str(caught.value) == f"an end marker that cannot be read: {reason}"


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", b"\xff"])
def test_end_markers_that_cannot_be_read(value: bytes | None) -> None:
    with pytest.raises(MessageError, match="end marker"):
        end_facts(value)
