"""What the order does next, in words."""

from __future__ import annotations

from collections.abc import Callable

from sor.core.backtest.live_view import LiveView
from tui import format as words


def next_step(view: LiveView, clock: Callable[[int], str], width: int = 200) -> str:
    """One sentence: "rests 64 at 3 venues until 13:33:49, then takes what is missing; next slice: 74 shares".

    Where that is longer than `width` it has fewer words and the same figures.
    """
    text = _sentence(view, clock)
    for long, short in SHORTER:
        text = text if len(text) <= width else text.replace(long, short)
    return text


SHORTER = (
    (", then takes what is missing", ", then takes"),
    (", as it is shown", ""),
    (" until ", " to "),
    ("next slice:", "next:"),
)


def _sentence(view: LiveView, clock: Callable[[int], str]) -> str:
    mine = view.strategy
    if view.ts < view.start:
        return f"waits for {clock(view.start)}"
    left = view.quantity - mine.shares
    if not left:
        return "nothing: all is done"
    if view.ts >= view.end:
        return f"nothing: the window is over, {left:,} were not done"
    return "; ".join(part for part in (_now(view, clock), _after(view, clock)) if part)


def _now(view: LiveView, clock: Callable[[int], str]) -> str:
    schedule = view.schedule
    missing = view.quantity - view.strategy.shares if schedule is None else schedule.target - view.strategy.shares
    if view.resting:
        shares = sum(r.qty - r.filled for r in view.resting)
        until = min(r.ends for r in view.resting)
        venues = {r.venue for r in view.resting}
        where = f"at {words.venue(next(iter(venues)))}" if len(venues) == 1 else f"at {len(venues)} venues"
        return f"rests {shares:,} {where} until {clock(until)}, then takes what is missing"
    if missing > 0:
        return f"takes {missing:,} at the best price, as it is shown"
    return "this slice is done" if schedule is not None else ""


def _after(view: LiveView, clock: Callable[[int], str]) -> str:
    schedule = view.schedule
    if schedule is None:
        return ""
    if not schedule.following:
        return f"this is the last slice, it ends at {clock(schedule.ends)}"
    following = f"next slice: {schedule.following:,} shares"
    return following if view.resting else f"{following} at {clock(schedule.ends)}"
