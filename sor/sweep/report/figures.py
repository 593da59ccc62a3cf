"""Figures of the report: estimates and means, rounded once, and which variant of a strategy they are of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan
from typing import Any

import numpy as np

from sor.sweep.report.bootstrap import BlockEstimate


def estimated(found: BlockEstimate) -> dict[str, Any]:
    """An estimate as an entry of the report."""
    known = found.low is not None and found.high is not None
    return {
        "orders": found.orders,
        "blocks": found.blocks,
        "mean_bps": rounded(found.mean),
        "ci95": [rounded(found.low), rounded(found.high)] if known else None,
        "p": rounded(found.p),
    }


def mean_of(values: Iterable[float | None]) -> float | None:
    """Of the values that are known."""
    known = [value for value in values if value is not None]
    return rounded(float(np.mean(known))) if known else None


def rounded(value: float | None) -> float | None:
    """To 1e-6; a zero has no sign."""
    if value is None or isnan(value):
        return None
    return round(float(value), 6) + 0.0


def label(entry: Mapping[str, Any]) -> str:
    """A strategy with those of its parameters that vary in the sweep."""
    text = ", ".join(f"{name} {value}" for name, value in entry["parameters"].items() if value != "default")
    return f"{entry['strategy']} ({text})" if text else str(entry["strategy"])
