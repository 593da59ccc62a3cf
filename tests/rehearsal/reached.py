"""A host that is reached by ssh on a loopback port, whatever it is made of."""

from __future__ import annotations

import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

# As on Amazon Linux.
USER = "ec2-user"


class NoHostError(Exception):
    """This machine cannot have such a host; no fault of what is rehearsed."""


def free_port() -> int:
    """A loopback port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Reached:
    """The ssh side of one host: its key and what its user with sudo does there."""

    folder: Path
    port: int = 0

    @property
    def key(self) -> Path:
        return self.folder / "id"

    def make_key(self) -> None:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)

    def run(self, command: str, *, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """A shell command on the host, over ssh, as the user with sudo."""
        call = ["ssh", *self.ssh_options, "-p", str(self.port), f"{USER}@127.0.0.1", command]
        done = subprocess.run(
            call, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise AssertionError(
                f"{command!r} ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        return done

    def terminal(self, command: str) -> list[str]:
        """The ssh call for a command that wants a terminal."""
        return ["ssh", "-t", *self.ssh_options, "-p", str(self.port), f"{USER}@127.0.0.1", command]

    def begin(self, command: str, out: Path) -> subprocess.Popen[bytes]:
        """A shell command on the host that goes on while others run."""
        call = ["ssh", *self.ssh_options, "-p", str(self.port), f"{USER}@127.0.0.1", command]
        return subprocess.Popen(
            call, stdin=subprocess.DEVNULL, stdout=out.open("wb"), stderr=out.with_suffix(".err").open("wb")
        )

    @property
    def ssh_options(self) -> list[str]:
        return [
            "-i", str(self.key), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", f"UserKnownHostsFile={self.folder / 'known_hosts'}", "-o", "ConnectTimeout=60",
        ]  # fmt: skip

    def inventory(self) -> Path:
        file = self.folder / "inventory.yml"
        file.write_text(
            "all:\n  hosts:\n    rehearsal:\n"
            f"      ansible_host: 127.0.0.1\n      ansible_port: {self.port}\n      ansible_user: {USER}\n"
            f"      ansible_ssh_private_key_file: {self.key}\n      ansible_python_interpreter: /usr/bin/python3\n"
            "      ansible_ssh_common_args: -o StrictHostKeyChecking=no"
            f" -o UserKnownHostsFile={self.folder / 'known_hosts'}\n"
        )
        return file
