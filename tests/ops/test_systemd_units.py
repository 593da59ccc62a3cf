"""The unit files say what the design fixed, and agree with the rest of the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sor.broker.distribution import PINNED_SHA512

REPO = Path(__file__).resolve().parents[2]
UNITS = {path.name: path.read_text("utf-8") for path in (REPO / "systemd").glob("*.service")}
SERVERS = ("kafka.service", "sor-producer@.service", "zookeeper.service")  # what stays up, and comes back
KAFKA_ROLE = REPO / "infra" / "ansible" / "roles" / "kafka"


def settings(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNITS[unit], re.MULTILINE)


def test_all_of_them_are_there() -> None:
    assert {path.name for path in (REPO / "systemd").iterdir()} == {
        *SERVERS,
        "sor-doctor.service",
        "sor-doctor.timer",
        "sor-node-exporter.service",
        "wait-ready",
    }


def test_the_doctor_looks_once_and_a_timer_calls_it_again() -> None:
    assert settings("sor-doctor.service", "Type") == ["oneshot"]
    assert settings("sor-doctor.service", "User") == ["sor"]
    assert settings("sor-doctor.service", "Restart") == []
    timer = (REPO / "systemd" / "sor-doctor.timer").read_text("utf-8")
    assert "OnUnitInactiveSec=15min" in timer.splitlines()


@pytest.mark.parametrize("unit", SERVERS)
def test_restart_limits_and_journal(unit: str) -> None:
    assert settings(unit, "Restart") == ["on-failure"]
    assert settings(unit, "RestartSec") == ["20"]
    assert settings(unit, "StartLimitIntervalSec") == ["600"]
    assert settings(unit, "StartLimitBurst") == ["10"]
    assert settings(unit, "TimeoutStopSec") == ["30"]
    assert settings(unit, "StandardOutput") == settings(unit, "StandardError") == ["journal"]
    assert settings(unit, "User")[0] not in ("root", "")


def test_a_crash_of_zookeeper_does_not_stop_kafka() -> None:
    assert settings("kafka.service", "Requires") == settings("kafka.service", "BindsTo") == []
    assert settings("kafka.service", "Wants") == ["zookeeper.service"]
    assert "zookeeper.service" in settings("kafka.service", "After")[0].split()


@pytest.mark.parametrize("unit", ["zookeeper.service", "kafka.service"])
def test_a_jvm_starts_directly_and_may_write_code(unit: str) -> None:
    assert settings(unit, "ExecStart")[0].startswith("/opt/kafka/java/bin/java $KAFKA_HEAP_OPTS ")
    assert settings(unit, "SuccessExitStatus") == ["143"]
    assert settings(unit, "LimitNOFILE") == ["65536"]
    assert settings(unit, "MemoryDenyWriteExecute") == []


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_environment_files_are_those_of_the_repository(unit: str) -> None:
    for file in settings(unit, "EnvironmentFile"):
        if file.startswith("/etc/kafka/"):
            assert (REPO / "sor" / "broker" / "config" / Path(file).name).is_file()


def test_the_memory_of_all_units_leaves_room_in_a_gibibyte() -> None:
    limits = {unit: int(settings(unit, "MemoryMax")[0].removesuffix("M")) for unit in UNITS}
    assert sum(limits[unit] for unit in SERVERS) <= 1024 - 64
    assert limits["sor-node-exporter.service"] <= 48, "an option: it uses a third of that"
    assert limits["sor-doctor.service"] <= 96, "there for a second, while the others rarely take all of theirs"


def test_the_role_pins_the_same_checksums_as_the_program() -> None:
    defaults = (KAFKA_ROLE / "defaults" / "main.yml").read_text("utf-8")
    assert dict(re.findall(r'"(\d\.\d\.\d)": "([0-9a-f]{128})"', defaults)) == PINNED_SHA512


def test_each_lock_is_a_part_of_the_next() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z][a-z0-9._-]*==[^ ]+", (REPO / name).read_text("utf-8"), re.MULTILINE))

    server, run, dev = (pins(f"requirements{name}.lock") for name in ("-server", "", "-dev"))
    assert server
    assert server < run < dev


@pytest.mark.parametrize("lock", sorted(path.name for path in REPO.glob("requirements*.lock")))
def test_every_locked_package_has_a_hash_and_no_host_is_named(lock: str) -> None:
    text = (REPO / lock).read_text("utf-8")
    packages = re.findall(r"^[a-z][^\n]*==[^\n]*\n(?:    [^\n]*\n)+", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-z][^\n]*==", text, re.MULTILINE))
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def wait_ready(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPO / "systemd" / "wait-ready"), *arguments]
    return subprocess.run(command, env=os.environ | environment, text=True, capture_output=True, check=False)


def test_readiness_gives_up_when_the_program_has_ended() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    # Nobody waits for the two minutes: a pid that is gone ends the wait at the first question that fails.
    done = wait_ready("zookeeper", "0" if _serves(2181) else "120", MAINPID=str(ended.pid))
    assert done.returncode == 1


def test_readiness_says_that_the_time_is_up() -> None:
    done = wait_ready("kafka", "0")
    assert (done.returncode, done.stderr) == (1, "kafka does not answer after 0 s\n")


def test_a_disk_with_room_is_not_waited_for(tmp_path: Path) -> None:
    done = wait_ready("room", str(tmp_path), "0")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_disk_without_room_is_waited_for_and_said_once(tmp_path: Path) -> None:
    command = [sys.executable, str(REPO / "systemd" / "wait-ready"), "room", str(tmp_path), "999999999"]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert process.poll() is None, "it waits"
        process.kill()
    assert re.fullmatch(rf"{tmp_path} has \d+ MiB free and 999999999 are needed: waiting for room\n", said)


@pytest.mark.parametrize("unit", ["zookeeper.service", "kafka.service"])
def test_a_full_disk_never_makes_systemd_give_up(unit: str) -> None:
    """The wait for room must be cut so seldom that the starts in the interval stay below the limit."""
    assert settings(unit, "ExecStartPre")[0].startswith("/opt/kafka/libexec/wait-ready room ")
    attempt = int(settings(unit, "TimeoutStartSec")[0]) + int(settings(unit, "RestartSec")[0])
    starts = int(settings(unit, "StartLimitIntervalSec")[0]) / attempt + 1
    assert starts < int(settings(unit, "StartLimitBurst")[0])


def test_readiness_runs_on_the_servers_own_python() -> None:
    """Amazon Linux's is 3.9 for ever: no match statement, no newer syntax."""
    import ast

    ast.parse((REPO / "systemd" / "wait-ready").read_text("utf-8"), feature_version=(3, 9))


def _serves(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
