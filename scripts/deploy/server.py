"""The machine once it exists: reach it by ssh, set it up with Ansible, look at it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from settings import ANSIBLE_DIR, REPO, DeployError, Settings

BOOT_SECONDS = 300
# A t3.micro in standard mode starts with no credits and runs on a tenth of a core.
CLOUD_INIT_SECONDS = 900


def ssh_options(settings: Settings) -> list[str]:
    """The first key that the machine shows is kept, in a file of the deployment; another one later is refused."""
    return [
        "-o", f"UserKnownHostsFile={settings.known_hosts}",
        "-o", "StrictHostKeyChecking=accept-new",
        "-o", "ConnectTimeout=10",
        "-o", "ServerAliveInterval=15",
    ]  # fmt: skip


def ssh_command(settings: Settings, outputs: dict[str, str], remote: str = "", *, tty: bool = False) -> list[str]:
    """The whole ssh call; `remote` is a shell command on the server, empty for a shell."""
    base = shlex.split(outputs["ssh_command"])
    batch = [] if tty else ["-o", "BatchMode=yes"]
    return [base[0], *ssh_options(settings), *batch, *(["-t"] if tty else []), *base[1:], *([remote] if remote else [])]


def write_inventory(settings: Settings, outputs: dict[str, str]) -> None:
    settings.inventory.write_text(outputs["inventory"])


def wait_for_boot(settings: Settings, outputs: dict[str, str]) -> None:
    """Until ssh answers and cloud-init has finished."""
    deadline = time.monotonic() + BOOT_SECONDS
    while (result := _quietly(settings, outputs, "true")).returncode:
        if "REMOTE HOST IDENTIFICATION HAS CHANGED" in result.stderr:
            raise DeployError(
                f"the server shows another ssh key than before: if the machine is new, delete {settings.known_hosts}"
            )
        if time.monotonic() > deadline:
            last = result.stderr.strip().splitlines()[-1:] or ["no answer"]
            raise DeployError(
                f"ssh does not answer within {BOOT_SECONDS} s ({last[0]}): has your address changed? make deploy again"
            )
        time.sleep(5)
    try:
        # Status 2 is "done, with warnings"; an image without cloud-init has nothing to wait for.
        wait = "! command -v cloud-init >/dev/null || sudo cloud-init status --wait >/dev/null || test $? -eq 2"
        done = _quietly(settings, outputs, wait, CLOUD_INIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise DeployError(
            "cloud-init does not finish: look at it with make ssh, then sudo cloud-init status --long"
        ) from None
    if done.returncode:
        raise DeployError("cloud-init failed on the server: make ssh, then sudo cloud-init status --long")


def playbook(settings: Settings, name: str, wheel: Path) -> None:
    """Run one playbook against the server."""
    # Not the common arguments: the inventory sets those for Session Manager, and a host's own would win.
    args = shlex.join(["-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", *ssh_options(settings)])
    env = {**os.environ, "ANSIBLE_CONFIG": str(ANSIBLE_DIR / "ansible.cfg"), "ANSIBLE_SSH_ARGS": args}
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(settings.inventory),
        str(ANSIBLE_DIR / name),
    ]
    extra = [f"sor_wheel={wheel}", *shlex.split(os.environ.get("SOR_DEPLOY_EXTRA_VARS", ""))]
    command += [part for value in extra for part in ("-e", value)]
    if subprocess.run(command, env=env, cwd=ANSIBLE_DIR, check=False).returncode:
        raise DeployError(
            f"the playbook {name} failed (the line marked fatal says why); mend it and run make deploy again"
        )


def build_wheel() -> Path:
    """The wheel of this checkout, by the development environment, which has the build tool."""
    out = REPO / "build" / "wheel"
    for old in out.glob("*.whl"):
        old.unlink()
    pip = [str(REPO / ".venv" / "bin" / "python"), "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    result = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "-w", str(out), str(REPO)],
        text=True,
        capture_output=True,
        check=False,
    )
    wheels = list(out.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        raise DeployError(f"the wheel of sor cannot be built (make setup first?): {result.stderr.strip()[-300:]}")
    return wheels[0]


def _quietly(
    settings: Settings, outputs: dict[str, str], remote: str, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    command = ssh_command(settings, outputs, remote)
    return subprocess.run(
        command, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False
    )
