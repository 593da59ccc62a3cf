"""The shared configuration files, and what a local broker adds to them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor.broker import settings


def properties(text: str) -> dict[str, str]:
    """As java.util.Properties reads: comments and blanks aside, the last value of a name wins."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def shared(name: str) -> dict[str, str]:
    return properties((settings.CONFIG / name).read_text("utf-8"))


def test_the_brokers_file_has_what_one_small_machine_needs() -> None:
    wanted = {
        "listeners": "PLAINTEXT://127.0.0.1:9092",
        "advertised.listeners": "PLAINTEXT://127.0.0.1:9092",
        "zookeeper.connect": "127.0.0.1:2181",
        "zookeeper.session.timeout.ms": "18000",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.min.isr": "1",
        "log.cleaner.dedupe.buffer.size": str(16 * 2**20),
        "inter.broker.protocol.version": "3.6",
        "log.segment.bytes": str(64 * 2**20),
        "log.retention.hours": "24",
        "log.retention.bytes": str(512 * 2**20),
        "socket.request.max.bytes": str(2 * 2**20),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        "log.message.timestamp.type": "LogAppendTime",
    }
    assert wanted.items() <= shared("server.properties").items()
    assert "heap.opts" not in shared("server.properties")  # no setting of Kafka's


def test_zookeepers_file_answers_on_loopback_and_only_whether_it_is_well() -> None:
    wanted = {
        "clientPort": "2181",
        "clientPortAddress": "127.0.0.1",
        "maxClientCnxns": "20",
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "ruok",
    }
    found = shared("zookeeper.properties")
    assert wanted.items() <= found.items()
    assert int(found["autopurge.purgeInterval"]) > 0


@pytest.mark.parametrize(("name", "heap"), [("kafka", "-Xmx256m"), ("zookeeper", "-Xmx64m")])
def test_java_options_are_read_as_systemd_reads_them(name: str, heap: str) -> None:
    options = settings.jvm_options(name)
    wanted = {
        heap,
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:MaxMetaspaceSize=96m",
        "-XX:ReservedCodeCacheSize=48m",
    }
    assert wanted <= set(options)
    lines = (settings.CONFIG / f"{name}.env").read_text("utf-8").splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]
    variable, _, value = line.partition("=")
    assert variable == "KAFKA_HEAP_OPTS"
    assert value == f'"{" ".join(options)}"'  # one pair of quotes around words that blanks separate
    assert shlex.split(value) == [" ".join(options)]


def test_an_env_file_without_the_variable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kafka.env").write_text("OTHER=1\n")
    with pytest.raises(ValueError, match="KAFKA_HEAP_OPTS"):
        settings.jvm_options("kafka", tmp_path)


def test_overrides_change_ports_and_folders_and_nothing_else() -> None:
    file = (settings.CONFIG / "zookeeper.properties").read_text("utf-8")
    overrides = settings.zookeeper_overrides(2199, Path("/x/zookeeper"))
    text = settings.with_overrides(file, overrides)
    assert text.startswith(file.rstrip("\n"))  # the shared file is there as it is
    before, after = properties(file), properties(text)
    assert {name for name in after if before.get(name) != after[name]} == {"clientPort", "dataDir"}
    kafka = settings.kafka_overrides(9999, 2199, Path("/x/kafka"))
    assert set(kafka) <= set(shared("server.properties"))  # only names that the shared file sets
    assert settings.override_arguments({"a": "1", "b": "2"}) == ["--override", "a=1", "--override", "b=2"]


@given(st.integers(1024, 65535), st.integers(1024, 65535))
def test_the_ports_of_two_brokers_never_meet(one: int, other: int) -> None:
    for port in (one, other):
        assert 1024 <= settings.zookeeper_port(port) <= 65535
        assert settings.zookeeper_port(port) != port
    if one != other and min(one, other) >= 8000:
        assert settings.zookeeper_port(one) != settings.zookeeper_port(other)
    assert settings.zookeeper_port(9092) == 2181
