"""The whole of `tca`: the market in the window, then strategy by strategy what its executions were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sor.core.backtest.session import SessionResult
from sor.core.execution.accounting import StrategyResult
from sor.core.fees import FeeSchedule
from sor.core.tca.analysis import Analysis, analyse
from sor.core.tca.market.fill_quotes import FillQuotes
from sor.report.tca.benchmarks import against_benchmarks, benchmarks, schedule
from sor.report.tca.costs import half_spreads, improvement, markouts, shortfall, spreads
from sor.report.tca.resting import fill_rates, time_to_fill
from sor.report.tca.venue_table import venue_table

if TYPE_CHECKING:
    from sor.report.types.tca import ExecutionCosts, StrategyMinutes, TcaSection, TcaStrategy


def tca_section(outcome: SessionResult, fees: FeeSchedule) -> TcaSection:
    """Of the strategies whose quotes were noted, in the order of the results; empty where none were."""
    if outcome.window is None:
        return {}
    analysed = {name: outcome.quotes[name] for name in outcome.results if name in outcome.quotes}
    return {
        "benchmarks": benchmarks(outcome),
        "minutes": schedule(outcome),
        "strategies": {
            name: strategy_section(outcome.results[name], quotes, outcome, fees) for name, quotes in analysed.items()
        },
    }


def strategy_section(
    result: StrategyResult, quotes: FillQuotes, outcome: SessionResult, fees: FeeSchedule
) -> TcaStrategy:
    """One strategy's."""
    decision2, arrival2 = outcome.decision2, outcome.arrival2
    found = analyse(result, quotes, outcome.order, fees, decision2=decision2, arrival2=arrival2)
    return {
        **execution_costs(found, result, outcome),
        "venues_606": venue_table(found.handling),
        "minutes": minutes(found),
    }


def execution_costs(found: Analysis, result: StrategyResult, outcome: SessionResult) -> ExecutionCosts:
    """What was found of a result, against the market of `outcome`."""
    return {
        "against_benchmarks_bps": against_benchmarks(result, outcome),
        "shortfall": shortfall(found.shortfall),
        "half_spreads": half_spreads(found.half_spreads),
        "spreads": [spreads(one) for one in found.spreads],
        "markouts": markouts(found.markouts),
        "improvement": improvement(found.improvement),
        "fill_rates": fill_rates(found.fill_rates),
        "time_to_fill": time_to_fill(found),
    }


def minutes(found: Analysis) -> StrategyMinutes:
    """By minute of the window: what was filled, and what the schedule wants."""
    target = found.target_by_minute
    return {"filled": list(found.filled_by_minute), "target": None if target is None else list(target)}
