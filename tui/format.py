"""Figures and names as the screens write them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sor.core.spec import ROUTER, TUNED
from sor.core.units import NANO
from sor.errors import SorError
from sor.options.zones import Zone
from sor.venues import Exchange, exchanges

ROUTER_NAMES = {TUNED: "router", ROUTER: "router"}


LONGEST = 13  # cells of a venue's name: "NYSE National", "NYSE American"


@cache
def _venues() -> Mapping[int, str]:
    """The one name of each venue: a long one gives way to the market identifier code. Empty where the table cannot be
    read: a name is a courtesy."""
    try:
        return {number: _short(exchange) for exchange in exchanges() for number in exchange.ids}
    except SorError:
        return {}


def _short(exchange: Exchange) -> str:
    name = exchange.name.partition(" (")[0]
    return name if len(name) <= LONGEST else exchange.mic


def venue(publisher_id: int) -> str:
    """The same on every screen."""
    return _venues().get(publisher_id, f"venue {publisher_id}")


def strategy(name: str) -> str:
    return ROUTER_NAMES.get(name, name)


def px(nanos: int | None, decimals: int = 2) -> str:
    """A price; quotes have cents, averages more."""
    return "-" if nanos is None else f"{nanos / NANO:,.{decimals}f}"


def quote(nanos: int | None) -> str:
    """A quote with its own decimals: cents, or tenths of one where it has them."""
    if nanos is None:
        return "-"
    return px(nanos, 2 if nanos % 10_000_000 == 0 else 4)


def clock(ts: int, decimals: int = 0, zone: str = "UTC") -> str:
    """HH:MM:SS of a time, in a time zone."""
    text = Zone.named(zone).show(ts)[11:]
    return text[:8] if not decimals else text[: 9 + decimals]


def seconds(ns: int) -> str:
    total = max(0, ns) / NANO
    if total < 60:
        return f"{total:.1f} s"
    minutes, rest = divmod(int(total), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def bps(part: int | None, whole: int) -> float | None:
    return None if part is None or not whole else part / whole * 10_000


def signed(value: float | None, decimals: int = 2) -> str:
    return "-" if value is None else f"{value:+,.{decimals}f}"


def usd(nanos: int) -> str:
    """Dollars with their sign; cents where they matter."""
    value = nanos / NANO
    return f"{'-' if value < 0 else '+'}${abs(value):,.{2 if abs(value) < 10_000 else 0}f}"


def lag(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
