"""What is to be deployed: options of this call over those remembered from the last, and where state is kept."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TERRAFORM_DIR = REPO / "infra" / "terraform"
ANSIBLE_DIR = REPO / "infra" / "ansible"
METRICS_DIR = REPO / "infra" / "metrics"

# The documentation's own address range (RFC 5737): in a plan that is only looked at, no real one is needed.
EXAMPLE_CIDR = "203.0.113.7/32"

# What is typed to forget an option that was given in an earlier call: nothing typed means as before.
FORGET = {"ssh_cidr": "here", "alarm_email": "none"}

# Options that Terraform has no variable for.
NOT_TERRAFORM = {"key", "backend", "metrics"}


class DeployError(Exception):
    """One line for the operator: what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One deployment. The names of the fields are those of the Terraform variables, but for those in NOT_TERRAFORM.

    `ssh_cidr` is what was typed; empty means wherever this machine is when something is opened (address.py).
    """

    name: str = "sor"
    region: str = ""
    instance_type: str = "t3.micro"
    access: str = "ssh"
    ssh_cidr: str = ""
    key: str = "~/.ssh/id_ed25519.pub"
    volume_size_gb: int = 8
    cpu_credits: str = "standard"
    subnet_id: str = ""
    stop_when_idle_hours: int = 0
    termination_protection: int = 0
    alarm_email: str = ""
    # Whether the playbook installs what Prometheus asks for figures.
    metrics: int = 0
    # A file with the Terraform block of a backend for the state; empty: a file in the state folder.
    backend: str = ""

    @property
    def public_key(self) -> Path:
        return Path(self.key).expanduser().absolute()

    @property
    def identity(self) -> Path:
        """What ssh logs in with: the private key, or the public one where the private half is in an agent alone."""
        private = Path(str(self.public_key).removesuffix(".pub"))
        return private if private.is_file() else self.public_key

    def has_another_key(self) -> bool:
        """Whether the key is not the one of the last call: EC2 takes a key when a machine is made, and never again."""
        kept = self.state_dir / "operator.pub"
        both = self.public_key.is_file() and kept.is_file()
        return both and self.public_key.read_text().split()[:2] != kept.read_text().split()[:2]

    @property
    def state_dir(self) -> Path:
        """The folder of this deployment: state, remembered options, known hosts. Never in the checkout."""
        root = os.environ.get("SOR_STATE_DIR") or Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state") / "sor"
        return Path(root).expanduser() / self.name

    @property
    def known_hosts(self) -> Path:
        return self.state_dir / "known_hosts"

    @property
    def ready_mark(self) -> Path:
        """Is there once a deployment has come to its end; until then the machine may burst."""
        return self.state_dir / "ready"

    @property
    def inventory(self) -> Path:
        return self.state_dir / "inventory.yml"

    def variables(self, ssh_cidr: str = EXAMPLE_CIDR) -> dict[str, str | int | None]:
        """The Terraform variables. Where the key is gone its copy in the state folder serves, so that destroy works.

        `ssh_cidr` matters only where ssh is opened; Terraform needs one even to remove everything.
        """
        values: dict[str, str | int | None] = {k: v for k, v in asdict(self).items() if k not in NOT_TERRAFORM}
        values["ssh_cidr"] = ssh_cidr or None
        values["termination_protection"] = str(bool(self.termination_protection)).lower()
        values["subnet_id"] = self.subnet_id or None
        values["alarm_email"] = self.alarm_email or None
        key = self.public_key if self.public_key.is_file() else self.state_dir / "operator.pub"
        values["public_key_file"] = str(key)
        values["identity_file"] = str(self.identity)
        return values


def load() -> Settings:
    """Settings from the environment (SOR_DEPLOY_REGION and so on; empty means not given) over the remembered ones."""
    given = {f.name: os.environ.get(f"SOR_DEPLOY_{f.name.upper()}", "").strip() for f in fields(Settings)}
    name = given["name"] or Settings().name
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
        raise DeployError(
            f"the deployment's name {name!r} must be lower-case letters, digits and dashes: DEPLOYMENT=sor"
        )
    remembered = _remembered(Settings(name=name).state_dir / "settings.json")
    merged: dict[str, str | int] = {**remembered, **{k: v for k, v in given.items() if v}, "name": name}
    for option, word in FORGET.items():
        if merged.get(option) == word:
            merged[option] = ""
    for number in ("volume_size_gb", "stop_when_idle_hours", "termination_protection", "metrics"):
        if number in merged:
            merged[number] = _whole(number, str(merged[number]))
    return replace(Settings(), **merged)  # type: ignore[arg-type]


def make_folder(settings: Settings) -> None:
    """The folder of the state, which only the user can read."""
    settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.state_dir.chmod(0o700)


def remember(settings: Settings) -> None:
    """Keep the options for the next call."""
    make_folder(settings)
    _write(settings.state_dir / "settings.json", json.dumps(asdict(settings), indent=2) + "\n")
    if settings.public_key.is_file():
        _write(settings.state_dir / "operator.pub", settings.public_key.read_text().strip() + "\n")


def _write(path: Path, text: str) -> None:
    """Write in one step, readable by the user alone: an interrupted call must leave the old file whole."""
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(path)


def _remembered(path: Path) -> dict[str, str | int]:
    try:
        read = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DeployError(f"{path} cannot be read ({error}): delete it and give the options again") from error
    known = {f.name for f in fields(Settings)}
    return {k: v for k, v in read.items() if k in known}


def _whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise DeployError(f"{name} must be a whole number, not {text!r}") from None
