"""One local ZooKeeper and broker: up, down, status, and what happens in between when something went wrong.

Nothing is remembered but the state folder (data, logs, pid files); every call looks at what really runs and fixes it.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sor.broker import ports, settings
from sor.broker.distribution import KafkaDistribution, find_kafka
from sor.broker.java import find_java
from sor.broker.probe import broker_serves, zookeeper_serves
from sor.broker.process import Daemon, LiveProcess, is_alive, last_meaningful_line
from sor.errors import SorError
from sor.files.writing import private_dir, private_opener, try_lock, wait_for_lock, write_whole
from sor.paths import state_dir

READY_SECONDS = 120.0  # a start takes 3 s here, and a minute on a machine that is out of CPU credits
STOP_SECONDS = 30.0
# zookeeper.session.timeout.ms is 18 s and is counted again when ZooKeeper itself was restarted, hence twice and a bit.
SESSION_SECONDS = 40.0
_POLL = 0.1
_NOTE = "broker.json"
_OLD_SESSION = "node already exists"

Say = Callable[[str], None]


def _quiet(message: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """A broker of one version at one loopback port, with its state in one folder."""

    version: str
    port: int
    zookeeper_port: int
    folder: Path
    say: Say = field(default=_quiet, compare=False)

    @property
    def bootstrap_servers(self) -> str:
        return f"{settings.LOOPBACK}:{self.port}"

    @property
    def kafka(self) -> Daemon:
        return Daemon("Kafka", self.folder, f"-Dsor.kafka={self.folder}")

    @property
    def zookeeper(self) -> Daemon:
        return Daemon("ZooKeeper", self.folder, f"-Dsor.zookeeper={self.folder}")

    def is_ready(self) -> bool:
        """Whether both processes are ours, alive, and answer."""
        return (
            self.zookeeper.find() is not None
            and self.kafka.find() is not None
            and zookeeper_serves(self.zookeeper_port)
            and broker_serves(self.port)
        )

    def up(self) -> None:
        """Bring up whatever is missing and return when the broker answers; nothing to do is no error."""
        with self._lock():
            self._check_note()
            if self.is_ready():
                self.say(f"Kafka {self.version} already serves {self.bootstrap_servers}")
                return
            self._check_ports()
            distribution, java = find_kafka(self.version, self.say), str(find_java().program)
            self._write_note()
            self.start_zookeeper(distribution, java)
            self.start_kafka(distribution, java)

    def down(self) -> None:
        """Stop the broker, then ZooKeeper: in this order it leaves the cluster in good order."""
        with self._lock():
            for daemon in (self.kafka, self.zookeeper):
                if not daemon.stop(STOP_SECONDS):
                    self.say(f"{daemon.name} did not stop within {STOP_SECONDS:.0f} s and had to be killed")

    def wipe(self) -> None:
        """Take the data of a stopped broker away: topics, offsets, logs."""
        shutil.rmtree(self.folder)

    def start_zookeeper(self, distribution: KafkaDistribution, java: str) -> None:
        running = self.zookeeper.find()
        if running is None:
            self.say(f"starting ZooKeeper at {settings.LOOPBACK}:{self.zookeeper_port}")
            running = self.zookeeper.start(self._zookeeper_command(distribution, java))
        if not _serves_or_dies(self.zookeeper, running, lambda: zookeeper_serves(self.zookeeper_port)):
            raise _death(self.zookeeper)

    def start_kafka(self, distribution: KafkaDistribution, java: str) -> None:
        """Start the broker; while ZooKeeper still holds a killed one's session, say so and try again."""
        deadline = time.monotonic() + SESSION_SECONDS
        announced = False
        while True:
            running = self.kafka.find()
            if running is None:
                if not announced:
                    self.say(f"starting Kafka {self.version} at {self.bootstrap_servers}")
                running = self.kafka.start(self._kafka_command(distribution, java))
            if _serves_or_dies(self.kafka, running, lambda: broker_serves(self.port)):
                return
            if _OLD_SESSION not in self.kafka.log_text() or time.monotonic() > deadline:
                raise _death(self.kafka)
            if not announced:
                self.say(
                    "ZooKeeper still holds the session of the broker before, which could not sign off: "
                    f"waiting until it expires (up to {SESSION_SECONDS:.0f} s)"
                )
                announced = True

    def _zookeeper_command(self, distribution: KafkaDistribution, java: str) -> list[str]:
        shared = (settings.CONFIG / "zookeeper.properties").read_text("utf-8")
        overrides = settings.zookeeper_overrides(self.zookeeper_port, self.folder / "zookeeper")
        config = self.folder / "zookeeper.properties"
        write_whole(config, settings.with_overrides(shared, overrides), private=True)
        options = [*settings.jvm_options("zookeeper"), self.zookeeper.mark]
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        return [java, *options, *_common(distribution), main, str(config)]

    def _kafka_command(self, distribution: KafkaDistribution, java: str) -> list[str]:
        overrides = settings.kafka_overrides(self.port, self.zookeeper_port, self.folder / "kafka")
        options = [*settings.jvm_options("kafka"), self.kafka.mark]
        config = str(settings.CONFIG / "server.properties")
        return [
            *(java, *options, *_common(distribution)),
            *("kafka.Kafka", config, *settings.override_arguments(overrides)),
        ]

    def _check_ports(self) -> None:
        wanted = ((self.kafka, self.port, "--port"), (self.zookeeper, self.zookeeper_port, "--zookeeper-port"))
        for daemon, port, option in wanted:
            if daemon.find() is None and not ports.is_free(port):
                raise SorError(_taken(daemon.name, port, option))

    def _check_note(self) -> None:
        """What runs in the folder must be what is asked for: a change of version or port is a stop and a start."""
        before = read(self.folder)
        runs = self.kafka.find() is not None or self.zookeeper.find() is not None
        if runs and before is not None and before != self:
            raise SorError(
                f"Kafka {before.version} at port {before.port} (ZooKeeper {before.zookeeper_port}) runs with the data "
                f"in {self.folder}; stop it first: sor kafka down --port {before.port}"
            )

    def _write_note(self) -> None:
        note = {"version": self.version, "port": self.port, "zookeeper_port": self.zookeeper_port}
        write_whole(self.folder / _NOTE, json.dumps(note), private=True)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One `up` or `down` at a time in one folder; the second waits for the first."""
        private_dir(self.folder)
        with open(self.folder / "lock", "w", opener=private_opener) as file:
            if not try_lock(file.fileno()):
                self.say(f"waiting for another `sor kafka` that works in {self.folder}")
                wait_for_lock(file.fileno())
            try:
                yield
            except OSError as error:  # a full disk names no file
                raise SorError(f"{error.filename or self.folder}: {error.strerror or error}") from error


def _serves_or_dies(daemon: Daemon, running: LiveProcess, serves: Callable[[], bool]) -> bool:
    """True as soon as it answers, False as soon as it has ended; an error when it does neither for long."""
    deadline = time.monotonic() + READY_SECONDS
    while is_alive(running):
        if serves():
            return True
        if time.monotonic() > deadline:
            raise SorError(
                f"{daemon.name} (process {running.pid}) has not answered for {READY_SECONDS:.0f} s; "
                f"its last words: {last_meaningful_line(daemon.log_text())} ({daemon.log}). Stop it: sor kafka down"
            )
        time.sleep(_POLL)
    return False


def _death(daemon: Daemon) -> SorError:
    daemon.pid_file.unlink(missing_ok=True)
    return SorError(f"{daemon.name} did not start: {last_meaningful_line(daemon.log_text())} (log: {daemon.log})")


def _common(distribution: KafkaDistribution) -> list[str]:
    logging = (settings.CONFIG / "reload4j.properties").as_uri()
    return [f"-Dlog4j.configuration={logging}", "-cp", distribution.classpath]


def _taken(name: str, port: int, option: str) -> str:
    who, ours = ports.owner(port), ours_listening(port)
    if ours is not None:
        return (
            f"port {port} is taken by Kafka {ours.version} of `sor kafka up`: stop it with sor kafka down --port {port}"
        )
    by = "another process" if who is None else f"process {who[0]} ({_short(who[1])})"
    return f"{name}'s port {port} is taken by {by}: stop that, or choose another with {option}"


def _short(command: str, width: int = 100) -> str:
    """Enough of a command line to know it: of a JVM's pages the program and its main class."""
    words = command.split()
    if words and words[0].endswith("java"):
        mains = [word for word in words[1:] if not word.startswith("-") and "." in word and "/" not in word]
        command = " ".join([words[0], "...", *mains[:1]])
    return command if len(command) <= width else command[: width - 3] + "..."


def local_broker(version: str, port: int, zookeeper: int | None = None, folder: Path | None = None) -> LocalBroker:
    """The broker at a port, with the usual ZooKeeper port and state folder unless others are given."""
    place = folder or state_dir() / "kafka" / f"{version}-{port}"
    return LocalBroker(version, port, zookeeper or settings.zookeeper_port(port), place.absolute())


def known_brokers() -> list[LocalBroker]:
    """Every broker that has a state folder of the usual kind."""
    notes = sorted((state_dir() / "kafka").glob(f"*/{_NOTE}"))
    return [found for note in notes if (found := read(note.parent)) is not None]


def brokers_at(port: int) -> list[LocalBroker]:
    """Ours at a port: those of the usual state folders, and one that listens there with a folder of its own."""
    found = [broker for broker in known_brokers() if broker.port == port]
    listening = ours_listening(port)
    return found if listening is None or listening in found else [*found, listening]


def ours_listening(port: int) -> LocalBroker | None:
    """The broker of ours that listens at a port, known by the mark on its command line."""
    who = ports.owner(port)
    mark = re.search(r"-Dsor\.kafka=(.*?) -Dlog4j", who[1]) if who else None
    return read(Path(mark[1])) if mark else None


def read(folder: Path) -> LocalBroker | None:
    """The broker that a state folder belongs to; None if it belongs to none."""
    try:
        note = json.loads((folder / _NOTE).read_text("utf-8"))
        return LocalBroker(str(note["version"]), int(note["port"]), int(note["zookeeper_port"]), folder)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
