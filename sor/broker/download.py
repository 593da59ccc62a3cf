"""Fetch one large file over HTTP: resumed when cut, verified before it counts, with its progress on standard error."""

from __future__ import annotations

import hashlib
import http.client
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from sor.errors import InputError, SorError
from sor.files.writing import private_dir, private_opener

_CHUNK = 1 << 18
_ATTEMPTS = 4
_TIMEOUT = 20.0  # seconds without a single byte


class UnreachableError(SorError):
    """The source does not have the file or cannot be reached; another source may."""


class DownloadProgress:
    """One line on standard error: rewritten on a terminal, else written again at most every five seconds."""

    def __init__(self, name: str, stream: IO[str] | None = None) -> None:
        self._name = name
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._begun = time.monotonic()
        self._next = self._begun + (0.2 if self._terminal else 5.0)
        self._fetched = 0

    def advance(self, fetched: int, done: int, total: int | None) -> None:
        self._fetched += fetched
        if time.monotonic() >= self._next:
            self._write(done, total, "\r" if self._terminal else "\n")
            self._next = time.monotonic() + (0.2 if self._terminal else 5.0)

    def write_last(self, done: int) -> None:
        self._write(done, done, "\n")

    def _write(self, done: int, total: int | None, end: str) -> None:
        rate = self._fetched / max(time.monotonic() - self._begun, 1e-3) / 1e6
        of = f" of {total / 1e6:.1f}" if total else ""
        self._stream.write(f"  {self._name}: {done / 1e6:.1f}{of} MB, {rate:.1f} MB/s   {end}")
        self._stream.flush()


def fetch(url: str, target: Path, sha512: str, progress: DownloadProgress | None = None) -> None:
    """Bring `url` to `target`, whose SHA-512 (hexadecimal) must be as given.

    What arrived of an earlier attempt is kept as `target.part` and resumed. A resumed file that turns out wrong is
    fetched once more from its beginning (the pieces may be of two files); a wrong whole file is removed and refused.
    Raises UnreachableError where the source has no such file or stays silent.
    """
    private_dir(target.parent)
    part = target.with_name(target.name + ".part")
    progress = progress or DownloadProgress(target.name)
    whole = part.exists() and file_digest(part, "sha512") == sha512.lower()
    if whole or _complete(url, part, sha512, progress) or _complete(url, part, sha512, progress):
        part.replace(target)
        return
    raise SorError(f"{url}: the file has not the checksum it should have (SHA-512 {sha512[:16].lower()}...): removed")


def fetch_text(url: str) -> str:
    """A small text file, such as a checksum."""
    try:
        with _answer(urllib.request.Request(_web(url))) as answer:
            return str(answer.read(1 << 16).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(f"{url}: {_reason(error)}") from error


def file_digest(path: Path, algorithm: str) -> str:
    """The hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _complete(url: str, part: Path, sha512: str, progress: DownloadProgress) -> bool:
    """One try to the end of the file; False if its checksum is wrong, and then nothing is left of it.

    A wrong file that was fetched in one go is refused at once: asking for the same bytes again would not help.
    """
    resumed = _fetch_all(url, part, progress)
    progress.write_last(part.stat().st_size)
    if file_digest(part, "sha512") == sha512.lower():
        return True
    part.unlink()
    if not resumed:
        raise SorError(
            f"{url}: the file has not the checksum it should have (SHA-512 {sha512[:16].lower()}...): removed"
        )
    return False


def _fetch_all(url: str, part: Path, progress: DownloadProgress) -> bool:
    """Fetch until the file is whole, through cut connections; True if it was put together from pieces."""
    resumed = part.exists() and part.stat().st_size > 0
    for attempt in range(1, _ATTEMPTS + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            if _fetch_once(url, part, progress):
                return resumed
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:  # what we have is longer than what they have: not the same file
                part.unlink()
                continue
            raise UnreachableError(f"{url}: {_reason(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == _ATTEMPTS or not part.exists():
                raise UnreachableError(f"{url}: {_reason(error)}") from error
        resumed = True
    raise UnreachableError(f"{url}: the connection was cut {_ATTEMPTS} times; what arrived is kept for the next try")


def _fetch_once(url: str, part: Path, progress: DownloadProgress) -> bool:
    """One request, from where the part ends; True when the last byte has arrived."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(_web(url), headers={"Range": f"bytes={have}-"} if have else {})
    with _answer(request) as answer:
        start = _start(answer, have)
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else None
        with open(part, "r+b" if start else "wb", opener=private_opener) as file:
            file.seek(start)
            file.truncate()
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                progress.advance(len(chunk), file.tell(), total)
            return total is None or file.tell() >= total


def _web(url: str) -> str:
    """SOR_KAFKA_URL may say anything; a file of this machine is what KAFKA_HOME is for."""
    if not url.lower().startswith(("https://", "http://")):
        raise InputError(f"{url}: is no address of the web (https:// or http://)")
    return url


def _answer(request: urllib.request.Request) -> Any:
    return urllib.request.urlopen(request, timeout=_TIMEOUT)  # nosec B310  # _web has looked at it


def _start(answer: http.client.HTTPResponse, have: int) -> int:
    """Where the answer's bytes belong: at the end of the part if the server resumes just there, else at 0."""
    resumes = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
    return have if resumes else 0


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None) or str(error) or type(error).__name__
    code = getattr(error, "code", None)
    return f"{code} {reason}" if code else str(reason)
