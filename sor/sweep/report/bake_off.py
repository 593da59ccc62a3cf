"""The bake-off: what each router saved against X_M on the same slices, which is the best, and how sure that is.

Savings are sums of nanodollars by slice, so that those of an order are what its parent saved, exactly. Days are drawn
where there are enough, else orders, else blocks of neighbouring slices; the same ones for every router.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sor.core.backtest.headline import MICRO_BPS
from sor.core.statistics import BLOCK, LEVEL, MeanEstimate, best_of, bootstrap_t, holm

if TYPE_CHECKING:
    from sor.sweep.report.types.sweep import BakeOff, BakeOffRouter

MARKET = "X_M"
ENOUGH_DAYS, ENOUGH_ORDERS = 10, 10  # fewer say too little of how they spread
Row = Mapping[str, Any]
Order = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is drawn: nanodollars saved against X_M by each router."""

    saved: Mapping[str, int]


def bake_off(runs: Mapping[str, Mapping[Order, Row]]) -> BakeOff | None:
    """runs: by router, the rows of its orders. None where fewer than two routers worked any order in common."""
    routers = {name: rows for name, rows in runs.items() if name != MARKET and any(map(_is_known, rows.values()))}
    if len(routers) < 2:
        return None
    orders = [key for key in next(iter(routers.values())) if all(_is_known(rows.get(key)) for rows in routers.values())]
    cost = sum(abs(_nano(next(iter(routers.values()))[key]["x_m_cost"])) for key in orders)
    if not cost:
        return None
    kind, units, block = _units(routers, orders)
    scale = Fraction(MICRO_BPS * len(units), cost)
    estimates = {name: bootstrap_t([round(unit.saved[name] * scale) for unit in units], block) for name in routers}
    sure = holm({name: e.p_value for name, e in estimates.items() if e is not None and e.p_value is not None})
    chances = best_of({MARKET: [0] * len(units)} | {n: [unit.saved[n] for unit in units] for n in routers}, block)
    entries = [
        _entry(name, [rows[key] for key in orders], estimates[name], chances[name], cost, name in sure)
        for name, rows in routers.items()
    ]
    ranked = sorted(entries, key=lambda entry: -entry["mean_savings_bps"])
    return {
        "against": MARKET,
        "orders": len(orders),
        "slices": sum(len(next(iter(routers.values()))[key]["saved_by_slice"]) for key in orders),
        "drawn": kind,
        "units": len(units),
        "routers": ranked,
        "probability_that_the_best_is_the_best": ranked[0]["probability_best"],
        "probability_that_X_M_is_the_best": _round(chances[MARKET]),
    }


def _is_known(row: Row | None) -> bool:
    return row is not None and row["saved_by_slice"] is not None and row["x_m_cost"] is not None


def _units(routers: Mapping[str, Mapping[Order, Row]], orders: Sequence[Order]) -> tuple[str, list[Unit], int]:
    """What is drawn, in words, one by one, and how many neighbours are drawn together."""
    first = next(iter(routers.values()))
    days: dict[Any, list[Order]] = defaultdict(list)
    for key in orders:
        days[first[key]["day"]].append(key)

    def total(keys: Sequence[Order]) -> Unit:
        return Unit({name: sum(sum(rows[key]["saved_by_slice"]) for key in keys) for name, rows in routers.items()})

    if len(days) >= ENOUGH_DAYS:
        return "days", [total(keys) for keys in days.values()], 1
    if len(orders) >= ENOUGH_ORDERS:
        return f"orders (fewer than {ENOUGH_DAYS} days)", [total([key]) for key in orders], 1
    units = [
        Unit({name: rows[key]["saved_by_slice"][at] for name, rows in routers.items()})
        for key in orders
        for at in range(min(len(rows[key]["saved_by_slice"]) for rows in routers.values()))
    ]
    return f"blocks of {BLOCK} slices (fewer than {ENOUGH_ORDERS} orders)", units, BLOCK


def _entry(
    name: str, rows: Sequence[Row], estimate: MeanEstimate | None, chance: Fraction, cost: int, sure: bool
) -> BakeOffRouter:
    """As the paper's Table 4: what rested and was filled, and the cost against the mid in cents a share."""
    saved = Fraction(sum(sum(row["saved_by_slice"]) for row in rows), cost)
    shares = sum(row["quantity"] for row in rows)
    cents = [
        (row["placement_bps"] + row["fees_bps"]) * row["arrival_px"] / 100 * row["quantity"]
        for row in rows
        if row["placement_bps"] is not None and row["arrival_px"] is not None
    ]
    known = estimate is not None and estimate.low is not None and estimate.high is not None
    bounds = [_micro(estimate.low), _micro(estimate.high)] if estimate is not None and known else None  # type: ignore[arg-type]
    return {
        "strategy": name,
        "mean_savings_bps": _round(saved * 10_000),
        "ci95": bounds,
        "p": None if estimate is None or estimate.p_value is None else _round(estimate.p_value),
        "found": "nothing" if not sure or not saved else "saves" if saved > 0 else "costs",
        "probability_best": _round(chance),
        "filled": _round(Fraction(sum(row["passive_shares"] for row in rows), shares)),
        "cost_cents_a_share": round(sum(cents) / shares, 6) if cents else None,
    }


def method() -> str:
    return (
        "savings against X_M's parent, share by share, weighted by money; bootstrap-t, 3,999 resamples in integers, "
        f"the same units for all; Holm over routers at {float(LEVEL):g}; best: the share of resamples in which it "
        "saved most, X_M among them; filled: shares that rested and were filled; cost: against the mid at the "
        "decision, fees included"
    )


def _nano(money: Decimal) -> int:
    return int(money.scaleb(9))


def _micro(value: Fraction) -> float:
    """1e-6 bps as basis points."""
    return _round(value / 10**6)


def _round(value: Fraction) -> float:
    return round(float(value), 6) + 0.0
