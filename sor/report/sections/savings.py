"""What was saved: the headline and its intervals, on this order in sample, and over several orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING

from sor.core.backtest.headline import MICRO_BPS, Headline
from sor.core.backtest.sessions import OTHER_SCHEDULES, BacktestResult
from sor.core.execution.accounting import StrategyResult, savings
from sor.core.router.allocators import MARKET
from sor.core.spec import ROUTER, Spec
from sor.core.statistics import RESAMPLES, MeanEstimate, beyond_luck, bootstrap_t
from sor.report.encode import OneLine
from sor.report.sections.figures import figure, in_bps
from sor.report.sections.order_rows import order_outliers, order_rows

if TYPE_CHECKING:
    from sor.report.types.orders import OrdersSection
    from sor.report.types.savings import HeadlineSection, OutOfSample

BASELINES = (MARKET, *OTHER_SCHEDULES, "vwap")  # X_M first: it alone works the router's slices
METHOD = f"bootstrap-t over circular blocks of 5 slices, {RESAMPLES:,} resamples; Holm's correction but for X_M"
TRADABLE = (MARKET, *OTHER_SCHEDULES)
CHEAPER, DEARER, UNKNOWN = "cheaper", "more expensive", "no evidence of a difference"


def savings_on_this_order(chosen: StrategyResult, results: Mapping[str, StrategyResult]) -> dict[str, Decimal | None]:
    """The whole order against each baseline that ran."""
    return {name: in_bps(savings(chosen, results[name])) for name in BASELINES if name in results}


def headline_section(found: Headline | None) -> HeadlineSection | None:
    """The figure to quote; None where no router ran, or a share had no price."""
    if found is None or MARKET not in found.against:
        return None
    saved = found.against[MARKET]
    return {
        "strategy": found.name,
        "against": MARKET,
        "mean_savings_bps": in_bps(saved.savings),
        "ci95": _interval(saved.estimate),
        "slices": {"judged": found.judged, "of": found.slices},
        "verdict": _verdict(saved.savings, MARKET in found.beyond_luck),
        "by_slice_bps": OneLine(_in_micro(Fraction(value)) for value in saved.by_slice),
    }


def out_of_sample(found: BacktestResult) -> OutOfSample:
    """The walk-forward parent against every tradable baseline, share by share."""
    best, skipped = found.headline, dict(sorted(found.tuning.skipped.items()))
    if best is None:
        return {"slices": 0, "judged": 0, "mean_savings_bps": {}, "ci95": {}, "verdict": {}, "skipped": skipped}
    means = {name: in_bps(saved.savings) for name, saved in best.against.items()}
    return {
        "slices": best.slices,
        "judged": best.judged,
        "mean_savings_bps": means,
        "ci95": {name: _interval(saved.estimate) for name, saved in best.against.items()},
        "p_value": {name: _p(saved.estimate) for name, saved in best.against.items()},
        "verdict": {name: _verdict(saved.savings, name in best.beyond_luck) for name, saved in best.against.items()},
        "other_schedules": [name for name in OTHER_SCHEDULES if name in best.against],
        "ci_method": METHOD,
        "skipped": skipped,
    }


def over_orders(spec: Spec, found: BacktestResult) -> OrdersSection:
    """The distribution over the parent orders of --orders; empty for one order."""
    if not found.orders:
        return {}
    saved: dict[str, list[Fraction]] = {}
    chosen = worked_in_orders(spec, found)
    for outcome in found.orders:
        for name in BASELINES:
            value = savings(outcome.results[chosen], outcome.results[name])
            if value is not None:
                saved.setdefault(name, []).append(value)
    estimates = {name: _over_orders(values) for name, values in saved.items()}
    p_values = {name: estimate.p_value for name, estimate in estimates.items() if estimate.p_value is not None}
    certain = beyond_luck({name: p_values[name] for name in p_values if name in TRADABLE}, MARKET)
    return {
        "count": len(found.orders),
        "quantity": spec.quantity,
        "mean_savings_bps": {name: _in_micro(estimate.mean) for name, estimate in estimates.items()},
        "ci95": {name: _interval(estimate) for name, estimate in estimates.items()},
        "verdict": {
            name: _verdict(estimates[name].mean, name in certain)
            for name in saved
            if name in (MARKET, *OTHER_SCHEDULES)
        },
        "rows": order_rows(found, chosen, BASELINES),
        "outliers": order_outliers(found, chosen),
        "ci_method": f"bootstrap-t over orders, {RESAMPLES:,} resamples; Holm's correction but for X_M",
        "spread_bps": {
            name: {"min": in_bps(min(values)), "median": in_bps(median(values)), "max": in_bps(max(values))}
            for name, values in saved.items()
        },
    }


def worked_in_orders(spec: Spec, found: BacktestResult) -> str:
    """The strategy that works the parent orders of --orders: the chosen one, else the router."""
    return spec.strategy if spec.strategy in found.orders[0].results else ROUTER


def _over_orders(values: list[Fraction]) -> MeanEstimate:
    estimate = bootstrap_t([round(value * MICRO_BPS) for value in values], block=1)
    assert estimate is not None
    return estimate


def _in_micro(value: Fraction) -> Decimal:
    """1e-6 bps as basis points."""
    return figure(value / 10**6)


def _interval(estimate: MeanEstimate) -> list[Decimal] | None:
    if estimate.low is None or estimate.high is None:
        return None
    return [_in_micro(estimate.low), _in_micro(estimate.high)]


def _p(estimate: MeanEstimate) -> Decimal | None:
    return None if estimate.p_value is None else figure(estimate.p_value)


def _verdict(saved: Fraction, certain: bool) -> str:
    if not certain:
        return UNKNOWN
    return CHEAPER if saved > 0 else DEARER
