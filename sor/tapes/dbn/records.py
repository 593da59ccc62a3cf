"""The records of a DBN file, a block at a time: fixed structures, so that many become columns at once.

A file may be several joined with `cat`: then another header stands where a record would.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.errors import InputError, MissingExtraError
from sor.tapes.bytes.byte_blocks import BLOCK_BYTES, ByteTape

PREFIX = 8  # magic, version, length of the metadata
WORD, HEADER = 4, 16  # lengths of records are counted in words; every record begins with the same header

_MAGIC = b"DBN"
_MOST_METADATA = 2**26  # a day of all US equities takes some megabytes


def vendor_package() -> Any:
    try:
        import databento_dbn
    except ImportError:
        raise MissingExtraError("A DBN tape (.dbn)", "dbn") from None
    return databento_dbn


class Records:
    """Blocks of whole records, and the header before them. `count` is how many records the blocks before held."""

    def __init__(self, tape: ByteTape, vendor: Any, block_bytes: int = BLOCK_BYTES) -> None:
        self._tape = tape
        self._vendor = vendor
        self._block_bytes = block_bytes
        self.count = 0
        self.header = self._metadata(tape.read_exactly(PREFIX))

    def blocks(self) -> Iterator[tuple[bytes, Ints]]:
        """Bytes with the places where their records start, and where the last whole one ends."""
        rest = b""
        while piece := self._tape.read(self._block_bytes):
            data = rest + piece
            while data:
                starts = self._starts(data)
                if len(starts) > 1:
                    yield data, starts
                self.count += len(starts) - 1
                data = data[starts[-1] :]
                if not self._is_header(data):
                    break
                data = self._next_header(data)
            rest = data
        if rest:
            where = f"{self._tape.path}: record {self.count + 1}"
            raise InputError(f"{where}: the file is cut off within it: copy or download the file again")

    def _is_header(self, data: bytes) -> bool:
        # No record starts with these bytes: its length and the type 'B' (66), which there is not.
        return data[:3] == _MAGIC

    def _next_header(self, data: bytes) -> bytes:
        """Take another file's header from the front of the data; what is left of them."""
        data += self._tape.read(max(0, PREFIX - len(data)))
        size = PREFIX + self._length(data[:PREFIX])
        while len(data) < size and (piece := self._tape.read(size - len(data))):
            data += piece
        self.header = self._decoded(data[:size], size)
        return data[size:]

    def _metadata(self, prefix: bytes) -> Any:
        size = PREFIX + self._length(prefix)
        return self._decoded(prefix + self._tape.read_exactly(size - PREFIX), size)

    def _length(self, prefix: bytes) -> int:
        length = int.from_bytes(prefix[4:8], "little")
        if length > _MOST_METADATA:
            raise InputError(
                f"{self._tape.path}: its header says that it is {length / 2**30:.1f} GiB long: the file is damaged, so "
                "copy or download it again"
            )
        return length

    def _decoded(self, data: bytes, size: int) -> Any:
        try:
            if len(data) < size:
                raise ValueError("it ends within its header")
            return self._vendor.Metadata.decode(data)
        except (ValueError, self._vendor.DBNError) as error:
            raise InputError(f"{self._tape.path}: this DBN tape cannot be read: {error}") from None

    def _starts(self, data: bytes) -> Ints:
        """Up to a record that is not whole, or the header of another file."""
        size = data[0] * WORD
        if size >= HEADER:
            whole = len(data) - len(data) % size
            if not np.any(np.frombuffer(data, np.uint8)[:whole:size] != data[0]):
                starts = np.arange(0, whole + 1, size)
                # The length of a header's first record is that of the letter D: 272 bytes, which no record has.
                if data[0] != _MAGIC[0]:
                    return starts
        places = [0]
        while places[-1] < len(data):
            at = places[-1]
            if data[at : at + 3] == _MAGIC[: len(data) - at]:
                break
            size = data[at] * WORD
            if size < HEADER:
                where = f"{self._tape.path}: record {self.count + len(places)}"
                raise InputError(f"{where} is damaged: copy or download the file again")
            if at + size > len(data):
                break
            places.append(at + size)
        return np.array(places)
