"""JSON that other processes wrote, as values of our own types: what is of another type, or missing, is refused."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def read(value: bytes | None, kind: type[T]) -> T:
    """Names that the type does not have are passed over. ValueError says in one line what is wrong, and where."""
    text = (value or b"").decode()  # by msgspec what it passes over may be no text
    try:
        return msgspec.json.decode(text, type=kind)
    except RecursionError:
        raise ValueError("nested too deeply") from None
