"""Sobol's points: the sequence that everyone has, and what a scramble must keep."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from sor.core.place.sobol import DIMENSIONS, directions, scrambled, sequence


def test_the_sequence_is_that_of_scipy() -> None:
    ours = sequence(1 << 12, directions(DIMENSIONS)) / 2**32
    theirs = qmc.Sobol(DIMENSIONS, scramble=False, bits=32).random(1 << 12)  # in the order of a Gray code
    assert set(map(tuple, ours.tolist())) == set(map(tuple, theirs.tolist()))


@pytest.mark.parametrize("seed", range(3))
def test_a_scramble_keeps_one_point_in_every_elementary_box(seed: int) -> None:
    cube = scrambled(256, 2, np.random.default_rng(seed))
    for across in range(9):
        boxes = np.floor(cube * (1 << across, 1 << (8 - across)))
        assert len(np.unique(boxes, axis=0)) == 256


@pytest.mark.parametrize("dimensions", [1, DIMENSIONS, DIMENSIONS + 3])
@pytest.mark.parametrize("n", [0, 1, 7, 64, 1000])
def test_every_dimension_is_even_whatever_the_number(n: int, dimensions: int) -> None:
    cube = scrambled(n, dimensions, np.random.default_rng(1))
    assert cube.shape == (n, dimensions)
    assert ((cube > 0) & (cube < 1)).all()
    if n == 64:
        assert (np.sort(np.floor(cube * n), axis=0) == np.arange(n)[:, None]).all()
    if n == 1000:
        assert np.abs(cube.mean(axis=0) - 0.5).max() < 0.01
    assert not np.array_equal(cube, scrambled(n, dimensions, np.random.default_rng(2))) or n == 0


def test_means_of_scrambles_spread_around_the_truth_and_less_than_independent_draws() -> None:
    """A product over six dimensions whose mean is 1: sixteen scrambles of 512 points."""
    means = [np.prod(0.5 + scrambled(512, 6, np.random.default_rng(seed)), axis=1).mean() for seed in range(16)]
    error = np.std(means, ddof=1) / 4
    independent = np.sqrt(((13 / 12) ** 6 - 1) / 512) / 4
    assert error < 0.2 * independent
    assert abs(np.mean(means) - 1.0) < 6 * error


def test_every_digit_of_a_scramble_is_its_own_and_random_ones_of_those_before_it() -> None:
    """The points 1, 2, 4, .. of the first dimension are the single digits, beside the shift that all have in common."""
    counts = np.zeros((8, 32))
    for seed in range(200):
        cube = scrambled(256, 1, np.random.default_rng(seed))[:, 0] * 2**32
        assert (cube % 1 == 0.5).all()  # the middle of its cell, so that no point is on the edge of the cube
        whole = cube.astype(np.int64)
        for j in range(8):
            column = int(whole[0] ^ whole[1 << j])
            assert column >> (31 - j) == 1
            counts[j] += [column >> (31 - i) & 1 for i in range(32)]
    below = np.arange(32) > np.arange(8)[:, None]
    assert (np.abs(counts[below] / 200 - 0.5) < 0.2).all()


def test_the_shift_moves_every_digit() -> None:
    first = [np.floor(scrambled(1, 1, np.random.default_rng(seed))[0, 0] * 2**32) for seed in range(200)]
    means = [np.mean([int(value) >> i & 1 for value in first]) for i in range(32)]
    assert np.abs(np.array(means) - 0.5).max() < 0.2
