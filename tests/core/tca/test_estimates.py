"""Kaplan-Meier against scipy's, Student's quantile, the clustered interval, outliers."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf, t

from sor.core.tca.costs.clustered import clustered_ratio, student_975
from sor.core.tca.outliers import outliers
from sor.core.tca.routing.survival import kaplan_meier

LIVES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40)


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
@given(LIVES)
def test_kaplan_meier_is_scipys(lives: list[tuple[int, bool]]) -> None:
    data = CensoredData(uncensored=[x for x, filled in lives if filled], right=[x for x, filled in lives if not filled])
    right = ecdf(data)
    steps = kaplan_meier(lives)
    for step in steps:
        assert step.filled == pytest.approx(float(right.cdf.evaluate(step.time)), abs=1e-12)
        assert step.at_risk == sum(time >= step.time for time, _ in lives)
    if steps:
        with np.errstate(all="ignore"):
            bounds = right.sf.confidence_interval(0.95, method="linear")
        for step in steps:
            low, high = (1 - float(curve.evaluate(step.time)) for curve in (bounds.high, bounds.low))
            if step.filled < 1 - 1e-12 and not np.isnan(low):  # at 1 the variance is 0 / 0
                assert (step.low, step.high) == pytest.approx((max(0.0, low), min(1.0, high)), abs=1e-9)


@given(LIVES)
def test_without_censoring_it_is_the_share_filled(lives: list[tuple[int, bool]]) -> None:
    times = [time for time, _ in lives]
    for step in kaplan_meier([(time, True) for time in times]):
        assert step.filled == pytest.approx(sum(time <= step.time for time in times) / len(times), abs=1e-12)


def test_students_quantile() -> None:
    for df in range(4, 400):
        assert student_975(df) == pytest.approx(float(t.ppf(0.975, df)), rel=1e-3)


def test_the_clustered_interval_covers() -> None:
    """The ratio of sums whose clusters share a shock: 95 % intervals hold the truth in most of 400 worlds."""
    rng, held = Random(1), 0
    for _ in range(400):
        points = []
        for cluster in range(12):
            shock = rng.gauss(0, 50)
            points += [(cluster, round((30 + shock + rng.gauss(0, 20)) * x), x) for x in (100, 100, 200, 50)]
        found = clustered_ratio(points)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 30 <= found.high
    assert 368 <= held <= 392  # 380 expected, three standard errors


def test_an_interval_takes_five_clusters() -> None:
    four, five = (clustered_ratio([(cluster, cluster, 2) for cluster in range(count)]) for count in (4, 5))
    assert four is not None
    assert five is not None
    assert (four.value, four.low, four.high) == (Fraction(3, 4), None, None)
    assert five.low is not None


def test_one_point_a_cluster_of_equal_weight_is_the_classical_interval() -> None:
    values = [3, -1, 4, 1, -5, 9, 2, 6]
    found = clustered_ratio((at, value, 1) for at, value in enumerate(values))
    assert found is not None
    assert found.low is not None
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    assert found.low == pytest.approx(np.mean(values) - t.ppf(0.975, 7) * error, rel=1e-3)


def test_few_clusters_have_no_interval_and_nothing_has_no_mean() -> None:
    few = clustered_ratio([(1, 5, 10), (2, 6, 10)])
    assert few is not None
    assert (few.value, few.low, few.high) == (Fraction(11, 20), None, None)
    assert clustered_ratio([]) is None
    assert clustered_ratio([(1, 5, 0)]) is None


def test_outliers_name_the_part_that_is_apart() -> None:
    parts = [{"timing": Fraction(n % 3), "placement": Fraction(n % 2)} for n in range(20)]
    parts[7] = {"timing": Fraction(-90), "placement": Fraction(5)}
    parts[13] = {"timing": Fraction(3), "placement": Fraction(60)}
    found = outliers([sum(part.values(), Fraction()) for part in parts], parts)
    assert [(one.at, one.reason) for one in found] == [(7, "timing"), (13, "placement")]
    assert found[0].score < 0 < found[1].score


def test_equal_costs_have_no_outliers() -> None:
    assert outliers([Fraction(1)] * 9 + [Fraction(50)], [{"fees": Fraction(1)}] * 10) == ()
    assert outliers([], []) == ()
