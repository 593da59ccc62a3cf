"""Figures of the report: estimates and means, rounded once, and which variant of a strategy they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from sor.sweep.report.bootstrap import BlockEstimate

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import MeanOfOrders


def estimated(found: BlockEstimate) -> MeanOfOrders:
    """An estimate as an entry of the report."""
    return {
        "orders": found.orders,
        "blocks": found.blocks,
        "mean_bps": rounded(found.mean),
        "ci95": None if found.low is None or found.high is None else [rounded(found.low), rounded(found.high)],
        "p": rounded(found.p),
    }


def mean_of(values: Iterable[float | None]) -> float | None:
    """Of the values that are known."""
    known = [value for value in values if value is not None]
    return rounded(float(np.mean(known))) if known else None


@overload
def rounded(value: float) -> float: ...
@overload
def rounded(value: float | None) -> float | None: ...
def rounded(value: float | None) -> float | None:
    """To 1e-6; a zero has no sign."""
    return None if value is None else round(float(value), 6) + 0.0


def label(entry: Mapping[str, Any]) -> str:
    """A strategy with those of its parameters that vary in the sweep."""
    text = ", ".join(f"{name} {value}" for name, value in entry["parameters"].items() if value != "default")
    return f"{entry['strategy']} ({text})" if text else str(entry["strategy"])
