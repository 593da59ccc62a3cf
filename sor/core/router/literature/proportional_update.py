"""Laruelle, Lehalle and Pages, "Optimal split of orders across liquidity pools: a stochastic algorithm approach",
SIAM Journal on Financial Mathematics 2011. After it: pools are displayed queues, D_k is what came through to us there,
and a slice's volume V is the unit, so that the step needs no scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import fsum

from sor.core.router.literature.touch import touch, whole
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import Setting
from sor.errors import StrategyError


def projected(r: Sequence[float]) -> list[float]:
    """The nearest point of the simplex: parts >= 0 that sum to 1."""
    ranked = sorted(r, reverse=True)
    shifts = [(fsum(ranked[: k + 1]) - 1) / (k + 1) for k in range(len(ranked))]
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
        limits = whole([weight * size for weight in self._weights(at.venues)], size)
        self.sent = dict(zip(at.venues, limits, strict=True))
        best = max(at.gains)
        self.gains = {venue: float(gain / best) for venue, gain in zip(at.venues, at.gains, strict=True)}
        return Allocation(0, at.px, tuple(self.sent.items()))

    def _weights(self, venues: Sequence[int]) -> list[Fraction]:
        """r over the venues at which an order can rest: their shares of all, as parts that sum to 1 exactly. A new one
        begins with an equal part."""
        for venue in venues:
            self.shares.setdefault(venue, 1 / len(venues))
        held = [Fraction(self.shares[venue]) for venue in venues]
        total = sum(held)
        return [part / total for part in held] if total else [Fraction(1, len(held))] * len(held)

    def _learn(self, filled: dict[int, int]) -> None:
        """A share of 0 counts as filled whole: it was less than anything that came."""
        if not self.sent:
            return
        self.slices += 1
        venues = list(self.sent)
        step = self.gamma / self.slices**self.power
        push = drift([self.gains[v] for v in venues], [filled.get(v, 0) >= self.sent[v] for v in venues])
        r = map(float, self._weights(venues))
        moved = projected([part + step * one for part, one in zip(r, push, strict=True)])
        total = fsum(self.shares[venue] for venue in venues) or 1.0  # what they have among all stays
        self.shares.update((venue, part * total) for venue, part in zip(venues, moved, strict=True))
