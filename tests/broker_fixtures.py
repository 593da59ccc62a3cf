"""A real broker for the tests: on free loopback ports, in a folder of its own, taken down at the end.

    @pytest.mark.broker
    def test_x(broker): ...                      # 3.9.1, one for the whole session, brought up if a test left it down
    def test_y(broker_factory): broker_factory("3.6.1")

Set SOR_TEST_BROKER=off to skip all of them.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sor.broker import ports, settings
from sor.broker.distribution import find_kafka
from sor.broker.java import find_java
from sor.broker.local import LocalBroker
from sor.errors import SorError


@dataclass
class RunningBroker:
    """A broker and what a test does to it. Every `start` returns when the broker answers."""

    local: LocalBroker
    messages: list[str]  # what `sor kafka up` told its user, newest last

    @property
    def bootstrap_servers(self) -> str:
        return self.local.bootstrap_servers

    @property
    def version(self) -> str:
        return self.local.version

    def start(self) -> None:
        """Bring up what is missing; nothing if all serves. After a kill -9 this takes up to 40 s."""
        self.local.up()

    def stop(self) -> None:
        """A clean stop of both; about 2 s."""
        self.local.down()

    def stop_kafka(self) -> None:
        """A clean stop of the broker alone: with `start` after it, a restart of about 4 s."""
        self.local.kafka.stop(30.0)

    def restart(self) -> None:
        """A clean restart of the broker; ZooKeeper goes on."""
        self.stop_kafka()
        self.start()

    def kill9(self) -> None:
        """kill -9 the broker; ZooKeeper goes on and holds its session for 18 s."""
        self.local.kafka.kill()

    def kill9_zookeeper(self) -> None:
        """kill -9 ZooKeeper; the broker goes on."""
        self.local.zookeeper.kill()

    def restart_zookeeper(self) -> None:
        """A clean restart of ZooKeeper under a running broker."""
        self.local.zookeeper.stop(30.0)
        self.start()

    def with_version(self, version: str) -> RunningBroker:
        """The same state folder and ports under another version; stop the one before starting the other."""
        return RunningBroker(replace(self.local, version=version), self.messages)

    def run_tool(self, main: str, *arguments: str, timeout: float = 90.0) -> subprocess.CompletedProcess[str]:
        """Run one of the distribution's tools by its class, as its script would; bootstrap servers are yours to give.

        3.9.1: org.apache.kafka.tools.consumer.ConsoleConsumer, ...tools.consumer.group.ConsumerGroupCommand;
        3.6.1: kafka.tools.ConsoleConsumer, kafka.admin.ConsumerGroupCommand.
        """
        kafka = find_kafka(self.version, self.messages.append)
        quiet = Path(__file__).parent / "tools-log.properties"
        command = [str(find_java().program), "-Xmx128m", f"-Dlog4j.configuration={quiet.as_uri()}"]
        return subprocess.run(
            [*command, "-cp", kafka.classpath, main, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


Factory = Callable[..., RunningBroker]


@pytest.fixture(scope="session")
def broker_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Factory]:
    """Make a broker of a version, brought up, in a folder of its own; all are taken down at the end of the session."""
    made: list[RunningBroker] = []

    def make(version: str = settings.DEFAULT_VERSION) -> RunningBroker:
        if os.environ.get("SOR_TEST_BROKER") == "off":
            pytest.skip("SOR_TEST_BROKER=off")
        port, zookeeper = _free_ports()
        messages: list[str] = []
        try:
            find_java()
            find_kafka(version, messages.append)
        except SorError as error:
            pytest.skip(f"no local broker here: {error}")
        folder = tmp_path_factory.mktemp(f"kafka-{version}")
        broker = RunningBroker(LocalBroker(version, port, zookeeper, folder, messages.append), messages)
        made.append(broker)
        broker.start()
        return broker

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture(scope="session")
def _session_broker(broker_factory: Factory) -> RunningBroker:
    return broker_factory()


@pytest.fixture
def broker(_session_broker: RunningBroker) -> RunningBroker:
    """The session's broker of the default version, up and serving whatever the test before did to it."""
    _session_broker.start()
    return _session_broker


def _free_ports() -> tuple[int, int]:
    """A free port and its ZooKeeper's, below those that the system gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        zookeeper = settings.zookeeper_port(port)
        if ports.is_free(port) and ports.is_free(zookeeper):
            return port, zookeeper


@pytest.fixture
def free_ports() -> Callable[[], tuple[int, int]]:
    """Call it for a free port and the port of the ZooKeeper beside it."""
    return _free_ports
