"""Root file systems of Debian: built once by debootstrap, kept, and copied for each host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from reached import USER, NoHostError

# Of a machine that has other things to do as well.
BUILD_SECONDS = 1800


def home() -> Path:
    """Where roots are kept."""
    return Path(os.environ.get("SOR_CACHE") or "~/.cache/sor").expanduser() / "rehearsal"


def pristine(suite: str, packages: str) -> Path:
    """A root that nobody has touched; the first call builds it (a minute or two)."""
    root = home() / f"{suite}-1"
    if root.exists():
        return root
    draft = home() / f"{suite}.draft"
    remove(draft)
    draft.parent.mkdir(parents=True, exist_ok=True)
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(draft)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoHostError(f"debootstrap does not end within {BUILD_SECONDS} s") from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
        raise NoHostError(f"debootstrap failed: {said[-1]}")
    draft.rename(root)
    return root


def remove(root: Path) -> None:
    """Delete a root. What is mounted in it (debootstrap mounts /proc) is let go first, never deleted through."""
    for mount in reversed(Path("/proc/mounts").read_text().splitlines()):
        target = Path(mount.split()[1])
        if target.is_relative_to(root):
            subprocess.run(["umount", "-l", str(target)], check=False)
    subprocess.run(["rm", "-rf", "--one-file-system", str(root)], check=False)


def admit(root: Path, key: Path) -> None:
    """A user who has sudo and is let in with this key, and a host name."""
    inside(root, "useradd", "--create-home", "--shell", "/bin/bash", USER)
    write(root, f"etc/sudoers.d/{USER}", f"{USER} ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    write(root, f"home/{USER}/.ssh/authorized_keys", key.with_suffix(".pub").read_text(), 0o600)
    inside(root, "chown", "-R", f"{USER}:{USER}", f"/home/{USER}/.ssh")
    write(root, "etc/hostname", "sor-rehearsal\n")
    write(root, "etc/hosts", "127.0.0.1 localhost sor-rehearsal\n")


def inside(root: Path, *command: str) -> None:
    """Run a command in it."""
    done = subprocess.run(["chroot", str(root), *command], text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stderr.strip()}")


def write(root: Path, path: str, text: str, mode: int = 0o644) -> None:
    """Write a file of it."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
