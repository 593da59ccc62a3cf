"""What the search over parameters found, and what the router met on its way."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from sor.core.backtest.sessions import BacktestResult
from sor.core.order import QueueModel
from sor.core.router.follow_cheapest import ParameterChoices
from sor.core.router.queue_models import QueueBracket
from sor.core.router.search_result import SearchResult
from sor.core.spec import PENALTIES, Level, Spec
from sor.core.units import round_half_even
from sor.report.sections.figures import figure, in_bps

if TYPE_CHECKING:
    from sor.report.types.search import (
        BestParameters,
        PenaltyMultiples,
        QueueModelsSection,
        RouterSection,
        SearchSection,
    )


def parameters(search: SearchResult) -> BestParameters:
    """Dollars a share (multiples at the mean h, f and r of the run), and the multiples beside them."""
    levels: list[Level] = [getattr(search.best, name) for name in PENALTIES]
    over, under, queue = (None if value is None else round_half_even(value, 9) for value in search.dollars)
    multiples = {
        name: round_half_even(level.value, 9) for name, level in zip(PENALTIES, levels, strict=True) if level.multiple
    }
    return {
        "lambda_over": over,
        "lambda_under": under,
        "theta_queue": queue,
        "multiples": cast("PenaltyMultiples", multiples),
    }


def choices_section(found: ParameterChoices) -> SearchSection:
    """The grid of a plug-in's parameters: what was followed slice by slice, and how each would have done in sample."""
    least = min(found.costs)
    return {
        "candidates": len(found.candidates),
        "evaluated": len(found.candidates),
        "parameters_matter": len(set(found.costs)) > 1,
        "cheapest_in_sample": dict(found.candidates[found.cheapest]),
        "followed": [
            {"parameters": dict(given), "slices": slices, "beyond_cheapest_bps": _beyond(cost, least)}
            for given, slices, cost in zip(found.candidates, found.slices, found.costs, strict=True)
        ],
    }


def _beyond(cost: int, least: int) -> Decimal | None:
    return in_bps(Fraction(cost - least, abs(least))) if least else None


def search_section(search: SearchResult) -> SearchSection:
    """Size and answer of the grid; `costs` and `pool_gap` where a search took place."""
    summary: SearchSection = {
        "candidates": search.candidates,
        "evaluated": search.evaluated,
        "parameters_matter": search.parameters_matter,
    }
    if search.pool_gap is not None:
        most, mean = search.pool_gap
        summary["pool_gap"] = {"max": figure(most), "mean": figure(mean)}
    if search.costs is not None:
        summary["in_sample_savings_vs_X_M_bps"] = {
            "best": figure(-min(search.costs)),
            "worst": figure(-max(search.costs)),
        }
    return summary


def router_section(spec: Spec, found: BacktestResult) -> RouterSection:
    """What the router met, and its allocations under each queue model; empty where it did not run."""
    if found.bracket is None:
        return {}
    tally = found.tally
    return {
        "slices": tally.slices,
        "all_market": dict(sorted(tally.all_market.items())),
        "raised_penalties": tally.raised,
        "queue_models": _queue_models(spec.queue_model, found.bracket),
    }


def _queue_models(configured: QueueModel, bracket: QueueBracket) -> QueueModelsSection:
    base = bracket.models[configured].cost
    return {
        "slices": bracket.slices,
        "shares": bracket.shares,
        "models": {
            model.value: {
                "made": figures.made,
                "made_share": figure(Fraction(figures.made, bracket.shares)) if bracket.shares else None,
                "cost_bps": in_bps(Fraction(figures.cost - base, abs(base))) if base else None,
            }
            for model, figures in bracket.models.items()
        },
    }
