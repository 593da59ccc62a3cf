"""A simulated AWS account for tests of the deployment: the very server that `make deploy-plan` starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
OPS = REPO / ".venv-ops" / "bin"
REGION = "eu-central-1"
sys.path.insert(0, str(REPO / "scripts" / "deploy"))


def untouched() -> dict[str, str]:
    """This machine's environment without what would lead to an account, a state or settings of the person who tests."""
    ours = ("AWS_", "SOR_", "TF_", "ANSIBLE_", "MAKE", "MFLAGS")
    return {k: v for k, v in os.environ.items() if not k.startswith(ours)} | {"AWS_EC2_METADATA_DISABLED": "true"}


def without_account() -> dict[str, str]:
    """Where nobody has ever said `aws configure`."""
    return untouched() | {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


@contextmanager
def account() -> Iterator[dict[str, str]]:
    """For the length of the block: the environment in which all AWS calls go to the simulated account."""
    import simulated

    with simulated.aws(OPS) as env:
        # Nothing of this machine is left to be blanked out, and boto3 takes an empty profile for one that is missing.
        yield untouched() | {name: value for name, value in env.items() if value}
