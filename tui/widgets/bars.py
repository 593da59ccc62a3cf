"""Bars and curves made of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

FULL, EMPTY, MARKER = "━", "─", "┃"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def bar(share: float, width: int, style: str, mark: float | None = None, second: float = 0.0) -> Content:
    """A bar of `width` cells: `share` of it full, a marker at `mark`; `second` is drawn lighter behind the first."""
    width = max(1, width)
    full, lighter = (round(min(1.0, max(0.0, s)) * width) for s in (share, share + second))
    cells = [(FULL, style)] * full + [("╌", style)] * (lighter - full)
    cells += [(EMPTY, "$foreground 25%")] * (width - len(cells))
    if mark is not None:
        cells[min(width - 1, max(0, round(mark * width)))] = (MARKER, "$text bold")
    return Content.assemble(*_joined(cells))


def _joined(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    for text, style in cells:
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + text, style)
        else:
            parts.append((text, style))
    return parts


@dataclass(frozen=True, slots=True)
class Curve:
    """Values at evenly spaced places of `places` in all; every `dash`-th dot column is drawn (1: all)."""

    values: Sequence[float]
    style: str
    dash: tuple[int, int] = (1, 1)  # dots drawn, period


def plot(curves: Sequence[Curve], places: int, width: int, height: int) -> tuple[list[Content], float, float]:
    """Curves as braille, later ones over earlier ones; the lines, and the least and the greatest value."""
    values = [value for curve in curves for value in curve.values]
    low, high = min(values, default=0.0), max(values, default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = low + 1.0
    dots = [[0] * width for _ in range(height)]
    styles = [[""] * width for _ in range(height)]
    columns, rows = width * 2, height * 4

    def level(value: float) -> int:
        return round((high - value) / (high - low) * (rows - 1))

    zero = level(0.0)
    for x in range(0, columns, 4):
        _dot(dots, styles, x, zero, "$foreground 30%")
    for curve in curves:
        before: int | None = None
        for x in range(columns):
            at = x * (places - 1) // max(1, columns - 1)
            if at >= len(curve.values):
                break
            y = level(curve.values[at])
            first = y if before is None else before
            if x % curve.dash[1] < curve.dash[0]:
                step = 1 if y >= first else -1
                for between in range(first, y + step, step):
                    _dot(dots, styles, x, between, curve.style)
            before = y
    lines = [
        Content.assemble(
            *_joined([(chr(0x2800 + dot) if dot else " ", style) for dot, style in zip(*row, strict=True)])
        )
        for row in zip(dots, styles, strict=True)
    ]
    return lines, low, high


def _dot(dots: list[list[int]], styles: list[list[str]], x: int, y: int, style: str) -> None:
    row, column = y // 4, x // 2
    dots[row][column] |= _DOTS[y % 4][x % 2]
    styles[row][column] = style
