"""Connecting to what is no broker."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka import errors as kafka_errors

from sor.errors import BrokerAwayError
from sor.stream.kafka.connection import connect, our_words


@pytest.fixture
def hangs_up() -> Iterator[str]:
    """Somebody listens there, and ends every connection at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(60)


@pytest.mark.parametrize("kind", [KafkaAdminClient, KafkaConsumer, KafkaProducer])
def test_a_client_that_finds_no_broker_leaves_no_thread_behind(kind: Any, hangs_up: str) -> None:
    before = set(threading.enumerate())
    with pytest.raises(kafka_errors.KafkaError):
        connect(kind, hangs_up, seconds=1)
    assert set(threading.enumerate()) <= before


def test_a_broker_that_is_coming_up_and_knows_none_yet_is_away() -> None:
    with (
        pytest.raises(BrokerAwayError, match="no Kafka broker answers at here:9092"),
        our_words("here:9092", "looking"),
    ):
        raise kafka_errors.MetadataEmptyBrokerList
