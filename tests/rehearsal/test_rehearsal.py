"""From an empty host to a backtest through Kafka, and then everything that can go wrong. In this order, on one host."""

from __future__ import annotations

import json
import shutil
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from operating import REPO, Operator

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]

UNITS = ("zookeeper", "kafka")
TAPE = "synth-5-venues-10-min.csv.gz"
SECONDS_TO_COME_BACK = 60


def read(text: str) -> dict[str, Any]:
    """A report without the part that tells how the stream went."""
    report: dict[str, Any] = json.loads(text, parse_float=Decimal)
    report.pop("stream", None)
    return report


def wait_until(operator: Operator, command: str, seconds: float) -> float:
    """Until the command ends with 0 on the host; returns the seconds it took."""
    begin = time.monotonic()
    while operator.host.run(command, check=False).returncode:
        assert time.monotonic() - begin < seconds, f"{command!r} not within {seconds} s"
        time.sleep(1)
    return time.monotonic() - begin


# What is wrong before anything is there ---------------------------------------------------------------------------


def test_a_taken_port_is_one_clear_line(operator: Operator) -> None:
    listen = 'import socket, time; s = socket.create_server(("127.0.0.1", 9092)); time.sleep(600)'
    taker = operator.host.begin(f"exec python3 -c '{listen}'", operator.host.folder / "taker")
    wait_until(operator, "ss -Hltn 'sport = :9092' | grep -q .", 20)
    play = operator.play()
    operator.host.run("pkill -x python3")
    taker.wait(20)
    assert not play.ok
    assert "port 9092 is taken by python3" in play.message
    assert "then run this again" in play.message
    assert play.changed == 0, "nothing is changed before the mistake is found"


def test_java_8_is_one_clear_line(operator: Operator) -> None:
    stub = "/usr/lib/jvm/java-8/bin/java"
    script = '#!/bin/sh\\necho "openjdk version \\\\"1.8.0_392\\\\"" >&2\\n'
    operator.host.run(f"sudo mkdir -p {Path(stub).parent} && printf '{script}' | sudo tee {stub} >/dev/null")
    operator.host.run(f"sudo chmod 755 {stub} && sudo update-alternatives --install /usr/bin/java java {stub} 9999")
    play = operator.play(java_home="/usr/lib/jvm/java-8")
    assert not play.ok
    assert "Kafka needs Java 11 or later, and /usr/lib/jvm/java-8 has Java 8" in play.message


def test_a_wrong_checksum_is_one_clear_line(operator: Operator, tmp_path: Path) -> None:
    wrong = tmp_path / "kafka_2.13-3.9.1.tgz"
    wrong.write_bytes(b"not Kafka")
    play = operator.play(kafka_source=str(wrong))
    assert not play.ok
    assert "is not Apache's kafka_2.13-3.9.1.tgz: its SHA-512 begins with" in play.message


def test_a_damaged_copy_is_one_clear_line(operator: Operator, tmp_path: Path) -> None:
    copy = tmp_path / "kafka"
    shutil.copytree(operator.kafka["3.9.1"], copy)
    jar = copy / "libs" / "kafka_2.13-3.9.1.jar"
    jar.write_bytes(jar.read_bytes()[:-100])
    play = operator.play(kafka_source=str(copy))
    assert not play.ok
    assert "Kafka 3.9.1 is damaged and was not installed: " in play.message
    assert operator.host.run("ls /opt/kafka").stdout.split() == ["java", "libexec"] or "kafka_2.13" not in (
        operator.host.run("ls /opt/kafka").stdout.replace("draft-", "")
    )


def test_a_host_that_is_not_reached_is_one_clear_line(operator: Operator) -> None:
    urls = '{"kafka_urls": ["http://127.0.0.1:9/kafka"], "kafka_source": ""}'
    play = operator.play(kafka_source="", urls=urls)
    assert not play.ok
    assert "Kafka 3.9.1 cannot be had" in play.message
    assert "kafka_source=PATH" in play.message


# A server -----------------------------------------------------------------------------------------------------


def test_the_causes_gone_one_run_makes_the_server(operator: Operator) -> None:
    play = operator.play()
    assert play.ok, play.message
    assert operator.host.run("systemctl is-active zookeeper kafka").stdout.split() == ["active", "active"]
    assert "1.8.0" in operator.host.run("java -version 2>&1").stdout, "the other Java stays what it was"
    assert operator.host.run("readlink /opt/kafka/java").stdout.startswith("/usr/lib/jvm/java-17")


def test_a_backtest_through_kafka_gives_the_report_of_the_file(operator: Operator) -> None:
    play = operator.play("smoke.yml")
    assert play.ok, play.message
    assert "the same as from the file" in play.output
    assert "nothing is wrong" in play.output


def test_a_second_run_changes_nothing(operator: Operator) -> None:
    play = operator.play()
    assert play.ok, play.message
    assert play.changed == 0


def test_only_ssh_and_loopback_listen(operator: Operator) -> None:
    listeners = operator.host.listeners()
    print(f"\nlisteners of the host's processes: {listeners}")
    assert {port for _, _, port in listeners} >= {2181, 9092}
    beyond = [found for found in listeners if found[1] not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")]
    assert [found for found in beyond if found[0] not in ("sshd", "systemd")] == []


def test_the_units_are_closed_and_clean(operator: Operator) -> None:
    for unit in (*UNITS, f"sor-producer@{TAPE}"):
        said = operator.host.run(f"sudo systemd-analyze security --no-pager {unit}.service").stdout.splitlines()[-1]
        print(said)
        assert float(said.partition(": ")[2].split()[0]) < 2.0
    files = f"zookeeper.service kafka.service sor-producer@{TAPE}.service"
    verify = operator.host.run(f"cd /etc/systemd/system && sudo systemd-analyze verify --man=no {files} 2>&1")
    assert verify.stdout == ""


def test_the_whole_stack_fits_in_a_gibibyte(operator: Operator) -> None:
    peak = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
    peak += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    found = {}
    for name, command in {
        "producer": "sor produce --speed max --run-id memory",
        "backtest": "sor backtest --from-kafka --run memory --json",
    }.items():
        out = operator.host.run(operator.as_sor(f'python3 -c "{peak}" {command}'))
        found[name] = int(out.stdout.split()[-1])

    # The screen needs a terminal, which `script` gives; it is looked at while it shows something.
    screen = operator.host.folder / "screen"
    shown = "sudo -u sor env HOME=/var/lib/sor TERM=xterm-256color /opt/sor/venv/bin/sor tui"
    tui = operator.host.begin(f"TERM=xterm-256color script -qec '{shown}' /dev/null", screen)
    time.sleep(20)
    pids = operator.host.run("pgrep -x sor").stdout.split()
    found["tui"] = max(high_water(operator, pid) for pid in pids)
    assert len(screen.read_bytes()) > 2000, "it drew its screen"
    operator.host.run("sudo pkill -INT -x sor; sleep 2; sudo pkill -x sor", check=False)
    tui.wait(30)

    for unit in UNITS:
        found[unit] = high_water(
            operator, operator.host.run(f"systemctl show -p MainPID --value {unit}").stdout.strip()
        )
    group = operator.host.memory("peak") // (1 << 20)
    print(f"\npeak memory in MiB: {found}; the whole host, page cache included: {group} of 1024")
    assert operator.host.memory("kills") == 0, "nothing was killed for want of memory"
    assert group <= 1024
    assert max(found["producer"], found["backtest"], found["tui"]) < 150


def high_water(operator: Operator, pid: str) -> int:
    """The most resident memory that a process of the host ever had, in MiB."""
    status = operator.host.run(f"sudo cat /proc/{pid}/status").stdout
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024


# Accidents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victims", [("kafka",), ("zookeeper",), ("zookeeper", "kafka")], ids="+".join)
def test_killed_in_a_paced_run(operator: Operator, victims: tuple[str, ...]) -> None:
    run = "kill-" + "-".join(victims)
    settings = f"SOR_SPEED=10\\nSOR_PRODUCER_OPTIONS=--topic mock_l1_stream --timeout 180 --run-id {run}\\n"
    operator.host.run(f"printf '{settings}' | sudo tee /etc/sor/producer-{TAPE}.env")
    survivors = {
        u: operator.host.run(f"systemctl show -p MainPID --value {u}").stdout for u in UNITS if u not in victims
    }
    operator.host.run(f"sudo systemctl start sor-producer@{TAPE}")
    time.sleep(5)
    report = operator.host.folder / f"{run}.json"
    reader = operator.host.begin(
        operator.as_sor(f"sor backtest --from-kafka --run {run} --idle-timeout 180 --json"), report
    )
    time.sleep(10)
    for unit in victims:
        operator.host.run(f"sudo systemctl kill -s KILL {unit}")
    time.sleep(1)
    for unit in victims:
        took = wait_until(operator, f"test $(systemctl is-active {unit}) = active", SECONDS_TO_COME_BACK) + 1
        print(f"\nkill -9 of {'+'.join(victims)}: {unit} is back after {took:.0f} s")
        assert took <= SECONDS_TO_COME_BACK
    for unit, pid in survivors.items():
        assert operator.host.run(f"systemctl show -p MainPID --value {unit}").stdout == pid, f"{unit} was not touched"
    wait_until(operator, f"! systemctl is-active sor-producer@{TAPE}", 300)
    ended = operator.host.run(f"systemctl show -p Result --value sor-producer@{TAPE}").stdout.strip()
    assert ended == "success", operator.host.run(f"sudo journalctl -u sor-producer@{TAPE} -n 20 --no-pager").stdout
    assert reader.wait(300) == 0, report.with_suffix(".err").read_text()[-500:]
    file = operator.host.run(operator.as_sor("sor backtest --json")).stdout
    streamed = report.read_text()
    assert read(streamed) == read(file)
    told = json.loads(streamed)["stream"]
    assert (told["received"], told["gaps"]) == (told["expected"], 0)


def test_after_a_reboot_the_units_are_up_by_themselves(operator: Operator) -> None:
    before = operator.host.run("stat -c %Y /proc/1").stdout
    operator.host.reboot()
    assert operator.host.run("stat -c %Y /proc/1").stdout != before, "it has booted again"
    took = wait_until(operator, "systemctl is-active --quiet zookeeper kafka", 120)
    print(f"\nunits up {took:.0f} s after ssh")
    play = operator.play()
    assert play.ok, play.message
    assert play.changed == 0


def test_a_full_disk_is_one_clear_line(operator: Operator) -> None:
    operator.host.run("sudo systemctl stop kafka && sudo mount -t tmpfs -o size=64m tmpfs /var/lib/kafka")
    play = operator.play()
    assert not play.ok
    assert "the disk of /var/lib/kafka has 64 MB left, and Kafka needs 700" in play.message
    doctor = operator.host.run("sor doctor", check=False)
    assert doctor.returncode == 1
    assert "64 of 64 MiB free at /var/lib/kafka" in doctor.stdout
    operator.host.run("sudo umount /var/lib/kafka")
    mended = operator.play()
    assert mended.ok, mended.message
    assert operator.host.run("systemctl is-active kafka").stdout.strip() == "active"


def test_the_doctor_names_what_mends(operator: Operator) -> None:
    well = json.loads(operator.host.run("sor doctor --json").stdout)
    assert well["well"] is True
    operator.host.run("sudo systemctl stop kafka")
    ill = operator.host.run("sor doctor --json", check=False)
    assert ill.returncode == 1
    wrong = {f["name"]: f["mend"] for f in json.loads(ill.stdout)["findings"] if f["state"] == "wrong"}
    assert "sudo systemctl restart kafka" in wrong["unit kafka"]
    assert "broker" in wrong
    operator.host.run("sudo systemctl restart kafka")
    assert operator.host.run("sor doctor").returncode == 0


def test_another_version_reads_the_run_and_back_again(operator: Operator) -> None:
    older = {"kafka_version": "3.6.1", "kafka_source": str(operator.kafka["3.6.1"])}
    assert operator.play(**older).ok
    assert operator.host.run("readlink /opt/kafka/current").stdout.strip() == "kafka_2.13-3.6.1"
    operator.host.run(operator.as_sor("sor produce --speed max --run-id upgrade"))
    report = operator.as_sor("sor backtest --from-kafka --run upgrade --json")
    first = operator.host.run(report).stdout
    assert json.loads(first)["stream"]["gaps"] == 0

    assert operator.play().ok
    assert operator.host.run("readlink /opt/kafka/current").stdout.strip() == "kafka_2.13-3.9.1"
    assert operator.host.run(report).stdout == first

    assert operator.play(**older).ok
    assert operator.host.run(report).stdout == first
    assert operator.play().ok
    assert operator.host.run(report).stdout == first


def test_nothing_was_ever_killed_for_memory(operator: Operator) -> None:
    assert operator.host.memory("kills") == 0
    assert (REPO / "systemd").is_dir()
