"""Exact numbers: prices are integer nanodollars, times integer nanoseconds, sizes integer shares.

Floats never carry money here. Fractions appear where a ratio is formed, Decimals where a figure is written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction

from sor.errors import InputError

NANO = 1_000_000_000
NO_PRICE = 2**63 - 1  # DBN's undefined price: no quote on that side
UNSPOKEN = NO_PRICE - 1  # NBBO form: the row says nothing of this side (not the same as: there is no quote)
FAR = 2**62  # an oriented take price that no quote has; -FAR is that of the rest side
MAX_PRICE = FAR - 1  # beyond any real price, and safe to negate and add in 64 bits
MOST_SHARES = 2**31  # of an order: beyond any real one, and what a slice is solved exactly for

# The default context rounds to 28 digits without a word.
_EXACT = Context(prec=100, Emax=99, Emin=-99, traps=[Inexact, InvalidOperation, Overflow])

Price = int  # nanodollars a share
Time = int  # nanoseconds since the epoch, UTC


def parse_dollars(text: str) -> Price:
    """Dollars written as a decimal, to nanodollars. ValueError if it is no number or finer than a nanodollar."""
    try:
        value = Decimal(text.strip()).scaleb(9, _EXACT)
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a price in dollars") from None
    if not value.is_finite() or value != value.to_integral_value():
        raise ValueError(f"{text!r} is not a price in whole nanodollars")
    return int(value)


def dollars(nanos: int | Fraction) -> Decimal:
    """An amount in nanodollars as an exact decimal of dollars, without needless zeros: 222740000000 -> 222.74.

    A Fraction must be a whole number of 1e-12 dollars (mids are halves of a nanodollar).
    """
    if isinstance(nanos, int):
        return plain(Decimal(f"{nanos}E-9"))
    pico = nanos * 1000
    if pico.denominator != 1:
        raise ValueError(f"{nanos} nanodollars is not a finite decimal")
    return plain(Decimal(f"{pico.numerator}E-12"))


def plain(value: Decimal) -> Decimal:
    """The same number with no exponent and at least one decimal: 5E+1 -> 50.0, 1.500 -> 1.5."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0")
    if text.endswith("."):
        text += "0"
    return Decimal(text if "." in text else f"{text}.0")


def round_half_even(value: Fraction, digits: int) -> Decimal:
    """An exact fraction as a decimal with `digits` decimals, ties to even."""
    return plain(Decimal(f"{round(value * 10**digits)}E-{digits}"))


def bps(part: Fraction, whole: Fraction) -> Decimal | None:
    """part / whole in basis points, half to even to 1e-6; None where there is no whole."""
    return None if whole == 0 else round_half_even(part / whole * 10_000, 6)


def format_time(ts: Time) -> str:
    """2024-08-01T13:36:32.491911683Z"""
    seconds, nanos = divmod(ts, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"


def parse_time(text: str) -> Time:
    """ISO 8601 (with up to nine decimals; UTC if it has no offset) or integer nanoseconds. ValueError otherwise."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text)
    head, dot, tail = text.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789")) if dot else 0
    nanos = int((tail[:digits] + "000000000")[:9]) if digits else 0
    if digits > 9 or (dot and not digits):
        raise ValueError(f"{text!r} is not a time")
    try:
        moment = datetime.fromisoformat(head + tail[digits:])
    except ValueError:
        raise ValueError(f"{text!r} is not a time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (elapsed.days * 86_400 + elapsed.seconds) * NANO + elapsed.microseconds * 1000 + nanos


def decimal(name: str, value: object) -> Decimal:
    """What a user wrote. InputError for what is no number, or is of a size that no share, price or time has: to work
    with it exactly would take all of the memory."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InputError(f"{name} {value!r} is not a number") from None
    if not number.is_finite() or isinstance(value, bool) or abs(number.adjusted()) > 30:
        raise InputError(f"{name} {value!r} is not a finite number of a sensible size")
    return number
