"""Two charts of the order's window: where the market went and where we traded, and what the shares done cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from textual.content import Content

from sor.core.backtest.live_view import POINTS, LiveView, StrategyLine
from sor.core.units import NANO
from tui import format as words
from tui.state.app_state import Live
from tui.widgets.drawing.canvas import DASHED, DOTTED, WHOLE, Canvas, Label, beside, decimals, ticks
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.panel import DIM, MARK, WARN, line
from tui.widgets.signs import MAKER, TAKER, legend

T = TypeVar("T")

LOOKS = {"X_M": (WARN, DASHED), "twap": ("$text-accent", DOTTED)}
PLACES = POINTS + 1
MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240)


class PriceChart(LivePanel):
    """Mid within the national band, the arrival price, and the fills: hollow where we rested, solid where we took."""

    TITLE = "Market, $"

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        self.title("Market, $", legend())
        bids, asks = ([None if px is None else px / NANO for px in side] for side in _sides(view))
        mids = [None if b is None or a is None else (b + a) / 2 for b, a in zip(bids, asks, strict=True)]
        marks = [(mark, mark.px / NANO) for mark in view.marks]
        arrival = None if view.arrival is None else view.arrival / NANO
        values = [value for value in (*bids, *asks, *(px for _, px in marks), arrival) if value is not None]
        if not any(mid is not None for mid in mids):
            return [line(("begins with the order", DIM))]
        ends = [] if arrival is None else [Label(arrival, f"{arrival:,.2f} arrival" if width >= 60 else "arrival", DIM)]
        if mids[-1] is not None:
            ends.insert(0, Label(mids[-1], f"{mids[-1]:,.3f} mid", MARK))
        steps = ticks(min(values), max(values), _most(height))
        frame = Frame(live, view, width, height, [Label(v, f"{v:,.{max(2, decimals(steps))}f}") for v in steps], ends)
        canvas = Canvas(*frame.size, min(values), max(values))
        if arrival is not None:
            canvas.across(arrival, DIM)
        for side in (bids, asks):
            canvas.curve(side, PLACES, "$foreground 40%")
        canvas.curve(mids, PLACES, MARK)
        for mark, px in marks:
            sign, style = MAKER if mark.maker else TAKER
            canvas.mark((mark.point + 0.5) / PLACES, px, sign, f"bold {style}")
        return frame.around(canvas)


def _most(height: int) -> int:
    """Figures on the scale: with ten at most, wherever there is room for them, three at least stand beside the zero."""
    return max(3, min(10, height // 2))


def _sides(view: LiveView) -> tuple[list[int | None], list[int | None]]:
    """The national bids and asks along the window; the last ones are those of this moment, as the table has them."""
    band = up_to_now(view.band, view.national) if view.start <= view.ts <= view.end else view.band
    return [bid for bid, _ in band], [ask for _, ask in band]


def up_to_now(path: Sequence[T], now: T) -> list[T]:
    """A path's points lie some seconds apart: what has come since the last one is its end."""
    return [*path[:POINTS], now]


class CostChart(LivePanel):
    """What the shares done so far cost against the arrival price: of unequal amounts, so in bps of their value."""

    TITLE = "Cost of shares done, bps"

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        by_name = {s.name: s for s in view.strategies}
        names = [*(n for n in LOOKS if n in by_name and n != view.shown), view.shown]
        paths = {name: _bps_path(by_name[name], abs(view.arrival or 0)) for name in names}
        ends = [
            Label(path[-1] or 0.0, f"{words.strategy(name)} {path[-1]:+.2f}", _style_and_marks(name)[0])
            for name, path in reversed(paths.items())
            if path and path[-1] is not None
        ]
        if not ends:
            return [line(("begins with the first fill", DIM))]
        values = [0.0, *(value for path in paths.values() for value in path if value is not None)]
        low, high = min(values), max(values)
        steps = [v for v in ticks(low, high, _most(height)) if abs(v) > 1e-9]
        shown = [Label(0.0, "0"), *(Label(v, f"{v:+,.{decimals([0.0, *map(abs, steps)])}f}") for v in steps)]
        frame = Frame(live, view, width, height, shown, ends)
        canvas = Canvas(*frame.size, low, high)
        canvas.across(0.0, "$foreground 40%")
        for name, path in paths.items():
            canvas.curve(path, PLACES, *_style_and_marks(name))
        return frame.around(canvas)


def _style_and_marks(name: str) -> tuple[str, tuple[int, int]]:
    return LOOKS.get(name, (MARK, WHOLE))


def _bps_path(s: StrategyLine, arrival: int) -> list[float | None]:
    """The cost in bps of the shares done, up to this moment; no figure before the first of them."""
    if s.cost is None:
        return []
    paths = zip(up_to_now(s.path, s.cost), up_to_now(s.shares_path, s.shares), strict=True)
    return [words.bps(cost, arrival * shares) for cost, shares in paths]


class Frame:
    """What stands around a drawing: figures on the left, line ends on the right, minutes below."""

    def __init__(
        self, live: Live, view: LiveView, width: int, height: int, scale: Sequence[Label], ends: Sequence[Label]
    ) -> None:
        self._live, self._view, self._scale, self._ends = live, view, scale, ends
        self._left = max(len(label.text) for label in scale) + 1
        self._right = max((len(label.text) for label in ends), default=0) + 1
        self.size = max(4, width - self._left - self._right), max(1, height - 1)

    def around(self, canvas: Canvas) -> list[Content]:
        left, right = {}, beside(self._ends, canvas)
        for label in reversed(self._scale):
            left[canvas.row(label.value)] = label  # the first one stands where two share a row
        rows = []
        for row, drawn in enumerate(canvas.lines()):
            scale = left[row].text if row in left else ""
            end = right.get(row, Label(0.0, ""))
            rows.append(line((f"{scale:>{self._left - 1}} ", DIM), drawn, (f" {end.text}", end.style)))
        return [*rows, line((self._times(canvas.width), DIM))]

    def _times(self, width: int) -> str:
        """HH:MM under round minutes of the window, as many as have room."""
        start, end = self._view.start, self._view.end
        minute = 60 * NANO
        span = max(1, end - start)
        apart = next((m for m in MINUTES if span / (m * minute) * 8 <= width), 480)
        cells = [" "] * (self._left + width + self._right)
        first = -(-start // (apart * minute)) * apart * minute
        times = list(range(first, end + 1, apart * minute))
        for ts in times if len(times) > 1 else (start, end):
            text = self._live.clock(ts)[: 5 if len(times) > 1 else 8]
            at = self._left + round((ts - start) / span * (width - 1)) - len(text) // 2
            at = min(len(cells) - len(text), max(0, at))
            cells[at : at + len(text)] = text
        return "".join(cells).rstrip()
