"""`make deploy` from end to end: AWS is simulated by moto, the machine that it makes is the rehearsal's host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import simulated_aws
from operating import REPO, Operator
from screen import screen
from simulated_aws import OPS, REGION

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture
def env(operator: Operator, tmp_path: Path) -> Iterator[dict[str, str]]:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    plugins = subprocess.run([REPO / "scripts" / "tf-plugin-dir"], text=True, capture_output=True, check=True).stdout
    if not plugins.strip():
        pytest.skip("no local AWS provider: name a folder with SOR_TF_PLUGIN_DIR")
    # Whatever address the simulated machine has, ssh goes to the rehearsal's host.
    (tmp_path / "config").write_text(f"Host *\n  HostName 127.0.0.1\n  Port {operator.host.port}\n")
    wrapper = tmp_path / "bin" / "ssh"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {tmp_path}/config "$@"\n')
    wrapper.chmod(0o755)
    home = tmp_path / "a home with spaces"
    home.mkdir()
    shutil.copy(operator.host.key, home / "id")
    shutil.copy(operator.host.key.with_suffix(".pub"), home / "id.pub")
    with simulated_aws.account() as aws:
        yield aws | {
            "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
            "SOR_STATE_DIR": str(home / "state"),
            "SOR_TF_PLUGIN_DIR": plugins.strip(),
        }


def make(env: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    call = ["make", *arguments]
    done = subprocess.run(call, cwd=REPO, env=env, input=typed, text=True, capture_output=True, check=False)
    print(done.stderr[-1500:])
    return done


def interrupted(env: dict[str, str], word: str, *arguments: str) -> str:
    """Run make until this word is printed, then press Ctrl-C; returns all that was printed."""
    process = subprocess.Popen(
        ["make", *arguments], cwd=REPO, env=env, text=True, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if word in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    seen += process.communicate()[0]
    assert process.returncode != 0, seen
    assert word in seen, seen
    return seen


def machines(env: dict[str, str]) -> list[str]:
    """Ids of the machines that AWS has and that cost money."""
    code = (
        "import boto3, json; pages = boto3.client('ec2').describe_instances()['Reservations']; "
        "print(json.dumps([i['InstanceId'] for r in pages for i in r['Instances'] if i['State']['Name'] == 'running']))"
    )
    python = [str(OPS / "python"), "-c", code]
    ids: list[str] = json.loads(subprocess.check_output(python, env=env | {"AWS_DEFAULT_REGION": REGION}))
    return ids


def attaches(env: dict[str, str]) -> None:
    """`make attach` opens the screen, and after a dropped line the same one as it was left."""
    settings = [f"{name}={env[name]}" for name in ("PATH", "SOR_STATE_DIR", "SOR_TF_PLUGIN_DIR")]
    settings += [f"{name}={value}" for name, value in env.items() if name.startswith("AWS")]
    command = ["env", *settings, "make", "-C", str(REPO), "attach"]
    with screen(command) as dropped:
        dropped.until("Strategy")
        dropped.keys("F6")
        dropped.until("kafka.service")
    with screen(command) as again:
        again.until("kafka.service")
        again.keys("C-q")


def diagnoses(operator: Operator, env: dict[str, str], file: Path) -> None:
    """`make diagnose` packs what a helper needs, and no password."""
    operator.host.run("echo SASL_PASSWORD=hunter2 | sudo tee /etc/sor/producer-secret.env")
    packed = make(env, "diagnose", f"FILE={file}")
    operator.host.run("sudo rm /etc/sor/producer-secret.env")
    assert packed.returncode == 0, packed.stderr
    assert file.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as archive:
        texts = {m.name: archive.extractfile(m).read().decode() for m in archive if m.isfile()}  # type: ignore[union-attr]
    assert json.loads(texts["sor-diagnose/doctor.json"])["well"] is True
    assert "KafkaServer" in texts["sor-diagnose/journal-kafka.txt"]
    assert texts["sor-diagnose/files-etc-sor-producer-secret.env"].strip() == "SASL_PASSWORD=***"
    assert not any("hunter2" in text for text in texts.values())


def backs_up_and_restores(operator: Operator, env: dict[str, str], file: Path) -> None:
    """`make backup` and `make restore` bring topics, tapes and reports back; a broken archive changes nothing."""
    host = operator.host
    topics = host.run("sor kafka topics").stdout
    host.run("echo kept | sudo -u sor tee /var/lib/sor/kept.txt")
    saved = make(env, "backup", f"FILE={file}")
    assert saved.returncode == 0, saved.stderr
    assert file.stat().st_mode & 0o077 == 0
    there = make(env, "backup", f"FILE={file}")
    assert there.returncode != 0
    assert "is there already" in there.stderr

    host.run("sudo rm /var/lib/sor/kept.txt; echo newer | sudo -u sor tee /var/lib/sor/newer.txt")
    host.run("sor produce --speed max --end 2024-06-03T13:30:20Z --run-id after-the-backup")
    assert host.run("sor kafka topics").stdout != topics
    broken = file.with_name("broken.tgz")
    broken.write_bytes(file.read_bytes()[:-4096])
    refused = make(env, "restore", f"FILE={broken}", "AUTO=1")
    assert refused.returncode != 0
    assert "the archive is broken; nothing was changed" in refused.stderr
    assert host.run("cat /var/lib/sor/newer.txt").stdout == "newer\n"

    restored = make(env, "restore", f"FILE={file}", "AUTO=1")
    assert restored.returncode == 0, restored.stderr
    assert host.run("cat /var/lib/sor/kept.txt; ls /var/lib/sor/newer.txt", check=False).stdout == "kept\n"
    assert host.run("ls -d /var/lib/.sor-restore*", check=False).stdout == ""
    assert host.run("sor kafka topics").stdout == topics
    assert "nothing is wrong" in make(env, "status").stdout


def test_make_deploy_interrupted_and_again_status_logs_ssh_destroy(
    operator: Operator, env: dict[str, str], tmp_path: Path
) -> None:
    # A type without processor credits: moto cannot change their mode, which a run after an interruption would do.
    options = [
        f"KEY={tmp_path}/a home with spaces/id.pub",
        f"REGION={REGION}",
        "SSH_CIDR=203.0.113.7/32",
        "AUTO=1",
        "INSTANCE_TYPE=m5.large",
    ]
    deploy = ["deploy", *options, f"EXTRA_VARS=kafka_source={operator.kafka['3.9.1']}"]

    # Ctrl-C while the machine is being made, and again while it is being set up.
    half = interrupted(env, "aws_instance.server: Creating...", *deploy)
    assert "what was made is remembered, run the same command again" in half
    half = interrupted(env, "TASK [", *deploy)
    assert "what was made is remembered, run the same command again" in half

    begin = time.monotonic()
    whole = make(env, *deploy)  # the host has the older Kafka by now, so this is an upgrade too
    assert whole.returncode == 0, whole.stdout[-3000:] + whole.stderr[-3000:]
    print(f"\nmake deploy to a prepared host: {time.monotonic() - begin:.0f} s (wanted: 300)")
    assert len(machines(env)) == 1, "no machine was made and forgotten"
    assert "the same as from the file" in whole.stdout
    assert "nothing is wrong" in whole.stdout
    line = whole.stdout.splitlines()[-1]
    assert line.startswith("ssh ")
    assert "ec2-user@" in line

    again = make(env, *deploy)
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    assert "No changes." in again.stdout
    assert "changed=0" in again.stdout

    status = make(env, "status")
    assert status.returncode == 0, status.stderr
    assert ": running, " in status.stderr
    assert "nothing is wrong" in status.stdout
    assert "started (kafka.server.KafkaServer)" in interrupted(env, "started (kafka.server.KafkaServer)", "logs")
    assert "sor-tui" in make(env, "ssh", typed="ls /usr/local/bin; exit\n").stdout

    attaches(env)
    diagnoses(operator, env, tmp_path / "diagnosis.tgz")
    backs_up_and_restores(operator, env, tmp_path / "backup.tgz")

    state = tmp_path / "a home with spaces" / "state" / "sor"
    assert state.stat().st_mode & 0o077 == 0, "the state is the user's own"
    assert list((REPO / "infra").rglob("*.tfstate*")) == [], "nor in the checkout, where git could take it"

    gone = make(env, "destroy", "AUTO=1")
    assert gone.returncode == 0, gone.stderr
    for made in ("aws_instance.server", "aws_key_pair.operator", "aws_security_group.server"):
        assert f"removed {made}" in gone.stderr
    assert "nothing with the tag Deployment=sor is left" in gone.stderr
    assert json.loads((state / "terraform.tfstate").read_text())["resources"] == []
    assert machines(env) == []
