"""Figures as people read them, the same in tables, pictures and on screens."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sor.core.units import parse_time
from sor.options.zones import Zone

NOTHING = "-"


def chosen_strategy(data: Mapping[str, Any]) -> str:
    return str(data["rules"]["strategy"])


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


def side_and_shares(data: Mapping[str, Any]) -> str:
    """Buy 5,000 SYNT."""
    order = data["order"]
    return f"{order['side'].capitalize()} {order['quantity']:,} {data['tape'].get('symbol') or 'shares'}"


def window_words(data: Mapping[str, Any]) -> str:
    """The window in the report's time zone; one date where it lies in one day."""
    zone = Zone.named(data["rules"]["tz"])
    start, end = (zone.show(parse_time(data["order"][name])) for name in ("start", "end"))
    day = "" if end[:10] == start[:10] else f"{end[:10]} "
    return f"{start[:10]} from {_clock(start)} to {day}{_clock(end)} {zone.name}"


def _clock(time: str) -> str:
    """13:36:32.491 of an ISO time; whole seconds without decimals."""
    clock = time[11:23]
    return clock.removesuffix(".000")


def venue_names() -> Mapping[int, str]:
    """Names by publisher_id from the bundled table; empty where it cannot be read, as a name is a courtesy."""
    from sor.errors import SorError
    from sor.venues import exchanges

    try:
        return {venue: exchange.name for exchange in exchanges() for venue in exchange.ids}
    except SorError:
        return {}
