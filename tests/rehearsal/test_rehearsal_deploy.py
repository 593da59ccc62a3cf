"""`make deploy` from end to end: AWS is simulated by moto, the machine that it makes is the rehearsal's host."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import simulated_aws
from operating import REPO, Operator
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
    shutil.copy(operator.host.key, tmp_path / "id")
    shutil.copy(operator.host.key.with_suffix(".pub"), tmp_path / "id.pub")
    with simulated_aws.account() as aws:
        yield aws | {
            "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
            "SOR_STATE_DIR": str(tmp_path / "state"),
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
    python = [OPS / "python", "-c", code]
    ids: list[str] = json.loads(subprocess.check_output(python, env=env | {"AWS_DEFAULT_REGION": REGION}))
    return ids


def test_make_deploy_interrupted_and_again_status_logs_ssh_destroy(
    operator: Operator, env: dict[str, str], tmp_path: Path
) -> None:
    # A type without processor credits: moto cannot change their mode, which a run after an interruption would do.
    options = [
        f"KEY={tmp_path}/id.pub",
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

    state = tmp_path / "state" / "sor"
    assert state.stat().st_mode & 0o077 == 0, "the state is the user's own"
    assert list((REPO / "infra").rglob("*.tfstate*")) == [], "nor in the checkout, where git could take it"

    gone = make(env, "destroy", "AUTO=1")
    assert gone.returncode == 0, gone.stderr
    for made in ("aws_instance.server", "aws_key_pair.operator", "aws_security_group.server"):
        assert f"removed {made}" in gone.stderr
    assert "nothing with the tag Deployment=sor is left" in gone.stderr
    assert json.loads((state / "terraform.tfstate").read_text())["resources"] == []
    assert machines(env) == []
