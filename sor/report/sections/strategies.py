"""Every strategy and benchmark by name: cash, shares, what the cost against arrival is made of, and the venues."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict, cast

from sor.core.backtest.session import SessionResult
from sor.core.execution.accounting import BENCHMARK, StrategyResult, VenueShare
from sor.core.feed import ROUND_LOT
from sor.core.order import Side
from sor.core.router.allocators import EQUAL, MARKET, AllLimit
from sor.core.spec import SIMPLE
from sor.core.units import NANO, bps, dollars, round_half_even
from sor.report.sections.figures import in_bps, money
from sor.report.sections.venues import venue_label, venue_name

if TYPE_CHECKING:
    from sor.report.types.strategies import StrategyEntry, VenueRow


class Costs(TypedDict):
    """Keys that the strategies and the rows of --orders have in common."""

    slippage_bps: Decimal | None
    timing_bps: Decimal | None
    placement_bps: Decimal | None
    fees_bps: Decimal | None
    implementation_shortfall_bps: Decimal | None


def strategy_entries(outcome: SessionResult, round_lot: int) -> dict[str, StrategyEntry]:
    """The entries in the order of the results."""
    labels = {MARKET: "all market", EQUAL: "equal split"}
    labels |= {AllLimit(venue).name: f"all limit at {venue_label(venue)}" for venue in outcome.market.venues}
    drift = outcome.results.get(MARKET)
    entries: dict[str, StrategyEntry] = {}
    for name, result in outcome.results.items():
        split = None if name in SIMPLE else drift
        entry = strategy_entry(result, outcome.arrival2, split, round_lot)
        entries[name] = _labelled(labels[name], entry) if name in labels else entry
    return entries


def _labelled(label: str, entry: Mapping[str, Any]) -> StrategyEntry:
    return cast("StrategyEntry", {"label": label, **entry})


def strategy_entry(
    result: StrategyResult, arrival2: int | None, drift: StrategyResult | None = None, round_lot: int = ROUND_LOT
) -> StrategyEntry:
    """One strategy's figures; drift: X_M, whose timing is the schedule's."""
    average, paid = result.average, costs(result, arrival2)
    entry: StrategyEntry = {
        "total_cash": money(result.total_cash),
        "avg_fill_px": None if average is None else round_half_even(average / NANO, 9),
        "filled": result.filled,
        "leaves": result.leaves,
        "kind": result.kind,
        "forced": result.forced,
        "forced_beyond_displayed": result.forced_beyond_displayed,
        "fees": dollars(result.fees),
        "rebates": dollars(result.rebates),
        "slippage_bps": paid["slippage_bps"],
        "timing_bps": paid["timing_bps"],
        "placement_bps": paid["placement_bps"],
        "fees_bps": paid["fees_bps"],
        "implementation_shortfall_bps": paid["implementation_shortfall_bps"],
    }
    if result.kind == BENCHMARK:
        return entry
    shares = result.shares
    entry["schedule_drift_bps"], entry["selection_bps"] = _timing(result, drift, arrival2)
    entry["making_share"] = round_half_even(Fraction(result.maker_shares, shares), 6) if shares else None
    entry["taking_share"] = round_half_even(Fraction(shares - result.maker_shares, shares), 6) if shares else None
    entry["orders"] = result.order_count
    entry["fills"] = len(result.fills)
    entry["odd_lot_fills"] = result.odd_lots(round_lot)
    entry["venues"] = [_venue(venue, result.side) for venue in result.venues]
    return entry


def costs(result: StrategyResult, arrival2: int | None) -> Costs:
    """Costs against arrival, positive where they hurt: all of them sum to slippage_bps."""
    if arrival2 is None or result.cost is None or result.comparable is None:
        return Costs(
            slippage_bps=None, timing_bps=None, placement_bps=None, fees_bps=None, implementation_shortfall_bps=None
        )
    arrival = Fraction(arrival2, 2)
    whole = abs(arrival) * result.shares
    average, fees = result.average, Fraction(result.fees - result.rebates)
    slippage = None if average is None else (average * result.side.sign - arrival) * result.shares
    return {
        "slippage_bps": None if slippage is None else bps(slippage, whole),
        "timing_bps": None if result.timing is None else bps(result.timing, whole),
        "placement_bps": None if result.placement is None else bps(result.placement, whole),
        "fees_bps": bps(fees, whole),
        "implementation_shortfall_bps": in_bps((result.comparable - arrival) / abs(arrival)),
    }


def _timing(
    result: StrategyResult, drift: StrategyResult | None, arrival2: int | None
) -> tuple[Decimal | None, Decimal | None]:
    """Of the timing on the router's slices, the schedule's drift, which is X_M's timing, and selection."""
    mine, schedule = (_timing_ratio(one, arrival2) for one in (result, drift))
    selection = None if mine is None or schedule is None else mine - schedule
    return in_bps(schedule), in_bps(selection)


def _timing_ratio(result: StrategyResult | None, arrival2: int | None) -> Fraction | None:
    if result is None or result.timing is None or not arrival2 or not result.shares:
        return None
    return result.timing / (abs(Fraction(arrival2, 2)) * result.shares)


def _venue(venue: VenueShare, side: Side) -> VenueRow:
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


def views(entries: Mapping[str, StrategyEntry], names: tuple[str, ...]) -> dict[str, StrategyEntry]:
    """Those of the entries that ran, in the order of the names."""
    return {name: entries[name] for name in names if name in entries}
