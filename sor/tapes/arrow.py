"""Arrow arrays as numpy arrays without copies, and without pandas: pyarrow's own conversions load it (60 MB)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sor.core.market.batch import Ints
from sor.tapes.rows import Mask

# Arrow's own allocator keeps what it has freed, a tenth of a process of ours; the system's gives it back.
pa.set_memory_pool(pa.system_memory_pool())
# The system's gives back even the few megabytes that every batch of a tape needs again, page by page. It keeps twice as
# much as the largest block that was ever freed (glibc; others do as they like): this one, which nobody touches.
np.empty(2**22, np.uint8)


def int64_of(array: Any) -> Ints:
    """The values of an array of 64-bit integers or timestamps; anything where they are missing."""
    return np.frombuffer(array.buffers()[1], "<i8", len(array), array.offset * 8)


def halves_of(array: Any) -> tuple[Ints, Ints]:
    """The low and the high half of 128-bit decimals."""
    words = np.frombuffer(array.buffers()[1], "<i8", 2 * len(array), array.offset * 16)
    return words[::2], words[1::2]


def nulls_of(array: Any) -> Mask | None:
    """Which values are missing; None where none is."""
    bitmap = array.buffers()[0]
    if array.null_count == 0 or bitmap is None:
        return None
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")
    is_null: Mask = bits[array.offset : array.offset + len(array)] == 0
    return is_null


def texts_of(array: Any) -> tuple[list[str], NDArray[np.int32]]:
    """The texts of a dictionary array, and each row's place among them."""
    places = np.frombuffer(array.indices.buffers()[1], "<i4", len(array), array.indices.offset * 4)
    return array.dictionary.to_pylist(), places


def strings_of(texts: list[str]) -> Any:
    """An array of texts."""
    data = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, data)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(data), pa.py_buffer(ends), pa.py_buffer(b"".join(data)))


def array_of(values: NDArray[Any], kind: Any) -> Any:
    """The values as an array of a type of the same width."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])
