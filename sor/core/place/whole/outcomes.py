"""Joint outcomes in whole shares: equal ones are one that occurs several times, and what was counted at an X is kept.

A small slice has few outcomes that differ (of 1,000 windows about 70 at 11 shares, 400 at 600). They stand in the order
in which they first occur, so the first of several equal kinks is the same as among all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.slopes import Counts, count

Ints = NDArray[np.int64]
X = tuple[int, ...]  # M, L_1 .. L_K
TABULATED = 2**14  # shares up to which a line is looked at share by share, and equal outcomes are made one
MOST = 2**15  # outcomes of venues up to which that is so: with them all totals are exact as floats
_AT_ONCE = 2**15  # outcomes of venues that are worked together: they stay in the processor's cache


@dataclass(frozen=True)
class WholeOutcomes:
    """N outcomes of K venues and the market order, a row each; column i occurs times[i] times. tabulated: lines are to
    be looked at share by share, else each outcome stands by itself."""

    size: int  # S
    e: Ints  # (K + 1, D) what an endless order would fill, clipped to [0, S]; row 0 (the market order) is S
    times: Ints  # (D,)
    tabulated: bool
    _counts: dict[X, Counts] = field(default_factory=dict)
    _sums: dict[X, list[int]] = field(default_factory=dict)

    @classmethod
    def from_sample(cls, size: int, e: Ints) -> WholeOutcomes:
        """Of all N outcomes, one by one."""
        tabulated = size <= TABULATED and e.size <= MOST
        if tabulated and (size + 1) ** (len(e) - 1) < 2**63:
            first, times = _distinct(e[1:], size + 1)
            return cls(size, np.ascontiguousarray(e[:, first]), times, tabulated)
        return cls(size, e, np.ones(e.shape[1], np.int64), tabulated)

    @cached_property
    def n(self) -> int:
        """N, the number of outcomes."""
        return int(self.times.sum())

    @cached_property
    def filled(self) -> NDArray[np.float64]:
        """(K + 1, S + 1) what all outcomes together fill of L_k = 0 .. S; whole numbers."""
        rows, width = len(self.e), self.size + 1
        places = self.e + width * np.arange(rows)[:, None]
        reached = np.bincount(places.ravel(), np.tile(self.times, rows), rows * width).reshape(rows, width)
        filled = np.zeros((rows, width))
        np.cumsum(self.n - reached.cumsum(axis=1)[:, :-1], axis=1, out=filled[:, 1:])
        return filled

    @cached_property
    def exact_times(self) -> NDArray[np.float64]:
        """(D,) times, as floats."""
        return self.times.astype(np.float64)

    @cached_property
    def _small_times(self) -> NDArray[np.float32]:
        return self.times.astype(np.float32)

    @cached_property
    def pair_times(self) -> NDArray[np.float64]:
        """(2 D,) times of both kinks of a pair."""
        return np.concatenate([self.exact_times, self.exact_times])

    @cached_property
    def by_one(self) -> SampleProblem:
        """The outcomes for lines that are searched by sorting, where each occurs once; at no price."""
        return SampleProblem(self.e, np.zeros(len(self.e), np.int64), 0, 0, self.size)

    @cached_property
    def _standing(self) -> Standing:
        return Standing(self.e)

    def at(self, x: X) -> Standing:
        """What X fills in each outcome, until the next X is asked for."""
        self._standing.move_to(x)
        return self._standing

    def counts(self, x: X) -> Counts:
        """See `Counts`; searches at other prices meet the same X again and again."""
        if x not in self._counts:
            at = self.at(x)
            fixed = [k for k, qty in enumerate(x) if qty == self.size], [k for k, qty in enumerate(x) if not qty]
            self._counts[x] = count(at.met, self.size - at.bought, 0, fixed, self._small_times)
        return self._counts[x]

    def sums(self, x: X) -> list[int]:
        """`shares` of one X, kept as its counts are."""
        if x not in self._sums:
            at = self.at(x)
            gap = self.size - at.bought
            short = int(np.maximum(gap, 0) @ self.times)
            filled = [int(row @ self.times) for row in at.filled]
            self._sums[x] = [short, short - int(gap @ self.times), self.n * sum(x), *filled]
        return self._sums[x]

    def sums_of(self, points: Sequence[X]) -> list[list[int]]:
        """`sums` of each; those that are not known yet are worked out together."""
        new = [x for x in points if x not in self._sums]
        if len(new) > 1:
            self._sums.update(zip(new, self.shares(np.array(new)).tolist(), strict=True))
        return [self.sums(x) for x in points]

    def shares(self, x: Ints) -> Ints:
        """(P, K + 4) exact sums over the outcomes for every row of x.

        Columns: sum (S - A)+, sum (A - S)+, N (M + sum L), N M, sum_i fill_1, ..., sum_i fill_K.
        """
        out = np.empty((len(x), 3 + len(self.e)), np.int64)
        step = max(1, _AT_ONCE // self.e.size)
        for first in range(0, len(x), step):
            some = slice(first, first + step)
            fills = np.minimum(self.e, x[some, :, None])
            gap = self.size - fills.sum(axis=1)
            out[some, 0] = np.maximum(gap, 0) @ self.times
            out[some, 1] = out[some, 0] - gap @ self.times
            out[some, 2] = self.n * x[some].sum(axis=1)
            out[some, 3:] = fills @ self.times
        return out


def _distinct(e: Ints, base: int) -> tuple[Ints, Ints]:
    """Where each of the distinct columns occurs first, in this order, and how often it occurs; all are below `base`."""
    code = np.zeros(e.shape[1], np.int64)
    for row in e:
        code *= base
        code += row
    _, first, times = np.unique(code, return_index=True, return_counts=True)
    order = first.argsort()
    return first[order], times[order]


class Standing:
    """A place among the outcomes. From one X to the next few quantities change, and only their rows are worked again.

    filled: (K + 1, D) min(e, L_k); bought: (D,) their sum; met: (2 K + 2, D) where e is above L_k, then where it
    reaches L_k.
    """

    def __init__(self, e: Ints) -> None:
        venues = len(e)
        self.x: X = (0,) * venues
        self.bought = np.zeros(e.shape[1], np.int64)
        self.met = np.concatenate([e > 0, np.ones(e.shape, np.bool_)])
        self.filled = list(np.zeros(e.shape, np.int64))
        self._e = list(e)
        self._above, self._reaches = list(self.met[:venues]), list(self.met[venues:])

    def move_to(self, x: X) -> None:
        for k, (before, now) in enumerate(zip(self.x, x, strict=True)):
            if now != before:
                self.bought -= self.filled[k]
                np.minimum(self._e[k], now, out=self.filled[k])
                self.bought += self.filled[k]
                np.greater(self._e[k], now, out=self._above[k])
                np.greater_equal(self._e[k], now, out=self._reaches[k])
        self.x = x
