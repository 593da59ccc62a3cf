"""Small matrix games, solved exactly by the simplex method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_PIVOTS = 2_000
_ZERO = 1e-11


def solve_game(payoff: Floats) -> tuple[float, Floats, Floats]:
    """The value of a matrix game and optimal mixtures of its rows (which maximise) and columns (which minimise).

    The classic reduction: with all payoffs positive, max sum y subject to payoff y <= 1, y >= 0, whose slack basis is
    feasible. Mixtures are probabilities even if rounding or the limit of pivots leaves them short of optimal, so
    any caller that uses them as prices still has prices.
    """
    rows, columns = payoff.shape
    low = payoff.min()
    scale = max(float(payoff.max() - low), 1e-300)
    tableau = np.zeros((rows + 1, columns + rows + 1))
    tableau[:rows, :columns] = (payoff - low) / scale + 1.0
    tableau[:rows, columns:-1] = np.eye(rows)
    tableau[:rows, -1] = 1.0
    tableau[rows, :columns] = -1.0
    basis = np.arange(columns, columns + rows)
    for _ in range(_PIVOTS):
        enter = int(tableau[rows, :-1].argmin())
        if tableau[rows, enter] > -_ZERO:
            break
        column = tableau[:rows, enter]
        usable = column > _ZERO
        if not usable.any():
            break
        ratio = np.where(usable, tableau[:rows, -1] / np.where(usable, column, 1.0), np.inf)
        leave = int(ratio.argmin())
        tableau[leave] /= tableau[leave, enter]
        factor = tableau[:, enter].copy()
        factor[leave] = 0.0
        tableau -= factor[:, None] * tableau[leave]
        basis[leave] = enter
    solution = np.zeros(columns + rows)
    solution[basis] = tableau[:rows, -1]
    column_mix = np.maximum(solution[:columns], 0.0)
    row_mix = np.maximum(tableau[rows, columns:-1], 0.0)
    total = float(tableau[rows, -1])
    value = low + scale * (1.0 / total - 1.0) if total > 0 else low
    return float(value), _share(row_mix), _share(column_mix)


def _share(weights: Floats) -> Floats:
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1.0 / len(weights))
