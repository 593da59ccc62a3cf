"""Matrix games against a linear program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from sor.core.place.matrix_game import solve_game


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10**6), st.sampled_from([1.0, 1e-6, 1e9]))
def test_matrix_games_against_a_linear_program(rows: int, columns: int, seed: int, scale: float) -> None:
    payoff = np.random.default_rng(seed).integers(-5, 6, (rows, columns)).astype(np.float64) * scale
    value, row_mix, column_mix = solve_game(payoff)
    # maximise v with payoff^T mix >= v
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-payoff.T / scale, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
    )
    assert value / scale == pytest.approx(-found.fun, abs=1e-7)
    assert (row_mix @ payoff).min() / scale == pytest.approx(-found.fun, abs=1e-7)
    assert (payoff @ column_mix).max() / scale == pytest.approx(-found.fun, abs=1e-7)
