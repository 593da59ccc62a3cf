"""The tools of operations, each skipped with its reason where it cannot be had."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from simulated_aws import OPS, REPO


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
