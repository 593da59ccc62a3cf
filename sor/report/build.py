"""From the outcome of a session to the report of DESIGN section 10: the only place where figures are rounded."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any

import sor
from sor.core.accounting import Result, VenueShare, savings
from sor.core.backtest import Found, Walk
from sor.core.order import Side
from sor.core.path import PathPoint
from sor.core.search import SearchResult
from sor.core.session import Outcome
from sor.core.spec import ROUTER, Level, Spec
from sor.core.statistics import newey_west
from sor.core.units import NANO, bps, dollars, format_time, round_half_even
from sor.report.ledger import Ledger
from sor.report.model import Report
from sor.report.warnings import warnings
from sor.source import StreamFacts, TapeFacts

BRACKET = ("total_cash", "avg_fill_px", "filled", "forced", "making_share")
BASELINES = ("best_ask", "twap", "vwap")


def build(spec: Spec, found: Found, tape: TapeFacts, stream: StreamFacts) -> Report:
    """The report of one backtest."""
    outcome, search = found.outcome, found.search
    results = outcome.results
    chosen = results[spec.strategy]
    entries = {name: _strategy(result, outcome.arrival2) for name, result in results.items()}
    data: dict[str, Any] = {
        "best_parameters": _parameters(search),
        "optimized": entries[spec.strategy],
        "baselines": {name: entries[name] for name in BASELINES},
        "savings_vs_baselines_bps": _savings(chosen, results),
        "out_of_sample": _out_of_sample(found.walk),
        "search": _search(search),
        "order": _order(spec, outcome),
        "tape": _tape(tape, outcome),
        "stream": _stream(stream),
        "strategies": entries,
        "router": _router(found),
        "orders": _orders(spec, found),
        "rules": _rules(spec),
        "warnings": warnings(spec, found, tape, stream),
        "version": sor.__version__,
    }
    ledger = Ledger(spec.side, spec.fees, {name: result.fills for name, result in results.items()})
    return Report(data, ledger, _path(spec.side, outcome.path), search)


def _savings(chosen: Result, results: Mapping[str, Result]) -> dict[str, Decimal | None]:
    return {name: _bps(savings(chosen, results[name])) for name in BASELINES}


def _parameters(search: SearchResult) -> dict[str, Any]:
    """Dollars a share (multiples at the mean h, f and r of the run), and the multiples beside them."""
    names = ("lambda_over", "lambda_under", "theta_queue")
    levels: list[Level] = [getattr(search.best, name) for name in names]
    dollars_ = {
        name: None if value is None else round_half_even(value, 9)
        for name, value in zip(names, search.dollars, strict=True)
    }
    multiples = {
        name: round_half_even(level.value, 9) for name, level in zip(names, levels, strict=True) if level.multiple
    }
    return {**dollars_, "multiples": multiples}


def _search(search: SearchResult) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "candidates": search.candidates,
        "evaluated": search.evaluated,
        "parameters_matter": search.parameters_matter,
    }
    if search.pool_gap is not None:
        most, mean = search.pool_gap
        summary["pool_gap"] = {"max": _figure(most), "mean": _figure(mean)}
    if search.costs is not None:
        summary["in_sample_savings_vs_X_M_bps"] = {
            "best": _figure(-min(search.costs)),
            "worst": _figure(-max(search.costs)),
        }
    return summary


def _figure(value: float) -> Decimal:
    """A statistic (not money) to 1e-6."""
    return round_half_even(Fraction(value), 6)


def _out_of_sample(walk: Walk) -> dict[str, Any]:
    names = list(dict.fromkeys(name for one in walk.judged for name in one.savings))
    figures = {
        name: [float(one.savings[name] * 10_000) for one in walk.judged if name in one.savings] for name in names
    }
    return {"slices": len(walk.judged), **_intervals(figures), "skipped": dict(sorted(walk.skipped.items()))}


def _intervals(figures: Mapping[str, list[float]]) -> dict[str, Any]:
    """Mean savings and their 95 % confidence intervals by baseline, and what the interval says in words."""
    means: dict[str, Any] = {}
    intervals: dict[str, Any] = {}
    verdicts: dict[str, str] = {}
    for name, values in figures.items():
        interval = newey_west(values)
        if interval is None:
            continue
        means[name] = _figure(interval.mean)
        intervals[name] = (
            None if interval.low is None or interval.high is None else [_figure(interval.low), _figure(interval.high)]
        )
        if interval.contains_zero:
            verdicts[name] = "no evidence of a difference: the interval contains zero"
        else:
            verdicts[name] = "cheaper" if interval.mean > 0 else "dearer"
    method = "Newey-West (Bartlett kernel), normal quantile"
    return {"mean_savings_bps": means, "ci95": intervals, "verdict": verdicts, "ci_method": method}


def _router(found: Found) -> dict[str, Any]:
    """What the router met, and its result under each queue model, as a bracket; empty where it did not run."""
    if not found.bracket:
        return {}
    tally = found.tally
    return {
        "slices": tally.slices,
        "all_market": dict(sorted(tally.all_market.items())),
        "raised_penalties": tally.raised,
        "queue_models": {
            model: {
                **{key: value for key, value in entry.items() if key in BRACKET},
                "savings_vs_baselines_bps": _savings(result, found.outcome.results),
            }
            for model, result in found.bracket.items()
            for entry in [_strategy(result, found.outcome.arrival2)]
        },
    }


def _orders(spec: Spec, found: Found) -> dict[str, Any]:
    """The distribution over the parent orders of --orders; empty for one order."""
    if not found.orders:
        return {}
    figures: dict[str, list[float]] = {}
    for results in found.orders:
        for name in BASELINES:
            saved = savings(results[ROUTER], results[name])
            if saved is not None:
                figures.setdefault(name, []).append(float(saved * 10_000))
    spread = {
        name: {"min": _figure(min(values)), "median": _figure(median(values)), "max": _figure(max(values))}
        for name, values in figures.items()
    }
    return {"count": len(found.orders), "quantity": spec.quantity, **_intervals(figures), "spread_bps": spread}


def _bps(value: Fraction | None) -> Decimal | None:
    return None if value is None else bps(value, Fraction(1))


def _money(value: int | None) -> Decimal | None:
    return None if value is None else dollars(value)


def _strategy(result: Result, arrival2: int | None) -> dict[str, Any]:
    average = result.average
    entry: dict[str, Any] = {
        "total_cash": _money(result.total_cash),
        "avg_fill_px": None if average is None else round_half_even(average / NANO, 9),
        "filled": result.filled,
        "leaves": result.leaves,
        "kind": result.kind,
        "forced": result.forced,
        "forced_beyond_displayed": result.forced_beyond_displayed,
        "fees": _money(result.fees),
        "rebates": _money(result.rebates),
        **_costs(result, arrival2),
    }
    if result.kind == "strategy":
        shares = result.shares
        entry["making_share"] = round_half_even(Fraction(result.made, shares), 6) if shares else None
        entry["taking_share"] = round_half_even(Fraction(shares - result.made, shares), 6) if shares else None
        entry["fills"] = len(result.fills)
        entry["venues"] = [_venue(venue, result.side) for venue in result.venues]
    return entry


def _costs(result: Result, arrival2: int | None) -> dict[str, Decimal | None]:
    """Costs against arrival, positive where they hurt: all of them sum to slippage_bps."""
    names = ("slippage_bps", "timing_bps", "placement_bps", "fees_bps", "implementation_shortfall_bps")
    if arrival2 is None or result.cost is None or result.comparable is None:
        return dict.fromkeys(names)
    arrival = Fraction(arrival2, 2)
    whole = abs(arrival) * result.shares
    average, fees = result.average, Fraction(result.fees - result.rebates)
    slippage = None if average is None else (average * result.side.sign - arrival) * result.shares
    figures = [None if part is None else bps(part, whole) for part in (slippage, result.timing, result.placement, fees)]
    return dict(zip(names, [*figures, _bps((result.comparable - arrival) / abs(arrival))], strict=True))


def _venue(venue: VenueShare, side: Side) -> dict[str, Any]:
    shares = venue.made + venue.taken + venue.forced
    return {
        "publisher_id": venue.venue,
        "shares": shares,
        "made": venue.made,
        "taken": venue.taken,
        "forced": venue.forced,
        "avg_px": round_half_even(Fraction(venue.cost * side.sign, shares * NANO), 9),
        "fees": dollars(venue.fees),
        "rebates": dollars(venue.rebates),
    }


def _order(spec: Spec, outcome: Outcome) -> dict[str, Any]:
    order = outcome.order
    arrival = None if outcome.arrival2 is None else dollars(Fraction(outcome.arrival2 * order.side.sign, 2))
    return {
        "side": order.side.value,
        "quantity": order.quantity,
        "start": format_time(order.start),
        "end": format_time(order.end),
        "limit_price": _money(order.limit_price),
        "arrival_px": arrival,
        "participation": _participation(outcome),
    }


def _participation(outcome: Outcome) -> Decimal | None:
    volume = outcome.market.volume_in_window
    return round_half_even(Fraction(outcome.order.quantity, volume), 6) if volume else None


def _tape(tape: TapeFacts, outcome: Outcome) -> dict[str, Any]:
    market = outcome.market
    return {
        "name": tape.name,
        "symbol": tape.symbol,
        "rows": tape.rows,
        "bad_rows": tape.bad_rows,
        "out_of_order": tape.out_of_order,
        "snapshots": market.snapshots,
        "snapshots_in_window": market.snapshots_in_window,
        "quotes": market.quotes,
        "first": None if market.first_ts is None else format_time(market.first_ts),
        "last": None if market.last_ts is None else format_time(market.last_ts),
        "venues": list(market.venues),
        "trades_in_window": market.trades_in_window,
        "volume_in_window": market.volume_in_window,
    }


def _stream(stream: StreamFacts) -> dict[str, Any]:
    return {
        "expected": stream.expected,
        "received": stream.received,
        "duplicates": stream.duplicates,
        "gaps": stream.gaps,
        "rejected": stream.rejected,
        "complete": stream.complete,
    }


def _rules(spec: Spec) -> dict[str, Any]:
    def seconds(ns: int | None) -> Decimal | None:
        return None if ns is None else round_half_even(Fraction(ns, NANO), 9)

    return {
        "profile": spec.profile,
        "strategy": spec.strategy,
        "liquidity": spec.liquidity.value,
        "interval_s": seconds(spec.interval),
        "router_interval_s": seconds(spec.router_interval),
        "queue_model": spec.queue_model.value,
        "adverse_selection": spec.adverse_selection,
        "latency_us": round_half_even(Fraction(spec.latency, 1000), 3),
        "max_quote_age_s": seconds(spec.max_quote_age),
        "fees": _fees(spec),
        "grid": {
            "lambda_over": [str(level) for level in spec.grid.lambda_over],
            "lambda_under": [str(level) for level in spec.grid.lambda_under],
            "theta_queue": [str(level) for level in spec.grid.theta_queue],
        },
        "orders": spec.orders,
        "seed": spec.seed,
    }


def _fees(spec: Spec) -> Mapping[str, Any]:
    return {
        str(venue): {"take": dollars(fee.take), "make": dollars(fee.make)}
        for venue, fee in sorted(spec.fees.venues.items())
    }


def _path(side: Side, oriented: tuple[PathPoint, ...]) -> tuple[PathPoint, ...]:
    if side is Side.BUY:
        return oriented

    def turn(price: int | None) -> int | None:
        return None if price is None else -price

    return tuple(PathPoint(point.ts, turn(point.take), turn(point.rest)) for point in oriented)
