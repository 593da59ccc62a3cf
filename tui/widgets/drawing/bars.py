"""Bars made of characters."""

from __future__ import annotations

from textual.content import Content

FULL, EMPTY, MARKER = "━", "─", "┃"


def bar(share: float, width: int, style: str, mark: float | None = None, second: float = 0.0) -> Content:
    """A bar of `width` cells: `share` of it full, a marker at `mark`; `second` is drawn lighter behind the first."""
    width = max(1, width)
    full, lighter = (round(min(1.0, max(0.0, s)) * width) for s in (share, share + second))
    cells = [(FULL, style)] * full + [("╌", style)] * (lighter - full)
    cells += [(EMPTY, "$foreground 25%")] * (width - len(cells))
    if mark is not None:
        cells[min(width - 1, max(0, round(mark * width)))] = (MARKER, "$text bold")
    return Content.assemble(*joined(cells))


def joined(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one style as one part."""
    parts: list[tuple[str, str]] = []
    for text, style in cells:
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + text, style)
        else:
            parts.append((text, style))
    return parts
