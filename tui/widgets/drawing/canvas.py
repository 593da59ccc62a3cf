"""A drawing made of characters: curves as braille dots, with marks over them and figures beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from textual.content import Content

from tui.widgets.drawing.bars import joined

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
DASHED, DOTTED, WHOLE = (3, 5), (1, 3), (1, 1)  # dots drawn, period


@dataclass(frozen=True, slots=True)
class Label:
    """Words beside the drawing, at the height of a value."""

    value: float
    text: str
    style: str = ""


class Canvas:
    """`width` x `height` cells; values from `low` (the lowest dot) to `high`. Later strokes cover earlier ones."""

    def __init__(self, width: int, height: int, low: float, high: float) -> None:
        self.width, self.height = width, height
        self._low, self._high = (low, high) if high > low else (low - 0.5, high + 0.5)
        self._dots = [[0] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]
        self._marks: dict[tuple[int, int], tuple[str, str]] = {}

    def _level(self, value: float) -> int:
        """The dot row of a value, counted from the top."""
        dots = self.height * 4 - 1
        return min(dots, max(0, round((self._high - value) / (self._high - self._low) * dots)))

    def row(self, value: float) -> int:
        """The cell row of a value."""
        return self._level(value) // 4

    def curve(self, values: Sequence[float | None], places: int, style: str, dash: tuple[int, int] = WHOLE) -> None:
        """Values at evenly spaced places of `places` in all; None is a gap."""
        before: int | None = None
        columns = self.width * 2
        for x in range(columns):
            at = x * (places - 1) // max(1, columns - 1)
            if at >= len(values):
                break
            value = values[at]
            if value is None:
                before = None
                continue
            y = self._level(value)
            first = y if before is None else before
            if x % dash[1] < dash[0]:
                step = 1 if y >= first else -1
                for between in range(first, y + step, step):
                    self._dot(x, between, style)
            before = y

    def across(self, value: float, style: str, every: int = 4) -> None:
        """A dotted line from side to side."""
        for x in range(0, self.width * 2, every):
            self._dot(x, self._level(value), style)

    def mark(self, share: float, value: float, sign: str, style: str) -> None:
        """One character at this share of the width."""
        column = min(self.width - 1, max(0, int(share * self.width)))
        self._marks[self.row(value), column] = (sign, style)

    def _dot(self, x: int, y: int, style: str) -> None:
        row, column = y // 4, x // 2
        if self._styles[row][column] != style:  # a cell has one colour: it belongs to the last stroke
            self._dots[row][column], self._styles[row][column] = 0, style
        self._dots[row][column] |= _DOTS[y % 4][x % 2]

    def lines(self) -> list[Content]:
        return [
            Content.assemble(*joined([self._cell(row, x) for x in range(self.width)])) for row in range(self.height)
        ]

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        if mark := self._marks.get((row, column)):
            return mark
        dots = self._dots[row][column]
        return (chr(0x2800 + dots) if dots else " ", self._styles[row][column])


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round values (1, 2 or 5 of a power of ten apart) between the two."""
    if high <= low or most < 1:
        return [low]
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    while True:
        for factor in (1, 2, 5):
            apart = step * factor
            first, last = math.ceil(low / apart - 1e-9), math.floor(high / apart + 1e-9)
            if last - first + 1 <= most:
                return [n * apart for n in range(first, last + 1)]
        step *= 10


def decimals(values: Sequence[float]) -> int:
    """How many decimals it takes to tell evenly spaced values apart."""
    apart = min((b - a for a, b in pairwise(values)), default=1.0)
    return max(0, -math.floor(math.log10(apart) + 1e-9)) if apart > 0 else 0


def beside(labels: Sequence[Label], canvas: Canvas) -> dict[int, Label]:
    """A row for each label, near its value and none twice; where there are too many the last ones are left out."""
    kept = sorted(labels[: canvas.height], key=lambda label: -label.value)
    rows: list[int] = []
    for label in kept:
        rows.append(max(canvas.row(label.value), rows[-1] + 1 if rows else 0))
    for at in reversed(range(len(rows))):
        rows[at] = min(rows[at], canvas.height - len(rows) + at)
    return dict(zip(rows, kept, strict=True))
