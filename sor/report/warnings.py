"""What a reader must know before believing a figure, as plain sentences."""

from __future__ import annotations

from sor.core.backtest import Found
from sor.core.search import SearchResult
from sor.core.session import Outcome
from sor.core.spec import Spec
from sor.source import StreamFacts, TapeFacts


def warnings(spec: Spec, found: Found, tape: TapeFacts, stream: StreamFacts) -> list[str]:
    """All that apply, the most general first."""
    outcome, search = found.outcome, found.search
    return [
        *_tape(tape),
        *stream.warnings,
        *_market(outcome),
        *_search(spec, search),
        *_router(found),
        *_strategies(outcome),
    ]


def _tape(tape: TapeFacts) -> list[str]:
    found = []
    if tape.bad_rows:
        found.append(
            f"{_rows(tape.bad_rows)} of the tape could not be read and had to be left out; the first: {tape.first_bad}."
        )
    if tape.out_of_order:
        found.append(f"{_rows(tape.out_of_order)} of the tape came out of time order and had to be sorted by ts_event.")
    return found


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _market(outcome: Outcome) -> list[str]:
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


def _router(found: Found) -> list[str]:
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
    if found.bracket and not found.walk.judged:
        said.append("No slice could be judged out of sample: there is no figure that was not tuned on itself.")
    return said


def _strategies(outcome: Outcome) -> list[str]:
    found = []
    for name, result in outcome.results.items():
        if result.kind == "benchmark":
            continue
        if result.cost is None:
            found.append(f"{name}: there never was an opposite quote, so cash and savings are null.")
        if result.forced:
            found.append(f"{name}: {result.forced:,} of {result.quantity:,} shares were completed at the deadline.")
        if result.forced_beyond_displayed:
            found.append(
                f"{name}: {result.forced_beyond_displayed:,} of the forced shares were more than the venue showed: a "
                "gift that no market gives."
            )
        if result.leaves and result.cost is not None:
            found.append(
                f"{name}: {result.leaves:,} shares were left at the deadline by the limit price; they enter "
                "comparisons at the last best opposite quote."
            )
    return found
