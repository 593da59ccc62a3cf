"""The doctor's judgements, on facts made for the purpose, and its command on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from sor.cli.doctor import command
from sor.doctor import is_well, machine, metrics, programs
from sor.doctor import server_layout as place
from sor.doctor.broker import judge_retention
from sor.doctor.finding import Finding, State
from sor.doctor.systemd import judge

GOOD_UNIT = {"ActiveState": "active", "SubState": "running", "NRestarts": "0", "UnitFileState": "enabled"}


def test_a_unit_that_runs_is_well() -> None:
    assert judge("kafka", GOOD_UNIT).state is State.OK


def test_a_unit_that_is_not_started_at_boot_is_wrong() -> None:
    found = judge("kafka", GOOD_UNIT | {"UnitFileState": "disabled"})
    assert (found.state, found.fix) == (State.WRONG, "sudo systemctl enable kafka")


def test_many_restarts_are_a_warning() -> None:
    assert judge("kafka", GOOD_UNIT | {"NRestarts": "3"}).state is State.OK
    assert judge("kafka", GOOD_UNIT | {"NRestarts": "4"}).state is State.WARNING


@pytest.mark.parametrize("state", ["failed", "inactive", ""])
def test_a_unit_that_does_not_run_names_the_restart(state: str) -> None:
    found = judge("zookeeper", {"ActiveState": state})
    assert found.state is State.WRONG
    assert "systemctl reset-failed zookeeper; sudo systemctl restart zookeeper" in found.fix


def test_a_unit_that_waits_for_room_names_what_makes_some() -> None:
    found = judge("kafka", {"ActiveState": "activating", "SubState": "start-pre", "NRestarts": "7"})
    assert (found.state, found.fix) == (State.WRONG, place.MAKE_ROOM)
    assert "waits for room on the disk" in found.seen


# As the vendor's documentation prints it.
RELEASES = """
WARNING:
  A newer release of "Amazon Linux" is available.

  Available Versions:

  Version 2023.0.20230210:
    Run the following command to update to 2023.0.20230210:

      dnf update --releasever=2023.0.20230210

    Release notes:
     https://docs.aws.amazon.com/linux/al2023/release-notes/relnotes.html

  Version 2023.0.20230222:
    Run the following command to update to 2023.0.20230222:

      dnf update --releasever=2023.0.20230222
"""


def test_an_amazon_linux_that_stays_behind_is_a_warning() -> None:
    found = machine.judge_release(RELEASES)
    assert (found.state, found.seen) == (State.WARNING, "2 releases behind (2023.0.20230222)")
    assert found.fix.startswith("sudo dnf upgrade --releasever=2023.0.20230222")
    assert machine.judge_release("").state is State.OK
    assert machine.judge_release(None).state is State.SKIPPED
    unreached = machine.judge_release("Error: Failed to download metadata for repo 'amazonlinux'\n")
    assert unreached.state is State.SKIPPED
    assert "Failed to download" in unreached.seen


def test_a_unit_that_starts_is_given_time() -> None:
    assert judge("kafka", {"ActiveState": "activating"}).state is State.WARNING


def meminfo(folder: Path, total: int, available: int, swap: int) -> Path:
    file = folder / "meminfo"
    file.write_text(
        f"MemTotal: {total * 1024} kB\nMemAvailable: {available * 1024} kB\n"
        f"SwapTotal: {swap * 1024} kB\nSwapFree: {swap * 1024} kB\n"
    )
    return file


def test_a_small_machine_without_swap_is_wrong(tmp_path: Path) -> None:
    states = {f.name: f.state for f in machine._memory(meminfo(tmp_path, 916, 400, 0))}
    assert states == {"memory": State.OK, "swap": State.WRONG}


def test_a_small_machine_with_swap_is_well(tmp_path: Path) -> None:
    assert [f.state for f in machine._memory(meminfo(tmp_path, 916, 150, 1024))] == [State.OK]


def test_no_memory_left_is_wrong(tmp_path: Path) -> None:
    assert next(iter(machine._memory(meminfo(tmp_path, 8000, 100, 0)))).state is State.WRONG


def test_a_system_without_proc_is_skipped(tmp_path: Path) -> None:
    assert [f.state for f in machine._memory(tmp_path / "absent")] == [State.SKIPPED]


def test_retention_bounded_and_timed_by_the_broker_is_well() -> None:
    settings = {
        "message.timestamp.type": "LogAppendTime",
        "retention.bytes": str(512 << 20),
        "retention.ms": "86400000",
    }
    found = judge_retention(settings)
    assert (found.state, found.seen) == (State.OK, "24 h and 512 MiB")
    assert judge_retention(settings | {"retention.bytes": "-1"}).state is State.WARNING
    assert judge_retention(settings | {"message.timestamp.type": "CreateTime"}).state is State.WRONG


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "kafka.service").touch()
    monkeypatch.setattr(place, "UNITS", tmp_path)
    monkeypatch.setattr(place, "KAFKA", tmp_path / "current")
    monkeypatch.setattr(place, "JAVA", tmp_path / "java")
    return tmp_path


def test_an_old_java_on_a_server_is_wrong(server: Path) -> None:
    java = server / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    java.chmod(0o755)
    states = {f.name: (f.state, f.seen) for f in programs.check()}
    assert states["java"] == (State.WRONG, f"{java} is Java 8, Kafka needs 11")
    assert states["kafka"][0] is State.WRONG


def test_the_version_of_kafka_is_read_from_its_jar(server: Path) -> None:
    libs = server / "current" / "libs"
    libs.mkdir(parents=True)
    (libs / "kafka_2.13-3.6.1.jar").touch()
    states = {f.name: f for f in programs.check()}
    assert states["java"].state is State.WRONG
    assert states["kafka"].seen.startswith("Kafka 3.6.1 at ")


def test_only_wrong_is_ill() -> None:
    assert is_well([Finding("a", State.OK, ""), Finding("b", State.WARNING, ""), Finding("c", State.SKIPPED, "")])
    assert not is_well([Finding("a", State.OK, ""), Finding("b", State.WRONG, "")])


def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_json_is_all_that_is_printed_and_the_exit_code_agrees() -> None:
    result = CliRunner().invoke(command, ["--json", "--bootstrap-servers", f"127.0.0.1:{unused_port()}"])
    told = json.loads(result.stdout)
    assert result.exit_code == (0 if told["well"] else 1)
    assert told["well"] == all(f["state"] != "wrong" for f in told["findings"])
    broker = next(f for f in told["findings"] if f["name"] == "broker")
    assert broker["state"] == ("wrong" if place.is_server() else "warning")
    assert {"versions", "java", "memory", "disk", "clock", "ports"} <= {f["name"] for f in told["findings"]}


def test_on_a_server_a_broker_that_is_away_ends_with_one(server: Path) -> None:
    result = CliRunner().invoke(command, ["--bootstrap-servers", f"127.0.0.1:{unused_port()}"])
    assert result.exit_code == 1
    assert (
        "fix: sudo systemctl reset-failed kafka; sudo systemctl restart kafka; journalctl -u kafka -n 50"
        in result.stdout
    )
    assert result.stdout.splitlines()[-1].startswith("wrong: ")


# Metrics ------------------------------------------------------------------------------------------------------


def test_a_server_without_metrics_is_not_asked_for_them(server: Path) -> None:
    assert list(metrics.check()) == []


def test_an_exporter_that_answers_is_well_and_one_that_does_not_names_the_restart(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"# TYPE up gauge\nup 1\n")

        def log_message(self, *_: object) -> None:
            pass

    (server / "sor-node-exporter.service").touch()
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as exporter:
        threading.Thread(target=exporter.serve_forever, daemon=True).start()
        well = f"http://127.0.0.1:{exporter.server_port}/metrics"
        # No proxy is asked for what is on loopback; port 1 is nobody's.
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        both = {"metrics node": (well, "sor-node-exporter"), "metrics kafka": ("http://127.0.0.1:1/metrics", "kafka")}
        monkeypatch.setattr(metrics, "EXPORTERS", both)
        node, kafka = metrics.check()
        exporter.shutdown()
    assert (node.state, node.seen) == (State.OK, f"1 figures at {well}")
    assert kafka.state is State.WRONG
    assert "does not answer: " in kafka.seen
    assert kafka.fix.startswith("sudo systemctl restart kafka; journalctl -u kafka")
