"""Queues filled to equal expected delay, after Maglaras, Moallemi and Zheng, "Queueing dynamics and state space
collapse in fragmented limit order book markets", Operations Research 2021.

There every trader picks the venue with the best trade-off of rebate and expected delay Q / mu; here one order is large
enough to be spread until that trade-off is the same wherever it rests, and no worse than taking.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sor.core.router.literature.touch import touch, whole
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.core.units import NANO
from sor.errors import StrategyError


def water_fill(
    size: int,
    queues: Sequence[int],
    rates: Sequence[Fraction],
    gains: Sequence[Fraction],
    waiting: Fraction,
    least: Fraction,
) -> list[Fraction]:
    """L_k = (mu_k (h + r_k - nu) / c - Q_k)+, nu the larger of `least` and the level at which sum L = size.

    rates: mu_k, shares a second; gains: h + r_k and waiting: c > 0, nanodollars a share (and second).
    """
    used = [k for k, rate in enumerate(rates) if rate > 0]
    tops = sorted(((gains[k] - waiting * queues[k] / rates[k], k) for k in used), reverse=True)
    nu, rate, worth, ahead = least, Fraction(0), Fraction(0), 0
    for top, k in tops:
        if rate and (worth - waiting * (ahead + size)) / rate >= top:
            break  # the venues so far hold the whole size before this one is worth it
        rate, worth, ahead = rate + rates[k], worth + rates[k] * gains[k], ahead + queues[k]
    if rate:
        nu = max(least, (worth - waiting * (ahead + size)) / rate)
    limits = [Fraction(0)] * len(rates)
    for k in used:
        limits[k] = max(Fraction(0), rates[k] * (gains[k] - nu) / waiting - queues[k])
    return limits


class Delay:
    """c: what a share's wait of one second costs, dollars; window: W, seconds over which mu_k is measured."""

    def __init__(self, c: float = 0.0001, window: float = 300.0) -> None:
        if not (c > 0 and window > 0):
            raise StrategyError("delay: c and window must be above 0")
        self.waiting = Fraction(str(c)) * NANO  # 0.0001 means a ten-thousandth
        self.window = int(window * NANO)
        self.seen: list[tuple[int, dict[int, int]]] = []  # from when, and what was sold at each venue
        self.before: int | None = None

    def begin(self, setting: Setting) -> None:
        self.fees = setting.fees

    def allocate(self, view: View, size: int) -> Allocation:
        self._observe(view)
        at = touch(view, self.fees)
        if at is None or not self.seen:
            return Allocation(size, reason="nothing was seen to be sold yet" if at else "nowhere to rest")
        seconds = Fraction(view.ts - self.seen[0][0], NANO)
        rates = [sum(sold.get(venue, 0) for _, sold in self.seen) / seconds for venue in at.venues]
        limits = whole(water_fill(size, at.queues, rates, at.gains, self.waiting, -(at.h + at.f)), size)
        return Allocation(size - sum(limits), at.px, tuple(zip(at.venues, limits, strict=True)))

    def _observe(self, view: View) -> None:
        """Keep what was sold in the window, and in any case since the last slice."""
        if self.before is not None:
            self.seen.append((self.before, {flow.venue: flow.sold for flow in view.flow}))
        self.before = view.ts
        inside = [entry for entry in self.seen if entry[0] >= view.ts - self.window]
        self.seen = inside or self.seen[-1:]
