"""Rest or take by the imbalance of the queues, after Stoikov and Waeber, "Optimal asset liquidation using limit order
book information", 2012, who trade when the book leans against them. The construction is ours.

Every past slice is a window in which an order would have rested behind each queue at the best: with what was sold there
it would have filled, and the mid moved. Windows that began with a like imbalance say what resting costs now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.fees import FeeSchedule
from sor.core.router.literature.touch import Touch, touch
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.core.units import FAR
from sor.errors import StrategyError


@dataclass(frozen=True, slots=True)
class PastSlice:
    """A past slice at one venue: reached: shares that got past the queue; rise2: twice what the mid moved, away from a
    resting order where positive."""

    reached: int
    rise2: int


@dataclass(frozen=True, slots=True)
class RestingEstimate:
    """What resting does: p(I), the share filled; a(I) and D(I), moves of the mid in nanodollars, against us where
    filled and away from us where not."""

    filled: Fraction
    against: Fraction
    away: Fraction


def estimate(windows: Iterable[PastSlice], size: int) -> RestingEstimate:
    """Over windows, each weighted by the share of an order of `size` that was filled in it, or was not."""
    count, made, against2, away2 = 0, 0, 0, 0
    for window in windows:
        filled = min(window.reached, size)
        count, made = count + 1, made + filled
        against2 -= filled * window.rise2
        away2 += (size - filled) * window.rise2
    missed = count * size - made
    return RestingEstimate(
        Fraction(made, count * size) if count else Fraction(0),
        Fraction(against2, 2 * made) if made else Fraction(0),
        Fraction(away2, 2 * missed) if missed else Fraction(0),
    )


def rests(found: RestingEstimate, gain: Fraction, cost: Fraction) -> bool:
    """-(h + r - a) p + (1 - p)(h + f + D) < h + f; gain: h + r, cost: h + f."""
    p = found.filled
    return -(gain - found.against) * p + (1 - p) * (cost + found.away) < cost


def bin_of(rest: int, take: int, bins: int) -> int:
    """The bin of I = (rest - take) / (rest + take) among equal ones from -1 to 1; the shares are those at the touch."""
    total = rest + take
    return min(bins - 1, rest * bins // total) if total else bins // 2


class Imbalance:
    """bins: of I, from -1 to 1; enough: windows from which a bin is trusted, before that all bins are one; memory:
    windows that are kept of each bin and venue."""

    def __init__(self, bins: int = 5, enough: int = 30, memory: int = 1000) -> None:
        if not (bins > 0 and enough > 0 and memory >= enough):
            raise StrategyError("imbalance: bins and enough must be above 0, memory at least enough")
        self.bins, self.enough, self.memory = bins, enough, memory
        self.windows: dict[tuple[int, int], list[PastSlice]] = {}  # by venue and bin
        self.before: tuple[int, int, Touch] | None = None  # bin, twice the mid and the touch of the last slice

    def begin(self, setting: Setting) -> None:
        self.fees: FeeSchedule = setting.fees

    def allocate(self, view: View, size: int) -> Allocation:
        self._learn(view)
        at = touch(view, self.fees)
        if at is None or view.mid2 is None:
            return Allocation(size, reason="nowhere to rest")
        now = self._bin(view, at.px)
        self.before = now, view.mid2, at
        found = [estimate(self._like(venue, now), size) for venue in at.venues]
        k = max(range(len(found)), key=lambda k: (found[k].filled, at.gains[k], -k))
        if not rests(found[k], at.gains[k], at.h + at.f):
            return Allocation(size, reason="taking is expected to cost no more")
        return Allocation(0, at.px, ((at.venues[k], size),))

    def _learn(self, view: View) -> None:
        """The slice that is over was a window at every venue where an order could have rested."""
        if self.before is None or view.mid2 is None:
            return
        then, mid2, at = self.before
        sold = {flow.venue: flow.sold for flow in view.flow}
        for venue, queue in zip(at.venues, at.queues, strict=True):
            kept = self.windows.setdefault((venue, then), [])
            kept.append(PastSlice(max(0, sold.get(venue, 0) - queue), view.mid2 - mid2))
            del kept[: -self.memory]
        self.before = None

    def _bin(self, view: View, px: int) -> int:
        best = min(v.take_px for v in view.venues if v.take_px < FAR)
        rest = sum(v.rest_sz for v in view.venues if v.rest_px == px)
        return bin_of(rest, sum(v.available for v in view.venues if v.take_px == best), self.bins)

    def _like(self, venue: int, now: int) -> Sequence[PastSlice]:
        """Windows of this venue that began in this bin; of all bins where there are too few."""
        own = self.windows.get((venue, now), [])
        if len(own) >= self.enough:
            return own
        return [window for (where, _), windows in self.windows.items() if where == venue for window in windows]
