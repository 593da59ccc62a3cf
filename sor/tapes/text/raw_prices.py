"""Whether a file's prices are decimals of dollars or integer nanodollars."""

from __future__ import annotations

import re

from sor.core.units import NO_PRICE

_LEAST_RAW = 10**7  # a cent in nanodollars, and more than a share costs in dollars
_LEAST_TICK = 10**5  # a hundredth of a cent in nanodollars
_INTEGER = re.compile(r"-?[0-9]{1,40}")


def has_raw_prices(prices: list[str], times: list[str]) -> bool | None:
    """Decimals have a point somewhere; without one, large integers are nanodollars. None where nothing tells.

    A file whose times are integers, too, is raw in all its columns: there a hundredth of a cent is large.
    """
    if any("." in text for text in prices):
        return False
    values = {abs(int(text)) for text in prices if _INTEGER.fullmatch(text)} - {NO_PRICE}
    if not values:
        return None
    least = _LEAST_RAW if any(time and not time.isdigit() for time in times) else _LEAST_TICK
    return any(value >= least for value in values)
