"""What the search over parameters found: the best candidate, what it is in dollars, and if parameters mattered."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sor.core.market.batch import Ints
from sor.core.router.walk_forward import Scale, Study
from sor.core.spec import Grid, Level, Parameters
from sor.core.units import NANO


@dataclass(frozen=True, slots=True)
class SearchResult:
    """candidates: size of the grid; evaluated: candidates whose cost was worked out; parameters_matter: if any two
    differed in it; dollars: the best candidate at the mean h, f and r of the run (over, under, theta), $/share, None
    for a multiple where no slice had a placement problem and so nothing is known that it could be a multiple of.

    pool_gap: largest and mean gap of the pool over the slices; costs: cost a share beyond X_M by candidate, in bps of
    X_M, for the heat map; None where no search took place.
    """

    grid: Grid
    evaluated: int
    parameters_matter: bool
    best: Parameters
    dollars: tuple[Fraction | None, Fraction | None, Fraction | None]
    pool_gap: tuple[float, float] | None = None
    costs: tuple[float, ...] | None = None

    @property
    def candidates(self) -> int:
        return len(self.grid)


def flat(grid: Grid) -> SearchResult:
    """For a strategy that has no parameters: every candidate is the same, so one evaluation is enough."""
    best = grid.first()
    return SearchResult(grid, 1, False, best, _all_dollars(best, None))


def searched(study: Study) -> SearchResult:
    """The in-sample result of a finished study."""
    best = study.grid.candidates()[study.best]
    gaps = study.gaps
    return SearchResult(
        grid=study.grid,
        evaluated=len(study.grid) if study.tuned else 0,
        parameters_matter=bool(study.totals.min() != study.totals.max()),
        best=best,
        dollars=_all_dollars(best, study.mean_scale()),
        pool_gap=(max(gaps), sum(gaps) / len(gaps)) if gaps else None,
        costs=_relative(study.totals, study.market_cost) if study.tuned else None,
    )


def _all_dollars(best: Parameters, scale: Scale | None) -> tuple[Fraction | None, Fraction | None, Fraction | None]:
    over, under, half = (None, None, None) if scale is None else (scale.over, scale.under, scale.half_spread)
    return _dollars(best.lambda_over, over), _dollars(best.lambda_under, under), _dollars(best.theta_queue, half)


def _dollars(level: Level, scale: Fraction | None) -> Fraction | None:
    if not level.multiple:
        return level.value
    return None if scale is None else level.value * scale / NANO


def _relative(totals: Ints, market_cost: int) -> tuple[float, ...]:
    return tuple((totals.astype(np.float64) / max(market_cost, 1) * 1e4).tolist())
