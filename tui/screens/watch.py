"""The live screen: the book, the order being worked, the router's allocations, queues, fills and what it all costs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from tui.screens.page import Page
from tui.widgets.watch import (
    BookPanel,
    CostPanel,
    FillsPanel,
    LivePanel,
    OrderPanel,
    RestingPanel,
    SlicePanel,
    StatePanel,
    StreamPanel,
)


class WatchPage(Page):
    NAME = "watch"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "app.pause", "Pause"),
        Binding("space", "app.resume", "Resume"),
        Binding("plus,equals_sign,right", "app.speed(1)", "Faster", key_display="+"),
        Binding("minus,left", "app.speed(-1)", "Slower", key_display="-"),
        Binding("s", "app.stop", "Stop"),
        Binding("r", "app.run_again", "Run again"),
        Binding("q", "app.quit", "Quit", show=False),
    ]
    DEFAULT_CSS = """
    WatchPage #panels { layout: grid; grid-size: 2 3; grid-rows: 8 7 1fr; grid-gutter: 0 1; padding: 0 1; }
    WatchPage StreamPanel { display: none; }
    WatchPage.-tall #panels { grid-rows: 10 1fr 1fr; }
    WatchPage.-wide #panels { grid-columns: 1fr 1fr; }
    WatchPage.-wide.-tall #panels { grid-size: 3 3; grid-columns: 5fr 5fr 4fr; grid-rows: 10 1fr 1fr; }
    WatchPage.-wide.-tall StreamPanel { display: block; }
    WatchPage.-wide.-tall FillsPanel { row-span: 2; }
    WatchPage.-wide.-tall CostPanel { column-span: 2; }
    """

    def body(self) -> ComposeResult:
        yield StatePanel()
        with Container(id="panels"):
            yield BookPanel()
            yield OrderPanel()
            yield StreamPanel()
            yield SlicePanel()
            yield RestingPanel()
            yield FillsPanel()
            yield CostPanel()

    def refresh_page(self) -> None:
        live = self.desk_app.desk.live
        self.query("#panels").set(display=live is not None)
        for panel in self.query(LivePanel):
            panel.show(live)
