"""What a tape cannot answer: how far an order of this size would have moved the market. A square-root charge.

    charge = Y sigma sqrt(q / V)     where q / V is above 1 %, else 0

q: shares of the order that were done; V: shares traded in its window; sigma: the volatility of the national mid over
the window, sqrt(sum of squared returns) over PARTS equal parts of it; Y: a coefficient near 1. sigma grows with the
root of the window and V with the window, so the charge does not depend on how fast an order is worked, and strategies
that buy the same shares in the same window are charged the same.

Source: the square-root law. Toth, Lemperiere, Deremble, de Lataillade, Kockelkoren, Bouchaud, Anomalous price impact
and the critical nature of liquidity in financial markets, Physical Review X 1, 021006 (2011), with Y of order 1; before
it Barra's Market Impact Model Handbook (1997). Only additions, products, quotients and square roots of floats, so that
the figures are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum, sqrt

from sor.core.market.nbbo_path import PathPoint

PARTS = 30
LEAST = 0.01  # of the volume: below it the charge is 0


@dataclass(frozen=True, slots=True)
class Impact:
    """coefficient: Y; volatility: of the window, a ratio; volume: V in shares."""

    coefficient: float
    volatility: float
    volume: int

    def charge(self, shares: int) -> float:
        """Of an order that did so many shares, as a part of the price of each."""
        part = shares / self.volume
        return self.coefficient * self.volatility * sqrt(part) if part > LEAST else 0.0


def impact(coefficient: float, path: Sequence[PathPoint], volume: int) -> Impact | None:
    """None where nothing was traded, or where the mid is known at fewer than two of the times."""
    step = max(1, (len(path) - 1) // PARTS)
    mids = [point.take + point.rest for point in path[::step] if point.take is not None and point.rest is not None]
    if not volume or len(mids) < 2 or 0 in mids:
        return None
    returns = [(later - mid) / mid for mid, later in pairwise(mids)]
    return Impact(coefficient, sqrt(fsum(r * r for r in returns)), volume)
