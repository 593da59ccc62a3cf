"""From a source of snapshots to a report: what every front end calls."""

from __future__ import annotations

from dataclasses import replace

from sor.core.backtest import Found, Watch, backtest
from sor.core.order import ParentOrder, Side
from sor.core.router import lookback
from sor.core.spec import SIMPLE, Spec
from sor.core.units import format_time
from sor.errors import InputError
from sor.report.build import build
from sor.report.model import Report
from sor.source import Seekable, Source, TapeWindow


def run(source: Source, spec: Spec, watch: Watch | None = None) -> Report:
    """Feed the source through a backtest and report. `watch` is called after every batch, for screens."""
    return build(spec, find(source, spec, watch), source.tape_facts(), source.stream_facts())


def find(source: Source, spec: Spec, watch: Watch | None = None) -> Found:
    """The first half of `run`: everything that is found, as exact values."""
    first, last = _bounds(source)
    _check_bids(source, spec)
    order = spec.order(first, last)
    _check_window(order, first, last)
    source = part_of(source, spec, order)
    found = backtest(source.batches, spec, order, watch)
    if not found.outcome.market.snapshots_in_window:
        raise _outside(order, first, last)
    _check_bids(source, spec)  # a live stream shows what its messages hold only once it has been read
    if isinstance(source, TapeWindow):
        # Only a part was read, and a report tells of the whole tape.
        found = replace(found, outcome=replace(found.outcome, market=source.of_whole(found.outcome.market)))
    return found


def part_of(source: Source, spec: Spec, order: ParentOrder, *, history: int | None = None, after: int = 0) -> Source:
    """Of a tape that can be read in parts, what this order can see: the report is the whole tape's, byte for byte.

    history: ns before the order in which its router may look for outflows (None: as many as it can look back on);
    after: ns after its end that are wanted as well.
    """
    if not isinstance(source, Seekable):
        return source
    before = spec.max_quote_age or 0
    if spec.strategy not in SIMPLE:
        before += lookback(spec.router_interval) if history is None else history
    return source.window(order.start - before, order.end + after)


def _bounds(source: Source) -> tuple[int, int]:
    bounds = source.bounds()
    if bounds is None:
        # A stream that does not say when it ends: its horizon is known once it has been read, so read it first.
        for _ in source.batches():
            pass
        bounds = source.bounds()
    if bounds is None:
        raise InputError("the stream holds no snapshots")
    return bounds


def _check_bids(source: Source, spec: Spec) -> None:
    if source.has_bids:
        return
    if spec.side is Side.SELL:
        raise InputError("the stream carries no bids, and a sell needs them: produce it with `sor produce`")
    if spec.strategy not in SIMPLE:
        raise InputError(
            f"the stream carries no bids, and {spec.strategy} needs them: choose --strategy static, best_ask or twap"
        )


def _check_window(order: ParentOrder, first: int, last: int) -> None:
    if order.start > last or order.end < first:
        raise _outside(order, first, last)
    if order.end < order.start:
        raise InputError(
            f"the window ends ({format_time(order.end)}) before it starts ({format_time(order.start)}): "
            "check --start and --end"
        )


def _outside(order: ParentOrder, first: int, last: int) -> InputError:
    return InputError(
        f"no snapshot between {format_time(order.start)} and {format_time(order.end)}: the tape runs from "
        f"{format_time(first)} to {format_time(last)}; choose --start and --end inside it"
    )
