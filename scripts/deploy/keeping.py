"""What is taken from a server and brought back: backups of its topics and reports, and what a helper needs to see."""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import server
from console import confirm, say
from settings import DeployError, Settings
from visiting import reach

LIBEXEC = "sudo /opt/sor/libexec"


def backup(wanted: Settings) -> None:
    """Topics, registry, tapes and reports into a file here; Kafka rests meanwhile."""
    _fetch(wanted, "backup", "Kafka and ZooKeeper are stopped, copied and started again")


def diagnose(wanted: Settings) -> None:
    """Doctor, versions, units, settings and journal into a file here, without secrets."""
    _fetch(wanted, "diagnose")


def restore(wanted: Settings) -> None:
    """Put a backup in the place of what the server has."""
    file = _file("")
    if not file.is_file():
        raise DeployError(f"FILE={file} was not found: name what make backup wrote")
    outputs = reach(wanted)
    if not confirm(f"Replace the topics, tapes and reports on {wanted.name} by those of {file}?"):
        raise DeployError("nothing was changed")
    with file.open("rb") as archive:
        done = subprocess.run(server.ssh_command(wanted, outputs, f"{LIBEXEC}/restore"), stdin=archive, check=False)
    if done.returncode:
        raise DeployError("the backup was not restored (the reason is above)")
    say(f"restored {file}; Kafka starts: make status")


def _fetch(wanted: Settings, what: str, note: str = "") -> None:
    """Run a program of the server whose standard output is an archive; the file appears whole or not at all."""
    file = _file(f"sor-{what}-{wanted.name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tgz")
    if file.exists():
        raise DeployError(f"FILE={file} is there already: name another")
    outputs = reach(wanted)
    if note:
        say(note)
    # A name that nobody can guess, so that nobody can lay a link there; the file is the user's alone.
    handle, name = tempfile.mkstemp(prefix=".sor-", suffix=".part", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            command = server.ssh_command(wanted, outputs, f"{LIBEXEC}/{what}")
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, check=False)
        if done.returncode:
            raise DeployError(f"{what} failed on the server (the reason is above); no file was written")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    print(file)


def _file(default: str) -> Path:
    given = os.environ.get("SOR_DEPLOY_FILE") or default
    if not given:
        raise DeployError("which file? FILE=sor-backup-....tgz")
    return Path(given).expanduser().absolute()
