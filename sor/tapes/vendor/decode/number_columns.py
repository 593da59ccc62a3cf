"""Prices and sizes of a format's rows, a column at a time."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from sor.core.market.batch import Ints
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.numbers import FractionError, TextConverter, price_of, raw_price_of, size_of

FRACTION = -(2**62)  # in the place of a size that is no whole number


class NumberColumns:
    """Reads columns of prices and of sizes; rows without a value are refused."""

    def __init__(self, layout: Layout) -> None:
        spec = layout.spec
        unit, none = spec.price_unit or Decimal(1), spec.quote.none if spec.quote else frozenset()
        price = raw_price_of if layout.is_raw else partial(price_of, unit=unit, none=none)
        self._price, self._size = TextConverter(price), TextConverter(_size_or_fraction)

    def prices(self, fields: TextFields, column: str) -> Ints:
        """Nanodollars, NO_PRICE where there is none."""
        return _read(fields, column, self._price)

    def sizes(self, fields: TextFields, column: str) -> Ints:
        """Shares or lots, FRACTION where it is no whole number of them."""
        return _read(fields, column, self._size)


def _read(fields: TextFields, column: str, read: TextConverter) -> Ints:
    values, missing = read.column(fields.coded(column))
    fields.refuse(column, missing, read.reason)
    return values


def _size_or_fraction(text: str) -> int:
    try:
        return size_of(text)
    except FractionError:
        return FRACTION
