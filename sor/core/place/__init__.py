"""The Cont-Kukanov placement problem: how much to take, and how much to rest at each venue.

    from sor import Problem, place
    answer = place(Problem.from_json({...}))

R. Cont, A. Kukanov, "Optimal order placement in limit order markets", arXiv:1210.1625v4. The model, its formulas and
what is done differently here are in docs/model.md. `sor.core.place.whole.shares` is the same in whole shares: a
backtest needs that alone, so the rest is loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sor.core.place.constrained import ConstrainedPlacement, place_within
    from sor.core.place.problem import Common, Placement, PlaceVenue, Problem
    from sor.core.place.solve import METHODS, SAMPLES, costs, place

_MODULES = {
    "METHODS": "solve",
    "SAMPLES": "solve",
    "Common": "problem",
    "ConstrainedPlacement": "constrained",
    "PlaceVenue": "problem",
    "Placement": "problem",
    "Problem": "problem",
    "costs": "solve",
    "place": "solve",
    "place_within": "constrained",
}

__all__ = [
    "METHODS",
    "SAMPLES",
    "Common",
    "ConstrainedPlacement",
    "PlaceVenue",
    "Placement",
    "Problem",
    "costs",
    "place",
    "place_within",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
