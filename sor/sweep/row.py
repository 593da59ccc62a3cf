"""One row of a sweep's table: what was asked, what the report says, and what only the fills can tell.

Money is exact (decimals of dollars), rates are floats in basis points. `report` is the whole report, byte for byte
what `sor backtest --json` prints for the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.accounting import StrategyResult, savings
from sor.core.execution.markout import HORIZONS, Markout
from sor.core.order import ParentOrder
from sor.core.units import NANO
from sor.report.report import Report
from sor.sweep.columns import table_of
from sor.sweep.plan import Cell
from sor.sweep.request import PARAMETERS

BASELINES = ("X_M", "best_ask", "twap", "vwap")
DONE, FAILED = "done", "failed"
MARKOUTS = tuple(f"markout_{horizon // NANO}s_bps" for horizon in HORIZONS)

_MONEY = pa.decimal128(38, 9)
_TIME = pa.timestamp("ns", "UTC")
_COSTS = ("slippage_bps", "timing_bps", "placement_bps", "fees_bps", "implementation_shortfall_bps")
_VENUE = pa.struct(
    [("publisher_id", pa.int64()), *((n, pa.int64()) for n in ("made", "taken", "forced")), ("avg_cost", pa.float64())]
)
_PASSIVE = pa.struct(
    [("ts", _TIME), ("publisher_id", pa.int64()), ("px", _MONEY), ("qty", pa.int64())]
    + [(name, pa.float64()) for name in MARKOUTS]
)
SCHEMA = pa.schema(
    [
        pa.field("cell", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("tape", pa.string(), nullable=False),
        ("symbol", pa.string()),
        ("day", pa.string()),
        ("side", pa.string()),
        ("quantity", pa.int64()),
        ("number", pa.int64()),
        ("start", _TIME),
        ("end", _TIME),
        ("interval_s", pa.float64()),
        ("strategy", pa.string()),
        ("param", pa.string()),
        *((name, pa.string()) for name in PARAMETERS),
        ("total_cash", _MONEY),
        ("avg_fill_px", _MONEY),
        ("filled", pa.int64()),
        ("leaves", pa.int64()),
        ("forced", pa.int64()),
        ("forced_beyond_displayed", pa.int64()),
        ("fees", _MONEY),
        ("rebates", _MONEY),
        ("making_share", pa.float64()),
        ("taking_share", pa.float64()),
        *((name, pa.float64()) for name in _COSTS),
        ("opportunity_bps", pa.float64()),
        ("participation", pa.float64()),
        ("arrival_px", pa.float64()),
        # Cost a share of the whole parent, leaves included: negative for a sell, whose proceeds are negative costs.
        ("cost_a_share", pa.float64()),
        *((f"cost_a_share_{name}", pa.float64()) for name in BASELINES),
        *((f"savings_{name}_bps", pa.float64()) for name in BASELINES),
        # Of the walk-forward parent against X_M's; null for strategies that do not work the router's slices.
        ("headline_bps", pa.float64()),
        # The same in nanodollars, by slice, and what X_M's parent cost.
        ("saved_by_slice", pa.list_(pa.int64())),
        ("x_m_cost", _MONEY),
        ("passive_shares", pa.int64()),
        *((name, pa.float64()) for name in MARKOUTS),
        ("passive_fills", pa.list_(_PASSIVE)),
        ("venues", pa.list_(_VENUE)),
        ("candidates", pa.int64()),
        ("parameters_matter", pa.bool_()),
        ("warnings", pa.int64()),
        ("report", pa.string()),
    ]
)


def failed_row(cell: Cell, reason: str) -> dict[str, Any]:
    return {**_asked(cell), "status": FAILED, "reason": " ".join(reason.split())}


def done_row(
    cell: Cell, order: ParentOrder, found: BacktestResult, report: Report, passive: Sequence[Markout]
) -> dict[str, Any]:
    results = found.outcome.results
    chosen = results[cell.spec.strategy]
    data = report.data
    entry = data["optimized"]
    return {
        **_asked(cell),
        "status": DONE,
        "symbol": cell.symbol if cell.symbol is not None else data["tape"]["symbol"],
        "start": order.start,
        "end": order.end,
        "day": data["order"]["start"][:10],
        **{name: entry[name] for name in ("total_cash", "avg_fill_px", "filled", "leaves", "forced")},
        **{name: entry[name] for name in ("forced_beyond_displayed", "fees", "rebates")},
        **{name: _float(entry.get(name)) for name in ("making_share", "taking_share", *_COSTS)},
        "opportunity_bps": _opportunity(chosen, found.outcome.arrival2),
        "participation": _float(data["order"]["participation"]),
        "arrival_px": _float(data["order"]["arrival_px"]),
        **_comparison(chosen, results),
        "headline_bps": None if data["headline"] is None else _float(data["headline"]["mean_savings_bps"]),
        **_by_slice(found),
        **_passive(passive, order.side.sign),
        "venues": [
            {
                "publisher_id": v.venue,
                "made": v.maker_shares,
                "taken": v.taker_shares,
                "forced": v.forced,
                "avg_cost": float(
                    Fraction(v.cost + v.fees - v.rebates, (v.maker_shares + v.taker_shares + v.forced) * NANO)
                ),
            }
            for v in chosen.venues
        ],
        "candidates": data["search"]["candidates"],
        "parameters_matter": data["search"]["parameters_matter"],
        "warnings": len(data["warnings"]),
        "report": report.to_json(),
    }


def file_of(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table_of(rows, SCHEMA), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _asked(cell: Cell) -> dict[str, Any]:
    return {
        "cell": cell.index,
        "tape": cell.tape,
        "symbol": cell.symbol,
        "side": cell.spec.side.value,
        "quantity": cell.spec.quantity,
        "number": cell.number,
        "interval_s": cell.spec.interval / NANO,
        "strategy": cell.spec.strategy,
        "param": "; ".join(f"{key}={value}" for key, value in cell.param) or None,
        **cell.parameters(),
    }


def _comparison(chosen: StrategyResult, results: Mapping[str, StrategyResult]) -> dict[str, float | None]:
    """Costs a share in dollars and savings in bps, from the exact fractions."""
    row: dict[str, float | None] = {"cost_a_share": _dollars(chosen.comparable)}
    for name in BASELINES:
        baseline = results.get(name)
        row[f"cost_a_share_{name}"] = None if baseline is None else _dollars(baseline.comparable)
        saved = None if baseline is None else savings(chosen, baseline)
        row[f"savings_{name}_bps"] = None if saved is None else float(saved * 10_000)
    return row


def _by_slice(found: BacktestResult) -> dict[str, Any]:
    saved = None if found.headline is None else found.headline.against.get("X_M")
    if saved is None:
        return {"saved_by_slice": None, "x_m_cost": None}
    return {"saved_by_slice": list(saved.saved), "x_m_cost": Decimal(saved.cost).scaleb(-9)}


def _opportunity(result: StrategyResult, arrival2: int | None) -> float | None:
    """What the leaves would still cost at the deadline against arrival, in bps of the whole parent's value."""
    if arrival2 is None or result.cost is None or result.comparable is None:
        return None
    arrival = Fraction(arrival2, 2)
    missed = result.comparable * result.quantity - result.cost - arrival * result.leaves
    return float(missed / (abs(arrival) * result.quantity) * 10_000)


def _passive(fills: Sequence[Markout], sign: int) -> dict[str, Any]:
    """Every passive fill, and its markouts weighted by shares."""
    row: dict[str, Any] = {
        "passive_shares": sum(one.fill.qty for one in fills),
        "passive_fills": [
            {
                "ts": one.fill.ts,
                "publisher_id": one.fill.venue,
                "px": Decimal(one.fill.px * sign).scaleb(-9),
                "qty": one.fill.qty,
                **dict(zip(MARKOUTS, one.bps, strict=True)),
            }
            for one in fills
        ],
    }
    for at, name in enumerate(MARKOUTS):
        known = [(one.fill.qty, bps) for one in fills if (bps := one.bps[at]) is not None]
        row[name] = sum(q * bps for q, bps in known) / sum(q for q, _ in known) if known else None
    return row


def _dollars(cost: Fraction | None) -> float | None:
    return None if cost is None else float(cost / NANO)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
