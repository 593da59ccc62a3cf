"""`sor kafka status` says why something is down, in one line, as far as it is known."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sor.broker import settings
from sor.broker.local import LocalBroker
from sor.broker.status import describe
from sor.cli import run

Ports = Callable[[], tuple[int, int]]


@pytest.fixture
def down(tmp_path: Path, free_ports: Ports, monkeypatch: pytest.MonkeyPatch) -> LocalBroker:
    """A broker that was there once."""
    monkeypatch.setenv("SOR_STATE", str(tmp_path))
    monkeypatch.delenv("SOR_BOOTSTRAP_SERVERS", raising=False)
    port, zookeeper = free_ports()
    broker = LocalBroker("3.9.1", port, zookeeper, tmp_path / "kafka" / f"3.9.1-{port}")
    broker.folder.mkdir(parents=True)
    note = {"version": "3.9.1", "port": port, "zookeeper_port": zookeeper}
    (broker.folder / "broker.json").write_text(json.dumps(note))
    return broker


@pytest.fixture
def other() -> Iterator[int]:
    """A port at which something listens that speaks no Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def status(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["kafka", "status", *words], "sor") == 1
    return capsys.readouterr().out.splitlines()


def test_nothing_listens(down: LocalBroker, capsys: pytest.CaptureFixture[str]) -> None:
    _, zookeeper, kafka, last = status(capsys, "--port", str(down.port))
    assert zookeeper == f"  ZooKeeper: down: nothing listens at 127.0.0.1:{down.zookeeper_port}"
    assert kafka == f"  Kafka: down: nothing listens at 127.0.0.1:{down.port}"
    assert last == (
        f"no broker of ours runs, and nothing listens at 127.0.0.1:{down.port}; "
        f"start one with: sor kafka up --port {down.port}"
    )


def test_something_else_listens(
    other: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))
    (line,) = status(capsys, "--port", str(other))
    assert re.match(
        rf"no broker of ours runs, and something that is no broker of ours listens at 127\.0\.0\.1:{other}"
        r"( \(process \d+\))?; start one",
        line,
    )


def test_a_process_that_ended_is_said_with_its_last_words(
    down: LocalBroker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody asked for this port."""
    monkeypatch.setattr(settings, "DEFAULT_PORT", down.port)  # the usual one may have a broker of this machine's
    gone = subprocess.Popen(["true"])
    gone.wait()
    down.kafka.pid_file.write_text(json.dumps({"pid": gone.pid, "started": "1"}))
    down.kafka.log.write_text("[2026] INFO all is well\n[2026] ERROR no space left (kafka.Log)\n")
    assert describe(down).ended
    _, zookeeper, kafka, last = status(capsys)
    assert "down: nothing listens" in zookeeper
    assert kafka == (
        f"  Kafka: down: process {gone.pid} has ended by itself or was killed; "
        f"its last words: [2026] ERROR no space left (kafka.Log) ({down.kafka.log})"
    )
    assert last.startswith("no broker of ours runs")


def test_a_broker_of_another_machine_is_not_looked_for_here(
    down: LocalBroker, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOR_BOOTSTRAP_SERVERS", "kafka.example:9092")
    *_, last = status(capsys, "--port", str(down.port))
    assert last.endswith("(SOR_BOOTSTRAP_SERVERS names kafka.example:9092, another machine: sor kafka topics asks it)")
