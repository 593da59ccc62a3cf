"""Writing files so that a reader finds the old one or the new one, never half of it; and locks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from sor.errors import SorError

LONGEST_NAME = 200  # file systems take 255 bytes, and what is written beside a file adds to its name
PRIVATE_FILE = 0o600
PRIVATE_DIR = 0o700


@contextmanager
def whole_file(path: Path, *, durable: bool = False, private: bool = False) -> Iterator[Path]:
    """A draft beside `path` that takes its place when the block ends well, and is removed when it does not.

    durable: the file and its name survive a crash of the machine. private: only the user may read it. The draft's name
    cannot be guessed, so nobody can lay a link in its way. OSError where the folder cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=".sor-", suffix=".part", dir=path.parent)
    draft = Path(name)
    try:
        os.fchmod(handle, PRIVATE_FILE if private else 0o666 & ~_umask())
        yield draft
        if durable:
            with draft.open("rb") as written:
                os.fsync(written.fileno())
        os.replace(draft, path)
        if durable:
            sync_dir(path.parent)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError) and error.filename in (None, name):
            error.filename = str(path)  # a full disk names no file, and the draft is nobody's business
        raise
    finally:
        os.close(handle)


def write_whole(path: Path, data: bytes | str, *, durable: bool = False, private: bool = False) -> None:
    """Write a file in one step (see whole_file); text as UTF-8."""
    with whole_file(path, durable=durable, private=private) as draft:
        draft.write_bytes(data.encode() if isinstance(data, str) else data)


def file_name(text: str, safe: str = "") -> str:
    """A name that every file system takes: quoted as in a URL, but for `safe`, and no hidden one.

    Of a long one the beginning, and a digest that tells it from others.
    """
    name = quote(text, safe=safe)
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    if len(name) <= LONGEST_NAME:
        return name
    from hashlib import sha256  # here, as it loads OpenSSL

    return f"{name[: LONGEST_NAME - 17]}~{sha256(text.encode()).hexdigest()[:16]}"


def sync_dir(folder: Path) -> None:
    """Names in this folder survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_dir(folder: Path) -> Path:
    """The folder, made if need be, with all that are missing above it; only the user may look into those."""
    if not folder.is_dir():
        private_dir(folder.parent)
        folder.mkdir(mode=PRIVATE_DIR, exist_ok=True)
    return folder


def scratch_dir() -> str | None:
    """Where temporary files that may be large belong: /tmp is often memory. None: wherever the system has them."""
    large = "/var/tmp"  # nosec B108  # only as the folder of tempfile's own files, whose names cannot be guessed
    return None if "TMPDIR" in os.environ or not os.access(large, os.W_OK) else large


def private_opener(path: str, flags: int) -> int:
    """For `open(..., opener=private_opener)`: only the user may read the file, and a link in its place is an error."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)


def try_lock(handle: int) -> bool:
    """Take the lock of an open file unless another process has it; it goes when the file is closed."""
    try:
        _flock(handle, wait=False)
    except OSError:
        return False
    return True


def wait_for_lock(handle: int) -> None:
    """Take the lock of an open file, as soon as no other process has it."""
    _flock(handle, wait=True)


def _flock(handle: int, *, wait: bool) -> None:
    """OSError where another process has the lock and we do not wait."""
    try:
        import fcntl
    except ImportError:
        raise SorError("this locks files as Windows cannot: run sor on Linux, on macOS, or in WSL") from None
    fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
