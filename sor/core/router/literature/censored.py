"""Ganchev, Kearns, Nevmyvaka and Vaughan, "Censored exploration and the dark pool problem", UAI 2009.

An order that was filled whole says only that at least its size would have been filled: Kaplan-Meier estimates the tail
from such outcomes, and greedy allocation is optimal for it. After it: fills have the costs of the placement problem,
and the market is one more place for a share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import isqrt

from sor.core.router.literature.touch import touch
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import Outcome, View
from sor.core.strategies.plug_in import Setting
from sor.errors import StrategyError

Z2 = 4  # z squared of the Wilson bound

Run = tuple[Fraction, int]  # T, and of how many shares in a row it is that


def tail(outcomes: Sequence[Outcome], size: int, enough: int) -> list[Run]:
    """T(s) = P(e >= s) for s = 1..size: the product over j < s of 1 - h_j, h_s = #{filled = s < sent} / #{filled >= s,
    sent > s}. Where fewer than `enough` orders were larger than s, 1 - h_s is its upper Wilson bound (1 without any).

    An order that was cut at s is like one that sent s. T falls only after an s at which an order ended, so the work is
    O(n log n) of the outcomes, whatever the size.
    """
    ended, left, larger = Counter[int](), Counter[int](), Counter[int]()
    for one in outcomes:
        sent = one.filled if one.cut else one.rested
        larger[sent] += 1
        left[one.filled] += 1
        ended[one.filled] += one.filled < sent
    runs: list[Run] = []
    value, begin, at_risk, sent_more = Fraction(1), 0, len(outcomes), len(outcomes)
    for s in sorted(s for s in larger.keys() | left.keys() if s < size):
        # Orders of s shares are answered by now: they say nothing of the next share.
        sent_more -= larger[s]
        exposed = at_risk - (left[s] - ended[s])
        stay = exposed - ended[s]
        known = Fraction(stay, exposed) if exposed else Fraction(0)
        keep = known if sent_more >= enough else wilson(stay, exposed)
        if keep != 1:
            if s > begin:
                runs.append((value, s - begin))
            # The empirical tail is exact in such fractions, and products do not grow without end.
            value, begin = (value * keep).limit_denominator(10**9), s
        at_risk -= left[s]
    return [*runs, (value, size - begin)]


def wilson(successes: int, trials: int) -> Fraction:
    """The upper bound of a share at z = 2: 1 without trials, in exact millionths."""
    if not trials:
        return Fraction(1)
    spread = Fraction(Z2 * successes * (trials - successes), trials) + Fraction(Z2 * Z2, 4)
    root = Fraction(isqrt(spread.numerator * 10**12 // spread.denominator), 10**6)
    return min(Fraction(1), (successes + Fraction(Z2, 2) + root) / (trials + Z2))


def greedy(size: int, tails: Sequence[Sequence[Run]], worth: Sequence[Fraction], least: Fraction) -> list[int]:
    """Each share goes where w_k T_k(L_k + 1) is largest, the first of equals; to the market where that is below
    `least`."""
    limits = [0] * len(tails)
    ahead = [list(reversed(runs)) for runs in tails]
    missing = size
    while missing:
        gain, first = max((w * runs[-1][0], -k) for k, (w, runs) in enumerate(zip(worth, ahead, strict=True)))
        if gain < least:
            break
        # The next shares of its run gain as much, and those of the others stay where they are.
        shares = min(missing, ahead[-first].pop()[1])
        limits[-first] += shares
        missing -= shares
    return limits


class Censored:
    """lambda_under, theta: the penalties as multiples of h + f and of h; enough: orders from which an estimate is
    trusted without optimism; memory: outcomes that are kept by venue."""

    def __init__(self, lambda_under: float = 1.5, theta: float = 0.0, enough: int = 10, memory: int = 1000) -> None:
        if not (lambda_under > 1 and theta >= 0 and enough > 0 and memory > 0):
            raise StrategyError("censored: lambda_under must be above 1, theta 0 or more, enough and memory above 0")
        self.under, self.theta = Fraction(str(lambda_under)), Fraction(str(theta))  # 1.1 means eleven tenths
        self.enough, self.memory = enough, memory
        self.outcomes: dict[int, list[Outcome]] = {}

    def begin(self, setting: Setting) -> None:
        self.fees = setting.fees

    def allocate(self, view: View, size: int) -> Allocation:
        for outcome in view.last:
            kept = self.outcomes.setdefault(outcome.venue, [])
            kept.append(outcome)
            del kept[: -self.memory]
        at = touch(view, self.fees)
        if at is None:
            return Allocation(size, reason="nowhere to rest")
        cost = at.h + at.f
        missing = max(self.under * cost, Fraction(0)) + self.theta * at.h
        tails = [tail(self.outcomes.get(venue, ()), size, self.enough) for venue in at.venues]
        limits = greedy(size, tails, [missing + gain for gain in at.gains], missing - cost)
        return Allocation(size - sum(limits), at.px, tuple(zip(at.venues, limits, strict=True)))
