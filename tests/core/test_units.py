"""Exact numbers: text to nanodollars and back, rounding, times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies_for_tapes import examples

from sor.core.units import bps, dollars, format_time, parse_dollars, parse_time, plain, round_half_even


@examples(100)
@given(st.integers(-(2**140), 2**140))
def test_money_survives_the_way_to_text_and_back(nanos: int) -> None:
    amount = dollars(nanos)
    assert Fraction(amount) == Fraction(nanos, 10**9)
    assert parse_dollars(str(amount)) == nanos
    text = format(amount, "f")
    assert "." in text
    assert text.endswith(".0") or not text.endswith("0")


def test_half_a_nanodollar_can_be_written_and_a_third_cannot() -> None:
    assert str(dollars(Fraction(222_735_000_001, 2))) == "111.3675000005"
    with pytest.raises(ValueError, match="finite decimal"):
        dollars(Fraction(1, 3))


@pytest.mark.parametrize(
    "text", ["", "abc", "nan", "inf", "-Infinity", "1e-10", "0.0000000001", "1,5", "1e999", "1e-999"]
)
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(ValueError, match="is not a price"):
        parse_dollars(text)


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("222.74", 222_740_000_000),
        (" 1e2 ", 100 * 10**9),
        ("-0.003", -3_000_000),
        ("0", 0),
        ("12345678901234567890.123456789", 12345678901234567890123456789),
    ],
)
def test_prices(text: str, nanos: int) -> None:
    assert parse_dollars(text) == nanos


@examples(100)
@given(st.fractions(), st.integers(0, 12))
def test_rounding_is_to_the_nearest_and_ties_to_even(value: Fraction, digits: int) -> None:
    rounded = Fraction(round_half_even(value, digits))
    unit = Fraction(1, 10**digits)
    assert (rounded / unit).denominator == 1
    assert abs(rounded - value) <= unit / 2
    if abs(rounded - value) == unit / 2:
        assert (rounded / unit).numerator % 2 == 0


def test_ties() -> None:
    assert [str(round_half_even(Fraction(k, 2), 0)) for k in (1, 3, 5, -1, -3)] == ["0.0", "2.0", "2.0", "0.0", "-2.0"]
    assert bps(Fraction(1), Fraction(0)) is None
    assert bps(Fraction(-1), Fraction(3)) == Decimal("-3333.333333")
    assert [str(plain(Decimal(t))) for t in ("5E+1", "1.500", "-0.10")] == ["50.0", "1.5", "-0.1"]


@examples(100)
@given(st.integers(0, 4 * 10**18))
def test_times_survive(ts: int) -> None:
    text = format_time(ts)
    assert parse_time(text) == ts
    assert parse_time(str(ts)) == ts
    assert datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=ts // 10**9
    )


@pytest.mark.parametrize(
    ("text", "ts"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00.5+01:00", 500_000_000),
        ("1970-01-01 00:00:01", 1_000_000_000),
        ("2024-08-01T13:36:32.491911683Z", 1_722_519_392_491_911_683),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_ways_to_write_a_time(text: str, ts: int) -> None:
    assert parse_time(text) == ts


@pytest.mark.parametrize("text", ["", "yesterday", "13:36:32.", "2024-08-01T13:36:32.0123456789Z", "2024-13-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)
