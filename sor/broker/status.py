"""What is to be said of a local broker: for `sor kafka status`."""

from __future__ import annotations

from dataclasses import dataclass

from sor.broker import ports
from sor.broker.local import LocalBroker
from sor.broker.probe import ask_metadata, broker_serves, zookeeper_serves
from sor.broker.process import Daemon, resident_bytes
from sor.broker.settings import LOOPBACK


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One broker: does anything of it run, does all of it serve, and the lines that say so."""

    runs: bool
    serves: bool
    lines: tuple[str, ...]


def describe(broker: LocalBroker) -> BrokerStatus:
    """Look at both processes and ask both whether they serve."""
    zookeeper = _part(broker.zookeeper, broker.zookeeper_port, zookeeper_serves(broker.zookeeper_port))
    kafka = _part(broker.kafka, broker.port, broker_serves(broker.port))
    lines = (f"Kafka {broker.version} at {broker.bootstrap_servers}, state {broker.folder}", zookeeper.line, kafka.line)
    return BrokerStatus(zookeeper.runs or kafka.runs, zookeeper.serves and kafka.serves, lines)


def stranger(port: int) -> str | None:
    """A line on a broker that serves this port but is not ours."""
    if ask_metadata(port) is None:
        return None
    who = ports.owner(port)
    return f"a broker that `sor kafka up` did not start serves {LOOPBACK}:{port}" + (
        f" (process {who[0]})" if who else ""
    )


@dataclass(frozen=True, slots=True)
class _Part:
    runs: bool
    serves: bool
    line: str


def _part(daemon: Daemon, port: int, answers: bool) -> _Part:
    running = daemon.find()
    if running is None:
        return _Part(False, False, f"  {daemon.name}: down")
    memory = resident_bytes(running)
    words = [f"process {running.pid}", f"port {port}", "serves" if answers else "does not answer"]
    if memory is not None:
        words.append(f"{memory / 1e6:.0f} MB resident")
    return _Part(True, answers, f"  {daemon.name}: " + ", ".join(words))
