"""From an empty host to a backtest through Kafka, and then everything that can go wrong. In this order, on one host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import nspawn
import pytest
from mirror import mirror, publish
from operating import Operator
from screen import screen

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow, pytest.mark.timeout(1800)]

UNITS = ("zookeeper", "kafka")
TAPE = "synth-5-venues-10-min.csv.gz"
OTHER_JAVA = Path("/usr/lib/jvm/java-8")
OLDER = "3.6.1"


def read(text: str) -> dict[str, Any]:
    """A report without the part that tells how the stream went."""
    report: dict[str, Any] = json.loads(text, parse_float=Decimal)
    report.pop("stream", None)
    return report


def host_of(operator: Operator) -> nspawn.Host:
    assert isinstance(operator.host, nspawn.Host)
    return operator.host


def wait_until(operator: Operator, command: str, seconds: float = 600) -> float:
    """Until the command ends with 0 on the host; returns the seconds it took."""
    begin = time.monotonic()
    while operator.host.run(command, check=False).returncode:
        assert time.monotonic() - begin < seconds, f"{command!r} not within {seconds} s"
        time.sleep(1)
    return time.monotonic() - begin


# From an empty host to a server ---------------------------------------------------------------------------------


def test_a_taken_port_is_one_clear_line(operator: Operator) -> None:
    listen = 'import socket, time; s = socket.create_server(("127.0.0.1", 9092)); time.sleep(3600)'
    taker = operator.host.begin(f"exec python3 -c '{listen}'", operator.host.folder / "taker")
    wait_until(operator, "ss -Hltn 'sport = :9092' | grep -q .")
    play = operator.play()
    operator.host.run("pkill -x python3")
    taker.wait(60)
    assert not play.ok
    assert "port 9092 is taken by python3" in play.message
    assert "then run this again" in play.message
    assert play.changed == 0, "nothing is changed before the mistake is found"


def test_one_run_makes_a_server_of_an_empty_host(operator: Operator) -> None:
    """As a user with sudo, in the locale C, beside another Java that is the machine's default."""
    assert operator.host.run("id -u").stdout != "0\n"
    assert operator.host.run("locale 2>&1 | grep -c '=\"*C\"*$'").stdout != "0\n"
    assert operator.host.run("ls -A /opt /etc/kafka /etc/sor 2>/dev/null", check=False).stdout.split() == ["/opt:"]
    java = OTHER_JAVA / "bin" / "java"
    script = '#!/bin/sh\\necho "openjdk version \\\\"1.8.0_392\\\\"" >&2\\n'
    operator.host.run(f"sudo mkdir -p {java.parent} && printf '{script}' | sudo tee {java} >/dev/null")
    operator.host.run(f"sudo chmod 755 {java} && sudo update-alternatives --install /usr/bin/java java {java} 9999")

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
    listeners = host_of(operator).listeners()
    print(f"\nlisteners of the host's processes: {listeners}")
    assert {port for _, _, port in listeners} >= {2181, 9092}
    beyond = [found for found in listeners if found[1] not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")]
    assert beyond == []  # not even ssh, which on this host listens on loopback too


def test_the_units_are_closed_and_clean(operator: Operator) -> None:
    for unit in (*UNITS, f"sor-producer@{TAPE}"):
        said = operator.host.run(f"sudo systemd-analyze security --no-pager {unit}.service").stdout.splitlines()[-1]
        print(said)
        assert float(said.partition(": ")[2].split()[0]) < 2.0
    files = f"zookeeper.service kafka.service sor-producer@{TAPE}.service"
    verify = operator.host.run(f"cd /etc/systemd/system && sudo systemd-analyze verify --man=no {files} 2>&1")
    assert verify.stdout == ""


def test_the_units_stop_cleanly_and_say_so_in_the_journal(operator: Operator) -> None:
    operator.host.run("sudo systemctl stop kafka zookeeper")
    for unit in UNITS:
        shown = operator.host.run(f"systemctl show -p ActiveState,Result --value {unit}").stdout.split()
        assert sorted(shown) == ["inactive", "success"], "killed after the time-out it would be failed"
    assert "shut down completed (kafka.server.KafkaServer)" in operator.host.run("sudo journalctl -u kafka").stdout
    operator.host.run("sudo systemctl start kafka")
    assert operator.host.run("systemctl is-active zookeeper kafka").stdout.split() == ["active", "active"]


# What a person sees, and what it takes ----------------------------------------------------------------------------


def test_the_screen_shows_the_units_and_their_journal(operator: Operator) -> None:
    with screen(operator.host.terminal("sor-tui")) as tui:
        tui.until("Strategy")
        tui.keys("F6")
        tui.until("serves", "zookeeper.service", "kafka.service", "mock_l1_stream")
        tui.keys("End")
        last = operator.host.run("sudo journalctl -q -o cat -n 1 -u zookeeper -u kafka").stdout.rstrip()
        # The journal's own time stands before a line, so that of Kafka's log in it is left out.
        print("\n" + tui.until(re.sub(r"^\[[-0-9 :,]+\] [A-Z]+ ", "", last)[:80]))
        tui.keys("x")
        print("\n" + tui.until("nothing is wrong", "unit kafka", "active (running)"))
        tui.keys("Escape")
        tui.keys("C-q")
    unread = operator.as_sor("TERM=xterm-256color sor tui")
    with screen(operator.host.terminal(unread)) as tui:
        tui.until("Strategy")
        tui.keys("F6")
        tui.until("kafka.service")
        tui.keys("End")
        tui.until("sudo usermod -aG systemd-journal sor")
        tui.keys("C-q")


def test_the_whole_stack_fits_in_a_gibibyte(operator: Operator) -> None:
    """ZooKeeper and Kafka, a producer, a backtest, then the screen with both of its own, on a host of one GiB."""
    peak = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); "
    peak += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    found = {}
    for name, command in {
        "producer": "sor produce --speed max --run-id memory",
        "backtest": "sor backtest --from-kafka --run memory --json",
    }.items():
        out = operator.host.run(operator.as_sor(f'python3 -c "{peak}" {command}'))
        found[name] = int(out.stdout.split()[-1])

    processes: dict[str, int] = {}
    with screen(operator.host.terminal("sor-tui --speed max")) as tui:
        tui.until("Strategy")
        tui.keys("C-r")
        while "bought 5,000" not in tui.text():
            for pid in operator.host.run("pgrep -u ec2-user -f /opt/sor/", check=False).stdout.split():
                processes[pid] = max(high_water(operator, pid), processes.get(pid, 0))
        tui.keys("C-q")
    first = min(processes, key=int)
    found["screen"] = processes.pop(first)
    found |= {f"screen's worker {at}": mib for at, mib in enumerate(processes.values(), 1) if mib}

    for unit in UNITS:
        pid = operator.host.run(f"systemctl show -p MainPID --value {unit}").stdout.strip()
        found[unit] = high_water(operator, pid)
    group = host_of(operator).memory("peak") // (1 << 20)
    print(f"\npeak memory in MiB: {found}; the whole host, page cache included: {group} of 1024")
    assert host_of(operator).memory("kills") == 0, "nothing was killed for want of memory"
    assert group <= 1024
    assert max(found["producer"], found["backtest"]) < 150


def high_water(operator: Operator, pid: str) -> int:
    """The most resident memory that a process of the host ever had, in MiB; 0 when it has ended."""
    status = operator.host.run(f"sudo cat /proc/{pid}/status", check=False).stdout
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0) // 1024


# Accidents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victims", [("kafka",), ("zookeeper",), ("zookeeper", "kafka")], ids="+".join)
def test_killed_in_a_paced_run(operator: Operator, victims: tuple[str, ...]) -> None:
    run = "kill-" + "-".join(victims)
    settings = f"SOR_SPEED=10\\nSOR_PRODUCER_OPTIONS=--topic mock_l1_stream --timeout 600 --run-id {run}\\n"
    operator.host.run(f"printf '{settings}' | sudo tee /etc/sor/producer-{TAPE}.env")
    survivors = {
        u: operator.host.run(f"systemctl show -p MainPID --value {u}").stdout for u in UNITS if u not in victims
    }
    operator.host.run(f"sudo systemctl start sor-producer@{TAPE}")
    time.sleep(5)
    report = operator.host.folder / f"{run}.json"
    reader = operator.host.begin(
        operator.as_sor(f"sor backtest --from-kafka --run {run} --idle-timeout 600 --json"), report
    )
    time.sleep(10)
    operator.host.run(f"sudo systemctl kill -s KILL {' '.join(victims)}")
    begin = time.monotonic()
    time.sleep(1)
    for unit in victims:
        wait_until(operator, f"test $(systemctl is-active {unit}) = active")
        took = time.monotonic() - begin
        print(f"\nkill -9 of {'+'.join(victims)}: {unit} is back after {took:.0f} s (wanted: 60)")
    for unit, pid in survivors.items():
        assert operator.host.run(f"systemctl show -p MainPID --value {unit}").stdout == pid, f"{unit} was not touched"
    wait_until(operator, f"! systemctl is-active sor-producer@{TAPE}")
    ended = operator.host.run(f"systemctl show -p Result --value sor-producer@{TAPE}").stdout.strip()
    assert ended == "success", operator.host.run(f"sudo journalctl -u sor-producer@{TAPE} -n 20 --no-pager").stdout
    assert reader.wait(600) == 0, report.with_suffix(".err").read_text()[-500:]
    file = operator.host.run(operator.as_sor("sor backtest --json")).stdout
    streamed = report.read_text()
    assert read(streamed) == read(file)
    told = json.loads(streamed)["stream"]
    assert (told["received"], told["gaps"]) == (told["expected"], 0)


def test_after_a_reboot_the_units_are_up_by_themselves(operator: Operator) -> None:
    before = operator.host.run("stat -c %Y /proc/1").stdout
    operator.host.reboot()
    assert operator.host.run("stat -c %Y /proc/1").stdout != before, "it has booted again"
    took = wait_until(operator, "systemctl is-active --quiet zookeeper && systemctl is-active --quiet kafka")
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
    fixed = operator.play()
    assert fixed.ok, fixed.message
    assert operator.host.run("systemctl is-active kafka").stdout.strip() == "active"


def test_kafka_comes_back_by_itself_when_a_full_disk_has_room_again(operator: Operator) -> None:
    """A file in the data's own file system fills it while Kafka writes; nobody types anything but the removal of it."""
    operator.host.run("sudo systemctl stop kafka && sudo mount -t tmpfs -o size=160m tmpfs /var/lib/kafka")
    operator.host.run("sudo chown kafka:kafka /var/lib/kafka && sudo chmod 750 /var/lib/kafka")
    # The broker's id is written in ZooKeeper and on the disk; on an empty disk it is written again.
    operator.host.run("sudo systemctl start kafka")
    operator.host.run("sudo sh -c 'dd if=/dev/zero of=/var/lib/kafka/filler bs=1M 2>/dev/null; sync'", check=False)
    operator.host.run("sudo systemctl kill -s KILL kafka")
    wait_until(operator, "journalctl -u kafka -n 5 --no-pager -o cat | grep 'waiting for room'")
    shown = operator.host.run("systemctl show -p ActiveState --value kafka").stdout.strip()
    assert shown == "activating"
    operator.host.run("sudo rm /var/lib/kafka/filler")
    took = wait_until(operator, "test $(systemctl is-active kafka) = active")
    print(f"\nKafka is back {took:.0f} s after there is room")
    operator.host.run("sudo systemctl stop kafka && sudo umount /var/lib/kafka && sudo systemctl start kafka")


def test_the_doctor_names_what_fixes(operator: Operator) -> None:
    # What it and the documentation say to type, as the user who logs in: after the kills there is something to read.
    assert "WARN" in operator.host.run("journalctl -u kafka -g '^(WARN|ERROR|FATAL) ' -n 50 --no-pager").stdout
    well = json.loads(operator.host.run("sor doctor --json").stdout)
    assert well["well"] is True
    operator.host.run("sudo systemctl stop kafka")
    ill = operator.host.run("sor doctor --json", check=False)
    assert ill.returncode == 1
    wrong = {f["name"]: f["mend"] for f in json.loads(ill.stdout)["findings"] if f["state"] == "wrong"}
    assert "sudo systemctl restart kafka" in wrong["unit kafka"]
    assert "broker" in wrong
    # The same from the timer's unit, in its sandbox: failed while something is wrong, and well again by itself.
    assert operator.host.run("systemctl is-active sor-doctor.timer").stdout.strip() == "active"
    assert operator.host.run("sudo systemctl start sor-doctor", check=False).returncode != 0
    assert "sor-doctor.service" in operator.host.run("systemctl --failed --plain --no-legend").stdout
    said = operator.host.run("journalctl -u sor-doctor -o cat --no-pager").stdout
    assert "sudo systemctl restart kafka" in said
    operator.host.run("sudo systemctl restart kafka")
    assert operator.host.run("sor doctor").returncode == 0
    assert operator.host.run("sudo systemctl start sor-doctor").returncode == 0
    this_run = "_SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value sor-doctor)"
    last = operator.host.run(f"journalctl -o cat --no-pager {this_run}").stdout
    assert last.count("skipped") == operator.host.run("sor doctor").stdout.count("skipped"), "the sandbox hides nothing"


# Mistakes of an upgrade: each is one clear line, and the server goes on as it was ------------------------------------


def refused(operator: Operator, **variables: str) -> str:
    """Run the playbook, which must fail and leave the broker alone; returns what the operator reads."""
    before = operator.host.run("systemctl show -p MainPID,ActiveState kafka").stdout
    play = operator.play(**variables)
    assert not play.ok
    assert operator.host.run("systemctl show -p MainPID,ActiveState kafka").stdout == before
    assert "kafka_2.13-3.6.1" not in operator.host.run("ls /opt/kafka").stdout.split()
    return play.message


@pytest.fixture(scope="module")
def archive(operator: Operator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The older version as Apache would serve it: FOLDER/kafka/VERSION/kafka_2.13-VERSION.tgz and .sha512."""
    folder = operator.kafka[OLDER]
    file = tmp_path_factory.mktemp("mirror") / "kafka" / OLDER / f"kafka_2.13-{OLDER}.tgz"
    file.parent.mkdir(parents=True)
    transform = f"s,^{folder.name},kafka_2.13-{OLDER},"
    pack = ["tar", "-I", "gzip -1", "--transform", transform, "-cf", str(file), "-C", str(folder.parent), folder.name]
    subprocess.run(pack, check=True)
    publish(file)
    return file


@pytest.fixture
def downloads(archive: Path) -> Iterator[dict[str, str]]:
    """The variables of an upgrade that is downloaded: the first host has nothing, the second has it."""
    with mirror(archive.parents[2]) as url:
        settings = {"kafka_urls": [f"{url}/nothing", f"{url}/kafka"], "kafka_sha512": {}, "kafka_source": ""}
        yield {"kafka_version": OLDER, "kafka_source": "", "hosts": json.dumps(settings)}


def test_no_java_and_java_8_are_one_clear_line(operator: Operator) -> None:
    said = refused(operator, java_home="/usr/lib/jvm/nothing")
    assert "Kafka needs Java 11 or later, and /usr/lib/jvm/nothing has none" in said
    said = refused(operator, java_home=str(OTHER_JAVA))
    assert f"Kafka needs Java 11 or later, and {OTHER_JAVA} has Java 8" in said
    assert "leave java_home empty to install Java 17" in said


def test_a_wrong_checksum_is_one_clear_line(operator: Operator, tmp_path: Path) -> None:
    wrong = tmp_path / "kafka_2.13-3.6.1.tgz"
    wrong.write_bytes(b"not Kafka")
    said = refused(operator, kafka_version=OLDER, kafka_source=str(wrong))
    assert "is not Apache's kafka_2.13-3.6.1.tgz: its SHA-512 begins with" in said


def test_a_damaged_copy_is_one_clear_line(operator: Operator, tmp_path: Path) -> None:
    copy = tmp_path / "kafka"
    shutil.copytree(operator.kafka[OLDER], copy)
    jar = copy / "libs" / "kafka_2.13-3.6.1.jar"
    jar.write_bytes(jar.read_bytes()[:-100])
    said = refused(operator, kafka_version=OLDER, kafka_source=str(copy))
    assert "Kafka 3.6.1 is damaged and was not installed: " in said
    shutil.copy(operator.kafka[OLDER] / "libs" / jar.name, jar)
    shutil.copy(jar, copy / "libs" / "stranger.JAR")
    said = refused(operator, kafka_version=OLDER, kafka_source=str(copy))
    assert "there are jars that its list of checksums does not name" in said


def test_a_host_that_is_not_reached_is_one_clear_line(operator: Operator) -> None:
    urls = '{"kafka_urls": ["http://127.0.0.1:9/kafka"], "kafka_source": ""}'
    said = refused(operator, kafka_version=OLDER, kafka_source="", urls=urls)
    assert "Kafka 3.6.1 cannot be had" in said
    assert "kafka_source=PATH" in said


def test_a_corrupted_download_is_one_clear_line(operator: Operator, archive: Path, downloads: dict[str, str]) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-1000])
    said = refused(operator, **downloads)
    archive.write_bytes(whole)
    assert "Kafka 3.6.1 cannot be had" in said
    assert "checksum" in said
    assert "Run this again" in said


def test_interrupted_half_way_and_run_again_the_older_version_reads_the_run_and_back(
    operator: Operator, downloads: dict[str, str]
) -> None:
    """The cause of the refusals is gone: the same command now downloads, verifies and changes the version."""
    half = operator.begin_play(**downloads)
    operator.host.run(
        f"until [ -e /opt/kafka/draft-{OLDER} ] || [ -e /opt/kafka/kafka_2.13-{OLDER} ]; do sleep 0.02; done"
    )
    half.kill()
    half.wait()

    older = operator.play(**downloads)
    assert older.ok, older.message
    assert operator.host.run("readlink /opt/kafka/current").stdout.strip() == "kafka_2.13-3.6.1"
    assert [name for name in operator.host.run("ls /opt/kafka").stdout.split() if name.startswith("draft")] == []
    operator.host.run(operator.as_sor("sor produce --speed max --run-id upgrade"))
    report = operator.as_sor("sor backtest --from-kafka --run upgrade --json")
    first = operator.host.run(report).stdout
    assert json.loads(first)["stream"]["gaps"] == 0

    for version in ("3.9.1", OLDER):
        play = operator.play(kafka_version=version, kafka_source=str(operator.kafka[version]))
        assert play.ok, play.message
        assert operator.host.run("readlink /opt/kafka/current").stdout.strip() == f"kafka_2.13-{version}"
        assert operator.host.run(report).stdout == first


def test_nothing_was_ever_killed_for_memory(operator: Operator) -> None:
    assert host_of(operator).memory("kills") == 0
