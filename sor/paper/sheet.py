"""A table of text: for the terminal (rich) and for docs (Markdown), from the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """A title, a header and rows of text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """A Markdown table under its title."""
        lines = [f"**{self.title}**", "", _line(self.header), _line(["---:"] * len(self.header))]
        return "\n".join(lines + [_line(row) for row in self.rows])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def beside(ours: Sequence[str], printed: Sequence[float]) -> list[str]:
    """Each cell with the print in parentheses after it, where there is one."""
    if not printed:
        return list(ours)
    return [f"{cell} ({value:g})" for cell, value in zip(ours, printed, strict=True)]
