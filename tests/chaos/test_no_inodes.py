"""A file system without an inode left under a broker that runs: one line each, and all is there once there is room."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stream_tools import Few, digest, read_run, topic_name

from sor.broker.local import LocalBroker
from sor.errors import SorError
from sor.stream.produce.producer import produce

pytestmark = pytest.mark.broker


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=400", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def small_broker(disk: Path, broker: Any, free_ports: Any) -> Iterator[LocalBroker]:
    """A broker whose topics lie there."""
    port, zookeeper = free_ports()
    made = replace(broker.local, port=port, zookeeper_port=zookeeper, folder=disk / "kafka")
    made.up()
    yield made
    made.down()


def take_all(disk: Path) -> list[Path]:
    taken: list[Path] = []
    for number in itertools.count():
        path = disk / f"taken-{number}"
        try:
            path.touch()
        except OSError:
            return taken
        taken.append(path)
    raise AssertionError


def test_a_broker_whose_disk_has_no_inode_left(small_broker: LocalBroker, disk: Path, monkeypatch: Any) -> None:
    servers, topic, source = small_broker.bootstrap_servers, topic_name(), Few(300)
    monkeypatch.setenv("SOR_STATE", str(disk / "state"))
    produce(source, servers, topic, run_id="before")
    taken = take_all(disk)
    with pytest.raises(SorError) as said:  # a folder for the partition cannot be made: the broker stops, and says so
        produce(source, servers, topic_name(), run_id="r", timeout=5)
    assert len(str(said.value).splitlines()) == 1
    deadline = time.monotonic() + 60
    while small_broker.kafka.find():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises((SorError, OSError), match=f"{disk}.*: No space left on device|No space left on device.*{disk}"):
        small_broker.up()
    for path in taken:
        path.unlink()
    small_broker.up()
    found, facts, _ = read_run(servers, topic, "before")
    assert found == digest([source.batch])
    assert facts.complete
