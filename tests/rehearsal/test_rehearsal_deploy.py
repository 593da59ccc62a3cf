"""`make deploy` from end to end: AWS is simulated by moto, the machine that it makes is the rehearsal's host."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from operating import REPO, Operator

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]

OPS = REPO / ".venv-ops" / "bin"


@pytest.fixture
def moto() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [OPS / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def env(operator: Operator, moto: str, tmp_path: Path) -> dict[str, str]:
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
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SOR_", "TF_", "ANSIBLE_"))}
    return clean | {
        "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "simulated",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SOR_STATE_DIR": str(tmp_path / "state"),
        "SOR_TF_PLUGIN_DIR": plugins.strip(),
    }


def make(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["make", *arguments], cwd=REPO, env=env, text=True, capture_output=True, check=False)
    print(done.stderr[-1500:])
    return done


def test_make_deploy_again_status_destroy(operator: Operator, env: dict[str, str], tmp_path: Path) -> None:
    options = [f"KEY={tmp_path}/id.pub", "REGION=eu-central-1", "SSH_CIDR=203.0.113.7/32", "AUTO=1"]
    source = f"EXTRA_VARS=kafka_source={operator.kafka['3.9.1']}"
    begin = time.monotonic()
    first = make(env, "deploy", *options, source)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    print(f"\nmake deploy: {time.monotonic() - begin:.0f} s")
    assert "5 to add, 0 to change, 0 to destroy" in first.stdout
    assert "the same as from the file" in first.stdout
    assert "nothing is wrong" in first.stdout
    line = first.stdout.splitlines()[-1]
    assert line.startswith("ssh ")
    assert "ec2-user@" in line

    # Run again, as after an interruption: nothing is made twice, nothing changes.
    second = make(env, "deploy", *options, source)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr[-3000:]
    assert "No changes." in second.stdout
    assert "changed=0" in second.stdout

    status = make(env, "status")
    assert status.returncode == 0, status.stderr
    assert ": running, " in status.stderr
    assert "nothing is wrong" in status.stdout

    gone = make(env, "destroy", "AUTO=1")
    assert gone.returncode == 0, gone.stderr
    assert "removed aws_instance.server" in gone.stderr
    state = json.loads((tmp_path / "state" / "sor" / "terraform.tfstate").read_text())
    assert state["resources"] == []
