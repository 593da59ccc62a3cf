"""Messages of many runs that lie among each other, laid aside by run in one temporary file until their turn comes."""

from __future__ import annotations

import marshal  # nosec B302  # of an unnamed file of our own, and of plain values only
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from sor.errors import SorError
from sor.files.writing import scratch_dir
from sor.stream.kafka.connection import Record
from sor.stream.kafka.fast_records import FastMessage


class Shelf:
    """What was put there by run, in the order in which it came. The file has no name and goes with the object."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="sor-", dir=scratch_dir(), buffering=0)  # noqa: SIM115
        self._end = 0
        self._places: dict[str, list[tuple[int, int]]] = {}  # by run: where a part begins, and its bytes

    def put(self, messages: Mapping[str, Sequence[Record]]) -> None:
        """Lay messages aside, by run. SorError where the disk does not take them."""
        parts = []
        for run, records in messages.items():
            part = marshal.dumps([(r.offset, r.timestamp, r.value, list(r.headers)) for r in records])
            self._places.setdefault(run, []).append((self._end, len(part)))
            self._end += len(part)
            parts.append(part)
        data = memoryview(b"".join(parts))
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise SorError(f"{scratch_dir() or tempfile.gettempdir()}: {error.strerror} (see TMPDIR)") from None

    def runs(self) -> list[str]:
        return list(self._places)

    def get(self, run: str, part: int, most: int) -> tuple[list[Record], int]:
        """At least `most` messages from this part on, or as many as there are; and the part that comes after them."""
        found: list[Any] = []
        for start, size in self._places.get(run, ())[part:]:
            if len(found) >= most:
                break
            kept = marshal.loads(os.pread(self._file.fileno(), size, start))  # nosec B302  # see above
            found += [FastMessage(*message) for message in kept]
            part += 1
        return found, part

    def close(self) -> None:
        self._file.close()
