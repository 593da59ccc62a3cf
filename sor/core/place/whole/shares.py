"""The placement problem in whole shares and exact money, for the backtest: the same answer on every machine.

One `IntegerSample` is a slice of the backtest: S, the samples and what does not depend on the parameters (h, f, r_k).

    sample = IntegerSample.build(size=200, fills=e, h=Fraction(5_000_000), f=3_000_000, rebates=[2_000_000, 0])
    best = sample.solve(theta, lambda_under, lambda_over, starts=[previous.x])
    best.m, best.limits        # whole shares
    best.cost                  # N V(X) in nanodollars, exact (a Fraction)
    a, b, c, d = sample.coefficients([best.x])[0]
    best.cost == a + b * theta + c * lambda_under + d * lambda_over

Shares are integers; money is nanodollars a share as int or Fraction (h may be half a nanodollar, a lambda may be 3/2 of
something). Every decision compares integers over a common denominator; no float takes part in it, except that slopes
choose which exact line search is tried first, and those are sums of counts far below 2^53, exact as well.
Ties go to the smaller M, then to the lexicographically smaller L, along every line that the search can see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

from sor.core.place.whole.outcomes import WholeOutcomes
from sor.core.place.whole.search import Prices, WholeProblem, WholeSearch, stays
from sor.errors import InputError

Money = int | Fraction
Ints = NDArray[np.int64]
MOST_SHARES = 2**31  # of a slice
_SAFE = 2**52  # totals stay below this, so that sums and slopes are exact in int64 and in float64 too


@dataclass(frozen=True, slots=True)
class IntegerPlacement:
    """An allocation in whole shares. `cost` is N V(X) in nanodollars, exact."""

    x: tuple[int, ...]  # (M, L_1, ..., L_K)
    cost: Fraction

    @property
    def m(self) -> int:
        """Shares to take at once."""
        return self.x[0]

    @property
    def limits(self) -> tuple[int, ...]:
        """Shares to rest at every venue."""
        return self.x[1:]


@dataclass(frozen=True)
class IntegerSample:
    """S, N joint outcomes and the money that no parameter changes; build it once for a slice."""

    size: int
    e: Ints  # (K + 1, N) clipped to [0, S], row 0 (the market order) is S
    take: Fraction  # h + f
    make: tuple[Fraction, ...]  # h + r_k

    @classmethod
    def build(cls, size: int, fills: Ints, h: Money, f: Money, rebates: Sequence[Money]) -> IntegerSample:
        """A slice from `fills`, int64 (N, K): what an endless order at venue k would fill, max(xi_k - Q_k, 0).

        InputError for S < 1, no sample, no venue or h + min r <= 0 (A1; the caller takes all at once there).
        """
        fills = np.asarray(fills)
        if fills.ndim != 2 or fills.shape[1] != len(rebates) or 0 in fills.shape or fills.dtype.kind not in "iu":
            raise InputError(f"fills: an integer array (N, {len(rebates)}) is wanted, not {fills.dtype} {fills.shape}")
        if size < 1 or size > MOST_SHARES:
            raise InputError(f"S: at least one share and at most 2^31 are wanted, not {size}")
        make = tuple(Fraction(h) + Fraction(r) for r in rebates)
        if min(make) <= 0:
            raise InputError("h + r must be above zero at every venue (A1)")
        e = np.empty((len(rebates) + 1, len(fills)), np.int64)
        e[0] = size
        np.clip(fills.T, 0, size, out=e[1:])
        return cls(int(size), e, Fraction(h) + Fraction(f), make)

    @property
    def n(self) -> int:
        """N, the number of outcomes."""
        return int(self.e.shape[1])

    def shares(self, pool: Iterable[Sequence[int]]) -> Ints:
        """(P, K + 4) exact sums over the samples for every X.

        Columns: sum (S - A)+, sum (A - S)+, N (M + sum L), N M, sum_i fill_1, ..., sum_i fill_K.
        """
        return self.outcomes.shares(np.asarray(list(pool), dtype=np.int64).reshape(-1, len(self.e)))

    def coefficients(self, pool: Iterable[Sequence[int]]) -> list[tuple[Fraction, int, int, int]]:
        """For every X the (a, b, c, d) with N V = a + b theta + c lambda_under + d lambda_over, a in nanodollars.

        V is linear in the parameters for a fixed X, so one pool serves a whole grid by a product of matrices.
        """
        unit = self._money[0]
        return [(Fraction(a, unit), b, c, d) for a, b, c, d in self.whole_coefficients(pool, unit)]

    def whole_coefficients(self, pool: Iterable[Sequence[int]], unit: int) -> list[tuple[int, int, int, int]]:
        """As `coefficients`, with a in nanodollars times `unit`, a multiple of every denominator of the sample."""
        base, (take, *make) = self._money
        more = unit // base
        result = []
        for short, over, placed, taken, *made in self.outcomes.sums_of([tuple(x) for x in pool]):
            a = take * taken - sum(m * g for m, g in zip(make, made, strict=True))
            result.append((a * more, placed + short, short, over))
        return result

    def cheapest(
        self, pool: Sequence[tuple[int, ...]], theta: Money, lambda_under: Money, lambda_over: Money, count: int
    ) -> list[tuple[int, ...]]:
        """The `count` cheapest of a pool at these parameters, cheapest first; the smaller X among equals."""
        unit, (b, c, d) = self._in_whole(theta, lambda_under, lambda_over)
        costs = [
            (row[0] + b * row[1] + c * row[2] + d * row[3], x)
            for row, x in zip(self.whole_coefficients(pool, unit), pool, strict=True)
        ]
        return [x for _, x in sorted(costs)[:count]]

    def cost(self, x: Sequence[int], theta: Money, lambda_under: Money, lambda_over: Money) -> Fraction:
        """N V(X) in nanodollars, exact, for any X >= 0 in whole shares."""
        a, b, c, d = self.coefficients([x])[0]
        return a + b * Fraction(theta) + c * Fraction(lambda_under) + d * Fraction(lambda_over)

    def solve(
        self,
        theta: Money,
        lambda_under: Money,
        lambda_over: Money,
        starts: Iterable[Sequence[int]] | None = None,
        *,
        thorough: bool = True,
    ) -> IntegerPlacement:
        """The best X found by `search`, and its cost."""
        x = self.search(theta, lambda_under, lambda_over, starts, thorough=thorough)
        return IntegerPlacement(x, self.cost(x, theta, lambda_under, lambda_over))

    def search(
        self,
        theta: Money,
        lambda_under: Money,
        lambda_over: Money,
        starts: Iterable[Sequence[int]] | None = None,
        *,
        thorough: bool = True,
    ) -> tuple[int, ...]:
        """The best X found: from `starts` (warm, well under a millisecond each) or from the full list of starts.

        thorough: look along directions of three and more quantities, and break ties; a third of the time without.
        InputError where theta < 0 or A2 or A3 does not hold.
        """
        unit, point = self._in_whole(theta, lambda_under, lambda_over)
        problem = self.priced(self.prices([self.reduced(unit, *point)]), 0)
        points = self.starts() if starts is None else list(starts)
        if not points:
            raise InputError("starts: at least one is wanted")
        found = [self._begin(problem, x) for x in points]
        for search in found:
            search.descend()
        found = _apart(_ranked(found)[:3])
        for search in found if thorough else ():
            search.settle()
        first = _ranked(found)[0]
        winners = _apart([search for search in found if search is first or search.total == first.total])
        for search in winners if thorough else ():
            search.break_ties()
        return _ranked(winners)[0].x

    def starts(self) -> list[tuple[int, ...]]:
        """All market, all limit at each venue, and equal split and full duplication beside several M."""
        k, s = len(self.make), self.size
        points: list[tuple[int, ...]] = [(s,) + (0,) * k]
        for quarters in range(4):
            m = s * quarters // 4
            points += [(m,) + (s - m,) * k, (m,) + ((s - m) // k,) * k]
        points += [(0, *(s if j == i else 0 for j in range(k))) for i in range(k)]
        return list(dict.fromkeys(points))

    def prices(self, rows: Iterable[Sequence[int]]) -> Prices:
        """What the search works with at many `reduced` prices: they, or coarser ones where the totals would not fit."""
        weight = self.n * self.size * len(self.e) * 4
        given = list(rows)
        if max(map(max, given)) * weight >= _SAFE:
            given = [_fitting(row, weight) for row in given]
        whole = np.array(given, np.int64)
        return Prices(whole[:, 2:], whole[:, :1], whole[:, 1:2])

    def priced(self, prices: Prices, at: int) -> WholeProblem:
        """The search's problem at one of the prices."""
        return WholeProblem(self.outcomes, prices, at)

    def descend(self, prices: Prices, at: int, x: Sequence[int]) -> tuple[int, ...]:
        """The end of the way down from x at one of the prices: what `search` finds from one start, not thorough."""
        search = self._begin(self.priced(prices, at), x)
        search.descend()
        return search.x

    def stays(self, prices: Prices, x: Sequence[int]) -> list[bool]:
        """At which of the prices `descend` does not leave x."""
        return stays(self.outcomes, prices, tuple(x))

    def _begin(self, problem: WholeProblem, x: Sequence[int]) -> WholeSearch:
        return WholeSearch(problem, tuple([min(max(int(v), 0), self.size) for v in x]))

    def reduced(self, unit: int, theta: int, under: int, over: int) -> list[int]:
        """theta, Lambda and every b_k of SampleProblem at one price, as whole numbers as small as they can be.

        All in nanodollars times `unit`, a multiple of every denominator of the sample. InputError where theta < 0 or
        A2 or A3 does not hold.
        """
        base, (take, *make) = self._money
        more = unit // base
        if theta < 0:
            raise InputError(f"theta: {theta / unit} is below zero")
        if over <= max(make) * more:
            raise InputError("lambda_over must be above h + max r (A2)")
        if under <= take * more:
            raise InputError("lambda_under must be above h + f (A3)")
        whole = [theta, theta + under + over, over + take * more, *(over - m * more for m in make)]
        common = gcd(*whole)
        return [value // common for value in whole]

    def _in_whole(self, *money: Money) -> tuple[int, list[int]]:
        """A common denominator of these and of the sample's money, and these times it."""
        values = [Fraction(value) for value in money]
        unit = lcm(self._money[0], *(value.denominator for value in values))
        return unit, [value.numerator * (unit // value.denominator) for value in values]

    @cached_property
    def _money(self) -> tuple[int, list[int]]:
        """A common denominator of h + f and every h + r_k, and these times it."""
        values = (self.take, *self.make)
        unit = lcm(*(value.denominator for value in values))
        return unit, [int(value * unit) for value in values]

    @cached_property
    def outcomes(self) -> WholeOutcomes:
        """The samples as the search wants them."""
        return WholeOutcomes.from_sample(self.size, self.e)


def _fitting(row: Sequence[int], weight: int) -> Sequence[int]:
    """A reduced price, in a coarser unit than the exact one if totals of this weight would not fit. That is for the
    search only: the cost that is reported is always exact."""
    largest, coarser = max(row[1:]), 1
    while largest // coarser * weight >= _SAFE and row[1] > 2**20 * coarser:
        coarser *= 2
    return row if coarser == 1 else [round(Fraction(value, coarser)) for value in row]


def _ranked(found: list[WholeSearch]) -> list[WholeSearch]:
    """The lowest first. One alone is not ranked: its total, which takes time, is not asked for."""
    return sorted(found, key=_rank) if len(found) > 1 else found


def _apart(found: list[WholeSearch]) -> list[WholeSearch]:
    """One of those that stand at the same X, from where they would all go the same way."""
    return list({search.x: search for search in found}.values())


def _rank(search: WholeSearch) -> tuple[int, ...]:
    return (search.total, *search.x)
