"""Ports, the broker's own answer, and the topic with its retention."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sor.broker import ports
from sor.broker.probe import broker_serves, zookeeper_serves
from sor.broker.settings import DEFAULT_PORT, DEFAULT_ZOOKEEPER_PORT, LOOPBACK
from sor.doctor import server_layout as place
from sor.doctor import systemd
from sor.doctor.finding import Finding, State
from sor.errors import SorError
from sor.stream.kafka.properties import in_use

MIB = 1 << 20


def check(servers: str, topic: str) -> Iterator[Finding]:
    """From the outside in: who listens, who answers, what is in it."""
    yield _exposure()
    # A broker that needs TLS or a password does not answer a plain question.
    port = None if in_use() else _local_port(servers)
    if port == DEFAULT_PORT:
        yield _zookeeper()
    serves = broker_serves(port, 5) if port else None
    if serves is False:
        yield _away(servers)
        return
    yield from _topic(servers, topic)


def _exposure() -> Finding:
    """Loopback is the control that matters: nothing on this machine may reach the broker from outside."""
    ours = [found for found in ports.listeners() if found.port in (DEFAULT_PORT, DEFAULT_ZOOKEEPER_PORT)]
    open_ones = sorted({f"{found.address}:{found.port}" for found in ours if not found.is_loopback})
    if open_ones:
        fix = "make deploy    (it writes the settings again; who listens: ss -ltnp)"
        return Finding("ports", State.WRONG, f"open beyond loopback: {', '.join(open_ones)}", fix)
    seen = ", ".join(sorted({str(found.port) for found in ours})) or "none"
    return Finding("ports", State.OK, f"of 2181 and 9092 listening, on loopback alone: {seen}")


def _local_port(servers: str) -> int | None:
    """The port of a single broker on this machine; None for anything else."""
    host, _, port = servers.partition(":")
    return int(port) if host in (LOOPBACK, "localhost") and re.fullmatch("[0-9]{1,5}", port) else None


def _zookeeper() -> Finding:
    if zookeeper_serves(DEFAULT_ZOOKEEPER_PORT, 5):
        return Finding("zookeeper", State.OK, f"answers at {LOOPBACK}:{DEFAULT_ZOOKEEPER_PORT}")
    seen = f"does not answer at {LOOPBACK}:{DEFAULT_ZOOKEEPER_PORT}"
    return Finding("zookeeper", *_absent(seen, "zookeeper"))


def _away(servers: str) -> Finding:
    return Finding("broker", *_absent(f"does not answer at {servers}", "kafka"))


def _absent(seen: str, unit: str) -> tuple[State, str, str]:
    """On a server a fault; elsewhere a backtest of a file needs no broker."""
    if place.is_server():
        return State.WRONG, seen, systemd.restart(unit)
    return State.WARNING, f"{seen}; only needed for --from-kafka", "sor kafka up"


def _topic(servers: str, topic: str) -> Iterator[Finding]:
    from sor.stream.kafka.topics import Admin, topic_settings

    try:
        with Admin(servers) as admin:
            there = [found for found in admin.topics() if found.name == topic]
            settings = topic_settings(servers, topic) if there else {}
    except SorError as error:
        yield Finding("broker", *_absent(str(error), "kafka"))
        return
    yield Finding("broker", State.OK, f"answers at {servers}")
    if not there:
        state = State.WRONG if place.is_server() else State.WARNING
        yield Finding("topic", state, f"{topic!r} is not there", "sor produce --speed max    (it makes the topic)")
        return
    size = sum(found.bytes or 0 for found in there)
    messages = sum(found.end - found.first for found in there)
    yield Finding("topic", State.OK, f"{topic}: {messages} messages, {size // MIB} MiB")
    yield judge_retention(settings)


def judge_retention(settings: dict[str, str]) -> Finding:
    """Bounded in bytes, so that the disk cannot fill, and timed by the broker, so that replays do not expire."""
    fix = "make deploy"
    if settings.get("message.timestamp.type") != "LogAppendTime":
        return Finding("retention", State.WRONG, "the topic's times are the producer's: replays expire on arrival", fix)
    if int(settings.get("retention.bytes", -1)) < 0:
        return Finding("retention", State.WARNING, "no bound in bytes: the topic can fill the disk", fix)
    hours = int(settings["retention.ms"]) / 3_600_000
    return Finding("retention", State.OK, f"{hours:g} h and {int(settings['retention.bytes']) // MIB} MiB")
