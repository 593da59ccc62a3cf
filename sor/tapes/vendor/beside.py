"""Two files that belong together row by row, as one: each line is the first file's and then the second's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import Block


def side_by_side(first: Iterator[Block], second: Iterator[Block], path: Path, beside: Path) -> Iterator[Block]:
    """Blocks of joined lines. InputError where one file has more lines than the other."""
    others = _lines(second)
    for block in first:
        joined = []
        for line in _split(block):
            other = next(others, None)
            if other is None:
                raise InputError(f"{beside}: has fewer rows than {path.name}: copy or download both files again")
            joined.append(line + b"," + other)
        yield Block(b"\n".join(joined) + b"\n", block.first_line, len(joined))
    if next(others, None) is not None:
        raise InputError(f"{beside}: has more rows than {path.name}: copy or download both files again")


def _lines(blocks: Iterator[Block]) -> Iterator[bytes]:
    for block in blocks:
        yield from _split(block)


def _split(block: Block) -> list[bytes]:
    return [line.removesuffix(b"\r") for line in block.data.removesuffix(b"\n").split(b"\n")]
