"""The sample-average problem: V over N joint outcomes, exact line searches, and a local search from several starts.

One code path serves floats (`sor place`) and exact integers (the backtest): all arithmetic stays in the dtype of its
input. Two identities carry everything here.

1. The market order is a venue that always fills: with e_0 = S, L_0 = M and rebate r_0 = -(2h + f), the cost v of the
   paper becomes symmetric in its K + 1 quantities.
2. (A - S)+ = (S - A)+ + A - S. So, with b_k = lambda_o - h - r_k > 0 (A2) and Lambda = theta + lambda_u + lambda_o,

       N V(X) + N lambda_o S = sum_k [N theta L_k + b_k sum_i min(e_ki, L_k)] + Lambda sum_i (S - A_i)+ .

   The last sum is convex in X, and what is not convex is separable: one concave function for each venue. Along a line
   the minimum therefore lies on a convex kink, and sorting finds all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float64, or int64 throughout
Number = float | int
_QUICK = 2.5e-7  # of `worth`: the least gain of a quick move
_LOOK = 2.5e-6  # of `worth`: a look at all slopes that gains less is the last quick one
_STEEP = 2.5e-3  # of `worth` a share: the least slope that a quick search follows
_RIDGE = 0.02  # the share of outcomes on ridges from which a quick search tries many quantities at once
_COARSE = 16
_AT_ONCE = 3
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
        other.__dict__.update(ordered=self.ordered, prefix=self.prefix, counted=self.counted)
        return other

    def stays(self, x: Array, prices: Prices) -> NDArray[np.bool_]:
        """At which of many prices a search in whole shares that begins at x ends there: no direction goes down."""
        search = Search(self, x)
        counts = search.counts()
        rise, fall = search.single_slopes(counts, prices.b, prices.theta, prices.lam)
        both = rise[:, :, None] + fall[:, None, :]
        if counts.even is not None:
            both -= prices.lam[:, :, None] * counts.even
        diagonal = np.arange(len(x))
        both[:, diagonal, diagonal] = np.minimum(rise, fall)
        return np.asarray(both.min(axis=(1, 2)) >= -self.faint(0.0))

    @cached_property
    def counted(self) -> dict[bytes, Counts]:
        """What was counted at allocations in whole shares, which searches at other prices meet again and again."""
        return {}

    @property
    def worth(self) -> float:
        """N S (2h + f + max r): what resting everything could save at most, and so what a gain is measured by."""
        return self.n * float(self.size) * float(self.b[0] - self.b[1:].min())

    @property
    def tolerance(self) -> Number:
        """Below this a difference of `total` is rounding: zero for integers."""
        if self.e.dtype.kind == "i":
            return 0
        return 1e-8 * self.n * float(self.lam) * float(self.size)

    def faint(self, share: float) -> float:
        """The slope that is not worth following, as a share of N Lambda; in whole numbers every slope is worth it."""
        return 0.5 if self.e.dtype.kind == "i" else share * self.n * float(self.lam)

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


class Prices(NamedTuple):
    """P prices of one sample: b (P, K + 1), theta (P, 1), lam (P, 1) of a SampleProblem, in whole numbers."""

    b: NDArray[np.int64]
    theta: NDArray[np.int64]
    lam: NDArray[np.int64]


class Counts(NamedTuple):
    """How many outcomes a change of each quantity meets at one X: all that slopes need besides prices."""

    above: Array  # (K + 1, 2) outcomes that raising k would fill more; those of them that fall short
    reached: Array  # (K + 1, 3) outcomes that lowering k would fill less; those that fall short; that do not overfill
    even: Array | None  # (K + 1, K + 1) outcomes of exactly S that raising j and lowering k leaves there


class Search:
    """A point of one problem and the moves that lower its total; never raises it.

    `quick` (floats only) leaves small gains and slopes alone and looks at every sixteenth kink of a pair first.
    """

    def __init__(self, problem: SampleProblem, x: Array, quick: bool = False) -> None:
        self.p = problem
        self.quick = quick
        self.tolerance = _QUICK * problem.worth if quick else problem.tolerance
        self.x = np.minimum(np.maximum(np.array(x, dtype=problem.e.dtype), 0), problem.size)

    @cached_property
    def fills(self) -> Array:
        """(K + 1, N); from the first move on kept up to date, as `a` and `total` are."""
        return np.asarray(np.minimum(self.p.e, self.x[:, None]))

    @cached_property
    def a(self) -> Array:
        """(N,) what is bought in every outcome."""
        return np.asarray(self.fills.sum(axis=0))

    @cached_property
    def total(self) -> Any:
        """The total at x."""
        return self.p.total(self.x)

    def _set(self, k: int, value: Any) -> None:
        new = np.minimum(self.p.e[k], value)
        self.a += new - self.fills[k]
        self.fills[k] = new
        self.x[k] = value

    def coordinate(self, k: int, ties: bool = False) -> bool:
        """The exact minimum over L_k alone. True if it is lower (with `ties`: or as low at a smaller L_k)."""
        p = self.p
        room = p.size - self.a
        room += self.fills[k]
        np.maximum(room, 0, out=room)
        np.minimum(room, p.e[k], out=room)
        room.sort()
        now = self.x[k]
        here = p.n * p.theta * now + p.b[k] * p.filled(k, now) - p.lam * np.minimum(room, now).sum()
        # Breakpoint j: the convex kinks below it contribute themselves, those above it t each.
        below = room.cumsum()
        below += np.arange(p.n - 1, -1, -1) * room
        cost = p.n * p.theta * room + p.b[k] * p.filled(k, room) - p.lam * below
        j = int(cost.argmin())
        value, t = (cost[j], room[j]) if cost[j] < 0 else (0, 0)
        if not (value < here - self.tolerance or (ties and value == here and t < now)):
            return False
        self.total += value - here
        self._set(k, t)
        return True

    def pair(self, j: int, k: int, ties: bool = False) -> bool:
        """The exact minimum over L_j with L_j + L_k kept. True if lower (with `ties`: or equal at a smaller L_j).

        With P = L_j + L_k and x = L_j the joint fill is a trapezoid, H - (lo - x)+ - (x - hi)+, so the shortfall of a
        sample is const + (alpha - x)+ + (x - beta)+: two convex kinks each.
        """
        p = self.p
        both = self.x[j] + self.x[k]
        if not both > 0:
            return False
        ej, rest = np.minimum(p.e[j], both), both - np.minimum(p.e[k], both)
        low, high = np.minimum(ej, rest), np.maximum(ej, rest)
        spare = np.maximum(self.a - self.fills[j] - self.fills[k] + np.minimum(both, ej + both - rest) - p.size, 0)
        low -= spare
        high += spare
        top = min(both, p.size)
        ends = [both - top, top]
        kinks = np.concatenate([low, high, ends, self.x[[j]]])
        low.sort()
        high.sort()
        above, below = _above(low), _below(high)

        def value(x: Array) -> Array:
            line: Array = p.b[j] * p.filled(j, x) + p.b[k] * p.filled(k, both - x) + p.lam * (above(x) + below(x))
            return line

        if self.quick:
            coarse = np.sort(np.concatenate([low[::_COARSE], high[::_COARSE], ends]))
            i = int(value(coarse).argmin())
            window = coarse[[max(i - 1, 0), min(i + 1, len(coarse) - 1)]]
            near = [side[slice(*np.searchsorted(side, window))] for side in (low, high)]
            kinks = np.concatenate([*near, window, coarse[i : i + 1], self.x[[j]]])
        kinks = np.minimum(np.maximum(kinks, both - top), top)
        cost = value(kinks)
        here = cost[-1]
        best = int(cost.argmin())
        x = kinks[cost == cost[best]].min() if ties else kinks[best]
        if not (cost[best] < here - self.tolerance or (ties and cost[best] == here and x < self.x[j])):
            return False
        self.total += cost[best] - here
        self._set(j, x)
        self._set(k, both - x)
        return True

    def slopes(self) -> tuple[Array, Array, Array]:
        """One-sided slopes of the total: raising j, lowering k, and the matrix of raising j while lowering k."""
        p, counts = self.p, self.counts()
        rise, fall = self.single_slopes(counts, p.b.astype(np.float64), float(p.theta), float(p.lam))
        both = rise[:, None] + fall[None, :]
        if counts.even is not None:
            both -= float(p.lam) * counts.even
        both.flat[:: len(both) + 1] = np.inf
        return rise, fall, both

    def single_slopes(self, counts: Counts, b: Array, theta: Array | float, lam: Array | float) -> tuple[Array, Array]:
        """Raising j, lowering k at these prices, or, shapes as in Prices, at many."""
        above, reached, _ = counts
        base = self.p.n * theta
        rise = base + b * above[:, 0] - lam * above[:, 1]
        fall = -base - b * reached[:, 0] + lam * reached[:, 2]
        rise[..., self.x >= self.p.size] = np.inf
        fall[..., self.x <= 0] = np.inf
        return rise, fall

    def counts(self) -> Counts:
        """Counted anew for floats; whole shares come back to the same few allocations."""
        if self.p.e.dtype.kind != "i":
            return self._count()
        key = self.x.tobytes()
        if key not in self.p.counted:
            self.p.counted[key] = self._count()
        return self.p.counted[key]

    def _count(self) -> Counts:
        p = self.p
        at = self.x[:, None]
        band = 0 if p.e.dtype.kind == "i" else 1e-9 * p.size
        up = (p.e > at).astype(np.float32)  # counts, exact up to 2^24
        down = (p.e >= at).astype(np.float32)
        gap = p.size - self.a
        shares = np.ones((p.n, 3), np.float32)  # all outcomes, those that fall short, those that do not overfill
        np.greater(gap, band, out=shares[:, 1])
        np.greater_equal(gap, -band, out=shares[:, 2])
        even = np.flatnonzero(shares[:, 2] > shares[:, 1])
        pairs = (up[:, even] @ down[:, even].T).astype(np.float64) if len(even) else None
        above, reached = (up @ shares).astype(np.float64), (down @ shares).astype(np.float64)
        return Counts(above[:, :2], reached, pairs)

    def descend(self, limit: int = 200) -> None:
        """Follow the steepest single and pair directions until none goes down; a few disjoint ones for each look."""
        floor = -(_STEEP * self.p.worth / float(self.p.size) if self.quick else self.p.faint(1e-6))
        enough = _LOOK * self.p.worth if self.quick else 0.0
        for _ in range(limit):
            before = self.total if self.quick else 0.0
            rise, fall, both = self.slopes()
            both.flat[:: len(both) + 1] = np.minimum(rise, fall)
            moved = False
            for _ in range(_AT_ONCE):
                j, k = divmod(int(both.argmin()), len(both))
                if both[j, k] >= floor:
                    break
                moved |= self.coordinate(j) if j == k else self.pair(j, k)
                both[[j, k]] = np.inf
                both[:, [j, k]] = np.inf
            if not moved or (self.quick and before - self.total < enough):
                return

    def _even(self) -> Array | None:
        """Which outcomes fill exactly S; None where they are too few to matter."""
        band = 0 if self.p.e.dtype.kind == "i" else 1e-9 * self.p.size
        even = np.abs(self.p.size - self.a) <= band
        least = _RIDGE * self.p.n if self.quick else 1
        return even if np.count_nonzero(even) >= least else None

    def ridge(self) -> bool:
        """The best direction of the table that keeps to ridges, where many outcomes fill exactly S. True if lower.

        On a ridge no single quantity and no pair can move, but one against several can: with M + L_1 = M + L_2 = S, a
        larger M needs both L to shrink. The slope of every direction of the table is exact.
        """
        p = self.p
        even = self._even()
        if even is None:
            return False
        e, at, counts = p.e[:, even], self.x[:, None], self.counts()
        lam, base, b = float(p.lam), p.n * float(p.theta), p.b.astype(np.float64)
        rise = base + b * counts.above[:, 0] - lam * counts.above[:, 1]
        fall = base + b * counts.reached[:, 0] - lam * counts.reached[:, 1]
        money = np.concatenate([rise, fall])
        patterns, times = _patterns(np.concatenate([e > at, e >= at]))
        blocked = tuple(np.concatenate([self.x >= p.size, self.x <= 0]).tolist())
        for table in directions(len(self.x)):
            free = table.free(blocked)
            covered = np.maximum(-(free.split @ patterns), 0) @ times  # whole numbers, exact in whatever kind
            slope = (table.split @ money)[free.rows] + lam * covered.astype(np.float64)
            for i in np.argsort(slope, kind="stable")[:3]:
                if slope[i] < -p.faint(1e-9) and self._along(table.steps[free.rows[i]]):
                    return True
        return False

    def trio(self) -> bool:
        """As `ridge`, for many quantities: one down and two up, or one up and two down, found greedily. True if lower.

        The first partner of a quantity is its best pair; a second one helps by the ridge outcomes that the first one
        leaves uncovered.
        """
        p = self.p
        even = self._even()
        if even is None:
            return False
        rise, fall, both = self.slopes()
        e = p.e[:, even]
        up, down = (e > self.x[:, None]).astype(np.float64), (e >= self.x[:, None]).astype(np.float64)
        for sign, own, mate, pairs, second in ((-1, down, up, both.T, rise), (1, up, down, both, fall)):
            first = pairs.argmin(axis=1)
            rows = np.arange(len(first))
            slope = pairs[rows, first][:, None] + second - float(p.lam) * (own * (1 - mate[first])) @ mate.T
            slope[rows, rows] = slope[rows, first] = np.inf
            one, two = divmod(int(slope.argmin()), len(first))
            if slope[one, two] < -p.faint(1e-3):
                d = np.zeros(len(first), dtype=np.int64)
                d[one] = sign
                d[first[one]] = d[two] = -sign
                if self._along(d):
                    return True
        return False

    def _along(self, d: Array) -> bool:
        """The least total on a ladder of steps along d, refined around the best step."""
        p = self.p
        moving = np.flatnonzero(d)
        room = np.where(d[moving] > 0, p.size - self.x[moving], self.x[moving])
        whole = p.e.dtype.kind == "i"
        far = (room // np.abs(d[moving])).min() if whole else (room / np.abs(d[moving])).min()
        low, high = (1, int(far)) if whole else (0.0, float(far))
        rest = self.a - self.fills[moving].sum(axis=0)
        cost_now = self._partial(moving, self.x[moving][None, :], rest)[0]
        best_t: Any = 0
        best = cost_now
        steps = 13 if self.quick else 33
        for _ in range(3 if self.quick else 4):
            if high < low or not high > 0:
                break
            t = np.linspace(low, high, steps).astype(p.e.dtype)
            t = t[np.append(True, t[1:] != t[:-1])]  # whole shares may repeat
            cost = self._partial(moving, self.x[moving] + t[:, None] * d[moving], rest)
            i = int(cost.argmin())
            if cost[i] < best:
                best, best_t = cost[i], t[i]
            low, high = t[max(i - 1, 0)], t[min(i + 1, len(t) - 1)]
            if whole and len(t) < steps:
                break
        if not best < cost_now - self.tolerance:
            return False
        self.total += best - cost_now
        for k, value in zip(moving, self.x[moving] + best_t * d[moving], strict=True):
            self._set(int(k), value)
        return True

    def _partial(self, moving: Array, at: Array, rest: Array) -> Array:
        """The part of the total that the moving quantities change, for rows of values `at`."""
        p = self.p
        fills = np.minimum(p.e[moving][None], at[:, :, None])
        short = np.maximum(p.size - rest - fills.sum(axis=1), 0).sum(axis=1)
        return np.asarray(p.n * p.theta * at.sum(axis=1) + fills.sum(axis=2) @ p.b[moving] + p.lam * short)

    def settle(self, rounds: int = 50) -> None:
        """Descend until neither singles, pairs nor ridges go down."""
        for _ in range(rounds):
            self.descend()
            if not (self.ridge() if len(self.x) <= 6 else self.trio()):
                return

    def break_ties(self) -> None:
        """Walk along flat lines to a smaller M, then to smaller L_1, L_2, ... (integers only: equality is exact)."""
        size = len(self.x)
        for _ in range(4 * size):
            _, fall, both = self.slopes()
            flat = [(k, k) for k in range(size) if fall[k] == 0]
            flat += [(j, k) for j in range(size) for k in range(j + 1, size) if both[k, j] == 0]
            if not any(self.coordinate(j, True) if j == k else self.pair(j, k, True) for j, k in flat):
                return

    def sweep(self) -> bool:
        """Every coordinate and every pair once, globally along each line. True if anything was lower."""
        size = len(self.x)
        moved = False
        for k in range(size):
            moved |= self.coordinate(k)
        for j in range(size):
            for k in range(j + 1, size):
                moved |= self.pair(j, k)
        return moved


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


def _patterns(bits: Array) -> tuple[Array, Array]:
    """The distinct columns of a boolean matrix of few rows and how often each occurs; float32 where that is exact."""
    places = np.arange(len(bits))
    times = np.bincount((1 << places) @ bits)
    codes = np.flatnonzero(times)
    kind = np.float32 if 4 * bits.size < 2**24 else np.float64
    return (codes >> places[:, None] & 1).astype(kind), times[codes].astype(kind)


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
