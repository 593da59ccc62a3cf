"""Snapshots kept for another pass: in memory while they are few, in a file when they are many.

A file is a row of frames, one per batch: magic, CRC-32 of all that follows, the counts n, m, k (snapshots, quotes,
trades), then the columns of SnapshotBatch in their order, little-endian. Frames are only ever appended, so a file cut
at a known position is the spool as it was at that position: that makes checkpoints safe against a crash.
"""

from __future__ import annotations

import os
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, fields
from io import FileIO
from pathlib import Path
from typing import Self

import numpy as np

from sor.core.market.batch import SnapshotBatch
from sor.errors import SorError
from sor.files.writing import private_opener, scratch_dir

MEMORY_BUDGET = 32 * 2**20

_MAGIC = b"SOR2"
_HEADER = struct.Struct("<4sIQQQ")
_COLUMNS = tuple(field.name for field in fields(SnapshotBatch))
_SNAPSHOT_COLUMNS = frozenset({"ts", "quote_end", "trade_end"})


@dataclass(frozen=True, slots=True)
class _Frame:
    """The header of a frame, and what follows from it."""

    crc: int
    snapshots: int
    quotes: int
    trades: int

    def rows(self, column: str) -> int:
        if column in _SNAPSHOT_COLUMNS:
            return self.snapshots
        return self.trades if column.startswith("trade_") else self.quotes

    @property
    def payload_bytes(self) -> int:
        return sum(self.rows(column) * _dtype(column).itemsize for column in _COLUMNS)


class SnapshotBuffer:
    """Batches that can be appended and read again, any number of times, also while more are appended.

    Without a path they stay in memory up to `memory_budget` bytes and then go to an unnamed temporary file, which
    vanishes with the process. With a path they always go to that file; what it held before is gone.
    """

    def __init__(self, path: Path | None = None, memory_budget: int = MEMORY_BUDGET) -> None:
        self._path = path
        self._budget = memory_budget
        self._held: list[SnapshotBatch] = []
        self._held_bytes = 0
        self._file: FileIO | None = FileIO(path, "w+", opener=private_opener) if path else None
        self._position = 0
        self._starts = array("q")  # of the frames of the file
        self._snapshots = 0

    @classmethod
    def resume(cls, path: Path, position: int) -> Self:
        """The spool in `path` as it was at `position`; whatever was written after that is cut off.

        SorError where the file is not there, is shorter, is damaged, or has no frame that ends at `position`.
        """
        try:
            file = FileIO(path, "r+", opener=private_opener)
        except OSError as error:
            raise SorError(f"{path}: cannot resume this spool: {error.strerror}") from None
        spool = cls()
        spool._path, spool._file = path, file
        try:
            spool._snapshots, spool._starts = _frames_before(file, position, str(path))
            file.truncate(position)
        except BaseException:
            file.close()
            raise
        spool._position = position
        return spool

    @property
    def position(self) -> int:
        """Bytes handed to the operating system: they survive a crash of this process (of the machine: see sync)."""
        return self._position

    def __len__(self) -> int:
        """Snapshots so far."""
        return self._snapshots

    def append(self, batch: SnapshotBatch) -> None:
        self._snapshots += len(batch)
        if self._file is not None:
            self._write(batch)
            return
        self._held.append(batch)
        self._held_bytes += sum(getattr(batch, column).nbytes for column in _COLUMNS)
        if self._held_bytes > self._budget:
            self._spill()

    def batches(self, first: int = 0) -> Iterator[SnapshotBatch]:
        """A fresh pass over what has been appended, in that order, from the batch of this number on."""
        index = first
        while self._file is None and index < len(self._held):
            yield self._held[index]
            index += 1
        # A spill may happen during a pass: the batches seen so far are the first frames of the file.
        while index < len(self._starts):
            yield self._read(self._starts[index])
            index += 1

    def at(self, position: int) -> SnapshotBatch:
        """The batch that was appended to the file when it ended here."""
        return self._read(position)

    def sync(self) -> None:
        """Wait until everything is on the disk, so that it survives a crash of the machine."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Release the memory and the file; a named file stays on disk."""
        self._held.clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        import tempfile  # few tapes need it, and it costs several milliseconds

        with tempfile.TemporaryFile(buffering=0, dir=scratch_dir()) as file:
            self._file = FileIO(os.dup(file.fileno()), "r+")
        for batch in self._held:
            self._write(batch)
        self._held.clear()

    def _write(self, batch: SnapshotBatch) -> None:
        assert self._file is not None
        payload = b"".join(np.ascontiguousarray(getattr(batch, c), _dtype(c)).tobytes() for c in _COLUMNS)
        counts = len(batch), len(batch.venue), len(batch.trade_venue)
        header = _HEADER.pack(_MAGIC, _crc(counts, payload), *counts)
        end = self._position
        try:
            for part in (header, payload):
                end += _write_all(self._file, part, end)
        except OSError as error:
            raise OSError(error.errno, error.strerror, self._name) from None
        self._starts.append(self._position)
        self._position = end

    def _read(self, position: int) -> SnapshotBatch:
        """The batch in the frame at `position`."""
        assert self._file is not None
        frame, payload = _frame(self._file, position, self._name)
        columns, offset = [], 0
        for column in _COLUMNS:
            values = np.frombuffer(payload, _dtype(column), frame.rows(column), offset)
            offset += values.nbytes
            columns.append(values.astype(values.dtype.newbyteorder("="), copy=False))
        return SnapshotBatch(*columns)

    @property
    def _name(self) -> str:
        return str(self._path) if self._path else "the temporary file"


def _dtype(column: str) -> np.dtype[np.int64] | np.dtype[np.uint8]:
    return np.dtype(np.uint8) if column == "trade_side" else np.dtype("<i8")


def _frames_before(file: FileIO, position: int, name: str) -> tuple[int, array[int]]:
    """Snapshots in the frames before `position`, which must end there, and where each frame starts."""
    at, snapshots, starts = 0, 0, array("q")
    while at < position:
        frame, payload = _frame(file, at, name)
        starts.append(at)
        at += _HEADER.size + len(payload)
        snapshots += frame.snapshots
    if at != position:
        raise SorError(f"{name}: no frame of this file ends at {position}")
    return snapshots, starts


def _frame(file: FileIO, position: int, name: str) -> tuple[_Frame, bytes]:
    """The frame at `position`, and its payload, proven by the checksum."""
    frame = _header(file, position, name)
    start = position + _HEADER.size
    if frame.payload_bytes > os.fstat(file.fileno()).st_size - start:
        raise _damaged(name, position)
    payload = _read_all(file, frame.payload_bytes, start)
    if _crc((frame.snapshots, frame.quotes, frame.trades), payload) != frame.crc:
        raise _damaged(name, position)
    return frame, payload


def _crc(counts: tuple[int, int, int], payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(struct.pack("<QQQ", *counts)))


def _header(file: FileIO, position: int, name: str) -> _Frame:
    head = _read_all(file, _HEADER.size, position)
    if len(head) < _HEADER.size or head[:4] != _MAGIC:
        raise _damaged(name, position)
    _, crc, *counts = _HEADER.unpack(head)
    return _Frame(crc, *counts)


def _damaged(name: str, position: int) -> SorError:
    return SorError(f"{name}: damaged at byte {position} while it was in use: run this again")


def _write_all(file: FileIO, data: bytes, position: int) -> int:
    """Write at a position, so that readers of the same file need no lock; the file ends after it."""
    view, done = memoryview(data), 0
    while done < len(data):
        done += os.pwrite(file.fileno(), view[done:], position + done)
    return done


def _read_all(file: FileIO, size: int, position: int) -> bytes:
    """`size` bytes from `position`, fewer only at the end of the file."""
    parts, left = [], size
    while left > 0:
        part = os.pread(file.fileno(), left, position)
        if not part:
            break
        parts.append(part)
        position += len(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
