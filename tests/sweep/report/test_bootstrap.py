"""Intervals that cover, p-values that are honest under the null, and Holm by its textbook."""

from __future__ import annotations

import numpy as np
import pytest

from sor.sweep.report.bootstrap import FEWEST_BLOCKS, block_bootstrap, holm


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sor.sweep.report.bootstrap.DRAWS", 400)


@pytest.mark.parametrize("blocks", [10, 40])
def test_the_interval_covers_and_the_test_has_its_level(blocks: int) -> None:
    """500 samples whose true mean is known, orders of one block sharing half of their luck."""
    random = np.random.default_rng(7)
    covered = rejected = 0
    for seed in range(500):
        names = np.repeat(np.arange(blocks), random.integers(1, 6, blocks))
        values = 0.3 + random.normal(size=blocks)[names] + random.normal(size=len(names))
        found = block_bootstrap(values.tolist(), names.tolist(), seed, [1.0] * len(names))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.3 <= found.high
        null = block_bootstrap((values - 0.3).tolist(), names.tolist(), seed, [1.0] * len(names))
        assert null.p is not None
        rejected += null.p <= 0.05
    # 95 % of 500 is 475 with a standard deviation of 5.
    assert covered >= 455
    assert rejected <= 45


def test_orders_of_one_day_are_not_independent_evidence() -> None:
    """The same values in blocks of twenty give an interval four times as wide, and not a false one."""
    random = np.random.default_rng(3)
    luck = np.repeat(random.normal(size=30), 20)
    names = np.repeat(np.arange(30), 20)
    as_blocks = block_bootstrap(luck.tolist(), names.tolist(), 1, [1.0] * 600)
    as_orders = block_bootstrap(luck.tolist(), list(range(600)), 1, [1.0] * 600)
    assert as_blocks.high is not None
    assert as_blocks.low is not None
    assert as_orders.high is not None
    assert as_orders.low is not None
    assert as_blocks.mean == pytest.approx(as_orders.mean)
    assert as_blocks.high - as_blocks.low > 3.5 * (as_orders.high - as_orders.low)


def test_weights_and_order_of_blocks() -> None:
    found = block_bootstrap([1.0, 4.0], ["a", "b"], 0, [3.0, 1.0])
    assert found.mean == 1.75
    values, names = [1.0, 2.0, 0.5, 3.0, 2.5, 1.5], list("abcdef")
    found = block_bootstrap(values, names, 5, [1.0] * 6)
    assert found == block_bootstrap(values, names, 5, [1.0] * 6)
    renamed = block_bootstrap(values, [name * 2 for name in names], 5, [1.0] * 6)
    assert found == renamed


def test_too_few_blocks_say_nothing() -> None:
    n = FEWEST_BLOCKS - 1
    found = block_bootstrap([1.0] * n, list(range(n)), 0, [1.0] * n)
    assert (found.mean, found.low, found.high, found.p) == (1.0, None, None, None)
    # One block that differs among many: most draws miss it, so there is no honest interval.
    found = block_bootstrap([5.0, *[0.0] * 7], list(range(8)), 0, [1.0] * 8)
    assert (found.low, found.p) == (None, None)


def test_nothing_but_zeros_is_zero() -> None:
    found = block_bootstrap([0.0] * 8, list(range(8)), 0, [1.0] * 8)
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_holm() -> None:
    # Holm (1979), section 4's way: sorted p times the number of hypotheses that are left, made monotone.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, None, 0.02]) == [0.5, None, pytest.approx(0.04)]
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
