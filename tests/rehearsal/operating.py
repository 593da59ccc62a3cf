"""What an operator does with the rehearsal's host: run playbooks, read what they say."""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import emulated
import nspawn
import pytest

REPO = Path(__file__).resolve().parents[2]
ANSIBLE = REPO / ".venv-ops" / "bin" / "ansible-playbook"


def unavailable(reason: str) -> NoReturn:
    """What this machine lacks is no fault of ours: where tests run unattended it is said, who asked is refused."""
    if os.environ.get("CI") == "true":
        pytest.skip(f"no rehearsal on this machine: {reason}")
    pytest.exit(f"rehearse: {reason}", returncode=1)


@dataclass(frozen=True, slots=True)
class Play:
    """How one playbook run ended."""

    output: str
    seconds: float
    ok: bool
    changed: int

    @property
    def message(self) -> str:
        """What the operator reads: the text of the fatal task in one line."""
        fatal = self.output.rpartition("FAILED! =>")[2].partition("PLAY RECAP")[0]
        found = re.search(r"msg: (.*)", fatal, re.DOTALL)
        text = " ".join((found[1] if found else fatal).split())
        # Ansible shows the text as YAML: a quoted one has its apostrophes doubled.
        return text.strip("'").replace("''", "'")


@dataclass(frozen=True, slots=True)
class Operator:
    """The host, and what an operator does with it from here."""

    host: nspawn.Host | emulated.Machine
    wheel: Path
    kafka: dict[str, Path]

    def play(self, playbook: str = "site.yml", tags: str = "all", **variables: str) -> Play:
        """Run a playbook as a user with sudo; Kafka comes from the cache unless said otherwise."""
        begin = time.monotonic()
        process = self.begin_play(playbook, tags, **variables)
        output, _ = process.communicate()
        changed = re.search(r"changed=(\d+)", output)
        play = Play(output, time.monotonic() - begin, process.returncode == 0, int(changed[1]) if changed else -1)
        with (self.host.folder / "plays.log").open("a") as log:
            log.write(f"\n##### {playbook} {variables} {play.seconds:.0f} s\n{output}")
        result = "ok" if play.ok else "failed"
        print(f"\n{playbook} {variables or ''}: {result}, changed={play.changed}, {play.seconds:.0f} s")
        if not play.ok:
            print(f"  {play.message}")
        return play

    def begin_play(self, playbook: str = "site.yml", tags: str = "all", **variables: str) -> subprocess.Popen[str]:
        """The playbook while it runs. A variable whose value is an object stands for the object's own."""
        given = {"sor_wheel": str(self.wheel), "kafka_source": str(self.kafka.get("3.9.1", ""))} | variables
        command = [str(ANSIBLE), "-i", str(self.host.inventory()), "--tags", tags, playbook]
        for name, value in given.items():
            command += ["-e", value if value.startswith("{") else f"{name}={value}"]
        # Not this machine's settings, and none of its terminal.
        env = {"PATH": "/usr/bin:/bin", "HOME": str(Path.home()), "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
        return subprocess.Popen(
            command, cwd=REPO / "infra" / "ansible", env=env, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def as_sor(self, command: str) -> str:
        """A shell command on the host as the user sor."""
        return f"sudo -u sor env HOME=/var/lib/sor NO_COLOR=1 PATH=/usr/local/bin:/usr/bin:/bin sh -c '{command}'"
