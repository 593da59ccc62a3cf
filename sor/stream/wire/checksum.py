"""What a run holds, in sixteen characters: two runs with the same numbers and other prices have other checksums.

A running CRC-32 of each column of the snapshots in their order, and a CRC of those. How the run was cut into batches
changes nothing, and the state is a few integers, so a reader that was killed goes on with it. It proves that what was
read is what was sent. It is no signature: anyone who may write to the topic can write a checksum as well.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from sor.core.market.batch import Ints, SnapshotBatch

CHECK_EVERY = 1000  # snapshots: so often the producer says what it has sent so far

_COLUMNS = tuple(field.name for field in fields(SnapshotBatch))


class RunChecksum:
    """Of the snapshots so far."""

    def __init__(self, state: Sequence[int] | None = None) -> None:
        self._count, *self._sums = state or [0] * (1 + len(_COLUMNS))

    @property
    def count(self) -> int:
        """Snapshots so far."""
        return self._count

    def on_batch(self, batch: SnapshotBatch) -> None:
        self._count += len(batch)
        for at, name in enumerate(_COLUMNS):
            column = getattr(batch, name)
            if name.endswith("_end"):
                column = _lengths(column)  # where a snapshot ends depends on the batch, how long it is does not
            kind = np.uint8 if column.dtype == np.uint8 else np.dtype("<i8")
            self._sums[at] = zlib.crc32(np.ascontiguousarray(column, kind).data, self._sums[at])

    def text(self) -> bytes:
        """Of all so far, as it stands in a header."""
        parts = np.array([self._count, *self._sums], "<u8").tobytes()
        return b"%08x%08x" % (zlib.crc32(parts), zlib.crc32(parts, 0x50524F4F))

    def state(self) -> list[int]:
        return [self._count, *self._sums]


def _lengths(ends: Ints) -> Ints:
    return np.diff(ends, prepend=0)
