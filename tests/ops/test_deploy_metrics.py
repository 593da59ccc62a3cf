"""`make metrics`: the tunnel to a server's figures, and what is said where there are none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from simulated_aws import REPO

CODE = """
import sys
sys.path.insert(0, {scripts!r})
import settings as config
import visiting
outputs = {{"ssh_command": "ssh -i key ec2-user@192.0.2.1", "instance_id": "i-1"}}
visiting.reach = lambda wanted: outputs
try:
    visiting.metrics(config.load())
except config.DeployError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("metrics", ["", "0", "1"])
def test_the_tunnel(ops_python: Path, tmp_path: Path, metrics: str) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    ssh.chmod(0o755)
    env = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SOR_STATE_DIR": str(tmp_path / "state"),
        "SOR_DEPLOY_METRICS": metrics,
    }
    code = CODE.format(scripts=str(REPO / "scripts" / "deploy"))
    done = subprocess.run([str(ops_python), "-c", code], env=env, text=True, capture_output=True, check=False)
    if metrics != "1":
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "this deployment has no metrics: make deploy METRICS=1\n"
        return
    assert done.returncode == 0, done.stderr
    words = done.stdout.splitlines()
    assert [words[at + 1] for at, word in enumerate(words) if word == "-L"] == [
        "127.0.0.1:19100:127.0.0.1:9100",
        "127.0.0.1:19404:127.0.0.1:9404",
    ]
    assert {"-N", "ExitOnForwardFailure=yes"} <= set(words)
    assert words[-1] == "ec2-user@192.0.2.1"
    assert "prometheus --config.file=" in done.stderr
