"""The report as data frames, for notebooks: floats and timestamps, which pandas is quick with.

Exact money is in the JSON and in the files of `write`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from sor.report.model import ReportData

TIMES = ("ts", "decided", "joined")
ORDER_TYPES = {
    "strategy": "str",
    "child": "int64",
    "slice": "Int64",
    "publisher_id": "int64",
    "venue": "str",
    "mic": "str",
    "kind": "str",
    "px": "float64",
    "qty": "int64",
    "decided": "time",
    "mid": "float64",
    "spread": "float64",
    "arrived": "time",
    "queue_ahead": "Int64",
    "filled": "int64",
    "first_fill": "time",
    "last_fill": "time",
    "ended": "time",
    "why": "str",
}


def strategies_frame(report: ReportData) -> pd.DataFrame:
    """One row a strategy, indexed by its name, with every figure of the report's `strategies` but the tables by venue.

    `savings_bps` is what the chosen strategy saved against that row (NaN where the report does not compare them).
    """
    strategies = report.data["strategies"]
    rows = [{key: _plain(value) for key, value in entry.items() if _is_figure(value)} for entry in strategies.values()]
    frame = pd.DataFrame(rows, index=pd.Index(list(strategies), name="strategy"))
    saved = report.data["savings_vs_baselines_bps"]
    frame["savings_bps"] = pd.Series({name: _plain(value) for name, value in saved.items()}, dtype="float64")
    return frame


def fills_frame(report: ReportData) -> pd.DataFrame:
    """One row a fill, strategies in the report's order and times ascending within each.

    Columns as in FillRecord; ts, decided and joined are UTC timestamps with nanoseconds, px, mid and fee are floats.
    """
    fills = report.fill_records
    columns: dict[str, Any] = {
        "strategy": pd.Series([f.strategy for f in fills], dtype="str"),
        "ts": [f.ts for f in fills],
        "publisher_id": _ints(f.publisher_id for f in fills),
        "venue": pd.Series([f.venue for f in fills], dtype="str"),
        "px": _floats(f.px for f in fills),
        "qty": _ints(f.qty for f in fills),
        "kind": pd.Series([f.kind for f in fills], dtype="str"),
        "decided": [f.decided for f in fills],
        "mid": _floats(f.mid for f in fills),
        "joined": [f.joined for f in fills],
        "queue_ahead": pd.Series([f.queue_ahead for f in fills], dtype="Int64"),
        "fee": _floats(f.fee for f in fills),
        "child": _ints(f.child for f in fills),
        "why": pd.Series([f.why for f in fills], dtype="str"),
    }
    for name in TIMES:
        columns[name] = pd.to_datetime(pd.Series(columns[name], dtype="int64"), utc=True, unit="ns")
    return pd.DataFrame(columns)


def orders_frame(report: ReportData) -> pd.DataFrame:
    """One row a child order, strategies in the report's order and as they were sent within each.

    Columns as in OrderRecord; decided, arrived, first_fill, last_fill and ended are UTC timestamps with nanoseconds
    (NaT where there is none), px, mid and spread are floats, slice and queue_ahead integers that may be missing.
    """
    orders = report.order_records
    columns: dict[str, Any] = {}
    for name, kind in ORDER_TYPES.items():
        values = [getattr(order, name) for order in orders]
        if kind == "float64":
            columns[name] = _floats(values)
        elif kind == "time":
            columns[name] = pd.to_datetime(pd.Series(values, dtype="Int64"), utc=True, unit="ns")
        else:
            columns[name] = pd.Series(values, dtype=kind)
    return pd.DataFrame(columns)


def _is_figure(value: Any) -> bool:
    return not isinstance(value, Mapping | list | tuple)


def _plain(value: Any) -> Any:
    """A Decimal as the nearest float, nothing as NaN."""
    return float("nan") if value is None else float(value) if isinstance(value, Decimal) else value


def _ints(values: Iterable[int]) -> pd.Series[int]:
    return pd.Series(list(values), dtype="int64")


def _floats(values: Iterable[Decimal | None]) -> pd.Series[float]:
    return pd.Series([_plain(value) for value in values], dtype="float64")
