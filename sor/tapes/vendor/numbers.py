"""Texts of prices and sizes as exact integers. Every distinct text is read once, by decimal arithmetic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.core.units import MAX_PRICE, NANO, NO_PRICE
from sor.tapes.arrow import texts_of
from sor.tapes.rows import MAX_SIZE, Mask

MISSING = frozenset(("", "nan", "NaN", "NAN", "null", "NULL", "None", "NA", "N/A", "<NA>", "NaT"))

_DECIMAL = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?", re.ASCII)
_WIDE = Context(prec=200)
_NANO_TICK = Decimal("1e-12") * NANO  # 1e-12 dollars, in nanodollars
_ULP = Decimal(2) ** -52
_RAW = Decimal("1e-9")
_LEAST_RAW = 10**7  # more than a share costs in dollars
_UNDEFINED = Decimal(NO_PRICE)
_MOST_KEPT = 2**16


class FractionError(ValueError):
    """A size that is no whole number of shares."""


def decimal_of(text: str, what: str = "number") -> Decimal:
    """The number that a text is. ValueError where it is none."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{short(text)} is no {what}")
    return Decimal(text)


def price_of(text: str, unit: Decimal, none: frozenset[str] = frozenset()) -> int:
    """Nanodollars; NO_PRICE where there is none. unit: dollars in a unit.

    A decimal within max(1e-12 dollars, |p| 2^-52) of a nanodollar is that nanodollar: it went through a binary float.
    ValueError where it is no price or finer than that.
    """
    text = text.strip()
    if text in MISSING or text in none:
        return NO_PRICE
    number = decimal_of(text, "price")
    exact = _WIDE.multiply(_WIDE.multiply(number, unit), Decimal(NANO))
    if exact == _UNDEFINED or number == _UNDEFINED:
        return NO_PRICE
    if abs(exact) > MAX_PRICE:
        raise ValueError(f"{text[:40]} is an impossible price")
    nanos = exact.quantize(Decimal(1), ROUND_HALF_EVEN, _WIDE)
    if abs(exact - nanos) > max(_NANO_TICK, abs(exact) * _ULP):
        raise ValueError(f"{short(text)} is a price finer than a nanodollar")
    return int(nanos)


def raw_price_of(text: str) -> int:
    """The same of integer nanodollars. A whole number written with a point is one if it can be no dollars."""
    found = price_of(text, _RAW)
    if "." in text and found < _LEAST_RAW:
        raise ValueError(f"{short(text)} is no price in integer nanodollars")
    return found


def size_of(text: str) -> int:
    """Whole shares or lots, 0 where there is no text. FractionError where it is no whole number, else ValueError."""
    text = text.strip()
    if text in MISSING:
        return 0
    number = decimal_of(text, "size")
    if not 0 <= number <= MAX_SIZE:
        raise ValueError(f"{text[:40]} is an impossible size")
    if number != int(number):
        raise FractionError(f"{short(text)} is no whole number")
    return int(number)


class TextConverter:
    """Reads a column of coded texts by a function of one text, each distinct text once."""

    def __init__(self, parse: Callable[[str], int]) -> None:
        self._parse = parse
        self._known: dict[str, tuple[int, str | None]] = {}

    def column(self, coded: Any) -> tuple[Ints, Mask]:
        """The values of a dictionary array (0 where there is none), and which rows have none."""
        texts, places = texts_of(coded)
        known = [self._look_up(text) for text in texts]
        values = np.fromiter((value for value, _ in known), np.int64, len(known))
        is_bad = np.fromiter((reason is not None for _, reason in known), np.bool_, len(known))
        return values[places], is_bad[places]

    def reason(self, text: str) -> str:
        """Why a text has no value."""
        return self._look_up(text)[1] or ""

    def _look_up(self, text: str) -> tuple[int, str | None]:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            found = self._known[text] = self._read(text)
        return found

    def _read(self, text: str) -> tuple[int, str | None]:
        try:
            return self._parse(text), None
        except ValueError as error:
            return 0, str(error)


def is_in(coded: Any, wanted: Callable[[str], bool]) -> Mask:
    """Which rows of a dictionary array have a text that is wanted."""
    texts, places = texts_of(coded)
    return _mask(map(wanted, texts), len(texts))[places]


def _mask(values: Iterable[bool], n: int) -> Mask:
    return np.fromiter(values, np.bool_, n)


def short(text: str) -> str:
    """A text as a message can show it."""
    shown = text if len(text) <= 40 else text[:37] + "..."
    return repr(shown) if shown.isprintable() else ascii(shown)
