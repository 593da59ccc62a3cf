"""The parent orders of --orders one by one, and those that stand out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from sor.core.backtest.session import SessionResult
from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.accounting import savings
from sor.core.tca.outliers import outliers
from sor.core.units import NANO, dollars, format_time, round_half_even
from sor.report.sections.figures import figure, in_bps
from sor.report.sections.strategies import costs

if TYPE_CHECKING:
    from sor.report.types.orders import OrderOutlier, OrderRow

REASONS = {
    "timing": "the market moved while it was worked",
    "placement": "its prices against the mids at its decisions",
    "fees": "its fees and rebates",
    "left": "what was left at the deadline",
}


def order_rows(found: BacktestResult, chosen: str, baselines: Sequence[str]) -> list[OrderRow]:
    """One row an order, by time."""
    return [_row(at, outcome, chosen, baselines) for at, outcome in enumerate(found.orders)]


def _row(at: int, outcome: SessionResult, chosen: str, baselines: Sequence[str]) -> OrderRow:
    order, result = outcome.order, outcome.results[chosen]
    average = result.average
    saved = {name: in_bps(savings(result, outcome.results[name])) for name in baselines if name in outcome.results}
    return {
        "order": at + 1,
        "start": format_time(order.start),
        "end": format_time(order.end),
        "arrival_px": _mid(outcome),
        "avg_fill_px": None if average is None else round_half_even(average / NANO, 9),
        "filled": result.filled,
        "forced": result.forced,
        "leaves": result.leaves,
        **costs(result, outcome.arrival2),
        "savings_bps": saved,
    }


def _mid(outcome: SessionResult) -> Decimal | None:
    return None if outcome.arrival2 is None else dollars(Fraction(outcome.arrival2 * outcome.order.side.sign, 2))


def order_outliers(found: BacktestResult, chosen: str) -> list[OrderOutlier]:
    """By implementation shortfall; orders whose cost is not known cannot stand out."""
    numbers, totals, parts = [], [], []
    for at, outcome in enumerate(found.orders):
        split = _parts(outcome, chosen)
        if split is not None:
            numbers.append(at + 1)
            parts.append(split)
            totals.append(sum(split.values(), Fraction()))
    return [
        {
            "order": numbers[one.at],
            "implementation_shortfall_bps": in_bps(totals[one.at]),
            "score": figure(one.score),
            "reason": f"{REASONS[one.reason]}: {in_bps(one.distance)} bps from the median",
            "part": one.reason,
        }
        for one in outliers(totals, parts)
    ]


def _parts(outcome: SessionResult, chosen: str) -> dict[str, Fraction] | None:
    """What the shortfall of the whole order is the sum of, as parts of its value at arrival."""
    result, arrival2 = outcome.results[chosen], outcome.arrival2
    if not arrival2 or None in (result.cost, result.comparable, result.timing, result.placement, result.left_px):
        return None
    assert result.timing is not None
    assert result.placement is not None
    assert result.left_px is not None
    whole = Fraction(abs(arrival2), 2) * result.quantity
    return {
        "timing": result.timing / whole,
        "placement": result.placement / whole,
        "fees": Fraction(result.fees - result.rebates) / whole,
        "left": result.leaves * (result.left_px - Fraction(arrival2, 2)) / whole,
    }
