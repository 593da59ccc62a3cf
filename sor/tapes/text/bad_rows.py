"""What becomes of the bad rows of a text tape: counted between good ones, an error at its start, its end, or alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import Block
from sor.tapes.rows import BadRow

# What people and programs write below the last row of a table.
_TOTAL = re.compile(r"[\s\"'#(\[]*(grand\s+)?(total|sum|summe|count|end|eof|footer|rows|records)\b", re.IGNORECASE)


class BadRowLog:
    """Counts the bad rows of a file as its blocks are read, in their order.

    notes: sentences on lines that are no rows and need not be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first_line: int | None = None
        self._last_line = 1
        self._last_bad: BadRow | None = None
        self.good_rows = self.bad_rows = 0
        self.first_bad: str | None = None
        self.notes: list[str] = []

    def lines(self, first: int, last: int) -> None:
        """These lines of the file were looked at, empty ones at the edges not counted."""
        self._first_line = self._first_line or first
        self._last_line = last

    def look_at(self, good: Sequence[int], bad: list[BadRow]) -> None:
        """The same for the lines of good rows, ascending, and of bad ones."""
        numbers = [*good[:1], *good[-1:], *(row.line for row in bad)]
        if numbers:
            self.lines(min(numbers), max(numbers))

    def note(self, bad: list[BadRow], block: Block, hint: Callable[[BadRow], str | None]) -> None:
        """The bad rows of a block. InputError where the first row of the file is among them, and there is a hint at
        why, or it is no row at all."""
        bad = self._without_totals(bad, block)
        if not bad:
            return
        bad.sort(key=lambda row: row.line)
        why = hint(bad[0]) if bad[0].line == self._first_line else None
        if why is not None:
            raise InputError(f"{self._path}: {bad[0]}: {why}")
        self.bad_rows += len(bad)
        self.first_bad = self.first_bad or str(bad[0])
        self._last_bad = bad[-1]
        if bad[0].line == self._first_line and bad[0].is_unreadable:
            raise InputError(f"{self._path}: {bad[0]}: the first row cannot be read, so this is another format")

    def _without_totals(self, bad: list[BadRow], block: Block) -> list[BadRow]:
        """The bad rows without those that are a total below the table."""
        kept, lines = [], block.data.split(b"\n") if bad else []
        for row in bad:
            text = lines[row.line - block.first_line].decode("utf-8", "replace")
            if row.is_unreadable and _TOTAL.match(text) and row.line != self._first_line:
                self.notes.append(f"Line {row.line} is a total ({text[:20]!r}), not a row, and was left out.")
            else:
                kept.append(row)
        return kept

    def check_the_end(self) -> None:
        """InputError for a file that is cut off, or without a good row."""
        last = self._last_bad
        if last is not None and last.line == self._last_line and last.is_unreadable:
            raise InputError(f"{self._path}: {last}: the last row is cut off or damaged: copy the file again")
        if self._first_line is None:
            raise InputError(f"{self._path}: there is a header and no row")
        if not self.good_rows:
            raise InputError(f"{self._path}: none of the {self.bad_rows:,} rows can be read; {self.first_bad}")
