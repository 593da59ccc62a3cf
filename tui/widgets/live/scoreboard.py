"""The order at a glance: is it on schedule, is it winning, what does it cost, where did it trade last, what is next."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from sor.core.backtest.live_view import LiveView, StrategyLine
from tui import format as words
from tui.state.app_state import Live
from tui.widgets.drawing.bars import bar
from tui.widgets.fills import reason
from tui.widgets.live.live_panel import LivePanel
from tui.widgets.live.next_step import next_step
from tui.widgets.panel import BAD, DIM, GOOD, MARK, WARN, line, spread
from tui.widgets.signs import OF_KIND

BASELINES = ("X_M", "twap")
ONE_LINE = 148  # cells from which savings and slippage stand side by side, with the longest figures that orders have


class Scoreboard(LivePanel):
    DEFAULT_CSS = "Scoreboard { height: 6; border: none; padding: 0 1; }"

    def draw(self, live: Live, view: LiveView, width: int, height: int) -> Sequence[Content]:
        score, cost = _savings(view), _slippage(view)
        return [
            _progress(live, view, width),
            _schedule(live, view, width),
            *([spread(score, cost, width)] if width >= ONE_LINE else [score, cost]),
            *([] if self.screen.has_class("-wide") else [_last(live, width)]),  # the table of fills has it
            _next(live, view, width),
        ]


def _progress(live: Live, view: LiveView, width: int) -> Content:
    mine, schedule = view.strategy, view.schedule
    symbol = (live.began.symbol if live.began else None) or "shares"
    head = line((f"{view.side.value.capitalize()} {view.quantity:,} {symbol} ", "bold"))
    tail = line(f" {mine.shares:,}", (f" of {view.quantity:,} done  ", ""), _left(view))
    mark = None if schedule is None else schedule.target / view.quantity
    room = max(4, width - head.cell_length - tail.cell_length)
    return line(head, bar(mine.shares / view.quantity, room, GOOD, mark), tail)


def _left(view: LiveView) -> str:
    if view.ts >= view.end:
        return "closed"
    return "not begun" if view.ts < view.start else f"{words.seconds(view.end - view.ts)} left"


def _schedule(live: Live, view: LiveView, width: int) -> Content:
    mine = view.strategy
    left, right = _on_schedule(live, view), [line(f"average {words.px(mine.average, 4)}")]
    if mine.forced:
        right.insert(0, line((f"{mine.forced:,} forced  ", WARN)))
    if mine.shares:
        right.append(line((f", {mine.made / mine.shares:.0%} maker", DIM)))
    right.append(line((f", {mine.fills:,} fills", DIM)))
    return spread(*_that_fit(left, right, width), width)


def _that_fit(left: list[Content], right: list[Content], width: int) -> tuple[Content, Content]:
    """Both ends with as many of their parts, the first ones first, as there is room for."""
    while line(*left, *right).cell_length >= width and (len(right) > 1 or len(left) > 1):
        (right if len(right) > 1 else left).pop()
    return line(*left), line(*right)


def _on_schedule(live: Live, view: LiveView) -> list[Content]:
    s, done = view.schedule, view.strategy.shares
    if view.ts >= view.end:
        return [line((f"{words.strategy(view.shown)}: the window is over", DIM))]
    if s is None:
        return [line((f"{words.strategy(view.shown)} keeps no schedule", DIM))]
    late = s.due - done
    word = line((f"✗ {late:,} behind", WARN)) if late > 0 else line(("✓ on schedule", GOOD))
    due = line(word, f", {s.target:,} due by {live.clock(s.ends)}")
    return [due, line((f", slice {s.index + 1} of {s.slices}", DIM))]


def _savings(view: LiveView) -> Content:
    """What a share cost against the others' shares so far."""
    by_name = {s.name: s for s in view.strategies}
    names = [name for name in BASELINES if name in by_name and name != view.shown]
    label = line((f"{'saved':10}", DIM))
    return line(label, *(_against(view.strategy, by_name[name], view.side.sign) for name in names))


def _against(mine: StrategyLine, other: StrategyLine, sign: int) -> Content:
    label = line((f"{words.strategy(other.name)} ", ""))
    if mine.average is None or other.average is None:
        return line(label, ("-   ", DIM))
    gain = sign * (other.average - mine.average)
    bps = words.bps(gain, abs(other.average))
    style = GOOD if gain > 0 else BAD if gain < 0 else ""
    return line(label, (f"{words.signed(bps)} bps ", f"bold {style}"), (f"{words.usd(gain * mine.shares)}   ", style))


def _slippage(view: LiveView) -> Content:
    mine = view.strategy
    label = line((f"{'slippage':10}", DIM))
    whole = abs(view.arrival or 0) * mine.shares
    if mine.cost is None or not whole:
        return line(label, ("-", DIM))
    figures = [words.signed(words.bps(part, whole)) for part in (mine.cost, mine.timing, mine.placement, mine.fees)]
    names = ("timing", "placement", "fees")
    split = " + ".join(f"{name} {figure}" for name, figure in zip(names, figures[1:], strict=True))
    return line(label, (f"{figures[0]} bps ", "bold"), words.usd(mine.cost), (f" = {split}", DIM))


def _last(live: Live, width: int) -> Content:
    """The latest fill, where there is no room for the table of them."""
    label = line((f"{'last fill':10}", DIM))
    if not live.fills:
        return line(label, ("none yet", DIM))
    f = live.fills[-1]
    where = f" {f.qty:,} at {words.quote(f.px)}, {words.venue(f.venue)}, {live.clock(f.ts)}: "
    start = line(label, OF_KIND[f.kind], where)
    return line(start, (reason(f, width - start.cell_length), DIM))


def _next(live: Live, view: LiveView, width: int) -> Content:
    return line((f"{'next':10}", DIM), (next_step(view, live.clock, width - 10), MARK if view.ts < view.end else DIM))
