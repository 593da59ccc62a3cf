"""The lowest point of the total along a line, exactly: over one quantity, or over two whose sum is kept. By sorting.

The convex part of the total bends where outcomes begin to fall short, and what is not convex is concave: so the lowest
point of a line is at one of these kinks or at an end, and all of them are looked at. Floats and whole numbers alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem

Array = NDArray[Any]  # float64, or int64 throughout
_COARSE = 16


class Lowest(NamedTuple):
    """at: the quantity (of a pair, the first) where the total is lowest; value: the total there, and here: where the
    search stands, both less what is the same on the whole line."""

    at: Any
    value: Any
    here: Any

    def better(self, now: Any, tolerance: Any, ties: bool) -> bool:
        """Lower than here by more than `tolerance`; with `ties` also as low at a smaller quantity."""
        lower = self.value < self.here - tolerance
        return bool(lower or (ties and self.value == self.here and self.at < now))


def single_kinks(e: Array, filled: Array, a: Array, size: Any) -> Array:
    """What each outcome has room for at one quantity: more of it fills nothing, or overfills.

    e: its outcomes; filled: min(e, L_k); a: A, what is bought.
    """
    room = np.asarray(size - a)
    room += filled
    np.maximum(room, 0, out=room)
    np.minimum(room, e, out=room)
    return room


def pair_kinks(ends: tuple[Array, Array], filled: tuple[Array, Array], a: Array, both: Any, size: Any) -> Array:
    """(2, N) where L_j with L_j + L_k = `both` bends the shortfall of each outcome.

    With x = L_j the joint fill is a trapezoid, both - (lo - x)+ - (x - hi)+ where all is filled, so the shortfall is
    const + (alpha - x)+ + (x - beta)+: two convex kinks each.
    """
    ej, rest = np.minimum(ends[0], both), both - np.minimum(ends[1], both)
    kinks = np.empty((2, len(a)), a.dtype)
    np.minimum(ej, rest, out=kinks[0])
    np.maximum(ej, rest, out=kinks[1])
    spare = np.maximum(a - filled[0] - filled[1] + np.minimum(both, ej + both - rest) - size, 0)
    kinks[0] -= spare
    kinks[1] += spare
    return kinks


def lowest_single(p: SampleProblem, k: int, now: Any, room: Array) -> Lowest:
    """Over L_k alone; room: `single_kinks`."""
    room.sort()
    here = p.n * p.theta * now + p.b[k] * p.filled(k, now) - p.lam * np.minimum(room, now).sum()
    # Breakpoint j: the convex kinks below it contribute themselves, those above it t each.
    below = room.cumsum()
    below += np.arange(p.n - 1, -1, -1) * room
    cost = p.n * p.theta * room + p.b[k] * p.filled(k, room) - p.lam * below
    j = int(cost.argmin())
    return Lowest(room[j], cost[j], here) if cost[j] < 0 else Lowest(0, 0, here)


def lowest_pair(
    p: SampleProblem, j: int, k: int, now: Any, both: Any, kinks: Array, ties: bool = False, quick: bool = False
) -> Lowest:
    """Over L_j with L_j + L_k = `both`; kinks: `pair_kinks`. The first of equals in their order, with `ties` the
    smallest; `quick` looks at every sixteenth kink first."""
    top = min(both, p.size)
    ends = [both - top, top]
    points = np.concatenate([*kinks, ends, [now]])
    low, high = np.sort(kinks, axis=1)
    above, below = _above(low), _below(high)

    def value(x: Array) -> Array:
        line: Array = p.b[j] * p.filled(j, x) + p.b[k] * p.filled(k, both - x) + p.lam * (above(x) + below(x))
        return line

    if quick:
        coarse = np.sort(np.concatenate([low[::_COARSE], high[::_COARSE], ends]))
        i = int(value(coarse).argmin())
        window = coarse[[max(i - 1, 0), min(i + 1, len(coarse) - 1)]]
        near = [side[slice(*np.searchsorted(side, window))] for side in (low, high)]
        points = np.concatenate([*near, window, coarse[i : i + 1], [now]])
    points = np.minimum(np.maximum(points, both - top), top)
    cost = value(points)
    best = int(cost.argmin())
    at = points[cost == cost[best]].min() if ties else points[best]
    return Lowest(at, cost[best], cost[-1])


def _above(ordered: Array) -> Callable[[Array], Array]:
    """t -> sum_i (a_i - t)+, a ascending."""
    n = len(ordered)
    tail = np.zeros(n + 1, ordered.dtype)
    tail[:n] = np.cumsum(ordered[::-1])[::-1]

    def total(t: Array) -> Array:
        index = ordered.searchsorted(t)
        return np.asarray(tail[index] - (n - index) * t)

    return total


def _below(ordered: Array) -> Callable[[Array], Array]:
    """t -> sum_i (t - a_i)+, a ascending."""
    head = np.zeros(len(ordered) + 1, ordered.dtype)
    ordered.cumsum(out=head[1:])

    def total(t: Array) -> Array:
        index = ordered.searchsorted(t)
        return np.asarray(index * t - head[index])

    return total
