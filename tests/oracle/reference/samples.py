"""What an endless order at the best bid of every venue would have filled in a window of the past: the samples e_k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reference.children import PASSIVE_OVER
from reference.execution import Desk
from reference.market import Tape, mirrored
from reference.rules import SECOND, Order, Rules
from reference.simple import BestAsk

ENDLESS = 10**15  # shares
NEVER = 2**80


@dataclass(frozen=True, slots=True)
class Sample:
    """One window. `filled`: e_k of the venues that took part at its start; `over`: when its last venue has ended."""

    start: int
    over: int
    filled: Mapping[int, int]


def sample(tape: Tape, side: str, start: int, length: int, rules: Rules, model: str) -> Sample | None:
    """The window [start, start + length]: joins after the order latency, ends after the cancel latency of each venue.

    None where there is no best bid at the start, or no venue.
    """
    if side == "sell":
        return sample(mirrored(tape), "buy", start, length, rules, model)
    desk = Desk(Order("buy", NEVER, NEVER, NEVER), rules, model, BestAsk())  # it never decides
    for snapshot in tape:
        if snapshot.ts <= start:
            desk.snapshot(snapshot)
    desk.book.now = start
    price = desk.book.best_bid()
    if price is None:
        return None
    for venue in desk.book.taking_part():
        rest = desk.send_rest(venue.id, price, ENDLESS)
        rest.cancel(start + length + rules.cancels.of(venue.id), PASSIVE_OVER)
    desk.act_due(start, inclusive=True)
    over = max(start + length + rules.cancels.of(rest.venue) for rest in desk.rests)
    for snapshot in tape:
        if start < snapshot.ts <= over:
            desk.snapshot(snapshot)
    return Sample(start, over, {rest.venue: rest.filled for rest in desk.rests})


def past_samples(
    tape: Tape, side: str, starts: Sequence[int], length: int, rules: Rules, model: str, now: int
) -> list[Sample]:
    """The windows with these starts that a decision at `now` can look back on."""
    seen = [snapshot for snapshot in tape if snapshot.ts <= now]
    windows = [sample(seen, side, start, length, rules, model) for start in starts if start <= now]
    return [window for window in windows if window is not None and window.over <= now]


def every_second(first: int, last: int) -> list[int]:
    """Starts of windows: `first`, and every second after it up to `last`."""
    return list(range(first, last + 1, SECOND))


def expected_fills(samples: Sequence[Sample], limits: Mapping[int, int], room: int) -> Fraction:
    """E[min(sum_k min(e_k, L_k), room)], with room = S - M."""
    total = sum(min(sum(min(s.filled.get(k, 0), qty) for k, qty in limits.items()), room) for s in samples)
    return Fraction(total, len(samples))
