"""The end of a run, or a report from a file: what it saved and how sure that is, then everything else in tabs."""

from __future__ import annotations

from typing import ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import ContentSwitcher, Static

from sor.report.tables.report_table import parts
from tui import format as words
from tui.screens.page import Page
from tui.state.app_state import Opened
from tui.widgets.fills import FillRows, ShownFill
from tui.widgets.report.forest import forest
from tui.widgets.report.tab_line import TabLine
from tui.widgets.report.verdict import heading
from tui.widgets.row_table import Filtered, Rows

GUTTER = 4
TABLE, BETWEEN = 80, 3  # cells of the printed tables: as many side by side as there is room for
TABS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("costs", "Costs", ("costs", "shares")),
    ("venues", "Venues", ("venues", "executions")),
    ("models", "Models", ("queue models", "sensitivities", "orders")),
    ("about", "Order", ("order", "parameters", "warnings")),
)
FILLS = "fills"


class ResultPage(Page):
    NAME = "result"
    AUTO_FOCUS = "#costs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "app.save", "Save all"),
        Binding("j", "app.save_json", "JSON"),
        Binding("y", "app.copy", "Copy"),
        Binding("b", "app.browse", "Page"),
        Binding("r", "app.run_again", "Run again"),
        Binding("o", "app.open", "Open"),
        Binding("f", "tab(5)", show=False),
        *(Binding(str(number), f"tab({number})", show=False) for number in range(1, len(TABS) + 2)),
        Binding("right", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    ResultPage #top { height: auto; max-height: 75%; padding: 0 1; scrollbar-size-vertical: 1; }
    ResultPage #top Static { height: auto; }
    ResultPage ContentSwitcher { height: 1fr; padding: 0 1; }
    ResultPage ContentSwitcher VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    ResultPage ContentSwitcher Static { height: auto; }
    ResultPage.-tall #top { max-height: 60%; }
    ResultPage.-tall #forest { margin-top: 1; margin-bottom: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._drawn: tuple[Opened | None, int] = (None, 0)
        self._listed = ""

    def body(self) -> ComposeResult:
        with VerticalScroll(id="top"):
            yield Static(id="heading")
            yield Static(id="forest")
        yield TabLine()
        with ContentSwitcher(initial=TABS[0][0]):
            for name, _, _ in TABS:
                with VerticalScroll(id=name):
                    yield Static(id=f"{name}-text")
            yield Filtered(FillRows(strategies=True), id=FILLS)

    def on_resize(self, event: Resize) -> None:
        super().on_resize(event)
        self.refresh_page()

    def refresh_page(self) -> None:
        if not self.is_open or not self.query(FillRows):
            return
        shown, width = self.host.app_state.shown, self.size.width
        for part in (self.query_one(TabLine), self.query_one(ContentSwitcher)):
            part.display = shown is not None
        if shown is None:
            self.query_one("#heading", Static).update("No report yet: F2 to set up a run, o to open a saved one.")
            return
        if self._drawn[0] is not shown:
            self._at, self.query_one(ContentSwitcher).current = 0, TABS[0][0]
        if self._drawn != (shown, width):
            self._draw(shown, width - GUTTER)
            self._drawn = (shown, width)
        page = self.host.app_state.page
        self.query_one("#heading", Static).update(heading(shown, width - GUTTER, page))
        self._list_fills()
        self._name_tabs()

    def _draw(self, shown: Opened, width: int) -> None:
        self.query_one("#forest", Static).update(Content("\n").join(forest(shown.data, width)))
        found = list(parts(shown.data, min(TABLE, width)))
        for name, _, wanted in TABS:
            chosen = [part for title, part in found if title in wanted]
            self.query_one(f"#{name}-text", Static).update(_side_by_side(chosen, width))
        self.query_one("#top", VerticalScroll).scroll_home(animate=False)

    # -- tabs ----------------------------------------------------------------------------------------------------------

    def action_tab(self, number: int) -> None:
        self._at = number - 1
        name = [*(name for name, _, _ in TABS), FILLS][self._at]
        self.query_one(ContentSwitcher).current = name
        if name == FILLS:
            self.host.fetch_fills()
            self.query_one(Rows).focus()
        else:
            self.query_one(f"#{name}").focus()
        self.refresh_page()

    def action_turn(self, step: int) -> None:
        self.action_tab((self._at + step) % (len(TABS) + 1) + 1)

    def _name_tabs(self) -> None:
        shown = self.host.app_state.shown
        assert shown is not None
        warned = len(shown.data["warnings"])
        about = f"Order, {warned} warning{'s' * (warned != 1)}" if warned else "Order"
        fills = self.host.app_state.fills
        count = f"Fills {len(fills):,}" if fills else "Fills"
        titles = [about if name == "about" else title for name, title, _ in TABS]
        self.query_one(TabLine).show([*titles, count], self._at)

    # -- fills ---------------------------------------------------------------------------------------------------------

    def _list_fills(self) -> None:
        state = self.host.app_state
        rows = self.query_one(FillRows)
        if state.shown is not None and not state.shown.run:
            rows.empty = "This report was opened from a file: it has no fills. History (F5) has runs with theirs."
        elif state.fills is None:
            rows.empty = "fetching the fills..."
        listed = state.fills_of if state.fills is not None else ""
        if listed != self._listed:
            self._listed = listed
            zone = "UTC" if state.shown is None else str(state.shown.data["rules"].get("tz", "UTC"))

            def clock(ts: int, decimals: int = 0) -> str:
                return words.clock(ts, decimals, zone)

            rows.set_items([ShownFill(name, fill, clock) for name, fill in state.fills or ()])
        rows.refresh()


def _side_by_side(chosen: list[RenderableType], width: int) -> RenderableType:
    """In as many columns as there is room for, in their order from left to right."""
    columns = max(1, min(len(chosen), (width + BETWEEN) // (TABLE + BETWEEN)))
    if columns == 1:
        return Group(*(part for one in chosen for part in (one, Text(""))))
    grid = Table.grid(padding=(0, BETWEEN, 1, 0))
    for _ in range(columns):
        grid.add_column(width=TABLE)
    for at in range(0, len(chosen), columns):
        grid.add_row(*chosen[at : at + columns])
    return grid
