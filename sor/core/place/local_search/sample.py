"""The sample-average problem: V over N joint outcomes.

Two identities carry everything here.

1. The market order is a venue that always fills: with e_0 = S, L_0 = M and rebate r_0 = -(2h + f), the cost v of the
   paper becomes symmetric in its K + 1 quantities.
2. (A - S)+ = (S - A)+ + A - S. So, with b_k = lambda_o - h - r_k > 0 (A2) and Lambda = theta + lambda_u + lambda_o,

       N V(X) + N lambda_o S = sum_k [N theta L_k + b_k sum_i min(e_ki, L_k)] + Lambda sum_i (S - A_i)+ .

   The last sum is convex in X, and what is not convex is separable: one concave function for each venue. Along a line
   the minimum therefore lies on a convex kink, and sorting finds all of them (`sor.core.place.local_search.lines`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float64, or int64 throughout
Number = float | int
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class SampleProblem:
    """N outcomes of K venues and the market order (row 0). Money is per share, `total` is N times V + lambda_o S."""

    e: Array  # (K + 1, N) what an endless order would fill, clipped to [0, S]; row 0 is S
    b: Array  # (K + 1,) lambda_o - h - r_k; for the market order lambda_o + h + f
    theta: Number
    lam: Number  # theta + lambda_u + lambda_o
    size: Number  # S

    @property
    def n(self) -> int:
        """N, the number of outcomes."""
        return int(self.e.shape[1])

    @cached_property
    def ordered(self) -> Array:
        """(K + 1, N) each row of e in ascending order."""
        return np.sort(self.e, axis=1)

    @cached_property
    def prefix(self) -> Array:
        """(K + 1, N + 1) sums of the first j ordered outcomes."""
        sums = np.zeros((self.e.shape[0], self.n + 1), self.e.dtype)
        np.cumsum(self.ordered, axis=1, out=sums[:, 1:])
        return sums

    def priced(self, b: Array, theta: Number, lam: Number) -> SampleProblem:
        """The same outcomes at other prices; what was sorted is not sorted again."""
        other = SampleProblem(self.e, b, theta, lam, self.size)
        other.__dict__.update(ordered=self.ordered, prefix=self.prefix)
        return other

    @property
    def worth(self) -> float:
        """N S (2h + f + max r): what resting everything could save at most, and so what a gain is measured by."""
        return self.n * float(self.size) * float(self.b[0] - self.b[1:].min())

    def filled(self, k: int, t: Array) -> Array:
        """sum_i min(e_ki, t) for every t."""
        if k == 0:
            return np.asarray(t * self.n)
        index = self.ordered[k].searchsorted(t)
        return np.asarray(self.prefix[k][index] + (self.n - index) * t)

    def total(self, x: Array) -> Any:
        """N (V(x) + lambda_o S) for one x of shape (K + 1,)."""
        fills = np.minimum(self.e, x[:, None])
        short = np.maximum(self.size - fills.sum(axis=0), 0)
        return self.n * self.theta * x.sum() + (self.b * fills.sum(axis=1)).sum() + self.lam * short.sum()

    def thin(self, m: int) -> SampleProblem:
        """About every (N / m)-th outcome, a smaller problem to begin with.

        Gaps differ (multiples of the golden ratio), so that no rhythm of the sample, as Sobol's powers of two, is met.
        """
        if self.n <= m:
            return self
        columns = np.sort(np.argsort(np.arange(self.n) * _GOLDEN % 1.0, kind="stable")[:m])
        return SampleProblem(np.ascontiguousarray(self.e[:, columns]), self.b, self.theta, self.lam, self.size)
