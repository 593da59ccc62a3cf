"""A titled part of a screen that is drawn again only when what it shows has changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Resize
from textual.widget import Widget

DIM = "$foreground 60%"
GOOD, BAD, MARK, WARN = "$text-success", "$text-error", "$text-primary", "$text-warning"
Part = str | Content | tuple[str, str]


def line(*parts: Part) -> Content:
    return Content.assemble(*parts)


def spread(left: Content, right: Content, width: int) -> Content:
    """Left and right ends of one line; where there is no room for both, the left one is cut."""
    left = left.truncate(max(1, width - right.cell_length - 1), ellipsis=True)
    gap = max(1, width - left.cell_length - right.cell_length)
    return Content.assemble(left, " " * gap, right)


class Panel(Widget, can_focus=True):
    """Subclasses give `lines(width, height)`; `redraw` looks whether they have changed."""

    DEFAULT_CSS = """
    Panel {
        height: 1fr;
        width: 1fr;
        border-top: solid $foreground 25%;
        border-title-color: $text-muted;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
    }
    Panel:focus { border-title-color: $text-primary; }
    """
    TITLE = ""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.border_title = self.TITLE
        self._shown = self._title = Content("")

    def lines(self, width: int, height: int) -> Sequence[Content]:
        raise NotImplementedError

    def redraw(self) -> None:
        width, height = self.content_size
        if not width or not height:
            return
        content = Content("\n").join(
            one.truncate(width, ellipsis=True) for one in list(self.lines(width, height))[:height]
        )
        if not content.is_same(self._shown):
            self._shown = content
            self.refresh()

    def title(self, text: str, right: str | Content = "") -> None:
        """Its words, and on the right what comes second."""
        second = Content(right) if isinstance(right, str) else right
        room = self.size.width - len(text) - second.cell_length - 5
        title = line(f"{text} {'─' * room} ", second) if second and room >= 0 else Content(text)
        if not title.is_same(self._title):
            self._title = title
            self.border_title = title

    def on_resize(self, event: Resize) -> None:
        self.redraw()

    def render(self) -> Content:
        return self._shown
