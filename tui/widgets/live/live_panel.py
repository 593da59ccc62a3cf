"""A panel over the run that is on: it takes the run as it is (tui.state.app_state.Live) and draws its part."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from sor.core.backtest.live_view import LiveView
from tui.state.app_state import Live
from tui.widgets.panel import Panel


class LivePanel(Panel):
    live: Live | None = None

    def show(self, live: Live | None) -> None:
        self.live = live
        self.redraw()

    def lines(self, width: int, height: int) -> Sequence[Content]:
        if self.live is None or self.live.view is None:
            return self.waiting()
        return self.draw(self.live, self.live.view, width, height)

    def waiting(self) -> Sequence[Content]:
        return []

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        raise NotImplementedError
