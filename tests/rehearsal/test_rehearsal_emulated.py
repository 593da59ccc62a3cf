"""Swap, kernel settings and units on a machine with a kernel of its own and tools as old as Amazon Linux 2023's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import emulated
import pytest
import simulated_aws
from operating import ANSIBLE, REPO, Operator, unavailable
from reached import NoHostError

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    # It builds a machine: only when asked for.
    if os.environ.get("SOR_REHEARSE") != "1":
        pytest.skip("asked for with make rehearse")
    if reason := emulated.missing():
        unavailable(reason)
    if not ANSIBLE.exists():
        unavailable("there is no .venv-ops: make .venv-ops/.ready")
    machine = emulated.Machine(tmp_path_factory.mktemp("emulated"))
    try:
        try:
            machine.prepare()
            machine.start()
        except NoHostError as error:
            unavailable(str(error))
        yield Operator(machine, Path("none.whl"), {})
    finally:
        machine.stop()


def test_its_tools_are_no_newer_than_the_servers(operator: Operator) -> None:
    assert "util-linux 2.36.1" in operator.host.run("/sbin/mkswap --version").stdout
    assert operator.host.run("systemctl --version").stdout.startswith("systemd 247 ")
    assert operator.host.run("python3 --version").stdout.startswith("Python 3.9.")
    assert operator.host.run("sudo systemd-detect-virt --container", check=False).stdout == "none\n"


def test_a_disk_without_room_for_swap_is_one_clear_line(operator: Operator) -> None:
    operator.host.run("sudo fallocate -l $(($(df --output=avail -B1 / | tail -n 1) - 200000000)) /filler")
    play = operator.play(tags="machine")
    operator.host.run("sudo rm /filler")
    assert not play.ok
    assert "1024 MB of swap cannot be had: " in play.message
    assert "No space left on device" in play.message
    assert "larger VOLUME_GB, then run this again" in play.message
    assert operator.host.run("ls / | grep swapfile", check=False).stdout == "", "no half of a swap file is left"


def test_swap_and_kernel_settings_are_made(operator: Operator) -> None:
    play = operator.play(tags="machine")
    assert play.ok, play.message
    _swap_is_on(operator)


def test_they_are_there_after_a_reboot_and_a_second_run_changes_nothing(operator: Operator) -> None:
    operator.host.reboot()
    _swap_is_on(operator)
    play = operator.play(tags="machine")
    assert play.ok, play.message
    assert play.changed == 0


def test_a_program_that_is_absent_is_named_before_anything_is_changed(operator: Operator) -> None:
    play = operator.play(tags="machine", wanted='{"machine_programs": ["tar", "no-such-program"]}')
    assert not play.ok
    assert play.message.startswith("no-such-program not found on this machine: install it (dnf install)")
    assert play.changed == 0


def test_its_systemd_knows_every_directive_of_the_units(operator: Operator) -> None:
    for unit in (REPO / "systemd").glob("*.service"):
        text = unit.read_text()
        operator.host.run(f"sudo tee /etc/systemd/system/{unit.name} >/dev/null <<'UNIT'\n{text}UNIT")
    units = "zookeeper.service kafka.service sor-producer@tape.csv.gz.service"
    said = operator.host.run(
        f"cd /etc/systemd/system && sudo systemd-analyze verify --man=no {units} 2>&1", check=False
    )
    # The programs that the units start are not there; what systemd does not know it calls unknown.
    strange = [line for line in said.stdout.splitlines() if "is not executable" not in line]
    assert [line for line in strange if "Unknown" in line or "nvalid" in line or "Failed to parse" in line] == []


def test_ssh_says_that_a_key_is_not_let_in(operator: Operator, tmp_path: Path) -> None:
    """The words by which `make deploy` ends its wait for ssh early."""
    assert simulated_aws.OPS  # it puts scripts/deploy on the path
    import waiting

    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    call = ["ssh", *operator.host.ssh_options, "-p", str(operator.host.port), "ec2-user@127.0.0.1", "true"]
    call[call.index("-i") + 1] = str(tmp_path / "id")
    done = subprocess.run(
        [*call[:-2], "-o", "IdentitiesOnly=yes", *call[-2:]], text=True, capture_output=True, check=False
    )
    assert waiting.trouble(done.stderr) is waiting.Trouble.WRONG_KEY


def test_wait_ready_runs_on_its_python(operator: Operator) -> None:
    text = (REPO / "systemd" / "wait-ready").read_text()
    done = operator.host.run(f"python3 - kafka 0 <<'PROGRAM'\n{text}PROGRAM", check=False)
    assert (done.returncode, done.stderr) == (1, "kafka does not answer after 0 s\n")


def _swap_is_on(operator: Operator) -> None:
    assert operator.host.run("/sbin/swapon --noheadings --show=NAME,SIZE").stdout.split() == ["/swapfile", "1024M"]
    assert operator.host.run("cat /proc/sys/vm/swappiness").stdout == "10\n"
    assert operator.host.run("stat -c %a /swapfile").stdout == "600\n"
