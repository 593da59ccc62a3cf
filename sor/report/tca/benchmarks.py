"""What the market did in the window, and how the order stands against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from sor.core.backtest.session import SessionResult
from sor.core.execution.accounting import StrategyResult
from sor.core.tca.market.window_market import PWP_RATES, minute_edges
from sor.core.units import NANO, format_time, round_half_even
from sor.report.sections.figures import in_bps

if TYPE_CHECKING:
    from sor.report.types.tca import PriceBenchmarks, WindowMinutes


def benchmarks(outcome: SessionResult) -> PriceBenchmarks:
    """Prices in dollars; null where the tape has none."""
    sign = outcome.order.side.sign
    return _by_benchmark(outcome, lambda price: round_half_even(price * sign / NANO, 9))


def against_benchmarks(result: StrategyResult, outcome: SessionResult) -> PriceBenchmarks:
    """What each saves against the order's average price, fees included, in basis points: positive hurts."""
    average = result.average
    mine = None if average is None else average * result.side.sign
    return _by_benchmark(
        outcome, lambda price: None if mine is None or not price else in_bps((mine - price) / abs(price))
    )


def schedule(outcome: SessionResult) -> WindowMinutes:
    """By minute of the window: when each begins, and the shares traded on exchanges in it."""
    window = outcome.window
    assert window is not None
    starts = minute_edges(outcome.order)
    return {"starts": [format_time(ts) for ts in starts], "volume": list(window.volumes)}


def _by_benchmark(outcome: SessionResult, shown: Callable[[Fraction], Decimal | None]) -> PriceBenchmarks:
    figures = {name: None if price is None else shown(price) for name, price in _prices(outcome).items()}
    return cast("PriceBenchmarks", figures)


def _prices(outcome: SessionResult) -> Mapping[str, Fraction | None]:
    """Oriented, in nanodollars."""
    window = outcome.window
    assert window is not None
    vwap = outcome.results["market_vwap"].comparable
    edges = {"open": window.open, "close": window.close}
    return {
        "interval_vwap": vwap,
        "mid_twap": window.mid_twap,
        **{name: None if price is None else Fraction(price) for name, price in edges.items()},
        **{f"pwp_{rate}": price for rate, price in zip(PWP_RATES, window.pwp, strict=True)},
    }
