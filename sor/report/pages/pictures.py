"""The pictures of a report as numbers for its templates: the price path with fills, and each strategy's cost so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any, Protocol

from sor.core.market.nbbo_path import PathPoint
from sor.core.units import NANO, parse_time
from sor.options.zones import Zone
from sor.report.pages.axis import Axis, Tick, clock_ticks, steps

HEIGHT = 250  # pixels; widths are per cent
WIDE = 1000  # units across in which paths are written: finer than a screen
MOST_LINES = 4  # that can be told apart by their dashes alone


class DrawnFill(Protocol):
    """What a picture needs to know of a fill, just made or kept: ts in ns, px and fee in dollars."""

    @property
    def strategy(self) -> str: ...
    @property
    def ts(self) -> int: ...
    @property
    def px(self) -> Decimal: ...
    @property
    def qty(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def fee(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The order's window, and places in it."""

    start: int
    end: int
    zone: Zone

    @classmethod
    def from_report(cls, data: Mapping[str, Any]) -> TimeAxis:
        start, end = (parse_time(data["order"][name]) for name in ("start", "end"))
        return cls(start, end, Zone.named(data["rules"].get("tz", "UTC")))

    def at(self, ts: int, size: float = 100.0) -> float:
        part = (ts - self.start) / max(self.end - self.start, 1)
        return round(min(max(part, 0.0), 1.0) * size, 2)

    def ticks(self) -> list[Tick]:
        return clock_ticks(self.start, self.end, self.zone)


@dataclass(frozen=True, slots=True)
class Dot:
    """Fills at one place, time and price that one dot on the page can hold."""

    x: float
    y: float
    r: float
    kind: str


@dataclass(frozen=True, slots=True)
class Curve:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Paths are in units of WIDE x HEIGHT, dots and ticks in per cent across and pixels down."""

    height: int
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Curve]
    dots: list[Dot]
    band: str = ""
    zero: float | None = None


def price_path(data: Mapping[str, Any], path: Sequence[PathPoint], fills: Sequence[DrawnFill]) -> Picture | None:
    """The national best bid to best ask as a band, and the fills of one strategy on it; None for nothing to draw."""
    window = TimeAxis.from_report(data)
    shown = [(p.ts, p.take / NANO, p.rest / NANO) for p in path if p.take is not None and p.rest is not None]
    prices = [value for _, *sides in shown for value in sides] + [float(fill.px) for fill in fills]
    if not prices:
        return None
    axis = Axis.over(prices, size=HEIGHT, up=True)
    return Picture(HEIGHT, window.ticks(), axis.ticks(), [], _dots(window, axis, fills), _band(window, axis, shown))


def cost_paths(data: Mapping[str, Any], fills: Sequence[DrawnFill], names: Sequence[str]) -> Picture | None:
    """Each strategy's cost so far in bps of the whole order at arrival. None without an arrival price or fills."""
    arrival, quantity = data["order"].get("arrival_px"), data["order"]["quantity"]
    if not arrival or not fills:
        return None
    window, sign = TimeAxis.from_report(data), 1 if data["order"]["side"] == "buy" else -1
    runs = {name: _running(fills, name, arrival, quantity, sign) for name in names[:MOST_LINES]}
    axis = Axis.over([0.0, *(value for points in runs.values() for _, value in points)], size=HEIGHT, up=True)
    lines = []
    for name, points in runs.items():
        whole = [(window.start, 0.0), *points, (window.end, points[-1][1] if points else 0.0)]
        lines.append(Curve(name, _path(window, axis, whole)))
    return Picture(HEIGHT, window.ticks(), axis.ticks(), lines, [], zero=axis.at(0.0))


def _running(
    fills: Iterable[DrawnFill], name: str, arrival: Decimal, quantity: int, sign: int
) -> list[tuple[int, float]]:
    cost, found = Decimal(0), []
    for fill in fills:
        if fill.strategy == name:
            cost += sign * (fill.px - arrival) * fill.qty + fill.fee
            found.append((fill.ts, _bps(cost / quantity, arrival)))
    return found


def _bps(part: Decimal, whole: Decimal) -> float:
    return float(part / abs(whole)) * 1e4


def _path(window: TimeAxis, axis: Axis, points: Sequence[tuple[int, float]]) -> str:
    """The last value of each column of the picture: a page need not hold ten thousand fills to show a line."""
    columns = {round(window.at(ts, WIDE)): value for ts, value in points}
    return steps([(x, round(axis.at(value), 1)) for x, value in columns.items()])


def _band(window: TimeAxis, axis: Axis, shown: Sequence[tuple[int, float, float]]) -> str:
    if not shown:
        return ""
    columns = {round(window.at(ts, WIDE)): (axis.at(take), axis.at(rest)) for ts, take, rest in shown}
    xs = list(columns)
    top = steps([(x, round(columns[x][0], 1)) for x in xs])
    right = list(zip(xs[1:], xs[:-1], strict=True))
    bottom = "".join(f"V{columns[left][1]:.1f}H{left:g}" for _, left in reversed(right))
    return f"{top}V{columns[xs[-1]][1]:.1f}{bottom}Z"


def _dots(window: TimeAxis, axis: Axis, fills: Sequence[DrawnFill]) -> list[Dot]:
    """Fills whose dots would lie on each other are one dot with their shares together; areas grow with shares."""
    shares: dict[tuple[float, float, str], int] = {}
    for fill in fills:
        place = (round(window.at(fill.ts) * 4) / 4, float(round(axis.at(float(fill.px)))), fill.kind)
        shares[place] = shares.get(place, 0) + fill.qty
    most = max(shares.values(), default=1)
    return [Dot(x, y, round(1.6 + 4.4 * sqrt(count / most), 2), kind) for (x, y, kind), count in shares.items()]
