"""The outflow families against scipy, and against their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from sor.core.place.distributions import (
    Blend,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Outflow,
    Pareto,
    Poisson,
    Uniform,
    blend,
    parse_outflow,
)
from sor.core.place.special import gamma_p, gamma_quantile
from sor.errors import InputError

LEVELS = np.concatenate([np.logspace(-9, -1, 9), np.linspace(0.02, 0.98, 49), 1 - np.logspace(-9, -1, 9)])

PAIRS = [
    (Exponential(2200.0), stats.expon(scale=2200)),
    (Pareto(5.0, 1760.0), stats.pareto(5, scale=1760)),
    (Pareto(0.8, 100.0), stats.pareto(0.8, scale=100)),
    (Pareto(1.0, 100.0), stats.pareto(1, scale=100)),
    (Lognormal(1500.0, 0.7), stats.lognorm(0.7, scale=1500)),
    (Uniform(200.0, 3000.0), stats.uniform(200, 2800)),
    (Gamma(0.3, 4000.0), stats.gamma(0.3, scale=4000)),
    (Gamma(9.0, 250.0), stats.gamma(9, scale=250)),
    (Poisson(0.4), stats.poisson(0.4)),
    (Poisson(2200.0), stats.poisson(2200)),
]
NAMES = [f"{type(ours).__name__}-{i}" for i, (ours, _) in enumerate(PAIRS)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=NAMES)
def test_cdf_and_quantile_are_scipys(ours: Outflow, theirs: stats.rv_frozen) -> None:
    quantiles = theirs.ppf(LEVELS)
    np.testing.assert_allclose(ours.quantile(LEVELS), quantiles, rtol=1e-6)
    np.testing.assert_allclose(ours.cdf(quantiles), theirs.cdf(quantiles), atol=1e-10)
    assert float(ours.cdf(-1.0)) == 0.0


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=NAMES)
def test_limited_mean_is_the_integral_of_the_tail(ours: Outflow, theirs: stats.rv_frozen) -> None:
    for low, high in [(0.0, 90.0), (500.0, 1700.0), (1700.5, 2500.25)]:
        if theirs.dist.name == "poisson":
            cells = np.arange(math.floor(low), math.ceil(high) + 1)
            width = np.clip(cells + 1, low, high) - np.clip(cells, low, high)
            want = float((theirs.sf(cells) * width).sum())
        else:
            want = integrate.quad(theirs.sf, low, high, points=[100, 200, 1760, 3000], limit=500)[0]
        assert float(ours.limited(high)) - float(ours.limited(low)) == pytest.approx(want, abs=1e-6)


@pytest.mark.parametrize(("ours", "theirs"), PAIRS, ids=NAMES)
def test_what_is_below_zero_passes_unchanged(ours: Outflow, theirs: stats.rv_frozen) -> None:
    assert float(ours.limited(-3.5)) == -3.5
    assert float(ours.limited(0.0)) == 0.0


@pytest.mark.parametrize("a", [0.05, 0.5, 1.0, 3.0, 40.0, 1e3, 1e5])
def test_incomplete_gamma_and_its_inverse(a: float) -> None:
    x = special.gammaincinv(a, LEVELS)
    usable = x > 1e-290
    np.testing.assert_allclose(gamma_p(a, x), special.gammainc(a, x), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(gamma_quantile(a, LEVELS)[usable], x[usable], rtol=1e-6)


def test_incomplete_gamma_at_its_ends() -> None:
    assert gamma_p(2.0, np.array([0.0, np.inf])).tolist() == [0.0, 1.0]
    assert gamma_quantile(2.0, np.array([0.0, 1.0])).tolist() == [0.0, np.inf]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=30), st.floats(0.001, 1.0), st.floats(-5, 60))
def test_empirical_by_counting(samples: list[int], level: float, x: float) -> None:
    law = Empirical(np.array(samples))
    assert float(law.cdf(x)) == pytest.approx(np.mean(np.array(samples) <= x))
    assert float(law.limited(x)) == pytest.approx(np.mean(np.minimum(samples, x)))
    ordered = sorted(samples)
    assert float(law.quantile(level)) == ordered[max(0, math.ceil(level * len(ordered) - 1e-9) - 1)]


def test_blend_of_two_discrete_laws_is_their_sum() -> None:
    law = blend(0.6, Poisson(30.0), Poisson(30.0))
    n = np.arange(0, 150)
    mass = np.outer(stats.poisson.pmf(n, 30), stats.poisson.pmf(n, 30))
    value = 0.6 * n[:, None] + 0.4 * n[None, :]
    for x in (10.0, 25.3, 29.99, 30.0, 44.4):
        assert float(law.cdf(x)) == pytest.approx(mass[value <= x + 1e-9].sum(), abs=1e-9)
        assert float(law.limited(x)) == pytest.approx((mass * np.minimum(value, x)).sum(), abs=1e-9)
    level = float(law.cdf(30.0))
    assert float(law.quantile(level - 1e-6)) <= 30.0 + 1e-6


def test_blend_of_two_normal_like_laws_matches_integration() -> None:
    law = blend(0.5, Exponential(100.0), Exponential(100.0))
    erlang = stats.gamma(2, scale=50)  # the sum of two halves
    for x in (1.0, 40.0, 100.0, 300.0, 900.0):
        assert float(law.cdf(x)) == pytest.approx(erlang.cdf(x), abs=1e-6)
        assert float(law.limited(x)) == pytest.approx(integrate.quad(erlang.sf, 0, x)[0], abs=1e-4)
    assert float(law.quantile(0.7)) == pytest.approx(erlang.ppf(0.7), rel=1e-5)


def test_blend_with_a_weight_of_zero_or_one_is_one_of_the_two() -> None:
    common, own = Exponential(5.0), Uniform(0.0, 1.0)
    assert blend(0.0, common, own) is own
    assert blend(1.0, common, own) is common
    assert isinstance(blend(0.5, common, own), Blend)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "outflow: an object"),
        ({"family": "weibull", "mean": 1}, "outflow.family: 'weibull'"),
        ({"mean": 1}, "outflow.family"),
        ({"family": ["exponential"], "mean": 1}, "outflow.family"),
        ({"family": "exponential"}, "outflow.mean: is missing"),
        ({"family": "exponential", "mean": 1, "rate": 2}, "outflow.rate: unknown"),
        ({"family": "exponential", "mean": 0}, "outflow.mean"),
        ({"family": "exponential", "mean": True}, "outflow.mean"),
        ({"family": "exponential", "mean": "2"}, "outflow.mean"),
        ({"family": "exponential", "mean": float("inf")}, "outflow.mean"),
        ({"family": "poisson", "mean": 1e12}, "outflow.mean"),
        ({"family": "pareto", "alpha": -1, "x_m": 1}, "outflow.alpha"),
        ({"family": "lognormal", "median": 1, "sigma": float("nan")}, "outflow.sigma"),
        ({"family": "uniform", "low": -1, "high": 1}, "outflow.low"),
        ({"family": "uniform", "low": 2, "high": 2}, "outflow.high"),
        ({"family": "gamma", "shape": 1, "scale": 0}, "outflow.scale"),
        ({"family": "empirical", "samples": []}, "outflow.samples"),
        ({"family": "empirical", "samples": 5}, "outflow.samples"),
        ({"family": "empirical", "samples": [1, -2]}, "outflow.samples"),
        ({"family": "empirical", "samples": [1, float("nan")]}, "outflow.samples"),
        ({"family": "empirical", "samples": [1, "2"]}, "outflow.samples"),
        ({"family": "empirical", "samples": [1, True]}, "outflow.samples"),
        ({"family": "empirical", "samples": [[1], [2]]}, "outflow.samples"),
        ({"family": "empirical", "samples": [1, None]}, "outflow.samples"),
    ],
)
def test_errors_name_the_field(data: object, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("[", r"\[")):
        parse_outflow(data, "venues[0].outflow")


@pytest.mark.parametrize("count", [3, 7, 10, 49])
def test_a_level_that_a_step_reaches_up_to_rounding_is_met(count: int) -> None:
    """F is a sum of n-ths, and k / n may be the last digit above the k-th of them."""
    samples = Empirical(np.arange(1.0, count + 1))
    levels = np.arange(1, count + 1) / count
    assert samples.quantile(levels).tolist() == samples.samples.tolist()
    assert samples.quantile(levels + 1e-9).tolist() == [*samples.samples[1:].tolist(), float(count)]


def test_a_poisson_law_is_tabulated_up_to_a_mean_of_a_billion() -> None:
    with pytest.raises(InputError, match="mean: at most 1e9 for poisson"):
        Poisson(1.0000001e9)
