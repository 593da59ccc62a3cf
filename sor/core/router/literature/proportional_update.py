"""Laruelle, Lehalle and Pages, "Optimal split of orders across liquidity pools: a stochastic algorithm approach",
SIAM Journal on Financial Mathematics 2011. After it: pools are displayed queues, D_k is what came through to us there,
and a slice's volume V is the unit, so that the step needs no scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import fsum

from sor.core.router.literature.touch import Touch, touch, whole
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.errors import StrategyError


def projected(r: Sequence[float], total: float = 1.0) -> list[float]:
    """The nearest point with parts >= 0 that sum to `total` > 0."""
    ranked = sorted(r, reverse=True)
    shifts = [(fsum(ranked[: k + 1]) - total) / (k + 1) for k in range(len(ranked))]
    shift = next(s for s, part in zip(reversed(shifts), reversed(ranked), strict=True) if part > s)
    return [max(part - shift, 0.0) for part in r]


def drift(gains: Sequence[float], whole_fills: Sequence[bool]) -> list[float]:
    """rho_k V 1{r_k V < D_k} less its mean over the venues, for V = 1: it sums to zero."""
    push = [gain if filled else 0.0 for gain, filled in zip(gains, whole_fills, strict=True)]
    mean = fsum(push) / len(push)
    return [one - mean for one in push]


class ProportionalUpdate:
    """Rests all of a slice, in shares r_k that move towards venues that filled theirs whole. Slice n moves them by
    gamma / n^power; rho_k = (h + r_k) / max_j (h + r_j)."""

    def __init__(self, gamma: float = 0.5, power: float = 0.7) -> None:
        if not (gamma > 0 and 0.5 < power <= 1):
            raise StrategyError("proportional_update: gamma must be above 0, power above 0.5 and at most 1")
        self.gamma, self.power = gamma, power
        self.slices = 0
        self.shares: dict[int, float] = {}
        self.sent: dict[int, int] = {}  # of the last slice, 0 included
        self.gains: dict[int, float] = {}

    def begin(self, setting: Setting) -> None:
        self.fees = setting.fees

    def allocate(self, view: View, size: int) -> Allocation:
        self._learn({outcome.venue: outcome.filled for outcome in view.last})
        at = touch(view, self.fees)
        self.sent = {}
        if at is None:
            return Allocation(size, reason="nowhere to rest")
        weights = self._weights(at)
        limits = whole([Fraction(weight) * size for weight in weights], size)
        limits[max(range(len(limits)), key=lambda k: (weights[k], -k))] += size - sum(limits)
        self.sent = dict(zip(at.venues, limits, strict=True))
        best = max(at.gains)
        self.gains = {venue: float(gain / best) for venue, gain in zip(at.venues, at.gains, strict=True)}
        return Allocation(0, at.px, tuple(self.sent.items()))

    def _weights(self, at: Touch) -> list[float]:
        """The shares of the venues at which an order can rest now; a new one begins with an equal part."""
        for venue in at.venues:
            self.shares.setdefault(venue, 1 / len(at.venues))
        held = [self.shares[venue] for venue in at.venues]
        total = fsum(held)
        return [part / total for part in held] if total > 0 else [1 / len(held)] * len(held)

    def _learn(self, filled: dict[int, int]) -> None:
        """A share of 0 counts as filled whole: it was less than anything that came."""
        if not self.sent:
            return
        self.slices += 1
        venues = list(self.sent)
        step = self.gamma / self.slices**self.power
        push = drift([self.gains[v] for v in venues], [filled.get(v, 0) >= self.sent[v] for v in venues])
        held = [self.shares[venue] for venue in venues]
        total = fsum(held)
        moved = projected([part + step * one for part, one in zip(held, push, strict=True)], total if total > 0 else 1)
        self.shares.update(zip(venues, moved, strict=True))
