"""Figures and names as the screens write them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sor.core.spec import ROUTER, TUNED
from sor.core.units import NANO, format_time
from sor.errors import SorError
from sor.venues import load_venues

ROUTER_NAMES = {TUNED: "router", ROUTER: "router"}


@cache
def _venues() -> Mapping[int, tuple[str, str]]:
    """Name and market identifier code of each venue; empty where the table cannot be read: a name is a courtesy."""
    try:
        return {venue.publisher_id: (venue.name, venue.mic) for venue in load_venues()}
    except SorError:
        return {}


def venue(publisher_id: int, width: int = 10) -> str:
    """A venue's name, or its market identifier code where there is no room for that."""
    name, mic = _venues().get(publisher_id, (f"venue {publisher_id}", str(publisher_id)))
    return name if len(name) <= width else mic[:width]


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


def clock(ts: int, decimals: int = 0) -> str:
    """HH:MM:SS of a time."""
    text = format_time(ts)[11:]
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


def lag(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
