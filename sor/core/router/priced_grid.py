"""A grid of parameters in the money of a slice. Spreads and fees come back, so what was worked out once is kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sor.core.place.whole.shares import IntegerSample
from sor.core.router.allocators import admissible, scaled
from sor.core.router.slice_problems import SliceProblem
from sor.core.spec import Grid, Level

ANCHORS = (4, 3, 3)  # points of each axis that are solved first
KEPT = 16  # slices with different spreads and fees
_IN_FLOATS, _IN_INTS = 2**53, 2**62  # whole numbers below are exact as floats, and in 64 bits

Coefficients = tuple[int, int, int, int]  # (a, b, c, d): N V = a + b theta + c lambda_under + d lambda_over
Axes = tuple[list[int], list[int], list[int]]  # lambda_over, lambda_under, theta


@dataclass(frozen=True)
class GridPrices:
    """All candidates on slices of one h, f and make. axes: in nanodollars times `unit`, a common denominator of
    everything; raised: some candidate's penalty was too small."""

    unit: int
    axes: Axes
    raised: bool
    _reduced: dict[int, list[int]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        over, under, theta = self.axes
        return len(over), len(under), len(theta)

    def costs(self, rows: Sequence[Coefficients]) -> NDArray[Any]:
        """(P, candidates) N V in units, exact, of P allocations."""
        most = self._most(rows)
        if most < _IN_FLOATS:
            return np.asarray(np.array(rows, np.float64) @ self._terms)
        over, under, theta = (np.array(axis, np.int64 if most < _IN_INTS else object) for axis in self.axes)
        a, b, c, d = np.array(rows, over.dtype).T[:, :, None]
        pairs = (a + d * over)[:, :, None] + (c * under)[:, None]
        return np.asarray((pairs[..., None] + (b * theta)[:, None, None]).reshape(len(rows), -1))

    def anchor_costs(self, rows: Sequence[Coefficients]) -> NDArray[Any]:
        """As `costs`, at the anchors alone."""
        if self._most(rows) < _IN_FLOATS:
            return np.asarray(np.array(rows, np.float64) @ self._anchor_terms)
        return self.costs(rows)[:, self.anchors]

    def _most(self, rows: Iterable[Coefficients]) -> int:
        """No cost is larger, nor what it is summed up from."""
        return max(abs(a) + (b + c + d) * self._largest for a, b, c, d in rows)

    @cached_property
    def _largest(self) -> int:
        return max(max(axis) for axis in self.axes)

    @cached_property
    def _terms(self) -> NDArray[np.float64]:
        """(4, candidates) what the coefficients of an allocation are to be multiplied by."""
        over, under, theta = np.meshgrid(*(np.array(axis, np.float64) for axis in self.axes), indexing="ij")
        return np.stack([np.ones(over.size), theta.ravel(), under.ravel(), over.ravel()])

    @cached_property
    def _anchor_terms(self) -> NDArray[np.float64]:
        return np.ascontiguousarray(self._terms[:, self.anchors])

    @cached_property
    def anchors(self) -> list[int]:
        """Evenly spaced points of every axis, in all combinations; lambda_over matters most and has 4 of them."""
        axes = [
            sorted({(n - 1) * i // (count - 1) for i in range(count)})
            for n, count in zip(self.shape, ANCHORS, strict=True)
        ]
        return sorted({int(np.ravel_multi_index(point, self.shape)) for point in product(*axes)})

    @cached_property
    def corners(self) -> list[tuple[int, NDArray[np.float64]]]:
        """The corners of the grid, and the weight of each at every candidate in a multilinear interpolation."""
        weights = []
        for axis in self.axes:
            span = axis[-1] - axis[0]
            weights.append(np.array([(axis[-1] - value) / span if span else 1.0 for value in axis]))
        found = []
        for ends in product(*(sorted({0, n - 1}) for n in self.shape)):
            parts = [w if end == 0 else 1.0 - w for w, end in zip(weights, ends, strict=True)]
            weight = np.einsum("i,j,k->ijk", *parts).ravel()
            found.append((int(np.ravel_multi_index(ends, self.shape)), weight))
        return found

    def at(self, index: int) -> tuple[int, int, int]:
        """A candidate's place on each axis."""
        rest, theta = divmod(index, len(self.axes[2]))
        return *divmod(rest, len(self.axes[1])), theta

    def reduced(self, index: int, sample: IntegerSample) -> list[int]:
        """A candidate's prices as a search of this sample wants them."""
        if index not in self._reduced:
            over, under, theta = (axis[i] for axis, i in zip(self.axes, self.at(index), strict=True))
            self._reduced[index] = sample.reduced(self.unit, theta, under, over)
        return self._reduced[index]


class PricedGrid:
    """A grid, and its prices on the last few kinds of slices."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self._of = lru_cache(KEPT)(self._priced)

    def prices(self, problem: SliceProblem) -> GridPrices:
        """The grid in this problem's money."""
        return self._of(problem.h, problem.f, problem.make)

    def _priced(self, h: Fraction, f: int, make: tuple[Fraction, ...]) -> GridPrices:
        over, raised_over = _axis(self.grid.lambda_over, h + max(make))
        under, raised_under = _axis(self.grid.lambda_under, h + f)
        theta = [max(scaled(level, h), Fraction(0)) for level in self.grid.theta_queue]
        unit = lcm(*(value.denominator for value in (h, *make, *over, *under, *theta)))
        whole = tuple([int(value * unit) for value in axis] for axis in (over, under, theta))
        return GridPrices(unit, (whole[0], whole[1], whole[2]), raised_over or raised_under)


def _axis(levels: tuple[Level, ...], bound: Fraction) -> tuple[list[Fraction], bool]:
    """One lambda's values on this slice, and if any had to be raised."""
    found = [admissible(level, bound) for level in levels]
    return [value for value, _ in found], any(raised for _, raised in found)
