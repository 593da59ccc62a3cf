"""Every strategy and benchmark by name: cash, shares, what the cost against arrival is made of, and the venues."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sor.core.backtest.session import SessionResult
from sor.core.execution.accounting import BENCHMARK, StrategyResult, VenueShare
from sor.core.feed import ROUND_LOT
from sor.core.order import Side
from sor.core.router.allocators import EQUAL, MARKET, AllLimit
from sor.core.spec import SIMPLE
from sor.core.units import NANO, bps, dollars, round_half_even
from sor.report.sections.figures import in_bps, money
from sor.report.sections.venues import venue_label, venue_name

COSTS = ("slippage_bps", "timing_bps", "placement_bps", "fees_bps", "implementation_shortfall_bps")


def strategy_entries(outcome: SessionResult, round_lot: int) -> dict[str, dict[str, Any]]:
    """The entries in the order of the results."""
    labels = {MARKET: "all market", EQUAL: "equal split"}
    labels |= {AllLimit(venue).name: f"all limit at {venue_label(venue)}" for venue in outcome.market.venues}
    drift = outcome.results.get(MARKET)
    entries = {}
    for name, result in outcome.results.items():
        label = {"label": labels[name]} if name in labels else {}
        split = None if name in SIMPLE else drift
        entries[name] = label | strategy_entry(result, outcome.arrival2, split, round_lot)
    return entries


def strategy_entry(
    result: StrategyResult, arrival2: int | None, drift: StrategyResult | None = None, round_lot: int = ROUND_LOT
) -> dict[str, Any]:
    """One strategy's figures; drift: X_M, whose timing is the schedule's."""
    average = result.average
    entry: dict[str, Any] = {
        "total_cash": money(result.total_cash),
        "avg_fill_px": None if average is None else round_half_even(average / NANO, 9),
        "filled": result.filled,
        "leaves": result.leaves,
        "kind": result.kind,
        "forced": result.forced,
        "forced_beyond_displayed": result.forced_beyond_displayed,
        "fees": money(result.fees),
        "rebates": money(result.rebates),
        **costs(result, arrival2),
    }
    if result.kind == BENCHMARK:
        return entry
    shares = result.shares
    return {
        **entry,
        **_timing(result, drift, arrival2),
        "making_share": round_half_even(Fraction(result.maker_shares, shares), 6) if shares else None,
        "taking_share": round_half_even(Fraction(shares - result.maker_shares, shares), 6) if shares else None,
        "orders": result.order_count,
        "fills": len(result.fills),
        "odd_lot_fills": result.odd_lots(round_lot),
        "venues": [_venue(venue, result.side) for venue in result.venues],
    }


def costs(result: StrategyResult, arrival2: int | None) -> dict[str, Decimal | None]:
    """Costs against arrival, positive where they hurt: all of them sum to slippage_bps."""
    if arrival2 is None or result.cost is None or result.comparable is None:
        return dict.fromkeys(COSTS)
    arrival = Fraction(arrival2, 2)
    whole = abs(arrival) * result.shares
    average, fees = result.average, Fraction(result.fees - result.rebates)
    slippage = None if average is None else (average * result.side.sign - arrival) * result.shares
    figures = [None if part is None else bps(part, whole) for part in (slippage, result.timing, result.placement, fees)]
    return dict(zip(COSTS, [*figures, in_bps((result.comparable - arrival) / abs(arrival))], strict=True))


def _timing(result: StrategyResult, drift: StrategyResult | None, arrival2: int | None) -> dict[str, Decimal | None]:
    """The two parts of timing on the router's slices: the schedule's drift, which is X_M's timing, and selection."""
    mine, schedule = (_timing_ratio(one, arrival2) for one in (result, drift))
    selection = None if mine is None or schedule is None else mine - schedule
    return {"schedule_drift_bps": in_bps(schedule), "selection_bps": in_bps(selection)}


def _timing_ratio(result: StrategyResult | None, arrival2: int | None) -> Fraction | None:
    if result is None or result.timing is None or not arrival2 or not result.shares:
        return None
    return result.timing / (abs(Fraction(arrival2, 2)) * result.shares)


def _venue(venue: VenueShare, side: Side) -> dict[str, Any]:
    shares = venue.maker_shares + venue.taker_shares + venue.forced
    return {
        **venue_name(venue.venue),
        "shares": shares,
        "made": venue.maker_shares,
        "taken": venue.taker_shares,
        "forced": venue.forced,
        "avg_px": round_half_even(Fraction(venue.cost * side.sign, shares * NANO), 9),
        "fees": dollars(venue.fees),
        "rebates": dollars(venue.rebates),
    }


def views(entries: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the entries that ran, in the order of the names."""
    return {name: entries[name] for name in names if name in entries}
