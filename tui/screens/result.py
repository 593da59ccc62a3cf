"""The end of a run, or a report from a file: the savings, how sure they are, what to be warned of, and all tables."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from sor.report.table import blocks
from tui.desk import Opened
from tui.screens.page import Page
from tui.widgets.verdict import verdict

GUTTER = 4
LEFT, BETWEEN, RIGHT = 64, 3, 69  # the widest tables of both columns: side by side only where neither is cut


class ResultPage(Page):
    NAME = "result"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "app.save", "Save all"),
        Binding("j", "app.save_json", "Save JSON"),
        Binding("y", "app.copy", "Copy JSON"),
        Binding("r", "app.run_again", "Run again"),
        Binding("o", "app.open", "Open"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    ResultPage #scroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    ResultPage #verdict { height: auto; margin-bottom: 1; }
    ResultPage #columns { height: auto; }
    ResultPage #columns Static { width: 1fr; height: auto; }
    ResultPage #right { margin-left: 3; display: none; }
    ResultPage.-two #right { display: block; }
    ResultPage.-two #columns #left { width: 64; }
    """

    def body(self) -> ComposeResult:
        with VerticalScroll(id="scroll"):
            yield Static(id="verdict")
            with Horizontal(id="columns"):
                yield Static(id="left")
                yield Static(id="right")

    def on_mount(self) -> None:
        self._drawn: tuple[Opened | None, int] = (None, 0)

    def on_resize(self) -> None:
        self.refresh_page()

    def refresh_page(self) -> None:
        shown, width = self.desk_app.desk.shown, self.size.width
        if shown is None:
            self.query_one("#verdict", Static).update("No report yet: F2 to set up a run, o to open a saved one.")
            return
        if self._drawn == (shown, width):
            return
        self._drawn = (shown, width)
        two = width - GUTTER >= LEFT + BETWEEN + RIGHT
        self.set_class(two, "-two")
        room = LEFT if two else width - GUTTER
        self.query_one("#verdict", Static).update(verdict(shown, width - GUTTER))
        parts = _spaced(list(blocks(shown.data, room)))
        left, right = parts if two else ([*parts[0], *parts[1]], [])
        self.query_one("#left", Static).update(Group(*left))
        self.query_one("#right", Static).update(Group(*right))
        self.query_one("#scroll", VerticalScroll).scroll_home(animate=False)
        self.query_one("#scroll").focus()


def _spaced(parts: list[RenderableType]) -> tuple[list[RenderableType], list[RenderableType]]:
    """Two columns: what it cost, and how sure that is and where it was traded. Warnings are told above already."""
    cut = min(3, len(parts))
    sides: tuple[list[RenderableType], list[RenderableType]] = ([], [])
    for at, part in enumerate(parts):
        side = sides[0] if at < cut else sides[1]
        side += [part, Text("")]
    return sides
