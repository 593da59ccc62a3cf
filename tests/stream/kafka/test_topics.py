"""How an operator's view is written; what it sees is tested against a real broker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition

from sor.errors import InputError, StreamError
from sor.stream.kafka import topics as admin
from sor.stream.kafka.topics import Admin, ConsumerGroupFacts, TopicMessage


def message(value: bytes | None, headers: tuple[tuple[str, bytes | None], ...] = ()) -> TopicMessage:
    return TopicMessage("t", 0, 42, 1_722_519_392_491, headers, value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(b'{"a": 1}', '{"a": 1}'), (None, "(null)"), (b"", ""), (b"\xff\x00a\n", "\\xff\\x00a\\n"), ("é".encode(), "é")],
)
def test_a_value_is_one_line_of_text(value: bytes | None, text: str) -> None:
    assert message(value).text() == text


@given(st.binary())
def test_no_value_can_drive_the_terminal(value: bytes) -> None:
    assert message(value).text().isprintable()


def test_the_place_has_the_brokers_time_and_the_headers() -> None:
    shown = message(b"", (("run", b"r1"), ("seq", b"7"), ("none", None))).place()
    assert shown == "0:42 2024-08-01T13:36:32.491Z [run=r1 seq=7 none=]"


def test_lag_is_never_negative() -> None:
    assert ConsumerGroupFacts("g", "Stable", "t", 0, committed=3, end=10).lag == 7
    assert ConsumerGroupFacts("g", "Empty", "t", 0, committed=10, end=3).lag == 0  # the topic was made again


def test_a_group_without_commits_is_shown_all_the_same() -> None:
    (facts,) = admin._group_facts("g", "Stable", {}, {})
    assert (facts.name, facts.topic, facts.lag) == ("g", "-", 0)
    gone = admin._group_facts("g", "Empty", {TopicPartition("deleted", 0): 5}, {})
    assert gone == [ConsumerGroupFacts("g", "Empty", "deleted", 0, 5, 5)]


def test_nobody_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_CONNECT_SECONDS", 1)
    with pytest.raises(StreamError, match=r"no Kafka broker answers at 127\.0\.0\.1:1\b"), Admin("127.0.0.1:1"):
        pass
    with pytest.raises(InputError, match="host:port"):
        Admin("nonsense")
