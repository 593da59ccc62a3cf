"""Questions to servers that are silent, rude or wrong; the right answers are tested against the real ones."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.broker import probe


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Answers one connection with these bytes, whatever was asked, and hangs up."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def metadata(
    port: int, controller: int, correlation: int = 7, host: bytes = b"127.0.0.1", rack: bytes | None = None
) -> bytes:
    broker = struct.pack(">ih", 0, len(host)) + host + struct.pack(">i", port)
    broker += struct.pack(">h", -1) if rack is None else struct.pack(">h", len(rack)) + rack
    body = struct.pack(">ii", correlation, 1) + broker + struct.pack(">ii", controller, 0)
    return struct.pack(">i", len(body)) + body


@pytest.mark.parametrize(
    ("answer", "well"), [(b"imok", True), (b"", False), (b"im", False), (b"This ZooKeeper", False)]
)
def test_zookeeper(answer: bytes, well: bool) -> None:
    with server(answer) as port:
        assert probe.zookeeper_serves(port) is well


def test_nobody_there() -> None:
    assert not probe.zookeeper_serves(1)
    assert not probe.broker_serves(1)
    assert probe.ask_metadata(1) is None


@pytest.mark.parametrize("rack", [None, b"a"])
def test_metadata_is_read(rack: bytes | None) -> None:
    with server(metadata(9092, 0, rack=rack)) as port:
        assert probe.ask_metadata(port) == probe.Cluster((("127.0.0.1", 9092),), 0)


def test_serving_needs_a_controller_and_the_broker_itself() -> None:
    for controller, advertised, serves in ((0, None, True), (-1, None, False), (0, 1, False)):
        with socket.socket() as listening:  # the port has to be known before the answer is written
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            port = listening.getsockname()[1]

            def serve(listening: socket.socket, answer: bytes) -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

            thread = threading.Thread(target=serve, args=(listening, metadata(advertised or port, controller)))
            thread.start()
            assert probe.broker_serves(port) is serves
            thread.join()


def test_wrong_answers() -> None:
    good = metadata(9092, 0)
    for answer in (
        b"",
        good[:7],
        good[:-9],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\0\0\0\0",
        b"\xff" * 8,
        metadata(9092, 0, 8),
    ):
        with server(answer) as port:
            assert probe.ask_metadata(port) is None


@given(st.binary(max_size=60))
def test_noise_of_the_right_length_never_raises(body: bytes) -> None:
    with server(struct.pack(">i", len(body)) + body) as port:
        probe.ask_metadata(port)
