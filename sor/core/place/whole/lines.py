"""The lowest point of the total along a line in whole shares, from the totals at every share of it.

As `sor.core.place.local_search.lines`, for orders of few shares: one count of the kinks and two running sums take the
place of sorting. All is whole numbers below 2^52, exact as floats.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.lines import Lowest
from sor.core.place.whole.outcomes import WholeOutcomes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Tables:
    """The totals of one sample at one price: b (K + 1,), theta and lam as in SampleProblem."""

    def __init__(self, outcomes: WholeOutcomes, b: Ints, theta: int, lam: int) -> None:
        self.outcomes = outcomes
        self.lam = float(lam)
        self._b = b
        self._theta = theta

    @cached_property
    def cost(self) -> Floats:
        """(K + 1, S + 1) what L_k costs by itself, beside the shortfall."""
        outcomes = self.outcomes
        cost = outcomes.filled * self._b[:, None]
        if self._theta:
            cost += np.arange(0.0, outcomes.size + 1) * (outcomes.n * self._theta)
        return cost

    def lowest_single(self, k: int, now: int, room: Ints) -> Lowest:
        """Over L_k alone."""
        line = self._short(room, self.outcomes.exact_times, self.outcomes.size + 1, self.outcomes.n)
        line += self.cost[k]
        at = int(line.argmin())
        return Lowest(at, line[at], line[now])

    def lowest_pair(self, j: int, k: int, now: int, both: int, kinks: Ints, ties: bool) -> Lowest:
        """Over L_j with L_j + L_k = `both`: the first of equals in the order of the kinks, with `ties` the smallest."""
        top = min(both, self.outcomes.size)
        first = both - top
        places = kinks.ravel()
        places -= first
        np.maximum(places, 0, out=places)
        np.minimum(places, top - first, out=places)
        line = self._short(places, self.outcomes.pair_times, top - first + 1, self.outcomes.n)
        line += self.cost[j, first : top + 1]
        line += self.cost[k, first : top + 1][::-1]
        at, kink = int(line.argmin()), int(places[line[places].argmin()])
        if not ties and line[kink] == line[at]:
            at = kink
        return Lowest(first + at, line[at], line[now - first])

    def _short(self, kinks: Ints, times: Floats, length: int, n: int) -> Floats:
        """Lambda times the shortfall along the line, less that at its begin: each kink bends it by one share more."""
        bends = np.bincount(kinks, times, length)
        bends[0] -= n
        line = np.empty(length)
        line[0] = 0
        bends.cumsum()[:-1].cumsum(out=line[1:])
        line *= self.lam
        return line
