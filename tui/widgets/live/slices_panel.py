"""The slices before, newest first: how each was split and what of it was filled."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from sor.core.backtest.live_view import LiveView, SliceLine
from tui import format as words
from tui.state.app_state import Live
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.panel import DIM, WARN, line


class SlicesPanel(LivePanel):
    TITLE = "Slices"

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        if not view.slices:
            return [line(("none yet", DIM))]
        self.title("Slices", "tuned on the slices before" if view.shown.endswith("walk_forward") else "")
        rows = [line((f"{'':>4} {'begun':8} {'M':>6} {'taken':>6} {'L':>6} {'made':>6}  where it rests", DIM))]
        return rows + [_row(live, s, width) for s in list(reversed(view.slices))[: height - 1]]


def _row(live: Live, s: SliceLine, width: int) -> Content:
    rests, made = sum(qty for _, qty in s.limits), sum(qty for _, qty in s.made)
    figures = f"{s.index + 1:>4} {live.clock(s.ts)} {s.market:>6,} {s.taken:>6,} {rests:>6,} {made:>6,}  "
    return line(figures, (s.reason, WARN) if s.reason else (_where(s, width - len(figures)), DIM))


def _where(s: SliceLine, room: int) -> str:
    """As many venues as have room, and how many more there are: no figure is cut."""
    parts = [f"{words.venue(venue)} {qty:,}" for venue, qty in s.limits if qty]
    for count in range(len(parts), 0, -1):
        text = ", ".join(parts[:count]) + (f" +{len(parts) - count} more" if count < len(parts) else "")
        if len(text) <= room:
            return text
    return f"{len(parts)} venues" if parts else ""
