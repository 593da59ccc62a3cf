"""What every call to kafka-python shares: its settings, its silence, and its errors in our words.

kafka-python 3.0.12 prints lost connections as errors with tracebacks and waits without limit in several places; what
leaves this folder is a StreamError of one line, or nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from kafka.net import KafkaNetClient

from sor.errors import BrokerAwayError, InputError, StreamError
from sor.stream.kafka.properties import connection
from sor.stream.kafka.refusals import Refusals

PARTITION = 0
CONNECT_SECONDS = 10
Client = TypeVar("Client")

_REFUSALS = Refusals()


def common() -> dict[str, Any]:
    """What every client of ours has, and how this broker wants to be spoken to (`--kafka-config`)."""
    # Without the last, a client comes back up to 30 s after its broker.
    ours = {"client_id": "sor", "reconnect_backoff_ms": 50, "reconnect_backoff_max_ms": 1000}
    return ours | connection()


def connect(kind: Callable[..., Client], servers: str, seconds: int = CONNECT_SECONDS, **settings: Any) -> Client:
    """A client of this kind, or kafka-python's own error. Where no broker answers its constructors leave a thread and
    three open files behind, and a caller that waits for a broker calls them again and again."""
    opened: list[KafkaNetClient] = []

    def noted(**config: Any) -> KafkaNetClient:
        opened.append(KafkaNetClient(**config))
        return opened[-1]

    try:
        return kind(
            bootstrap_servers=servers,
            bootstrap_timeout_ms=seconds * 1000,
            kafka_client=noted,
            **settings,
            **common(),
        )
    except BaseException:
        for client in opened:
            client.close()
        raise


class Record(Protocol):
    """A message as kafka-python hands it over."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


def quiet() -> None:
    """kafka-python's own log goes nowhere, except when somebody looks for trouble (SOR_KAFKA_LOG=1)."""
    logger = logging.getLogger("kafka")
    if _REFUSALS not in logger.handlers:
        logger.addHandler(_REFUSALS)
    logger.propagate = bool(os.environ.get("SOR_KAFKA_LOG"))


@contextmanager
def our_words(servers: str, doing: str) -> Iterator[None]:
    quiet()
    _REFUSALS.forget()
    try:
        yield
    except (
        kafka_errors.KafkaConnectionError,
        kafka_errors.KafkaTimeoutError,
        kafka_errors.MetadataEmptyBrokerList,  # a broker that is just coming up knows of none, nor of itself
    ) as error:
        raise no_broker(servers) from error
    except kafka_errors.AuthorizationError as error:
        raise StreamError(f"{doing}: the broker at {servers} does not let this user do that") from error
    except kafka_errors.InvalidTopicError as error:
        raise InputError(f"{doing}: a topic's name has letters, digits, dot, dash and underscore only") from error
    except (kafka_errors.KafkaError, ValueError) as error:
        raise StreamError(f"{doing} failed at {servers}: {said(error)}") from error


def said(error: Exception) -> str:
    return f"{type(error).__name__.removesuffix('Error')}: {' '.join(str(error).split())[:160]}"


def no_broker(servers: str) -> StreamError:
    if refused := _REFUSALS.reason(servers, logs_in="sasl_mechanism" in connection()):
        return StreamError(refused)
    return BrokerAwayError(
        f"no Kafka broker answers at {servers}: is it running? (sor kafka up starts one here, sor kafka status looks)"
    )


@contextmanager
def admin_client(servers: str, seconds: int = CONNECT_SECONDS) -> Iterator[Any]:
    client = connect(KafkaAdminClient, servers, seconds, request_timeout_ms=seconds * 1000)
    try:
        yield client
    finally:
        client.close()
