"""Figures as people read them, the same in tables, pictures and on screens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

NOTHING = "-"


def money(value: Decimal | None) -> str:
    """Dollars for the eye: thousands apart, two decimals, more where the amount is finer than a cent."""
    if value is None:
        return NOTHING
    cents = value.quantize(Decimal("0.01"))
    return f"{cents:,}" if abs(value) >= 1000 or cents == value else f"{value.quantize(Decimal('0.0001')):,}"


def price(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{value:,.4f}"


def signed(value: Decimal | float | None, digits: int = 2) -> str:
    """A figure that can go either way always carries its sign; what rounds to nothing carries none."""
    if value is None:
        return NOTHING
    text = f"{value:+,.{digits}f}"
    return text if float(value) and text.strip("+-0.,") else text[1:]


def venue_names() -> Mapping[int, str]:
    """Names by publisher_id from the bundled table; empty where it cannot be read, as a name is a courtesy."""
    from sor.errors import SorError
    from sor.venues import load_venues

    try:
        return {venue.publisher_id: venue.name for venue in load_venues()}
    except SorError:
        return {}
