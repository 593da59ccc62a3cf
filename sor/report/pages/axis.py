"""Where things are drawn: values to per cent of a picture's width or to pixels of its height, and round ticks.

Widths are in per cent, so that a picture fills the column of any screen and its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from sor.core.units import NANO
from sor.options.zones import Zone

STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)  # seconds
SHORT_STEPS = tuple(10**n for n in range(9))  # ns, for windows of seconds and less


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From low to high over `size` (per cent or pixels); upwards where `up` is set, as heights on a page go down."""

    low: float
    high: float
    size: float = 100.0
    up: bool = False

    @classmethod
    def over(cls, values: Iterable[float], *, size: float = 100.0, up: bool = False, pad: float = 0.06) -> Axis:
        """An axis that holds all the values with some air around them."""
        found = list(values)
        low, high = min(found, default=0.0), max(found, default=0.0)
        air = (high - low or max(abs(high), 1.0) * 1e-3) * pad
        return cls(low - air, high + air, size, up)

    def at(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return round((1 - part if self.up else part) * self.size, 2)

    def ticks(self, most: int = 6) -> list[Tick]:
        """Some round numbers between low and high."""
        span = self.high - self.low
        power = 10.0 ** floor(log10(span / most))
        step = next(power * m for m in (1, 2, 5, 10) if span / (power * m) <= most)
        digits = max(0, -floor(log10(step) + 1e-9))
        rounds = [round(n * step, 12) for n in range(ceil(self.low / step), floor(self.high / step) + 1)]
        return [Tick(self.at(value), f"{value + 0.0:,.{digits}f}") for value in rounds]


def clock_ticks(start: int, end: int, zone: Zone, most: int = 6) -> list[Tick]:
    """Round times of day of a window (ns since the epoch), in per cent of its width."""
    span = max(end - start, 1)
    steps = [*SHORT_STEPS, *(step * NANO for step in STEPS)]
    step = next((step for step in steps if span / step <= most), 86_400 * NANO * ceil(span / most / 86_400 / NANO))
    first = -(-start // step) * step
    return [Tick(round((ts - start) / span * 100, 2), _clock(zone, ts, step)) for ts in range(first, end + 1, step)]


def _clock(zone: Zone, ts: int, step: int) -> str:
    shown = zone.show(ts)
    if step >= 86_400 * NANO:
        return shown[5:10]
    return shown[11:16] if step >= 60 * NANO else shown[11:19] if step >= NANO else shown[14:23]


def steps(points: Sequence[tuple[float, float]]) -> str:
    """A path that goes sideways first and then up or down: a value holds until the next is there."""
    if not points:
        return ""
    (x, y), *rest = points
    return f"M{x:g} {y:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest)
