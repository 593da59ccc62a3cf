"""Where tapes are: files, globs, folders, and addresses such as s3://bucket/day-*.parquet through fsspec."""

from __future__ import annotations

import glob
import os
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sor.errors import InputError, MissingExtraError
from sor.files.writing import scratch_dir, whole_file

ENDINGS = (".csv", ".csv.gz", ".csv.zst", ".dbn", ".dbn.zst", ".parquet", ".zip")  # what counts as a tape in a folder


def is_remote(name: str) -> bool:
    return "://" in name


def expand(names: Sequence[str]) -> list[str]:
    """Every tape once, in the order of the names, those of one glob or folder sorted. InputError where one is empty."""
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(_remote(name) if is_remote(name) else _local(name))
    return list(found)


def _local(name: str) -> list[str]:
    if os.path.isdir(name):
        inside = sorted(str(path) for path in Path(name).iterdir() if path.name.endswith(ENDINGS) and path.is_file())
        if not inside:
            raise InputError(f"{name}: no tape is in this folder (names end with {', '.join(ENDINGS)})")
        return inside
    if glob.has_magic(name) and not os.path.exists(name):
        matches = sorted(glob.glob(name, recursive=True))
        if not matches:
            raise InputError(f"{name}: no file matches this pattern")
        return matches
    return [name]  # one that is missing is a failed cell, which does not stop the others


def _remote(name: str) -> list[str]:
    files, path = _filesystem(name)
    is_folder = name.endswith("/")
    if not glob.has_magic(name) and not is_folder:
        return [name]
    try:
        matches = sorted(files.glob(path.rstrip("/") + "/*" if is_folder else path))
    except Exception as error:  # every protocol has errors of its own
        raise InputError(f"{name}: cannot be listed ({_words(error)})") from None
    tapes = [match for match in matches if match.endswith(ENDINGS)] if is_folder else matches
    if not tapes:
        raise InputError(f"{name}: no file matches this address")
    return [files.unstrip_protocol(tape) for tape in tapes]


def _filesystem(name: str) -> tuple[Any, str]:
    fsspec = _fsspec()
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(name)
    except ImportError as error:
        raise InputError(f"{name}: {_words(error)}") from None
    except ValueError as error:
        raise InputError(f"{name}: {_words(error)}") from None
    except Exception as error:
        raise InputError(f"{name}: cannot be reached ({_words(error)})") from None
    return found


def size_of(name: str) -> int | None:
    """Bytes, so that a tape that has changed between two runs of a sweep is noticed; None where it cannot be told."""
    try:
        if not is_remote(name):
            return os.stat(name).st_size
        files, path = _filesystem(name)
        size = files.size(path)
    except Exception:  # it will be a failed cell, with a reason
        return None
    return None if size is None else int(size)


def local_copy(name: str) -> Path:
    """The tape as a file on this machine: itself, or a copy that lives as long as this process."""
    if not is_remote(name):
        return Path(name)
    files, path = _filesystem(name)
    target = Path(_folder().name, f"{abs(hash(name)):x}", os.path.basename(path))
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as draft:
            try:
                files.get_file(path, str(draft))
            except Exception as error:
                raise InputError(f"{name}: cannot be read ({_words(error)})") from None
    return target


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="sor-tapes-", dir=scratch_dir())


def _fsspec() -> Any:
    try:
        import fsspec
        import fsspec.core
    except ImportError:
        raise MissingExtraError("reading tapes from addresses", "sweep") from None
    return fsspec


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
