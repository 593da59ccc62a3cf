"""Directions of three and more quantities at once, for ridges, where many outcomes fill exactly S.

On a ridge no single quantity and no pair can move, but one against several can: with M + L_1 = M + L_2 = S, a larger M
needs both L to shrink. The slope of every direction of a table is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.slopes import Counts

Array = NDArray[Any]
Floats = NDArray[np.float64]
LOOKED_AT = 3  # steepest directions of a table


class Free(NamedTuple):
    """The directions of a table in which nothing is blocked: their rows in it, and float32 of their split."""

    rows: NDArray[np.int64]
    split: NDArray[np.float32]


class Directions:
    """Directions of three or more quantities at once, and their parts: what rises beside what falls.

    steps: int64 (D, K + 1); split: float64 (D, 2 K + 2), the positive part of steps, then the negative part.
    """

    def __init__(self, steps: NDArray[np.int64]) -> None:
        """Leaves out the directions of one or two quantities and those that only rise or only fall."""
        mixed = (steps > 0).any(axis=1) & (steps < 0).any(axis=1) & ((steps != 0).sum(axis=1) >= 3)
        self.steps = np.ascontiguousarray(steps[mixed])
        self.split = np.concatenate([np.maximum(self.steps, 0), np.minimum(self.steps, 0)], axis=1).astype(np.float64)
        self.free = lru_cache(4096)(self._free)  # of at most 2^(2 K + 2) patterns few come up

    def _free(self, blocked: tuple[bool, ...]) -> Free:
        """blocked: which quantities cannot rise, then which cannot fall."""
        rows = np.flatnonzero(~(self.split[:, list(blocked)] != 0).any(axis=1))
        return Free(rows, self.split[rows].astype(np.float32))


@cache
def directions(size: int) -> tuple[Directions, ...]:
    """All of {-1, 0, 1}, and then those with one quantity twice as fast; for up to six quantities."""
    signs = np.array(list(product((-1, 0, 1), repeat=size)), dtype=np.int64)
    doubled = np.concatenate([np.where(np.arange(size) == k, 2, 1) * signs[signs[:, k] != 0] for k in range(size)])
    return (Directions(signs), Directions(doubled))


def ridge_steps(
    e: Array, times: Array | None, x: Array, counts: Counts, b: Floats, theta: float, lam: float, floor: float
) -> Iterator[NDArray[np.int64]]:
    """The steepest directions of each table that go down by more than `floor`. e: the outcomes that fill exactly S;
    times: how often each occurs, if not once; theta: N theta."""
    reached = np.abs(counts.tallies)
    money = (theta + b * reached[..., 0] - lam * reached[..., 1]).ravel()
    patterns, often = _patterns(np.concatenate([e > x[:, None], e >= x[:, None]]), times)
    blocked = tuple(counts.blocked.ravel().tolist())
    for table in directions(len(x)):
        free = table.free(blocked)
        covers = np.maximum(-(free.split @ patterns), 0)
        # Of five patterns OpenBLAS's AVX-512 kernel also multiplies what lies beside them on the stack, and drops it.
        with np.errstate(invalid="ignore"):
            covered = covers @ often  # whole numbers, exact in whatever kind
        slope = (table.split @ money)[free.rows] + lam * covered.astype(np.float64)
        for i in np.argsort(slope, kind="stable")[:LOOKED_AT]:
            if slope[i] < -floor:
                yield table.steps[free.rows[i]]


def trio_steps(
    e: Array, times: Array | None, x: Array, single: Floats, both: Floats, lam: float, floor: float
) -> Iterator[NDArray[np.int64]]:
    """As `ridge_steps`, for many quantities: one down and two up, then one up and two down, found greedily.

    The first partner of a quantity is its best pair; a second one helps by the ridge outcomes that the first one
    leaves uncovered. single, both: slopes; the diagonal of `both` is of no use.
    """
    up, down = (e > x[:, None]).astype(np.float64), (e >= x[:, None]).astype(np.float64)
    rise, fall = single
    np.fill_diagonal(both, np.inf)
    for sign, own, mate, pairs, second in ((-1, down, up, both.T, rise), (1, up, down, both, fall)):
        first = pairs.argmin(axis=1)
        rows = np.arange(len(first))
        uncovered = own * (1 - mate[first])
        if times is not None:
            uncovered *= times
        slope = pairs[rows, first][:, None] + second - lam * uncovered @ mate.T
        slope[rows, rows] = slope[rows, first] = np.inf
        one, two = divmod(int(slope.argmin()), len(first))
        if slope[one, two] < -floor:
            d = np.zeros(len(first), dtype=np.int64)
            d[one] = sign
            d[first[one]] = d[two] = -sign
            yield d


def _patterns(bits: Array, weights: Array | None) -> tuple[Array, Array]:
    """The distinct columns of a boolean matrix of few rows and how often each occurs; float32 where that is exact."""
    places = np.arange(len(bits))
    times = np.bincount((1 << places) @ bits, weights)
    codes = np.flatnonzero(times)
    kind = np.float32 if 4 * len(bits) * times.sum() < 2**24 else np.float64
    return (codes >> places[:, None] & 1).astype(kind), times[codes].astype(kind)


def ladder(
    cost: Callable[[Array], Array], now: Any, ends: tuple[Any, Any], steps: int, rounds: int, kind: np.dtype[Any]
) -> tuple[Any, Any]:
    """The least cost on a ladder of steps between two ends, refined around the best, and its step; `now` and 0 if none
    is below `now`. In whole numbers steps may fall together."""
    (low, high), best, best_at = ends, now, kind.type(0)
    for _ in range(rounds):
        if high < low or not high > 0:
            break
        t = np.linspace(low, high, steps).astype(kind)
        t = t[np.append(True, t[1:] != t[:-1])]
        found = cost(t)
        i = int(found.argmin())
        if found[i] < best:
            best, best_at = found[i], t[i]
        low, high = t[max(i - 1, 0)], t[min(i + 1, len(t) - 1)]
        if len(t) < steps and kind.kind == "i":
            break
    return best, best_at
