"""What a consumer knows, kept so that one that was killed goes on where it was (docs/stream.md).

A run's folder holds three files: `lock`, `spool` (the snapshots so far) and `checkpoint.json` (how far the spool and
the topic go together). The checkpoint is written last and atomically, and on a restart the spool is cut to what it
says, so the two can never disagree.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import msgspec

import sor
from sor.errors import SorError
from sor.files.writing import private_dir, try_lock, write_whole
from sor.paths import state_dir
from sor.stream.wire.typed import read

KEEP_DAYS = 7
_FORMAT = f"3, sor {sor.__version__}"


class _Written(msgspec.Struct):
    """The file: crc is that of the very bytes of the state."""

    format: str
    crc: int
    state: msgspec.Raw


class Checkpoint:
    """The folder of one run, held by one consumer at a time."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder, self._lock = folder, lock

    @classmethod
    def hold(cls, *key: str) -> Self | None:
        """The folder for this key (servers, topic, run); None where another consumer has it, or none can be made."""
        digest = hashlib.sha256("\0".join(key).encode()).hexdigest()[:12]
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(key[1:]))[:80]
        root = state_dir() / "stream"
        folder = root / f"{readable}-{digest}"
        try:
            private_dir(folder)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (OSError, RuntimeError):
            return None  # a read-only home is no reason to fail: there is only no going on after a kill
        if not try_lock(lock):
            os.close(lock)
            return None
        _remove_abandoned(root, folder)
        # A consumer that ended may have removed the folder between our open and our lock.
        if not (folder / "lock").exists():
            os.close(lock)
            return None
        return cls(folder, lock)

    @property
    def spool(self) -> Path:
        return self._folder / "spool"

    def read(self) -> dict[str, Any] | None:
        """The last state written; None where there is none.

        SorError where there is one that this version cannot read: it is damaged, or another version's.
        """
        try:
            found = read((self._folder / "checkpoint.json").read_bytes(), _Written)
            if found.format != _FORMAT:
                raise SorError("another version of sor wrote it")
            if found.crc != zlib.crc32(found.state):
                raise SorError("it is damaged")
            return read(bytes(found.state), dict[str, Any])
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            raise SorError("it is damaged") from None

    def write(self, state: dict[str, Any]) -> None:
        """Atomically: a reader finds the old state or the new one, also after a crash of the machine."""
        raw = msgspec.json.encode(state)
        text = msgspec.json.encode(_Written(_FORMAT, zlib.crc32(raw), msgspec.Raw(raw)))
        write_whole(self._folder / "checkpoint.json", text, durable=True, private=True)

    def forget(self) -> None:
        """Begin again: what was written before belongs to another spool."""
        (self._folder / "checkpoint.json").unlink(missing_ok=True)

    def release(self, remove: bool) -> None:
        """Let others have it; `remove` once the run has ended and nothing is to go on from."""
        if remove:
            shutil.rmtree(self._folder, ignore_errors=True)
        with suppress(OSError):
            os.close(self._lock)


def _remove_abandoned(root: Path, ours: Path) -> None:
    """Remove what killed consumers left behind and nobody came back for."""
    for folder in root.iterdir():
        with suppress(OSError):
            if folder == ours or time.time() - folder.stat().st_mtime < KEEP_DAYS * 86_400:
                continue
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if try_lock(lock):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
