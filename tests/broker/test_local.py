"""What can be said of a local broker without starting one."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from sor.broker import local, ports, settings
from sor.broker.local import LocalBroker, known_brokers, local_broker, read
from sor.errors import SorError


def note(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "broker.json").write_text(text)
    return folder


def test_the_usual_folder_is_by_version_and_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))
    broker = local_broker("3.6.1", 9093)
    assert broker == LocalBroker("3.6.1", 9093, 2182, tmp_path / "kafka" / "3.6.1-9093")
    assert broker.bootstrap_servers == "127.0.0.1:9093"
    assert local_broker("3.6.1", 9093, 4000, Path("/x")) == LocalBroker("3.6.1", 9093, 4000, Path("/x"))


def test_known_brokers_are_those_with_a_note_that_can_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))
    assert known_brokers() == []
    good = note(tmp_path / "kafka" / "a", json.dumps({"version": "3.9.1", "port": 9092, "zookeeper_port": 2181}))
    for i, text in enumerate(
        ["", "{", "[]", '{"version": "3.9.1"}', '{"version": 1, "port": "x", "zookeeper_port": 1}']
    ):
        note(tmp_path / "kafka" / f"b{i}", text)
    assert known_brokers() == [LocalBroker("3.9.1", 9092, 2181, good)]
    assert read(tmp_path / "nowhere") is None


def test_nothing_runs_in_a_new_folder(tmp_path: Path) -> None:
    broker = LocalBroker("3.9.1", 1, 2, tmp_path)
    assert not broker.is_ready()
    assert broker.kafka.find() is None
    broker.down()  # nothing to do, and nothing is said to have gone wrong


def test_a_full_disk_is_said_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = LocalBroker("3.9.1", 1, 2, tmp_path)

    def full(path: Path, text: str, **how: bool) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local, "find_kafka", lambda version, say: None)
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    monkeypatch.setattr(local, "write_whole", full)
    with pytest.raises(SorError, match=f"^{tmp_path}: No space left on device$"):
        broker.up()


@pytest.mark.parametrize(
    ("command", "short"),
    [
        ("/usr/bin/java -Xmx256m -cp /x/libs/* kafka.Kafka /x/server.properties", "/usr/bin/java ... kafka.Kafka"),
        ("nginx: master process", "nginx: master process"),
        ("x" * 200, "x" * 97 + "..."),
    ],
)
def test_a_command_line_is_cut_to_what_names_it(command: str, short: str) -> None:
    assert local._short(command) == short


def test_the_commands_use_the_shared_files(tmp_path: Path) -> None:
    from sor.broker.distribution import KafkaDistribution

    broker = LocalBroker("3.9.1", 9999, 8888, tmp_path)
    kafka = KafkaDistribution("3.9.1", Path("/k"), "cache")
    command = broker._kafka_command(kafka, "/j")
    assert command[0] == "/j"
    at = command.index("kafka.Kafka")
    assert command[at + 1] == str(settings.CONFIG / "server.properties")
    assert f"log.dirs={tmp_path}/kafka" in command[at + 2 :]
    assert command[at - 2 : at] == ["-cp", "/k/libs/*"]
    command = broker._zookeeper_command(kafka, "/j")
    text = Path(command[-1]).read_text()
    assert text.startswith((settings.CONFIG / "zookeeper.properties").read_text().rstrip())
    assert text.endswith(f"clientPort=8888\ndataDir={tmp_path}/zookeeper\n")
