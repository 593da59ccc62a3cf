"""A page goes into its file whole or not at all."""

from __future__ import annotations

from pathlib import Path

from sor.errors import SorError
from sor.files.writing import write_whole


def write_page(text: str, path: Path) -> None:
    """SorError in one line where the file cannot be written."""
    try:
        write_whole(path, text)
    except (OSError, ValueError) as error:
        raise SorError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error})") from None
