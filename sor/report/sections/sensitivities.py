"""What the figures would be if the market answered otherwise: takes that find less, a charge for the order's size.

Empty unless it was asked for. None of it enters the other figures of the report.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from sor.core.backtest.impact import LEAST, impact
from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.accounting import STRATEGY, StrategyResult, savings
from sor.core.order import ALL_THERE
from sor.core.router.allocators import MARKET
from sor.core.spec import Spec
from sor.core.units import NANO, round_half_even
from sor.report.sections.figures import figure, in_bps
from sor.report.sections.savings import savings_on_this_order

if TYPE_CHECKING:
    from sor.report.types.sensitivities import ChargedStrategy, FadedStrategy, ImpactSection, Sensitivities, TakeFade


def sensitivities(spec: Spec, found: BacktestResult) -> Sensitivities:
    """`take_fade` and `impact`, each where it was asked for."""
    asked: Sensitivities = {}
    if spec.take_fade:
        asked["take_fade"] = _take_fade(spec, found)
    if spec.impact is not None:
        asked["impact"] = _impact(float(spec.impact), found)
    return asked


def _take_fade(spec: Spec, found: BacktestResult) -> list[TakeFade]:
    """One entry for each part of the displayed size, all of it (the report itself) first."""
    base = found.outcome.results
    name = None if found.headline is None else found.headline.name
    return [
        {
            "there": figure(part),
            "headline_bps": None if name is None else in_bps(savings(results[name], results[MARKET])),
            "savings_vs_baselines_bps": savings_on_this_order(results[spec.strategy], results),
            "strategies": {
                name: _faded(result, base[name]) for name, result in results.items() if result.kind == STRATEGY
            },
        }
        for part, results in ((ALL_THERE, base), *found.fades.items())
    ]


def _faded(result: StrategyResult, base: StrategyResult) -> FadedStrategy:
    average, saved = result.average, savings(result, base)
    return {
        "avg_fill_px": None if average is None else round_half_even(average / NANO, 9),
        "filled": result.filled,
        "forced": result.forced,
        "leaves": result.leaves,
        "missed": sum(child.qty - child.filled for child in result.ended if child.kind == "take"),
        "cost_bps": None if saved is None else in_bps(-saved),
    }


def _impact(coefficient: float, found: BacktestResult) -> ImpactSection:
    """The charge by strategy, and the shortfall with it."""
    outcome = found.outcome
    charged = impact(coefficient, outcome.path, outcome.market.volume_in_window)
    return {
        "coefficient": figure(coefficient),
        "least_participation": figure(LEAST),
        "volume": outcome.market.volume_in_window,
        "volatility_bps": None if charged is None else figure(charged.volatility * 10_000),
        "strategies": {
            name: _charged(result, outcome.arrival2, None if charged is None else charged.charge(result.shares))
            for name, result in outcome.results.items()
            if result.kind == STRATEGY
        },
    }


def _charged(result: StrategyResult, arrival2: int | None, charge: float | None) -> ChargedStrategy:
    shortfall = None
    if charge is not None and arrival2 and result.comparable is not None:
        arrival = abs(Fraction(arrival2, 2))
        done = Fraction(result.shares, result.quantity)
        paid = (result.comparable - Fraction(arrival2, 2)) / arrival
        shortfall = in_bps(paid + Fraction(charge) * done)
    return {
        "charge_bps": None if charge is None else figure(charge * 10_000),
        "implementation_shortfall_bps": shortfall,
    }
