"""Whatever a screen shows, made by us or read from a tape, a topic or a report: nothing in it commands the terminal."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from sor.text import harmless


class PlainText(LineFilter):
    """The last stop before the terminal. What would command it has no width, so taking it out moves nothing."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [segment if segment.control else Segment(harmless(segment.text), segment.style) for segment in segments]
