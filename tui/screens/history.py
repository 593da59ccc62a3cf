"""The folder of kept reports: found by a filter, opened with their fills, compared two and two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from sor.errors import SorError
from tui.screens.page import Page
from tui.state import kept
from tui.state.app_state import Opened, open_report
from tui.state.kept_list import KeptLine, read_line
from tui.widgets.panel import BAD, DIM, GOOD, WARN, line
from tui.widgets.report.side_by_side import side_by_side
from tui.widgets.row_table import Filtered, Rows

SCREENFUL = 20
INTERVAL, PARAMETERS, RULES = 100, 124, 150  # cells from which there is room for these


class KeptRows(Rows[KeptLine]):
    def __init__(self) -> None:
        super().__init__()
        self.marked: list[Path] = []

    def head(self, width: int) -> Content:
        saved = f"{'saved X_M, bps':>15}"
        text = f"  {'kept (UTC)':17} {'order':20} {'window':17}{saved}"
        return line((text + self._more(width, " 95 % interval     ", "strategy          parameters ", "rules"), DIM))

    @staticmethod
    def _more(width: int, interval: str, parameters: str, rules: str) -> str:
        return "".join(
            text for text, least in ((interval, INTERVAL), (parameters, PARAMETERS), (rules, RULES)) if width >= least
        )

    def draw(self, item: KeptLine, width: int) -> Content:
        ends = item.ends
        certain = ends is not None and not ends[0] <= 0 <= ends[1]
        style = "" if not certain or item.saved is None else GOOD if item.saved > 0 else BAD
        saved = "-" if item.saved is None else f"{item.saved:+.2f}"
        between = "" if ends is None else f"{ends[0]:+.2f} to {ends[1]:+.2f}"
        state = " stopped" if item.partial else f" {item.warnings} !" if item.warnings else ""
        return line(
            (f"{'■' if item.path in self.marked else ' '} ", "bold $text-primary"),
            f"{item.name:17} ",
            (f"{item.order:20} ", "bold"),
            (f"{item.window:17}", DIM),
            (f"{saved:>15}", f"bold {style}"),
            (self._more(width, f" {between:18}", f"{item.strategy:17} {item.parameters:11}", item.rules), DIM),
            (state, WARN),
        )

    def searched(self, item: KeptLine) -> str:
        state = "stopped" if item.partial else "complete"
        parts = (item.name, item.order, item.day, item.window, item.strategy, item.parameters, item.rules, state)
        return " ".join(parts).lower()


class HistoryPage(Page):
    NAME = "history"
    AUTO_FOCUS = "KeptRows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open_run", "Open"),
        Binding("m,space", "mark", "Mark", key_display="m"),
        Binding("c", "compare", "Compare"),
        Binding("o", "app.open", "Open file"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    HistoryPage Filtered { padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[Path, KeptLine | None] = {}

    def body(self) -> ComposeResult:
        yield Filtered(KeptRows())

    def refresh_page(self) -> None:
        if self.is_open and self.query(KeptRows):
            rows = self.query_one(KeptRows)
            rows.empty = "No report is kept yet: F2 to set up a run, o to open a saved one."
            if self.focused is None:
                rows.focus()
            self._read()

    @work(thread=True, exclusive=True)
    def _read(self) -> None:
        """A file at a time, in a thread: a key does not wait for the folder."""
        paths = kept.reports()
        for number, path in enumerate(paths):
            if path not in self._lines:
                self._lines[path] = read_line(path)
                if number == SCREENFUL:  # the newest are seen while the rest is read
                    self.show_from_thread(self._show, self._known(paths[:number]))
        self.show_from_thread(self._show, self._known(paths))

    def _known(self, paths: Sequence[Path]) -> list[KeptLine]:
        return [one for one in (self._lines[path] for path in paths) if one is not None]

    def _show(self, found: list[KeptLine]) -> None:
        self.query_one(KeptRows).set_items(found)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_open_run(self) -> None:
        chosen = self.query_one(KeptRows).chosen
        opened = None if chosen is None else self._opened(chosen.path)
        if opened is not None:
            self.host.show_report(opened)

    def _opened(self, path: Path) -> Opened | None:
        try:
            return open_report(str(path))
        except SorError as error:
            self.host.say(str(error), "error")
            return None

    def action_mark(self) -> None:
        rows = self.query_one(KeptRows)
        if rows.chosen is None:
            return
        path = rows.chosen.path
        if path in rows.marked:
            rows.marked.remove(path)
        else:
            rows.marked.append(path)
        rows.action_move(1)

    def action_compare(self) -> None:
        marked = self.query_one(KeptRows).marked
        if len(marked) < 2:
            self.host.say("mark two reports with m, then c compares them", "note")
            return
        runs = [opened for path in marked if (opened := self._opened(path)) is not None]
        if len(runs) > 1:
            self.app.push_screen(Compared(runs))


class Compared(ModalScreen[None]):
    """Marked reports side by side."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,c,enter", "dismiss", "Close")]
    DEFAULT_CSS = """
    Compared { align: center middle; background: $background; }
    Compared .box { width: 98%; height: 98%; padding: 0 1; background: $surface; border: round $primary; }
    Compared Static { width: auto; }
    """

    def __init__(self, runs: list[Opened]) -> None:
        super().__init__()
        self._runs = runs

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Static(side_by_side(self._runs))
