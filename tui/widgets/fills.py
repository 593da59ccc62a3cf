"""Every fill with the reason for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from sor.core.backtest.live_view import FillLine
from tui import format as words
from tui.state.app_state import Live
from tui.widgets.panel import DIM, line
from tui.widgets.row_table import Filtered, Rows
from tui.widgets.signs import NAMES, OF_KIND

LONGEST = 23  # cells of a short reason
FINE = 64  # cells from which there is room for hundredths of a second


@dataclass(frozen=True, slots=True)
class ShownFill:
    """A fill of one strategy. clock: how this run's times are written."""

    strategy: str
    fill: FillLine
    clock: Callable[[int, int], str]


def reason(f: FillLine, room: int = 200) -> str:
    """Why it was filled, in as many words as have room, and whole in any case."""
    wordings = _wordings(f)
    return next((text for text in wordings if len(text) <= room), wordings[-1])


def _wordings(f: FillLine) -> tuple[str, ...]:
    """The same reason in ever fewer words."""
    if f.kind == "forced":
        return "left at the deadline", "left at deadline", "deadline"
    if f.kind == "take":
        return "took what was shown", "took the quote", "took"
    if f.reason == "quoted through":
        return "a quote came through its price", "quote came through", "quoted through", "quoted"
    front = f"{f.in_front:,} of it went to those in front" if f.in_front else "nobody stood in front"
    ahead = f", {f.in_front:,} ahead" if f.in_front else ""
    trade = f"trade {f.volume:,}"
    return f"a trade of {f.volume:,} reached it, {front}", f"{trade}, {f.in_front:,} ahead", f"{trade}{ahead}", trade


class FillRows(Rows[ShownFill]):
    """`strategies`: more than one may be among them, so each row says whose it is."""

    def __init__(self, *, follow: bool = False, strategies: bool = False) -> None:
        super().__init__(follow=follow)
        self._strategies, self._follows = strategies, follow
        self._venue_width = 6

    def set_items(self, items: Sequence[ShownFill]) -> None:
        self._venue_width = 6
        self._widen(items)
        super().set_items(items)

    def add_items(self, items: Sequence[ShownFill]) -> None:
        self._widen(items)
        super().add_items(items)

    def _widen(self, items: Sequence[ShownFill]) -> None:
        """The column of venues is as wide as the longest name."""
        names = {words.venue(venue) for venue in {item.fill.venue for item in items}}
        self._venue_width = max(self._venue_width, max(map(len, names), default=0))

    def _follow_again(self) -> bool:
        return self._follows

    def head(self, width: int) -> Content:
        time = f"{'time':11}" if width >= FINE else f"{'time':8}"
        reason = f"{'reason':{LONGEST}} strategy" if self._strategies else "reason"
        return line((f"  {time} {'shares':>6} {'price':>8} {'venue':{self._venue_width}} {reason}", DIM))

    def draw(self, item: ShownFill, width: int) -> Content:
        f = item.fill
        start = line(
            OF_KIND[f.kind],
            (f" {item.clock(f.ts, 2 if width >= FINE else 0)}", DIM),
            f" {f.qty:>6,} {words.quote(f.px):>8} {words.venue(f.venue):{self._venue_width}} ",
        )
        if not self._strategies:
            return line(start, reason(f, width - start.cell_length))
        whose = item.strategy.removeprefix("cont_kukanov_")
        return line(start, f"{reason(f, LONGEST):{LONGEST}} ", (whose, DIM))

    def searched(self, item: ShownFill) -> str:
        f = item.fill
        parts = (item.clock(f.ts, 2), words.venue(f.venue), NAMES[f.kind], reason(f), words.quote(f.px), item.strategy)
        return " ".join(parts).lower()


class FillsPanel(Vertical):
    """The fills of the run that is on, the newest at the end."""

    DEFAULT_CSS = """
    FillsPanel { border-top: solid $foreground 25%; border-title-color: $text-muted; border-title-style: bold; }
    FillsPanel:focus-within { border-title-color: $text-primary; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "Fills"
        self._rows = FillRows(follow=True)
        self._live: Live | None = None
        self._taken = 0

    def compose(self) -> ComposeResult:
        yield Filtered(self._rows)

    def show(self, live: Live | None) -> None:
        if live is None:
            return
        if live is not self._live or live.received_fills < self._taken:
            self._live, self._taken = live, 0
            self._rows.set_items([])
        fresh = live.received_fills - self._taken
        if fresh:
            whose = "" if live.view is None else live.view.shown
            new = list(live.fills)[-fresh:]
            self._taken = live.received_fills
            self._rows.add_items([ShownFill(whose, fill, live.clock) for fill in new])
            self.count()

    @on(Filtered.Counted)
    def count(self) -> None:
        rows = self._rows
        shown = f"{len(rows.items):,} of " if len(rows.items) != rows.total else ""
        total = self._live.fill_count if self._live else 0
        self.border_title = f"Fills  {shown}{total:,}" if total else "Fills"
