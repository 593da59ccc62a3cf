from decimal import Decimal

import pytest

from sor.report.format import money, price, signed, venue_names


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (Decimal("1113700"), "1,113,700.00"),
        (Decimal("1115314.459423462"), "1,115,314.46"),
        (Decimal("150.005"), "150.0050"),
        (Decimal("0.0030"), "0.0030"),
        (Decimal("-0.72"), "-0.72"),
    ],
)
def test_money_has_cents_and_more_only_where_a_small_amount_needs_it(value: Decimal | None, text: str) -> None:
    assert money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (Decimal("1.234567"), "+1.23"),
        (Decimal("-0.006"), "-0.01"),
        (Decimal("-0.004"), "0.00"),
        (Decimal("0.0"), "0.00"),
        (-0.0, "0.00"),
        (Decimal("12345.678"), "+12,345.68"),
    ],
)
def test_a_figure_that_can_go_either_way_carries_its_sign(value: Decimal | float | None, text: str) -> None:
    assert signed(value) == text


def test_prices_have_four_decimals() -> None:
    assert price(Decimal("222.74")) == "222.7400"
    assert price(None) == "-"


def test_venues_have_names() -> None:
    assert venue_names()[2] == "Nasdaq"
