"""Slopes of the total at a point: raising one quantity, lowering one, and raising one while another is lowered.

They are sums of counts of outcomes, and the counts depend on the point alone and not on prices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
AT_ONCE = 3  # disjoint directions that are followed for each pass over all slopes


class Counts(NamedTuple):
    """How many outcomes a change of each quantity meets at one X: all that slopes need besides prices.

    tallies: (2, K + 1, 3) those that raising k fills more, and minus those that lowering k fills less: all of them,
    those that fall short, those that do not overfill; short: (2, K + 1) the second of raising, the third of lowering,
    minus infinity where k cannot move; even: (K + 1, K + 1) outcomes of exactly S that raising j and lowering k leaves
    there, None where there are none.
    """

    tallies: Floats
    short: Floats
    even: Floats | None

    @property
    def blocked(self) -> NDArray[np.bool_]:
        """(2, K + 1) what cannot rise, and what cannot fall."""
        return np.asarray(np.isinf(self.short))


def count(
    met: NDArray[np.bool_],
    gap: Array,
    band: float,
    fixed: tuple[Sequence[int], Sequence[int]],
    times: NDArray[np.float32] | None = None,
) -> Counts:
    """met: (2 K + 2, N) where e is above L_k, then where it reaches L_k; gap: S - A, as good as 0 within `band`; fixed:
    what cannot rise, and what cannot fall; times: how often each outcome occurs, if not once."""
    venues = len(met) // 2
    ones = met.astype(np.float32)  # counts, exact up to 2^24
    falls_short, within = gap > band, gap >= -band
    even = (falls_short < within).nonzero()[0]
    kinds = np.empty((3, len(gap)), np.float32)
    kinds[:] = 1 if times is None else times
    kinds[1] *= falls_short
    kinds[2] *= within
    tallies = (ones @ kinds.T).astype(np.float64).reshape(2, venues, 3)
    tallies[1] *= -1
    short = np.empty((2, venues))
    short[0], short[1] = tallies[0, :, 1], tallies[1, :, 2]
    for side, ks in enumerate(fixed):
        for k in ks:
            short[side, k] = -np.inf
    return Counts(tallies, short, _left_even(ones.take(even, axis=1), None if times is None else times[even]))


def _left_even(ones: NDArray[np.float32], times: NDArray[np.float32] | None) -> Floats | None:
    if not ones.size:
        return None
    up, down = ones[: len(ones) // 2], ones[len(ones) // 2 :]
    return ((up if times is None else up * times) @ down.T).astype(np.float64)


def single_slopes(counts: Counts, b: Array, theta: Array | float, lam: Array | float) -> Floats:
    """(2, K + 1) for raising and lowering each quantity. theta: N theta with both signs, (2, 1).

    At many prices at once: b (P, 1, K + 1), theta (P, 2, 1), lam (P, 1, 1).
    """
    return np.asarray(theta + b * counts.tallies[:, :, 0] - lam * counts.short)


def pair_slopes(counts: Counts, single: Floats, lam: Array | float) -> Floats:
    """(K + 1, K + 1) for raising j while k is lowered; on the diagonal nothing of use."""
    both = single[..., 0, :, None] + single[..., 1, None, :]
    if counts.even is not None:
        both -= lam * counts.even
    return np.asarray(both)


def all_slopes(counts: Counts, b: Array, theta: Array | float, lam: Array | float) -> Floats:
    """As `pair_slopes`; on the diagonal the lower of raising and lowering one quantity."""
    single = single_slopes(counts, b, theta, lam)
    both = pair_slopes(counts, single, lam)
    diagonal = both.reshape(*both.shape[:-2], -1)[..., :: both.shape[-1] + 1]
    np.minimum(single[..., 0, :], single[..., 1, :], out=diagonal)
    return both


def steepest(slopes: Floats, floor: float) -> Iterator[tuple[int, int]]:
    """A few (j, k) whose slopes are below `floor`, the steepest first, no quantity in two of them."""
    flat = slopes.ravel()
    down = (flat < floor).nonzero()[0]
    used: list[int] = []
    for place in down[flat[down].argsort(kind="stable")].tolist():
        j, k = divmod(place, len(slopes))
        if j not in used and k not in used:
            yield j, k
            used += (j, k)
            if len(used) == 2 * AT_ONCE:
                return
