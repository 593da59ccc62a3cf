"""The search over parameters: which candidate was best, and whether the parameters made any difference."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sor.core.spec import Grid, Level, Parameters
from sor.core.units import plain


@dataclass(frozen=True, slots=True)
class SearchResult:
    """candidates: size of the grid; evaluated: how many were worked out; parameters_matter: if any two differed."""

    candidates: int
    evaluated: int
    parameters_matter: bool
    best: Parameters

    def best_parameters(self) -> dict[str, Any]:
        levels = {name: getattr(self.best, name) for name in ("lambda_over", "lambda_under", "theta_queue")}
        return {name: number(level) for name, level in levels.items()}

    def summary(self) -> dict[str, Any]:
        return {
            "candidates": self.candidates,
            "evaluated": self.evaluated,
            "parameters_matter": self.parameters_matter,
        }


def number(level: Level) -> Decimal:
    """The level's value as a decimal, to 1e-9."""
    return plain(Decimal(round(level.value * 10**9)).scaleb(-9))


def flat(grid: Grid) -> SearchResult:
    """The result for a strategy that has no parameters: every candidate is the same, so one evaluation is enough."""
    return SearchResult(len(grid), 1, False, grid.candidates()[0])
