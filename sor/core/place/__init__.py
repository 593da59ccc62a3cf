"""The Cont-Kukanov placement problem: how much to take, and how much to rest at each venue.

    from sor import Problem, place
    answer = place(Problem.from_json({...}))

R. Cont, A. Kukanov, "Optimal order placement in limit order markets", arXiv:1210.1625v4. The model, its formulas and
what is done differently here are in docs/model.md. `sor.core.place.integer` is the same in whole shares.
"""

from sor.core.place.problem import Common, Placement, Problem, Venue
from sor.core.place.solve import METHODS, SAMPLES, costs, place

__all__ = ["METHODS", "SAMPLES", "Common", "Placement", "Problem", "Venue", "costs", "place"]
