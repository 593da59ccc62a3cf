"""A broker as an operator sees it, for the screen: asked in a worker process, because kafka-python waits at times."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sor.errors import SorError
from tui.messages import BrokerDone, BrokerOrder, BrokerRequest, BrokerState, Event, Noted

UNITS = ("zookeeper.service", "kafka.service")
JOURNAL_LINES = 6
Say = Callable[[Event], None]


def answers(servers: str, seconds: float = 1.0) -> bool:
    """Whether anything takes connections at the first of the servers: a look, not a proof."""
    host, _, port = servers.split(",")[0].strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), seconds):
            return True
    except (OSError, ValueError):
        return False


def watch(say: Say, wanted: BrokerRequest) -> None:
    """Look again and again, until the screen goes away (then this process is ended)."""
    before: BrokerState | None = None
    while True:
        state = look(wanted)
        if state != before:
            say(state)
        before = state
        time.sleep(wanted.every)


def look(wanted: BrokerRequest) -> BrokerState:
    from sor.broker.local import brokers_at
    from sor.broker.status import describe

    host, _, port = wanted.servers.split(",")[0].strip().rpartition(":")
    lines: list[str] = []
    local = False
    if host in ("127.0.0.1", "localhost") and port.isdigit():
        for report in (describe(broker) for broker in brokers_at(int(port))):
            if report.runs:
                local = True
                lines += report.lines
    units, journal = systemd()
    if not answers(wanted.servers):
        return BrokerState(False, local, (*lines, f"no broker answers at {wanted.servers}"), (), (), units, journal)
    lines = lines or [f"a broker answers at {wanted.servers}, not started by `sor kafka up`"]
    try:
        topics, groups = _contents(wanted)
    except SorError as error:
        return BrokerState(False, local, (*lines, str(error)), (), (), units, journal)
    return BrokerState(True, local, tuple(lines), topics, groups, units, journal)


def _contents(wanted: BrokerRequest) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    from sor.stream.admin import Admin

    with Admin(wanted.servers) as admin:
        topics = tuple(
            (t.name, f"{t.end - t.first:,}", f"{t.first:,}", f"{t.end:,}", _size(t.bytes))
            for t in admin.topics()
            if not t.name.startswith("__")
        )
        groups = tuple(
            (g.name, g.state, g.topic, f"{g.committed:,}", f"{g.end:,}", f"{g.lag:,}") for g in admin.groups()
        )
    return topics, groups


def _size(count: int | None) -> str:
    return "?" if count is None else f"{count / 1e6:.1f} MB"


def order(say: Say, wanted: BrokerOrder) -> None:
    """`sor kafka up` or `down`, in its own words."""
    from sor.broker.local import brokers_at, local_broker
    from sor.broker.settings import DEFAULT_VERSION

    def tell(text: str) -> None:
        say(Noted(text, "broker"))

    if wanted.up:
        broker = replace(local_broker(DEFAULT_VERSION, wanted.port), say=tell)
        broker.up()
        say(BrokerDone(f"Kafka {broker.version} serves {broker.bootstrap_servers}"))
        return
    ours = [broker for broker in brokers_at(wanted.port) if broker.kafka.find() or broker.zookeeper.find()]
    if not ours:
        raise SorError(f"no broker of ours runs at port {wanted.port}: what is there was not started by `sor kafka up`")
    for broker in ours:
        replace(broker, say=tell).down()
    say(BrokerDone(f"the broker at port {wanted.port} is down"))


def systemd() -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The state of the two units and the last lines of their journal; nothing where there is no systemd."""
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return (), ()
    states = _said("systemctl", "is-active", *UNITS)
    journal = _said("journalctl", "--no-pager", "-q", "-o", "short-iso", "-n", str(JOURNAL_LINES), *_each("-u", UNITS))
    return tuple(zip(UNITS, states, strict=False)), tuple(journal)


def _each(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _said(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
