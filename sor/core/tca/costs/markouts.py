"""Markout curves: how the mid stands against the fill price at each horizon, in parts of the price.

Positive is in the order's favour: after a buy the mid stands above the price paid. The mean weighs by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sor.core.order import Fill
from sor.core.tca.costs.clustered import Ratio, clustered_ratio
from sor.core.tca.costs.spreads import KINDS, kind_of
from sor.core.tca.market.fill_quotes import HORIZONS, FillQuotes
from sor.core.tca.market.window_market import MINUTE


@dataclass(frozen=True, slots=True)
class MarkoutPoint:
    """horizon in ns, 0 is the prevailing mid; mean None where no fill has a mid then."""

    horizon: int
    fills: int
    mean: Ratio | None


@dataclass(frozen=True, slots=True)
class MarkoutCurve:
    kind: str
    points: tuple[MarkoutPoint, ...]


def markout_curves(fills: Sequence[Fill], quotes: FillQuotes) -> tuple[MarkoutCurve, ...]:
    """One curve a kind of fill that there is. Fills whose horizons overlap are one cluster: a minute, or the horizon
    where that is longer."""
    curves = []
    for kind in KINDS:
        members = [at for at, fill in enumerate(fills) if kind_of(fill) == kind]
        if members:
            columns = zip((0, *HORIZONS), (quotes.mid2, *quotes.later), strict=True)
            curves.append(MarkoutCurve(kind, tuple(_point(h, members, fills, mids) for h, mids in columns)))
    return tuple(curves)


def _point(horizon: int, members: Sequence[int], fills: Sequence[Fill], mids2: Sequence[int | None]) -> MarkoutPoint:
    width = max(MINUTE, horizon)
    known = [(fills[i], mid2) for i in members if (mid2 := mids2[i]) is not None]
    points = ((f.ts // width, f.qty * (mid2 - 2 * f.px), 2 * f.qty * abs(f.px)) for f, mid2 in known)
    return MarkoutPoint(horizon, len(known), clustered_ratio(points))
