"""Cont and Kukanov, "Optimal order placement in limit order markets", section 4.1: the rule that needs own fills only.

After it: X is kept in shares of the slice, gradients are taken at the running mean that was acted on, and a venue that
got nothing counts as filled whole, so that it is tried again. With `lookup` (section 5.2) each state of the market, by
terciles of queue and volume at the two venues that sold most, has an X of its own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import fsum, sqrt

from sor.core.router.literature.touch import Touch, touch
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.errors import StrategyError


def step(
    x: Sequence[float],
    gamma: float,
    whole: Sequence[bool],
    push: float,
    take: float,
    gains: Sequence[float],
    theta: float,
) -> list[float]:
    """X <- max(X - gamma g, 0): g_M = h + f + th + push, g_k = th + 1{L_k filled whole} (push - (h + r_k)).

    push: -(lu + th) where the slice fell short, lo where it overfilled, else 0; take: h + f; gains: h + r_k.
    """
    slopes = [take + theta + push, *(theta + full * (push - gain) for full, gain in zip(whole, gains, strict=True))]
    return [max(one - gamma * slope, 0.0) for one, slope in zip(x, slopes, strict=True)]


@dataclass(slots=True)
class Iterate:
    """X in shares of S by venue, of which -1 is the market order, and its running mean, which is acted on."""

    x: dict[int, float] = field(default_factory=dict)
    mean: dict[int, float] = field(default_factory=dict)
    steps: int = 0


@dataclass(slots=True)
class Terciles:
    """Figures by name, to tell in which third of its past a new one lies."""

    seen: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def tercile(self, name: str, venue: int, value: int) -> int:
        """0, 1 or 2; the middle while nothing was seen."""
        past = self.seen.setdefault((name, venue), [])
        below = bisect_left(past, value) + bisect_right(past, value)  # ties count half
        found = min(2, 3 * below // (2 * len(past))) if past else 1
        insort(past, value)
        return found


class ContKukanovOnline:
    """lambda_under, lambda_over, theta: multiples of h + f, of h + max r and of h; speed: of the paper's step; lookup:
    an X for each of 3^4 states of the market."""

    def __init__(
        self,
        lambda_under: float = 1.5,
        lambda_over: float = 1.5,
        theta: float = 0.1,
        speed: float = 1.0,
        lookup: bool = False,
    ) -> None:
        if not (lambda_under > 1 and lambda_over > 1 and theta >= 0 and speed > 0):
            raise StrategyError("cont_kukanov_online: both lambdas must be above 1, theta 0 or more, speed above 0")
        self.under, self.over, self.theta, self.speed = lambda_under, lambda_over, theta, speed
        self.lookup = lookup
        self.states: dict[tuple[int, ...], Iterate] = {}
        self.now = Iterate()  # of the state that the last slice began in
        self.terciles = Terciles()
        self.sold: dict[int, int] = {}
        self.sent: tuple[int, int, dict[int, int]] | None = None  # S, M and L of the last slice

    def begin(self, setting: Setting) -> None:
        self.fees = setting.fees
        self.slices = max(1, -(-(setting.end - setting.start) // setting.interval))

    def allocate(self, view: View, size: int) -> Allocation:
        at = touch(view, self.fees)
        volume = {flow.venue: flow.sold for flow in view.flow}
        for venue, sold in volume.items():
            self.sold[venue] = self.sold.get(venue, 0) + sold
        if at is None:
            self.sent = None
            return Allocation(size, reason="nowhere to rest")
        self._learn(at, {one.venue: one.filled for one in view.last})
        self.now = self.states.setdefault(self._state(at, volume), Iterate())
        for venue in (-1, *at.venues):
            self.now.x.setdefault(venue, 1 / (len(at.venues) + 1))
            self.now.mean.setdefault(venue, self.now.x[venue])
        mean = self.now.mean
        market = min(size, round(size * mean[-1]))
        limits = {venue: min(size, round(size * mean[venue])) for venue in at.venues}
        self.sent = size, market, limits
        return Allocation(market, at.px, tuple(limits.items()))

    def _state(self, at: Touch, volume: dict[int, int]) -> tuple[int, ...]:
        """Terciles of the queue now, and of what the last slice sold, at the two venues that sold most so far."""
        if not self.lookup:
            return ()
        busiest = sorted(at.venues, key=lambda venue: (-self.sold.get(venue, 0), venue))[:2]
        queues = dict(zip(at.venues, at.queues, strict=True))
        return tuple(
            self.terciles.tercile(name, venue, values.get(venue, 0))
            for venue in sorted(busiest)
            for name, values in (("queue", queues), ("volume", volume))
        )

    def _learn(self, at: Touch, filled: dict[int, int]) -> None:
        """One step from what became of the last slice, over the venues that it and this one have."""
        if self.sent is None:
            return
        size, market, limits = self.sent
        known = [(venue, float(gain)) for venue, gain in zip(at.venues, at.gains, strict=True) if venue in limits]
        take, theta = float(at.h + at.f), self.theta * float(at.h)
        under, over = max(self.under * take, 0.0), self.over * float(max(at.gains))
        done = market + sum(filled.values())
        push = -(under + theta) if done < size else (over if done > size else 0.0)
        gains = [gain for _, gain in known]
        total = theta + under + over
        squares = fsum([(take + total) ** 2, *((gain + total) ** 2 for gain in gains)])
        steps = max(1, self.slices // 3**4) if self.lookup else self.slices
        gamma = self.speed * sqrt(max(1, len(known))) / sqrt(steps * squares)
        venues = [-1, *(venue for venue, _ in known)]
        whole = [filled.get(venue, 0) >= limits[venue] for venue in venues[1:]]
        now = self.now
        moved = step([now.x[venue] for venue in venues], gamma, whole, push, take, gains, theta)
        now.x.update(zip(venues, moved, strict=True))
        now.steps += 1
        for venue, one in now.x.items():
            now.mean[venue] += (one - now.mean[venue]) / (now.steps + 1)
