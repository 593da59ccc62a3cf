"""What is to be said of a local broker: for `sor kafka status`."""

from __future__ import annotations

from dataclasses import dataclass

from sor.broker import ports
from sor.broker.local import LocalBroker
from sor.broker.probe import ask_metadata, broker_serves, zookeeper_serves
from sor.broker.process import Daemon, last_meaningful_line, resident_bytes
from sor.broker.settings import LOOPBACK


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """One broker: does anything of it run, does all of it serve, did something end by itself, and the lines on it."""

    runs: bool
    serves: bool
    ended: bool
    lines: tuple[str, ...]


def describe(broker: LocalBroker) -> BrokerStatus:
    """Look at both processes and ask both whether they serve."""
    zookeeper = _part(broker.zookeeper, broker.zookeeper_port, zookeeper_serves(broker.zookeeper_port))
    kafka = _part(broker.kafka, broker.port, broker_serves(broker.port))
    lines = (f"Kafka {broker.version} at {broker.bootstrap_servers}, state {broker.folder}", zookeeper.line, kafka.line)
    parts = (zookeeper, kafka)
    return BrokerStatus(
        any(part.runs for part in parts),
        all(part.serves for part in parts),
        any(part.ended for part in parts),
        lines,
    )


def foreign_broker(port: int) -> str | None:
    """A line on a broker that serves this port but is not ours."""
    if ask_metadata(port) is None:
        return None
    return f"a broker that `sor kafka up` did not start serves {LOOPBACK}:{port}{_owner(port)}"


def at_port(port: int) -> str:
    """What is known of a port at which none of ours serves."""
    if ports.is_free(port):
        return f"nothing listens at {LOOPBACK}:{port}"
    return f"something that is no broker of ours listens at {LOOPBACK}:{port}{_owner(port)}"


@dataclass(frozen=True, slots=True)
class _Part:
    runs: bool
    serves: bool
    ended: bool
    line: str


def _part(daemon: Daemon, port: int, answers: bool) -> _Part:
    running = daemon.find()
    if running is None:
        ended = daemon.noted()
        why = (
            at_port(port)
            if ended is None
            else f"process {ended.pid} has ended by itself or was killed; {_last_words(daemon)}"
        )
        return _Part(False, False, ended is not None, f"  {daemon.name}: down: {why}")
    memory = resident_bytes(running)
    words = [f"process {running.pid}", f"port {port}"]
    words.append("serves" if answers else f"does not answer; {_last_words(daemon)}")
    if memory is not None:
        words.insert(2, f"{memory / 1e6:.0f} MB resident")
    return _Part(True, answers, False, f"  {daemon.name}: " + ", ".join(words))


def _last_words(daemon: Daemon) -> str:
    return f"its last words: {last_meaningful_line(daemon.log_text())} ({daemon.log})"


def _owner(port: int) -> str:
    who = ports.owner(port)
    return f" (process {who[0]})" if who else ""
