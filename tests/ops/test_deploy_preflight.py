"""Before anything is made: each mistake is one clear line, with what to do."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from simulated_aws import REPO, account, without_account


@pytest.fixture
def env(tmp_path: Path, ops_python: Path, plugin_dir: str) -> dict[str, str]:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    return without_account() | {
        "SOR_STATE_DIR": str(tmp_path / "state"),
        "SOR_DEPLOY_REGION": "eu-central-1",
        "SOR_DEPLOY_KEY": str(tmp_path / "id.pub"),
        "SOR_DEPLOY_SSH_CIDR": "203.0.113.7/32",
        "SOR_TF_PLUGIN_DIR": plugin_dir,
        "PYTHON_OPS": str(ops_python),
    }


def up(env: dict[str, str], **changes: str) -> str:
    """Run `up`, which must fail, and return its one line."""
    call = [env["PYTHON_OPS"], str(REPO / "scripts" / "deploy"), "up"]
    done = subprocess.run(
        call, env=env | changes, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not (Path(env["SOR_STATE_DIR"]) / "sor" / "terraform.tfstate").exists()
    lines = [line for line in done.stderr.splitlines() if line.startswith("sor deploy: ")]
    assert len(lines) == 1
    return lines[0]


def test_missing_credentials(env: dict[str, str]) -> None:
    assert "no AWS credentials: run aws configure, or set AWS_PROFILE" in up(env)


def test_a_profile_that_is_not_there(env: dict[str, str]) -> None:
    assert "(The config profile (nobody) could not be found)" in up(env, AWS_PROFILE="nobody")


def test_missing_region(env: dict[str, str]) -> None:
    assert "no region: make deploy REGION=eu-central-1" in up(env, SOR_DEPLOY_REGION="")


def test_wrong_region(env: dict[str, str]) -> None:
    wrong = {"SOR_DEPLOY_REGION": "eu-middle-9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    assert "eu-middle-9 is no AWS region" in up(env, **wrong)


@contextmanager
def quota_of(vcpus: float) -> Iterator[str]:
    """AWS's quota service, which moto does not have, with one answer; yields its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"Quota": {"QuotaCode": "L-1216C47A", "Value": vcpus}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_quota_that_is_used_up(env: dict[str, str]) -> None:
    with account() as aws, quota_of(1.0) as service:
        said = up(env | aws, AWS_ENDPOINT_URL_SERVICE_QUOTAS=service)
    assert "the instance quota of eu-central-1 is used up: 0 of 1 vCPUs run and t3.micro needs 2" in said
    assert "stop a machine, or ask AWS for more (quota L-1216C47A)" in said


def test_missing_key(env: dict[str, str], tmp_path: Path) -> None:
    assert "absent.pub was not found: make one with ssh-keygen" in up(env, SOR_DEPLOY_KEY=str(tmp_path / "absent.pub"))


def test_a_private_key_is_never_taken(env: dict[str, str], tmp_path: Path) -> None:
    assert "is a private key: name the public one" in up(env, SOR_DEPLOY_KEY=str(tmp_path / "id"))


def test_a_key_that_ec2_does_not_import(env: dict[str, str]) -> None:
    ecdsa = REPO / "infra" / "terraform" / "tests" / "fixtures" / "ecdsa.pub"
    assert "no ED25519 or RSA public key" in up(env, SOR_DEPLOY_KEY=str(ecdsa))


def test_a_key_without_its_private_half(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "id").unlink()
    assert "has no private key" in up(env)


def with_passphrase(env: dict[str, str]) -> str:
    private = env["SOR_DEPLOY_KEY"].removesuffix(".pub")
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "correct horse", "-P", "", "-f", private], check=True)
    return private


def test_a_key_with_a_passphrase_and_no_agent(env: dict[str, str]) -> None:
    private = with_passphrase(env)
    assert f"{private} has a passphrase, and no agent holds it: ssh-add '{private}'" in up(env, SSH_AUTH_SOCK="")


def test_a_key_that_others_can_read(env: dict[str, str]) -> None:
    private = Path(env["SOR_DEPLOY_KEY"].removesuffix(".pub"))
    private.chmod(0o644)
    assert f"chmod 600 '{private}'" in up(env, SSH_AUTH_SOCK="")


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """The socket of an ssh agent of this test's own."""
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as process:
        while not socket.exists():
            assert process.poll() is None
        yield str(socket)
        process.terminate()


def test_a_key_that_is_in_an_agent_alone_is_enough(env: dict[str, str], agent: str) -> None:
    private = Path(env["SOR_DEPLOY_KEY"].removesuffix(".pub"))
    subprocess.run(["ssh-add", "-q", str(private)], env=env | {"SSH_AUTH_SOCK": agent}, check=True)
    private.unlink()
    assert "no AWS credentials" in up(env, SSH_AUTH_SOCK=agent), "the key is passed, and the next thing is looked at"


def test_a_key_with_a_passphrase_in_an_agent_is_enough(env: dict[str, str], agent: str) -> None:
    private = env["SOR_DEPLOY_KEY"].removesuffix(".pub")
    subprocess.run(["ssh-add", "-q", private], env=env | {"SSH_AUTH_SOCK": agent}, check=True)
    with_passphrase(env)
    assert "no AWS credentials" in up(env, SSH_AUTH_SOCK=agent)


def test_missing_terraform(env: dict[str, str], tmp_path: Path) -> None:
    assert "terraform was not found: install Terraform" in up(env, PATH=str(tmp_path))


def test_missing_ssh(env: dict[str, str], tmp_path: Path) -> None:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    (bin_dir / "terraform").write_text('#!/bin/sh\necho \'{"terraform_version": "1.11.4"}\'\n')
    (bin_dir / "terraform").chmod(0o755)
    (bin_dir / "sh").symlink_to("/bin/sh")
    assert "ssh was not found: install the OpenSSH client" in up(env, PATH=str(bin_dir))


def test_an_old_terraform(env: dict[str, str], tmp_path: Path) -> None:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    (bin_dir / "terraform").write_text('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n')
    (bin_dir / "terraform").chmod(0o755)
    assert "terraform 1.5 is too old: 1.9 or later" in up(env, PATH=str(bin_dir))


def test_session_manager_needs_its_plugin(env: dict[str, str], tmp_path: Path) -> None:
    assert "was not found: install" in up(env, SOR_DEPLOY_ACCESS="ssm")


def test_an_odd_name_cannot_lead_out_of_the_state_folder(env: dict[str, str]) -> None:
    assert "must be lower-case letters, digits and dashes" in up(env, SOR_DEPLOY_NAME="../../etc")


def test_a_number_that_is_none(env: dict[str, str]) -> None:
    assert "volume_size_gb must be a whole number, not 'ten'" in up(env, SOR_DEPLOY_VOLUME_SIZE_GB="ten")


def test_a_plan_needs_no_credentials(env: dict[str, str]) -> None:
    call = [env["PYTHON_OPS"], str(REPO / "scripts" / "deploy"), "plan"]
    done = subprocess.run(call, env=env, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 to add, 0 to change, 0 to destroy" in done.stdout
    assert "simulated AWS" in done.stderr
