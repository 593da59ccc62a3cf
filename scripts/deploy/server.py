"""The machine once it exists: reach it by ssh, set it up with Ansible, look at it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import address
import cloud
import waiting
from console import say
from settings import ANSIBLE_DIR, REPO, DeployError, Settings
from waiting import Trouble

# A t3.micro in standard mode starts with no credits and runs on a tenth of each of its two processors.
CLOUD_INIT_SECONDS = 900


def ssh_options(settings: Settings, outputs: dict[str, str]) -> list[str]:
    """The first key that the machine shows is kept, in a file of the deployment; another one later is refused.

    It is kept under the machine's id: the address is another one after each start, and may have been somebody else's.
    """
    return [
        # ssh splits this option at spaces that are not quoted.
        "-o", f'UserKnownHostsFile="{settings.known_hosts}"',
        "-o", f"HostKeyAlias={outputs['instance_id']}",
        "-o", "StrictHostKeyChecking=accept-new",
        # An agent with many keys is refused before it comes to the right one.
        "-o", "IdentitiesOnly=yes",
        "-o", "ConnectTimeout=10",
        "-o", "ServerAliveInterval=15",
    ]  # fmt: skip


def ssh_command(settings: Settings, outputs: dict[str, str], remote: str = "", *, tty: bool = False) -> list[str]:
    """The whole ssh call; `remote` is a shell command on the server, empty for a shell."""
    base = shlex.split(outputs["ssh_command"])
    batch = [] if tty else ["-o", "BatchMode=yes"]
    return [
        base[0],
        *ssh_options(settings, outputs),
        *batch,
        *(["-t"] if tty else []),
        *base[1:],
        *([remote] if remote else []),
    ]


def write_inventory(settings: Settings, outputs: dict[str, str]) -> None:
    settings.inventory.write_text(outputs["inventory"])


def wait_for_boot(settings: Settings, outputs: dict[str, str], opened_to: str) -> None:
    """Until ssh answers and cloud-init has finished; `opened_to` is the one address that the firewall lets in."""
    waiting.until_ssh(
        lambda: _quietly(settings, outputs, "true"), lambda kind: _hopeless(settings, outputs, opened_to, kind)
    )
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


def verify_host_key(settings: Settings, outputs: dict[str, str]) -> None:
    """Compare the host key that ssh was shown first with those that the machine wrote to its console.

    Anyone who sits between here and AWS can answer ssh, but cannot write to that console.
    """
    shown = {" ".join(line.split()[1:3]) for line in settings.known_hosts.read_text().splitlines() if line.strip()}
    console = set(cloud.host_keys(settings, outputs["instance_id"]))
    if not console:
        say("the host key could not be checked: the machine's console does not show it (yet)")
    elif shown & console:
        say("the host key is the one that the machine wrote to its console")
    else:
        settings.known_hosts.unlink()
        raise DeployError(
            "the server's ssh key is not the one on the machine's console: something between here and AWS answers "
            "in its place; nothing was sent to it. Try again from another network"
        )


def _hopeless(settings: Settings, outputs: dict[str, str], opened_to: str, kind: Trouble) -> str | None:
    """Why waiting for ssh cannot help: what ssh says, and what AWS says of the machine."""
    match kind:
        case Trouble.WRONG_KEY:
            return (
                f"the machine does not let this key in: it was made with another one than "
                f"{settings.public_key}; name that one with KEY=FILE.pub"
            )
        case Trouble.OTHER_HOST_KEY:
            return (
                f"the server shows another ssh key than before: if you have replaced the machine yourself, "
                f"delete {settings.known_hosts}; otherwise something else answers at its address"
            )
        case Trouble.NO_SUCH_HOST:
            return "the machine has no address that can be reached: make status"
    machine = cloud.machine(settings, outputs["instance_id"])
    if machine.state not in ("pending", "running"):
        return f"{machine.instance_id} is {machine.state}: {remedy(machine.state)}"
    if kind is Trouble.UNREACHABLE and settings.access == "ssh":
        here = address.moved(opened_to)
        if here:
            return f"ssh is open to {opened_to}, and you are at {here} now: make allow"
    return None


def remedy(state: str) -> str:
    """What to do about a machine in a state in which it answers nobody."""
    if state in ("stopped", "stopping"):
        return "make start"
    return "wait a minute" if state == "pending" else "make deploy makes another"


def playbook(settings: Settings, outputs: dict[str, str], name: str, wheel: Path) -> None:
    """Run one playbook against the server."""
    # Not the common arguments: the inventory sets those for Session Manager, and a host's own would win.
    args = shlex.join(["-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", *ssh_options(settings, outputs)])
    env = {**os.environ, "ANSIBLE_CONFIG": str(ANSIBLE_DIR / "ansible.cfg"), "ANSIBLE_SSH_ARGS": args}
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(settings.inventory),
        str(ANSIBLE_DIR / name),
    ]
    # As JSON, because Ansible splits NAME=VALUE at spaces.
    own = {"sor_wheel": str(wheel), "metrics_enabled": bool(settings.metrics)}
    extra = [json.dumps(own), *shlex.split(os.environ.get("SOR_DEPLOY_EXTRA_VARS", ""))]
    command += [part for value in extra for part in ("-e", value)]
    if subprocess.run(command, env=env, cwd=ANSIBLE_DIR, check=False).returncode:
        raise DeployError(
            f"the playbook {name} failed (the line marked fatal says why); fix it and run make deploy again"
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
