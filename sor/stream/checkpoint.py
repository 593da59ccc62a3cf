"""What a consumer knows, kept so that one that was killed goes on where it was (DESIGN section 9).

A run's folder holds three files: `lock`, `spool` (the snapshots so far) and `checkpoint.json` (how far the spool and
the topic go together). The checkpoint is written last and atomically, and on a restart the spool is cut to what it
says, so the two can never disagree.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from sor.state import state_folder

KEEP_DAYS = 7
_FORMAT = 1


class Checkpoint:
    """The folder of one run, held by one consumer at a time."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder, self._lock = folder, lock

    @classmethod
    def hold(cls, *key: str) -> Self | None:
        """The folder for this key (servers, topic, run); None where another consumer has it, or none can be made."""
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:12]
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(key[1:]))[:80]
        root = state_folder() / "stream"
        folder = root / f"{readable}-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, RuntimeError):
            return None  # a read-only home is no reason to fail: there is only no going on after a kill
        if not _locked(lock):
            os.close(lock)
            return None
        _sweep(root, folder)
        # A consumer that ended may have removed the folder between our open and our lock.
        if not (folder / "lock").exists():
            os.close(lock)
            return None
        return cls(folder, lock)

    @property
    def spool(self) -> Path:
        return self._folder / "spool"

    def read(self) -> dict[str, Any] | None:
        """The last state written; None where there is none, or none that this version can read."""
        try:
            state = json.loads((self._folder / "checkpoint.json").read_bytes())
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) and state.get("format") == _FORMAT else None

    def write(self, state: dict[str, Any]) -> None:
        """Atomically: a reader finds the old state or the new one, also after a crash of the machine."""
        path, draft = self._folder / "checkpoint.json", self._folder / "checkpoint.new"
        with open(draft, "wb") as file:
            file.write(json.dumps({"format": _FORMAT, **state}).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self) -> None:
        """Begin anew: what was written before belongs to another spool."""
        (self._folder / "checkpoint.json").unlink(missing_ok=True)

    def release(self, remove: bool) -> None:
        """Let others have it; `remove` once the run has ended and nothing is to go on from."""
        if remove:
            shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            os.close(self._lock)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(root: Path, ours: Path) -> None:
    """Remove what killed consumers left behind and nobody came back for."""
    for folder in root.iterdir():
        with suppress(OSError):
            if folder == ours or time.time() - folder.stat().st_mtime < KEEP_DAYS * 86_400:
                continue
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _locked(lock):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
