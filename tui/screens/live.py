"""The run while it is on: is it on schedule, is it winning, where did it trade, what comes next, is anything wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from tui.screens.page import Page
from tui.widgets.fills import FillsPanel
from tui.widgets.live.charts import CostChart, PriceChart
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.live.scoreboard import ONE_LINE, Scoreboard
from tui.widgets.live.slices_panel import SlicesPanel
from tui.widgets.live.stream_panel import StatePanel, StreamPanel
from tui.widgets.live.venue_panel import VenuePanel
from tui.widgets.row_table import Rows

PANELS: tuple[type[Widget], ...] = (PriceChart, CostChart, VenuePanel, FillsPanel, SlicesPanel, StreamPanel)


class WatchPage(Page):
    NAME = "watch"
    AUTO_FOCUS = ""
    WIDTHS: ClassVar[Mapping[str, int]] = {**Page.WIDTHS, "-broad": ONE_LINE + 4}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "app.pause", "Pause"),
        Binding("space", "app.resume", "Resume"),
        Binding("plus,equals_sign,right", "app.speed(1)", "Speed", key_display="+ -"),
        Binding("minus,left", "app.speed(-1)", show=False),
        Binding("s", "app.stop", "Stop"),
        Binding("r", "app.run_again", "Run again"),
        Binding("z", "zoom(0)", "Zoom"),
        Binding("f", "zoom(4)", "Fills"),
        *(Binding(str(at + 1), f"zoom({at + 1})", show=False) for at in range(len(PANELS))),
        Binding("escape", "back", show=False),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    WatchPage.-wide Scoreboard { height: 5; }
    WatchPage.-broad Scoreboard { height: 4; }
    WatchPage #charts { height: 1fr; padding: 0 1; }
    WatchPage CostChart { margin-left: 1; }
    WatchPage #lower { height: auto; padding: 0 1; }
    WatchPage #left { height: auto; }
    WatchPage VenuePanel { height: auto; max-height: 9; }
    WatchPage.-tall VenuePanel { max-height: 14; }
    WatchPage #right, WatchPage SlicesPanel, WatchPage StreamPanel { display: none; }
    WatchPage.-tall #lower { height: 1fr; }
    WatchPage.-tall #left { height: 1fr; }
    WatchPage.-tall SlicesPanel { display: block; }
    WatchPage.-wide #right { display: block; height: 1fr; margin-left: 1; }
    WatchPage.-wide #left { width: 80; }
    WatchPage.-wide #right { width: 1fr; }
    WatchPage.-huge #left { width: 3fr; }
    WatchPage.-huge #right { width: 2fr; }
    WatchPage.-huge.-high StreamPanel { display: block; height: 12; }
    WatchPage .-none, WatchPage .-away { display: none !important; }
    WatchPage .-alone { display: block !important; height: 1fr !important; width: 1fr !important;
                        margin: 0 !important; max-height: 100%; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._alone: Widget | None = None

    def body(self) -> ComposeResult:
        yield StatePanel()
        yield Scoreboard()
        with Horizontal(id="charts"):
            yield PriceChart()
            yield CostChart()
        with Horizontal(id="lower"):
            with Vertical(id="left"):
                yield VenuePanel()
                yield SlicesPanel()
            with Vertical(id="right"):
                yield FillsPanel()
                yield StreamPanel()

    def refresh_page(self) -> None:
        if not self.is_open or not self.query(FillsPanel):
            return  # it is being opened, and asks again when it is there, or left
        live = self.host.app_state.live
        for part in self.query("Scoreboard, #charts, #lower"):
            part.set_class(live is None, "-none")
        self.query_one(VenuePanel).fit(live)
        for panel in self.query(LivePanel):
            panel.show(live)
        self.query_one(FillsPanel).show(live)

    # -- one panel alone -----------------------------------------------------------------------------------------------

    def action_zoom(self, number: int) -> None:
        """The panel of that number, or for 0 the one that has the focus; the same once more goes back."""
        wanted = self.query_one(PANELS[number - 1]) if number else self._focused_panel()
        if self._alone is wanted or (not number and self._alone is not None):
            self.action_back()
            return
        self._show_alone(wanted)
        rows = wanted.query(Rows)
        (rows.first() if rows else wanted).focus()

    def action_back(self) -> None:
        if self._alone is not None:
            self._show_alone(None)

    def _show_alone(self, wanted: Widget | None) -> None:
        """Everything but this panel and what holds it goes away; None: all is as it was."""
        self._alone = wanted
        for part in (*map(self.query_one, PANELS), *self.query("#charts, #lower, #left, #right")):
            holds = wanted is not None and (part is wanted or part in wanted.ancestors)
            part.set_class(holds, "-alone")
            part.set_class(wanted is not None and not holds, "-away")
        self.call_after_refresh(self.refresh_page)

    def _focused_panel(self) -> Widget:
        """Where nothing has the focus, the venues: they have more to show than the room."""
        at = self.focused
        while isinstance(at, Widget) and not isinstance(at, PANELS):
            at = at.parent if isinstance(at.parent, Widget) else None
        return at or self.query_one(VenuePanel)
