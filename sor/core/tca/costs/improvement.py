"""Price and size improvement of takes, as Rule 605 counts it: against the national best when the order was decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sor.core.execution.child_orders import ChildKind, ChildOrder
from sor.core.order import Fill
from sor.core.tca.costs.spreads import TAKER, kind_of
from sor.core.tca.market.fill_quotes import FillQuotes


@dataclass(frozen=True, slots=True)
class Improvement:
    """Shares taken, forced ones not counted. improved, at_quote, outside: at a better price than the best at the
    decision, at it, at a worse one; *_amount: nanodollars by which. unquoted: there was no best. beyond_displayed:
    shares taken at the best of their instant or better in excess of all that was shown there; missed: sent to take, and
    not there on arrival."""

    shares: int
    improved: int
    improved_amount: int
    at_quote: int
    outside: int
    outside_amount: int
    unquoted: int
    beyond_displayed: int
    missed: int


def improvement(fills: Sequence[Fill], quotes: FillQuotes, orders: Iterable[ChildOrder]) -> Improvement:
    takes = [(at, fill) for at, fill in enumerate(fills) if kind_of(fill) == TAKER]
    gains = [(fill.qty, fill.touch - fill.px) for _, fill in takes if fill.touch is not None]
    return Improvement(
        shares=sum(fill.qty for _, fill in takes),
        improved=sum(qty for qty, gain in gains if gain > 0),
        improved_amount=sum(qty * gain for qty, gain in gains if gain > 0),
        at_quote=sum(qty for qty, gain in gains if not gain),
        outside=sum(qty for qty, gain in gains if gain < 0),
        outside_amount=-sum(qty * gain for qty, gain in gains if gain < 0),
        unquoted=sum(fill.qty for _, fill in takes if fill.touch is None),
        beyond_displayed=_beyond(takes, quotes),
        missed=sum(o.qty - o.filled for o in orders if o.kind is ChildKind.TAKE),
    )


def _beyond(takes: Iterable[tuple[int, Fill]], quotes: FillQuotes) -> int:
    """Takes of one instant met the same quotes."""
    taken: dict[int, int] = {}
    shown: dict[int, int] = {}
    for at, fill in takes:
        best = quotes.touch[at]
        if best is not None and fill.px <= best:
            taken[fill.ts] = taken.get(fill.ts, 0) + fill.qty
            shown[fill.ts] = quotes.depth[at]
    return sum(max(0, qty - shown[ts]) for ts, qty in taken.items())
