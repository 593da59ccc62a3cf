"""JSON whose numbers are exact: amounts in dollars as Decimal, and as integer nanodollars."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sor.core.units import NANO, Price
from sor.errors import InputError
from sor.files.json_file import parse_json

MAX_BYTES, MAX_DIGITS = 2**22, 100
MOST_DOLLARS = 1000  # a share; beyond it someone has mistaken the unit


def nanodollars(amount: Any) -> Price:
    """A JSON number in dollars to exact nanodollars. ValueError says what is wrong with it."""
    if not isinstance(amount, Decimal):
        raise ValueError("must be a number of dollars a share")
    if not -MOST_DOLLARS < amount < MOST_DOLLARS:
        raise ValueError(f"must be in dollars a share, between -{MOST_DOLLARS} and {MOST_DOLLARS}")
    if amount and amount.adjusted() < -9:
        raise ValueError("is finer than a nanodollar (9 decimals)")
    exact = Fraction(amount) * NANO
    if exact.denominator != 1:
        raise ValueError("is finer than a nanodollar (9 decimals)")
    return int(exact)


def millionths(amount: Any) -> int:
    """A JSON number that is a part of a value to exact millionths: 0.003 -> 3,000. ValueError says what is wrong."""
    if not isinstance(amount, Decimal):
        raise ValueError("must be a number, a part of the value such as 0.003")
    if not -1 < amount < 1:
        raise ValueError("must be a part of the value between -1 and 1: 0.003 is 0.30 %")
    exact = Fraction(amount) * 1_000_000 if not amount or amount.adjusted() >= -6 else Fraction(1, 2)
    if exact.denominator != 1:
        raise ValueError("is finer than a millionth (6 decimals)")
    return int(exact)


def read_exact(path: Path) -> Any:
    """The JSON of a file, with numbers as exact Decimals. InputError in one line if that fails."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the fees cannot be read ({error.strerror}); give a JSON file, or none") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES >> 20} MB, which no file of fees is")
    try:
        return parse_json(data, fraction=_decimal, whole=_decimal)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _decimal(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number with {len(text):,} digits: {text[:20]}...")
    return Decimal(text)
