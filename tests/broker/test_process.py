"""Detached processes: found again by pid file or mark, never confused with a later one of the same id."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sor.broker.process import Daemon, LiveProcess, is_alive, last_meaningful_line, resident_bytes, wait_gone

SLEEP = "import sys, time; print('begun', flush=True); time.sleep(300)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('begun', flush=True); time.sleep(300)"


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon("Sleeper", tmp_path, f"-Dmark={tmp_path}")
    yield made
    made.kill()


def start(daemon: Daemon, program: str = SLEEP) -> LiveProcess:
    """Start it, and return when it has really begun."""
    running = daemon.start([sys.executable, "-c", program, daemon.mark])
    while not daemon.log_text().endswith("\n"):  # the line may come in two pieces
        assert is_alive(running)
    return running


def test_start_find_stop(daemon: Daemon) -> None:
    assert daemon.find() is None
    running = start(daemon)
    assert daemon.find() == running
    assert os.getsid(running.pid) == running.pid  # a session of its own: the shell's end does not reach it
    memory = resident_bytes(running)
    assert memory is not None
    assert 1_000_000 < memory < 1_000_000_000
    assert daemon.stop(10.0)
    assert daemon.find() is None
    assert not is_alive(running)
    assert not daemon.pid_file.exists()
    assert daemon.stop(10.0)  # again: nothing to do


def test_found_at_once_after_the_start(daemon: Daemon) -> None:
    for _ in range(20):
        running = daemon.start([sys.executable, "-c", SLEEP, daemon.mark])
        assert daemon.find() == running
        daemon.kill()


def test_one_that_ignores_the_signal_is_killed_and_it_is_said(daemon: Daemon) -> None:
    running = start(daemon, STUBBORN)
    assert not daemon.stop(0.3)
    assert not is_alive(running)


@pytest.mark.parametrize(
    "note", [None, "", "{", '{"pid": "x", "started": 1}', "[]", '{"pid": 999999999, "started": "1"}']
)
def test_found_by_its_mark_when_the_pid_file_is_lost_or_unreadable(daemon: Daemon, note: str | None) -> None:
    running = start(daemon)
    if note is None:
        daemon.pid_file.unlink()
    else:
        daemon.pid_file.write_text(note)
    assert daemon.find() == running


def test_another_process_with_the_same_id_is_not_ours(daemon: Daemon) -> None:
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()  # it has begun: until then it has no command line, and could be ours
        started = Path(f"/proc/{other.pid}/stat").read_text().rpartition(")")[2].split()[19]
        for note in ({"pid": other.pid, "started": "12345"}, {"pid": other.pid, "started": started}):
            daemon.pid_file.write_text(json.dumps(note))  # first another start, then another command line
            assert daemon.find() is None
            assert daemon.stop(1.0)
            assert other.poll() is None  # and it was left alone
        other.communicate(b"\n")


def test_a_folder_whose_name_begins_alike_is_another(daemon: Daemon, tmp_path: Path) -> None:
    start(daemon)
    alike = Daemon("Sleeper", tmp_path / "other", daemon.mark[:-1])
    assert alike.find() is None


def test_a_dead_child_is_no_zombie_of_ours(daemon: Daemon) -> None:
    running = start(daemon)
    os.kill(running.pid, signal.SIGKILL)
    assert wait_gone(running, 10.0)
    assert daemon.find() is None
    assert not Path(f"/proc/{running.pid}").exists()


def test_the_log_of_the_start_before_is_kept(daemon: Daemon) -> None:
    start(daemon, SLEEP.replace("begun", "begun once"))
    daemon.kill()
    start(daemon, SLEEP.replace("begun", "begun twice"))
    assert daemon.log_text() == "begun twice\n"
    assert daemon.log.with_name("sleeper.log.1").read_text() == "begun once\n"


BIND = """\
[2026-11-23 02:01:36,700] INFO starting (kafka.server.KafkaServer)
[2026-11-23 02:01:36,732] ERROR [KafkaServer id=0] Fatal error during KafkaServer startup. (kafka.server)
org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092: Address already in use.
\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:778)
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
\t... 13 more
[2026-11-23 02:01:36,733] INFO [KafkaServer id=0] shut down completed (kafka.server.KafkaServer)
"""

CLASS = "Caused by: java.lang.ClassNotFoundException: k"
OLD = "java.lang.UnsupportedClassVersionError: too old"


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (BIND, "Caused by: java.net.BindException: Address already in use"),
        ("[x] INFO a\n[x] ERROR no space (kafka)\n[x] INFO bye\n", "[x] ERROR no space (kafka)"),
        (
            "Error occurred during initialization of VM\nCould not reserve enough space for 262144KB object heap\n",
            "Error occurred during initialization of VM",
        ),
        ("Error: no main class\nCaused by: java.lang.ClassNotFoundException: k\n", CLASS),
        (f"{OLD}\n\tat x\n", OLD),
        ("one\n\ntwo\n\n", "two"),
        ("", "the log is empty"),
    ],
)
def test_the_line_that_says_why(log: str, line: str) -> None:
    assert last_meaningful_line(log) == line
