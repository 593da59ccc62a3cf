"""The bytes of a tape, decompressed where needed and cut into blocks of whole lines."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from sor.errors import InputError
from sor.tapes.bytes.unpack import Unpacked

Progress = Callable[[int, int], None]  # (bytes of the file done, bytes of the file)

BLOCK_BYTES = 2**19
_MAX_LINE = 2**24


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file: `first_line` is the number of the first one (the header is line 1), `lines` how many.

    Every line ends with a line feed, but for the last line of a file that ends without one.
    """

    data: bytes
    first_line: int
    lines: int


def open_file(path: Path) -> Any:
    """The file, opened; InputError where there is nothing to read."""
    if path.is_dir():
        raise InputError(f"{path}: is a directory, and a tape is a file")
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path}: cannot open this tape: {reason}") from None
    if not file.peek(1):
        file.close()
        raise InputError(f"{path}: the file is empty: a tape has a header and rows")
    return file


class ByteTape:
    """A file as a stream of decompressed bytes; its first bytes tell the compression, not its name.

    inner_name: what the file itself is called, in a zip the file inside. InputError for a file that is missing, empty
    or a directory, or whose compressed stream is cut off or damaged.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.path = path
        self._progress = progress
        self._file = open_file(path)
        self._total = os.fstat(self._file.fileno()).st_size
        try:
            self._stream = Unpacked(path, self._file)
        except BaseException:
            self._file.close()
            raise
        self.inner_name = self._stream.inner_name or path.name
        self._ahead = b""
        # After an error the file is closed while the next block may still be read in the background.
        self._lock = Lock()

    def __enter__(self) -> ByteTape:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._file.close()

    @property
    def is_compressed(self) -> bool:
        return bool(self._stream.layers)

    def peek(self, size: int) -> bytes:
        """The next bytes without taking them; fewer only at the end."""
        while len(self._ahead) < size and (piece := self._read(size - len(self._ahead))):
            self._ahead += piece
        return self._ahead[:size]

    def read_exactly(self, size: int) -> bytes:
        """Exactly the next bytes; fewer only at the end."""
        taken = self.peek(size)
        self._ahead = self._ahead[size:]
        return taken

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none only at the end."""
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
            return piece
        return self._read(size)

    def blocks(self, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """The rest as blocks of whole lines, of about `block_bytes`."""
        line, parts, size = 1, [], 0
        while piece := self.read(block_bytes):
            cut = piece.rfind(b"\n") + 1
            if cut == 0:
                parts.append(piece)
                size += len(piece)
                if size > _MAX_LINE:
                    raise InputError(
                        f"{self.path}: line {line} has more than {_MAX_LINE >> 20} MiB: this is no CSV tape"
                    )
                continue
            data = b"".join([*parts, memoryview(piece)[:cut]])
            lines = _line_feeds(data)
            yield Block(data, line, lines)
            line += lines
            parts, size = [piece[cut:]], len(piece) - cut
        if size:
            yield Block(b"".join(parts), line, 1)

    def _read(self, size: int) -> bytes:
        with self._lock:
            return b"" if self._file.closed else self._read_open(size)

    def _read_open(self, size: int) -> bytes:
        piece = self._stream.read(size)
        if self._progress is not None:
            self._progress(self._file.tell(), self._total)
        return piece


def _line_feeds(data: bytes) -> int:
    # Five times as fast as bytes.count, which matters because every byte of every tape comes through here.
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == ord("\n")))


def in_background(blocks: Iterator[Block]) -> Iterator[Block]:
    """The same blocks, the next one being made while this one is worked on (decompression frees the interpreter)."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as worker:
        ahead = worker.submit(next, blocks, None)
        while (block := ahead.result()) is not None:
            ahead = worker.submit(next, blocks, None)
            yield block


def total_progress(paths: Sequence[Path], progress: Progress | None) -> list[Progress | None]:
    """For each file what reports its bytes as a part of all files' bytes."""
    if progress is None:
        return [None] * len(paths)
    if len(paths) == 1:
        return [progress]
    sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
    done, total = [0] * len(paths), sum(sizes)

    def report(at: int, bytes_done: int, _: int) -> None:
        done[at] = bytes_done
        progress(sum(done), total)

    return [partial(report, at) for at in range(len(paths))]
