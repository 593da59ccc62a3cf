"""The bootstrap-t against a second implementation, written from the rules alone, and by its properties."""

from __future__ import annotations

from fractions import Fraction
from operator import eq, gt, lt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.interval import bootstrap_t as reference
from reference.interval import holm as adjusted
from strategies_for_tapes import examples

from sor.core.statistics import BLOCK, RESAMPLES, best_of, beyond_luck, bootstrap_t, chance_of_best, holm, splitmix64


def skewed(random: Random, n: int, scale: int = 10**6) -> list[int]:
    return [round(scale * (random.expovariate(1) ** 2 - 1.5 - random.random())) for _ in range(n)]


def series() -> list[list[int]]:
    random = Random(5)
    drawn = [skewed(random, n) for n in (6, 9, 10, 11, 24, 57, 120)]
    huge = [value * 10**14 for value in skewed(random, 30)]  # squares beyond 64 bits
    alternating = [3, -3] * 20  # every block is 3 or -3
    spike = [0] * 39 + [10**6]
    return [*drawn, huge, alternating, spike, [0] * 40, [7] * 40]


@pytest.mark.parametrize("values", series(), ids=lambda values: f"{len(values)}-{values[0]}")
def test_against_a_second_implementation(values: list[int]) -> None:
    found, expected = bootstrap_t(values), reference(values)
    assert found is not None
    assert found.mean == Fraction(sum(values), len(values))
    ends = [None if end is None else round(end) for end in (found.low, found.high)]
    assert ends == [expected.low, expected.high]
    assert found.p_value == expected.p


def test_the_generator_is_splitmix64_with_seed_zero() -> None:
    """Its first outputs as published; later ones do not depend on where one begins."""
    outputs = splitmix64(0, 10).tolist()
    assert outputs[:3] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert splitmix64(4, 6).tolist() == outputs[4:]


def test_too_few_values_have_a_mean_and_nothing_else() -> None:
    assert bootstrap_t([]) is None
    for n in (1, BLOCK):
        found = bootstrap_t([1] * n)
        assert found is not None
        assert found.mean == 1
        assert (found.low, found.high, found.p_value) == (None, None, None)


@given(st.lists(st.integers(-50, 50), min_size=BLOCK + 1, max_size=40))
@examples(40)
def test_signs_and_scale_turn_with_the_values(values: list[int]) -> None:
    found, turned, larger = (
        bootstrap_t(values),
        bootstrap_t([-v for v in values]),
        bootstrap_t([1_000 * v for v in values]),
    )
    assert found is not None
    assert turned is not None
    assert larger is not None
    assert turned.p_value == found.p_value == larger.p_value
    if found.low is not None and found.high is not None:
        assert turned.low is not None
        assert turned.high is not None
        assert (turned.low, turned.high) == (-found.high, -found.low)
        assert larger.low is not None
        assert abs(larger.low - 1_000 * found.low) < 1
        # The interval leaves zero out exactly where the p-value is at most 5 %.
        assert found.p_value is not None
        assert (found.low > 0 or found.high < 0) == (found.p_value <= Fraction(1, 20))


def test_a_zero_mean_is_no_evidence_and_a_clear_one_is() -> None:
    noise = [round(Random(i).gauss(0, 10**6)) for i in range(120)]
    centred = [value - sum(noise) // 120 for value in noise]
    nothing, clear = bootstrap_t(centred), bootstrap_t([value + 3 * 10**6 for value in centred])
    assert nothing is not None
    assert clear is not None
    assert nothing.p_value is not None
    assert nothing.p_value > Fraction(1, 2)
    assert clear.p_value == Fraction(2, RESAMPLES + 1)


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=9))
@examples(60)
def test_holm_against_adjusted_p_values(thousandths: list[int]) -> None:
    p_values = {f"b{i}": Fraction(value, 40_000) for i, value in enumerate(thousandths)}
    assert holm(p_values) == {name for name, p in adjusted(p_values).items() if p <= Fraction(1, 20)}


def test_the_planned_test_stands_alone() -> None:
    """At 4 % the planned one is rejected by itself, and the others fail as a family."""
    four = Fraction(4, 100)
    assert beyond_luck(dict.fromkeys(("X_M", "X_E", "twap"), four), "X_M") == {"X_M"}
    assert beyond_luck({"X_E": four}, "X_M") == {"X_E"}
    assert beyond_luck({"X_E": four, "X_M": Fraction(9, 10)}, "X_M") == {"X_E"}  # the planned one is not of the family


def _drawn(values: list[int], block: int) -> list[int]:
    """Sums of all resamples, in plain Python."""
    n = len(values)
    draws = -(-n // block)
    indices = [int(output) * n >> 64 for output in splitmix64(0, RESAMPLES * draws)]
    blocks = [sum(values[(i + k) % n] for k in range(block)) for i in range(n)]
    return [sum(blocks[i] for i in indices[b * draws : (b + 1) * draws]) for b in range(RESAMPLES)]


@settings(max_examples=8, deadline=None)
@given(
    st.integers(2, 9).flatmap(
        lambda n: st.lists(st.lists(st.integers(-5, 5), min_size=n, max_size=n), min_size=2, max_size=4)
    ),
    st.integers(1, 3),
)
def test_chance_of_best_is_a_count_of_resamples(series: list[list[int]], block: int) -> None:
    found = chance_of_best(series, block)
    if -(-len(series[0]) // block) < 2:
        assert found is None
        return
    assert found is not None
    resamples = zip(*(_drawn(values, block) for values in series), strict=True)
    expected = [Fraction(0)] * len(series)
    for sums in resamples:
        for at, value in enumerate(sums):
            if value == max(sums):
                expected[at] += Fraction(1, sums.count(max(sums)) * RESAMPLES)
    assert found == expected
    assert sum(found) == 1
    assert chance_of_best(series[::-1], block) == found[::-1]


def test_the_draws_of_a_long_series_are_those_of_a_short_one_further_on() -> None:
    """Twenty blocks a resample are more than are drawn at once; five values are one block and tell nothing."""
    series = [skewed(Random(k), 40, 3) for k in range(2)]
    sums = [_drawn(values, 2) for values in series]
    ahead, behind, tied = (sum(compare(a, b) for a, b in zip(*sums, strict=True)) for compare in (gt, lt, eq))
    first = [(side + Fraction(tied, 2)) / RESAMPLES for side in (ahead, behind)]
    assert chance_of_best(series, 2) == first
    assert best_of({"a": series[0], "b": series[1]}, 2) == {"a": first[0], "b": first[1]}
    assert chance_of_best([values[:BLOCK] for values in series]) is None
    assert chance_of_best([values[: BLOCK + 1] for values in series]) is not None


def test_five_per_cent_are_enough() -> None:
    level = Fraction(5, 100)
    assert holm({"a": level}) == {"a"}
    assert holm({"a": level / 2, "b": level}) == {"a", "b"}
    assert holm({"a": level + Fraction(1, 10**9)}) == set()
    assert beyond_luck({"X_M": level, "X_E": level}, "X_M") == {"X_M", "X_E"}


def test_what_is_always_better_is_always_the_best() -> None:
    low = [3, -5, 8, 1, 0, 2, -4]
    assert chance_of_best([low, [value + 1 for value in low]], 2) == [Fraction(0), Fraction(1)]
    assert chance_of_best([[2**70 * value for value in low], low, low], 2) is not None
    with pytest.raises(ValueError, match="unpack"):
        chance_of_best([[1, 2, 3], [1, 2]])
