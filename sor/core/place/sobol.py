"""Sobol's sequence with a random linear scramble: points that cover the unit cube evenly in every few dimensions.

Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections",
SIAM J. Sci. Comput. 30 (2008). Scramble: J. Matousek, "On the L2-discrepancy for anchored boxes", J. Complexity 14
(1998).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_BITS = 32
# From the second dimension on: the primitive polynomial (its inner coefficients as bits) and the first m.
_TABLE = (
    (0, (1,)),
    (1, (1, 3)),
    (1, (1, 3, 1)),
    (2, (1, 1, 1)),
    (1, (1, 1, 3, 3)),
    (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)),
    (4, (1, 1, 5, 5, 5)),
    (7, (1, 1, 7, 11, 19)),
    (11, (1, 1, 5, 1, 1)),
    (13, (1, 1, 1, 3, 11)),
    (14, (1, 3, 5, 5, 31)),
    (1, (1, 3, 3, 9, 7, 49)),
    (13, (1, 1, 1, 15, 21, 21)),
    (16, (1, 3, 1, 13, 27, 49)),
    (19, (1, 1, 1, 15, 7, 5)),
    (22, (1, 3, 1, 15, 13, 25)),
    (25, (1, 1, 5, 5, 19, 61)),
    (1, (1, 3, 7, 11, 23, 15, 103)),
    (4, (1, 3, 7, 13, 13, 15, 69)),
)
DIMENSIONS = len(_TABLE) + 1


def scrambled(n: int, dimensions: int, rng: np.random.Generator) -> Floats:
    """(n, dimensions) points of the open unit cube; what is beyond DIMENSIONS is even in one dimension at a time."""
    known = min(dimensions, DIMENSIONS)
    whole = sequence(n, _scramble(directions(known), rng)) ^ rng.integers(0, 2**_BITS, known)
    rest = rng.permuted(np.tile(np.arange(n), (dimensions - known, 1)), axis=1).T
    return np.hstack([(whole + 0.5) / 2**_BITS, (rest + rng.random(rest.shape)) / n])


def sequence(n: int, numbers: Ints) -> Ints:
    """(n, D) the first points, as whole numbers below 2^32, from (D, 32) direction numbers."""
    points = np.zeros((1, len(numbers)), np.int64)
    for column in numbers.T[: (n - 1).bit_length()]:
        points = np.concatenate([points, points ^ column])
    return points[:n]


def directions(dimensions: int) -> Ints:
    """(D, 32) direction numbers."""
    rows = [[1 << (_BITS - 1 - j) for j in range(_BITS)]]
    for inner, first in _TABLE[: dimensions - 1]:
        degree = len(first)
        row = [m << (_BITS - 1 - j) for j, m in enumerate(first)]
        for j in range(degree, _BITS):
            value = row[j - degree] ^ (row[j - degree] >> degree)
            for i in range(1, degree):
                if inner >> (degree - 1 - i) & 1:
                    value ^= row[j - i]
            row.append(value)
        rows.append(row)
    return np.array(rows, dtype=np.int64)


def _scramble(numbers: Ints, rng: np.random.Generator) -> Ints:
    """Every digit plus random digits before it: a lower triangular matrix over two elements for each dimension."""
    places = 1 << np.arange(_BITS - 1, -1, -1)  # the first digit counts most
    before = rng.integers(0, 2**_BITS, (len(numbers), _BITS)) & -(places << 1) & (2**_BITS - 1)
    digits = np.bitwise_count(numbers[:, :, None] & (before | places)[:, None, :]) & 1
    return np.asarray(digits.astype(np.int64) @ places)
