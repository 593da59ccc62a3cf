"""What a reader must know before believing a figure, as plain sentences."""

from __future__ import annotations

from collections.abc import Mapping

from sor.core.backtest.session import SessionResult
from sor.core.backtest.sessions import BacktestResult
from sor.core.execution.accounting import STRATEGY
from sor.core.execution.child_orders import EndReason
from sor.core.router.search_result import SearchResult
from sor.core.spec import SIMPLE, TUNED, Spec
from sor.core.units import NANO
from sor.doubts import doubled_doubts, fee_doubts, market_doubts
from sor.sources.source import StreamFacts, TapeFacts


def warnings(spec: Spec, found: BacktestResult, tape: TapeFacts, stream: StreamFacts) -> list[str]:
    """All that apply, the most general first."""
    outcome, search = found.outcome, found.search
    return [
        *_tape(tape),
        *fee_doubts(outcome.market.venues, spec.fees.venues),
        *stream.warnings,
        *found.window_warnings,
        *_market(outcome),
        *(market_doubts(outcome.health) if outcome.health else ()),
        *_search(spec, search),
        *_router(found),
        *_latency(spec),
        *_orders(spec, outcome),
        *_strategies(outcome),
        *_hidden(outcome, found.hidden_slices),
    ]


def _tape(tape: TapeFacts) -> list[str]:
    found: list[str] = []
    if tape.bad_rows:
        found.append(
            f"{_rows(tape.bad_rows)} of the tape could not be read and had to be left out; the first: {tape.first_bad}."
        )
    if tape.out_of_order:
        found.append(f"{_rows(tape.out_of_order)} of the tape came out of time order and had to be sorted by ts_event.")
    return [*found, *doubled_doubts(tape.doubled, tape.rows), *tape.notes]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _market(outcome: SessionResult) -> list[str]:
    market, order = outcome.market, outcome.order
    found = []
    if len(market.venues) == 1:
        found.append(
            "The tape has one venue only: there is nothing to route between, and all market strategies that act at "
            "the same moments are equal."
        )
    if outcome.arrival2 is None:
        found.append("There never was a quote on both sides: costs against arrival are null.")
    elif outcome.late_arrival:
        found.append("There was no mid price at the parent's start: the first one after it is the arrival price.")
    if market.volume_in_window and order.quantity * 10 > market.volume_in_window:
        found.append(
            f"The order is {order.quantity / market.volume_in_window:.1%} of the {market.volume_in_window:,} shares "
            "traded in the window: a tape cannot answer what such an order would have done to the market."
        )
    if not market.volume_in_window:
        found.append("No trades in the window: market_vwap is null, and resting orders cannot be filled.")
    return found


def _search(spec: Spec, search: SearchResult) -> list[str]:
    if search.candidates <= 1:
        return []
    if search.parameters_matter:
        return _edges(search)
    return [
        f"The search is flat: lambda_over, lambda_under and theta_queue cannot change what {spec.strategy} does "
        f"({search.candidates:,} candidates, one answer)."
    ]


def _edges(search: SearchResult) -> list[str]:
    """Where the best candidate is the largest of its axis, the search may have stopped too early."""
    grid, best = search.grid, search.best
    axes = {
        "lambda_over": (grid.lambda_over, best.lambda_over),
        "lambda_under": (grid.lambda_under, best.lambda_under),
        "theta_queue": (grid.theta_queue, best.theta_queue),
    }
    at = [name for name, (axis, level) in axes.items() if len(axis) > 1 and level == max(axis, key=lambda v: v.value)]
    return [f"The best {' and '.join(at)} is at the upper edge of the grid: a wider grid may do better."] if at else []


def _router(found: BacktestResult) -> list[str]:
    tally = found.tally
    said = [
        f"cont_kukanov: {count} of {tally.slices} slices went all market: {why}."
        for why, count in sorted(tally.all_market.items())
    ]
    if tally.raised:
        said.append(
            f"cont_kukanov: in {tally.raised} of {tally.slices} slices a penalty given in dollars was below what the "
            "model admits, and was raised to the least admissible value."
        )
    if found.headline is not None and not found.headline.judged and found.headline.name == TUNED:
        said.append("No slice could be judged out of sample: there is no figure that was not tuned on itself.")
    if found.tuning.completed:
        said.append(
            f"Tuning: {found.tuning.completed:,} of {found.tuning.worked:,} shares of its slices were completed at one "
            "price when their slice was over, whatever was displayed there: this order may be too large to tune on."
        )
    return said


def _latency(spec: Spec) -> list[str]:
    wait = spec.latency.longest + spec.rules.cancels.longest
    if spec.strategy in SIMPLE or not spec.latency or wait < spec.router_interval:
        return []
    return [
        f"An order and its cancel take {wait / NANO:g} s, a router slice is {spec.router_interval / NANO:g} s: "
        "decisions wait for the cancels of the slice before, so slices run into each other or are left out."
    ]


def _orders(spec: Spec, outcome: SessionResult) -> list[str]:
    """--orders that are over before their schedules have cut them."""
    lasts = (outcome.order.end - outcome.order.start) // spec.orders
    if spec.orders == 1 or lasts >= spec.interval:
        return []
    each = f"Each of the {spec.orders:,} parent orders lasts {_seconds(lasts)}"
    said = f"{each}, and a slice of TWAP {_seconds(spec.interval)}"
    if lasts < spec.router_interval and spec.strategy not in SIMPLE:
        return [f"{said}, of the router {_seconds(spec.router_interval)}: neither cuts them."]
    return [f"{said}: there TWAP buys at once, as best_ask does."]


def _seconds(ns: int) -> str:
    return f"{ns / NANO:.6g} s"


def _hidden(outcome: SessionResult, slices: Mapping[str, int]) -> list[str]:
    """What an NBBO tape left unknown."""
    takes = {
        name: count
        for name, result in outcome.results.items()
        if (count := sum(child.reason is EndReason.UNKNOWN for child in result.ended))
    }
    said = []
    if takes:
        said.append(f"Takes that arrived while the tape did not show their venue, and got nothing: {_by_name(takes)}.")
    if slices:
        said.append(f"Slices worked as X_M, since the tape did not show their venue at the best: {_by_name(slices)}.")
    return said


def _strategies(outcome: SessionResult) -> list[str]:
    """One sentence for one fact, with the strategies that it is about."""
    results = {name: result for name, result in outcome.results.items() if result.kind == STRATEGY}
    quantity = outcome.order.quantity
    unpriced = [name for name, result in results.items() if result.cost is None]
    forced = {name: result.forced for name, result in results.items() if result.forced}
    beyond = {
        name: result.forced_beyond_displayed for name, result in results.items() if result.forced_beyond_displayed
    }
    left = {name: r.leaves for name, r in results.items() if r.leaves and r.cost is not None and not r.stopped}
    said = []
    if unpriced:
        said.append(f"There never was an opposite quote, so cash and savings are null: {', '.join(unpriced)}.")
    if forced:
        said.append(f"Of {quantity:,} shares, completed at the deadline at one price: {_by_name(forced)}.")
    if beyond:
        said.append(f"Of those, more than the venue showed, a gift that no market gives: {_by_name(beyond)}.")
    if left:
        said.append(
            f"Left at the deadline by the limit price, and in comparisons at the last best opposite quote and its take "
            f"fee: {_by_name(left)}."
        )
    return said


def _by_name(shares: Mapping[str, int]) -> str:
    """best_ask 120, X_E and X_L_2 80 each: names with the same number together."""
    groups: dict[int, list[str]] = {}
    for name, count in shares.items():
        groups.setdefault(count, []).append(name)
    return "; ".join(
        f"{', '.join(names)} {count:,}{' each' if len(names) > 1 else ''}" for count, names in groups.items()
    )
