"""Ask ZooKeeper and Kafka whether they serve, over their own protocols and with the standard library alone."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from sor.broker.settings import LOOPBACK

_METADATA_KEY, _METADATA_VERSION, _CORRELATION = 3, 1, 7
_CLIENT = b"sor-probe"
_LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a broker reports of its cluster: the registered brokers and the controller (-1: nobody yet)."""

    brokers: tuple[tuple[str, int], ...]
    controller: int


def zookeeper_serves(port: int, timeout: float = 2.0) -> bool:
    """Whether ZooKeeper answers `imok` to `ruok`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(b"ruok")
            return _receive(connection, 4) == b"imok"
    except OSError:
        return False


def broker_serves(port: int, timeout: float = 2.0) -> bool:
    """Whether a broker answers that it is registered at this port and that the cluster has a controller.

    Both are needed: a port that takes connections need not serve yet, and without a controller no topic can be made.
    """
    cluster = ask_metadata(port, timeout)
    return cluster is not None and cluster.controller >= 0 and any(p == port for _, p in cluster.brokers)


def ask_metadata(port: int, timeout: float = 2.0) -> Cluster | None:
    """The answer to a Metadata request (version 1, which every 3.x supports, for no topic), if there is one."""
    request = struct.pack(">hhih", _METADATA_KEY, _METADATA_VERSION, _CORRELATION, len(_CLIENT)) + _CLIENT
    request += struct.pack(">i", 0)
    try:
        with socket.create_connection((LOOPBACK, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(struct.pack(">i", len(request)) + request)
            (size,) = struct.unpack(">i", _receive(connection, 4))
            if not 8 <= size <= _LARGEST_ANSWER:
                return None
            return _parse(_receive(connection, size))
    except (OSError, struct.error, UnicodeDecodeError):
        return None


def _parse(answer: bytes) -> Cluster | None:
    correlation, count = struct.unpack_from(">ii", answer)
    if correlation != _CORRELATION:
        return None
    at, brokers = 8, []
    for _ in range(count):
        host, at = _string(answer, at + 4)
        (port,) = struct.unpack_from(">i", answer, at)
        _, at = _string(answer, at + 4)
        brokers.append((host, port))
    (controller,) = struct.unpack_from(">i", answer, at)
    return Cluster(tuple(brokers), controller)


def _string(answer: bytes, at: int) -> tuple[str, int]:
    """A nullable string of the protocol (length -1: none) and where the next field begins."""
    (length,) = struct.unpack_from(">h", answer, at)
    end = at + 2 + max(length, 0)
    return answer[at + 2 : end].decode("utf-8"), end


def _receive(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise ConnectionError("closed before the answer was complete")
        data += more
    return data
