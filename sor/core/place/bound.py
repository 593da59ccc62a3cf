"""Lower bounds on the sample problem: its Lagrangian dual, and branch and bound on boxes of L.

In the units of `SampleProblem.total`, and because Lambda (S - A_i)+ >= Lambda p_i (S - A_i) for any p_i in [0, 1],

    total(X) >= Lambda S sum_i p_i + sum_k g_k(L_k),   g_k(t) = N theta t + sum_i (b_k - Lambda p_i) min(e_ki, t) .

The right side falls apart into one problem for each quantity, piecewise linear in t, so its minimum over an interval is
at a breakpoint and exact, concave terms included: any prices p give a true bound, however they were found. At its best
p this is at least as tight as replacing the concave terms by their chords, and a smaller box makes it tighter still.

The best p is one side of a game: prices against allocations. Both sides' answers to a mixture of the other are cheap
(a sign for each outcome; a minimum along each quantity), so a small matrix game grows until the two values meet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.place.local_search.sample import SampleProblem
from sor.core.place.local_search.search import Search
from sor.core.place.matrix_game import solve_game

Floats = NDArray[np.float64]
_STALLED = 15  # rounds in a row that bring bound and ceiling no nearer


@dataclass(frozen=True, slots=True)
class Box:
    """L_1..L_K between `low` and `high`. Some optimum has M + sum L >= S >= M + L_k."""

    low: Floats  # (K,)
    high: Floats  # (K,)

    def market(self, size: float) -> tuple[float, float]:
        """The range of M."""
        least = max(size - float(self.high.sum()), 0.0)
        return least, max(size - float(self.low.max()), least)


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound over a box, its prices, the mixture of allocations that answers them, and where mixing pays."""

    value: float
    prices: tuple[Floats, ...]  # a few (N,), the best first, then those in its mixture
    mean: Floats  # (K + 1,) solves the relaxation
    spread: Floats  # (K,) what the concave term of each venue gains by the mixture: where to branch


class Dual:
    """The dual function of one float problem."""

    def __init__(self, problem: SampleProblem) -> None:
        self.p = problem
        k, n = problem.e.shape[0] - 1, problem.n
        self.order = np.argsort(problem.e[1:], axis=1, kind="stable")
        self.knots = np.zeros((k, n + 2))  # the ends 0 and S are breakpoints too
        self.knots[:, 1:-1] = np.take_along_axis(problem.e[1:], self.order, axis=1)
        self.knots[:, -1] = problem.size
        # Rounding must never lift a bound above the truth.
        self.slack = 1e-13 * n * float(problem.lam) * float(problem.size) * (k + 1)

    def evaluate(self, box: Box, price: Floats) -> tuple[float, Floats]:
        """The dual function at `price` (N,), a bound over the box, and its minimiser X (K + 1,)."""
        p = self.p
        k, n = self.order.shape
        weight = np.zeros((k, n + 2))
        weight[:, 1:-1] = p.b[1:, None] - p.lam * price[self.order]
        low = box.low[:, None]
        t = np.clip(self.knots, low, box.high[:, None])
        below = float((weight * np.minimum(self.knots - low, 0.0)).sum())
        beyond = weight.cumsum(axis=1)
        beyond = beyond[:, -1:] - beyond + n * p.theta
        cost = (weight * t).cumsum(axis=1) + beyond * t
        best = cost.argmin(axis=1)
        rows = np.arange(k)
        x = np.empty(k + 1)
        x[1:] = t[rows, best]
        total = float(price.sum())
        slope = float(n * (p.theta + p.b[0]) - p.lam * total)
        x[0] = box.market(p.size)[1 if slope < 0 else 0]
        value = p.lam * p.size * total + slope * x[0] + below + float(cost[rows, best].sum())
        return float(value) - self.slack, x

    def maximise(
        self, box: Box, prices: tuple[Floats, ...], x: Any, target: float, fine: float, rounds: int = 150
    ) -> Bound:
        """The best bound over the box, or any that reaches `target`.

        Stops within `fine` of the best possible, when `target` is out of reach and the bound is close enough to
        branch on, or when rounding keeps the two sides apart.
        """
        game = _MatrixGame(self.p, prices, x)
        best, best_price = -np.inf, prices[0]
        ceiling, stalled = np.inf, 0
        for _ in range(rounds):
            _, row_mix, column_mix = solve_game(game.payoff)
            short = column_mix @ np.array(game.shorts)
            apart = ceiling - best
            ceiling = min(ceiling, float(column_mix @ np.array(game.costs)) + float(np.maximum(short, 0).sum()))
            price = row_mix @ np.array(game.prices)
            if best > -np.inf:
                price = (price + best_price) / 2  # the best so far steadies the next question
            value, answer = self.evaluate(box, price)
            if value > best:
                best, best_price = value, price
            enough = fine if ceiling >= target else max(fine, 0.2 * (target - ceiling))
            stalled = 0 if ceiling - best < 0.99 * apart else stalled + 1
            if best >= target or ceiling - best <= enough or stalled == _STALLED:
                break
            game.append((short > 0).astype(np.float64), answer)
        mixed = np.array(game.points[: len(column_mix)])
        kept = [game.prices[i] for i in np.argsort(-row_mix, kind="stable")[:4] if row_mix[i] > 0]
        mean = column_mix @ mixed
        return Bound(float(best), (best_price, *kept), mean, self._spread(mixed, column_mix, mean))

    def _spread(self, points: Floats, weights: Floats, mean: Floats) -> Floats:
        p = self.p
        spread = np.zeros(len(mean) - 1)
        for k in range(1, len(mean)):
            gain = p.filled(k, mean[k]) - weights @ p.filled(k, points[:, k])
            spread[k - 1] = float(p.b[k]) * max(float(gain), 0.0)
        return spread


class _MatrixGame:
    """Prices known against allocations known: cost + sum_i price_i short_i, short_i = Lambda (S - A_i)."""

    def __init__(self, problem: SampleProblem, prices: tuple[Floats, ...], x: Any) -> None:
        self.p = problem
        self.prices: list[Floats] = list(prices)
        self.points: list[Floats] = []
        self.costs: list[float] = []
        self.shorts: list[Floats] = []
        self._point(np.asarray(x, dtype=np.float64))
        self.payoff = np.array([[self.costs[0] + float(price @ self.shorts[0])] for price in self.prices])

    def _point(self, x: Floats) -> None:
        p = self.p
        fills = np.minimum(p.e, x[:, None])
        self.points.append(x)
        self.costs.append(float(p.n * p.theta * x.sum() + (p.b * fills.sum(axis=1)).sum()))
        self.shorts.append(np.asarray(p.lam * (p.size - fills.sum(axis=0))))

    def append(self, price: Floats, x: Floats) -> None:
        """One more row and one more column."""
        self._point(x)
        column = np.array([[self.costs[-1] + float(known @ self.shorts[-1])] for known in self.prices])
        row = np.array([[cost + float(price @ short) for cost, short in zip(self.costs, self.shorts, strict=True)]])
        self.prices.append(price)
        self.payoff = np.vstack([np.hstack([self.payoff, column]), row])


def first_prices(problem: SampleProblem, x: Any) -> tuple[Floats, ...]:
    """What an allocation suggests: 1 where it falls short, 0 where it overfills; on the ridge a half, none and all."""
    gap = problem.size - np.minimum(problem.e, np.asarray(x)[:, None]).sum(axis=0)
    band = 1e-9 * problem.size
    return tuple(np.where(gap > band, 1.0, np.where(gap < -band, 0.0, tied)) for tied in (0.5, 0.0, 1.0))


def root_bound(problem: SampleProblem, x: Any, total: float, fine: float) -> Bound:
    """A bound over all X from the best allocation known, `x`, and its total."""
    k = problem.e.shape[0] - 1
    box = Box(np.zeros(k), np.full(k, float(problem.size)))
    return Dual(problem).maximise(box, first_prices(problem, x), x, total, fine)


def branch(
    problem: SampleProblem, x: Any, total: float, root: Bound, close: float, go_on: Callable[[], bool]
) -> tuple[Any, float, float]:
    """Branch and bound, the box of the lowest bound first, until the bound is within `close` of the total.

    Returns the best allocation, its total and a bound on the least total. Stops when `go_on()` says no.
    """
    dual = Dual(problem)
    k = problem.e.shape[0] - 1
    ticket = count()
    best, best_x = total, np.array(x)
    whole = Box(np.zeros(k), np.full(k, float(problem.size)))
    heap: list[tuple[float, int, Box, Bound]] = [(root.value, next(ticket), whole, root)]
    while heap and best - heap[0][0] > close and go_on():
        parent, _, box, bound = heappop(heap)
        search = Search(problem, bound.mean)
        search.settle()
        if search.total < best:
            best, best_x = float(search.total), search.x.copy()
        for child in _halves(box, bound, problem.size):
            inside = np.concatenate([bound.mean[:1], np.clip(bound.mean[1:], child.low, child.high)])
            found = dual.maximise(child, bound.prices, inside, best - 0.5 * close, 0.1 * close)
            heappush(heap, (max(found.value, parent), next(ticket), child, found))
    return best_x, best, min(heap[0][0] if heap else best, best)


def _halves(box: Box, bound: Bound, size: float) -> tuple[Box, Box]:
    """Cut where mixing gains most, at the mixture's mean but not too near an end."""
    width = box.high - box.low
    axis = int(np.where(width > 1e-9 * size, bound.spread + 1e-12 * width, -1.0).argmax())
    margin = 0.1 * width[axis]
    cut = float(np.clip(bound.mean[axis + 1], box.low[axis] + margin, box.high[axis] - margin))
    left, right = box.high.copy(), box.low.copy()
    left[axis] = right[axis] = cut
    return Box(box.low, left), Box(right, box.high)
