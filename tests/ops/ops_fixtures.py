"""The tools of operations, each skipped with its reason where it cannot be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import simulated_aws
from accounts import Account
from simulated_aws import OPS, REGION, REPO


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the tools of operations is left out of `make test`, and is what `make test-ops` runs."""
    for item in items:
        if "ops_python" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ops)


@pytest.fixture(scope="session")
def ops_python() -> Path:
    python = OPS / "python"
    if not (OPS / "moto_server").exists():
        pytest.skip("no .venv-ops here: make .venv-ops/.ready")
    return python


@pytest.fixture(scope="session")
def plugin_dir() -> str:
    """A folder with the AWS provider, or empty where Terraform's registry answers."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    found = subprocess.run(
        [REPO / "scripts" / "tf-plugin-dir"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not found and os.environ.get("SOR_TEST_TERRAFORM_REGISTRY") != "1":
        pytest.skip("no local AWS provider: name a folder with SOR_TF_PLUGIN_DIR")
    return found


@pytest.fixture(scope="module")
def moto(ops_python: Path) -> Iterator[dict[str, str]]:
    with simulated_aws.account() as env:
        yield env


@pytest.fixture
def account(moto: dict[str, str], ops_python: Path, plugin_dir: str, tmp_path: Path) -> Account:
    reset = f"{moto['AWS_ENDPOINT_URL']}/moto-api/reset"
    urllib.request.urlopen(urllib.request.Request(reset, method="POST"), timeout=60).close()
    home = tmp_path / "a home with spaces"
    home.mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / "id")], check=True)
    env = moto | {
        "SOR_TF_PLUGIN_DIR": plugin_dir,
        "SOR_STATE_DIR": str(home / "state"),
        "SOR_DEPLOY_REGION": REGION,
        "SOR_DEPLOY_KEY": str(home / "id.pub"),
        "SOR_DEPLOY_SSH_CIDR": "203.0.113.7/32",
        "SOR_DEPLOY_AUTO": "1",
    }
    if not plugin_dir:
        del env["SOR_TF_PLUGIN_DIR"]
    return Account(home, env, ops_python)
