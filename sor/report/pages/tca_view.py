"""The chosen strategy's transaction cost analysis for its page: which rows are drawn, and the time to a fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log10
from typing import Any

from sor.report.pages.axis import Axis, Tick, steps
from sor.report.pages.forest import Forest, forest, tone
from sor.report.pages.pictures import HEIGHT, WIDE, Curve, Picture

CURVES = {"first_fill": "first fill", "completion": "all of it"}
LEAST_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class TcaView:
    """name: of the strategy; markouts: (kind, its place) by row and the drawing; whole: places of the spreads that are
    over all venues."""

    name: str
    markouts: tuple[list[tuple[str, int]], Forest] | None
    whole: list[int]
    curves: Picture | None


def tca_view(data: Mapping[str, Any], chosen: str) -> TcaView | None:
    """None where the report has no analysis of the chosen strategy, as older ones have none."""
    found = ((data.get("tca") or {}).get("strategies") or {}).get(chosen)
    if not found:
        return None
    whole = [at for at, row in enumerate(found.get("spreads") or ()) if row["venue"] is None]
    return TcaView(chosen, _markouts(found.get("markouts") or {}), whole, _curves(found.get("time_to_fill")))


def horizon(seconds: Any) -> str:
    """50 ms, 15 s, 5 min."""
    value = float(seconds)
    return f"{value * 1000:g} ms" if value < 1 else f"{value:g} s" if value < 60 else f"{value / 60:g} min"


def _markouts(found: Mapping[str, Any]) -> tuple[list[tuple[str, int]], Forest] | None:
    rows = [(kind, at) for kind, means in found.items() for at, row in enumerate(means) if row["mean_bps"] is not None]
    if not rows:
        return None
    marks = [found[kind][at] for kind, at in rows]
    drawn = [(row["mean_bps"], row["ci95_bps"], bool(tone(row["mean_bps"], row["ci95_bps"]))) for row in marks]
    return rows, forest(drawn)


def _curves(found: Mapping[str, Any] | None) -> Picture | None:
    """Part of the orders filled by a time since joining, on a logarithmic clock; the band: the first fill's bounds."""
    drawn = {name: found[name] for name in CURVES if found and found.get(name) and found[name]["seconds"]}
    if not drawn:
        return None
    times = [max(float(s), LEAST_SECONDS) for curve in drawn.values() for s in curve["seconds"]]
    across = Axis(log10(LEAST_SECONDS), max(log10(max(times)), log10(LEAST_SECONDS) + 1), WIDE)
    up = Axis(0, 100, HEIGHT, up=True)

    def path(curve: Mapping[str, Any], key: str) -> list[tuple[float, float]]:
        xs = [across.at(log10(max(float(s), LEAST_SECONDS))) for s in curve["seconds"]]
        return [(0.0, HEIGHT), *zip(xs, (up.at(float(part) * 100) for part in curve[key]), strict=True)]

    lines = [Curve(CURVES[name], steps(path(curve, "filled"))) for name, curve in drawn.items()]
    first = next(iter(drawn.values()))
    return Picture(HEIGHT, _decades(across), up.ticks(5), lines, [], _between(path(first, "low"), path(first, "high")))


def _decades(across: Axis) -> list[Tick]:
    powers = range(-3, int(across.high) + 1)
    return [Tick(across.at(power) / WIDE * 100, horizon(10**power)) for power in powers]


def _between(low: list[tuple[float, float]], high: list[tuple[float, float]]) -> str:
    """The area between two step functions of the same abscissas, each value holding until the next."""
    back = "".join(f"V{y:g}H{x:g}" for x, y in low[-2::-1])
    return f"{steps(high)}V{low[-1][1]:g}{back}Z"
