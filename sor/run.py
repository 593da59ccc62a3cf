"""From a source of snapshots to a report: what every front end calls."""

from __future__ import annotations

from collections.abc import Callable

from sor.core.book import Book
from sor.core.order import ParentOrder
from sor.core.schedule import Schedule
from sor.core.search import flat
from sor.core.session import Session
from sor.core.spec import Spec
from sor.core.strategies import BestAsk, Static, Twap
from sor.core.strategy import Strategy
from sor.core.units import format_time
from sor.errors import InputError
from sor.report.build import build
from sor.report.model import Report
from sor.source import Source

Watch = Callable[[Session, Book], None]


def run(source: Source, spec: Spec, watch: Watch | None = None) -> Report:
    """Feed the source through a session and report. `watch` is called after every batch, for screens."""
    first, last = _bounds(source)
    order = spec.order(first, last)
    _check_window(order, first, last)
    session = Session.of(order, spec.rules, _strategies(spec, order))
    for batch in source.batches():
        book = session.feed(batch)
        if watch is not None and book is not None:
            watch(session, book)
    outcome = session.finish()
    if not outcome.market.snapshots_in_window:
        raise _outside(order, first, last)
    return build(spec, outcome, flat(spec.grid), source.tape_facts(), source.stream_facts())


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


def _check_window(order: ParentOrder, first: int, last: int) -> None:
    if order.end < order.start:
        raise InputError(
            f"the window ends ({format_time(order.end)}) before it starts ({format_time(order.start)}): check --start and --end"
        )
    if order.start > last or order.end < first:
        raise _outside(order, first, last)


def _outside(order: ParentOrder, first: int, last: int) -> InputError:
    return InputError(
        f"no snapshot between {format_time(order.start)} and {format_time(order.end)}: the tape runs from "
        f"{format_time(first)} to {format_time(last)}; choose --start and --end inside it"
    )


def _strategies(spec: Spec, order: ParentOrder) -> list[Strategy]:
    return [BestAsk(), Twap(Schedule.of(order, spec.interval)), Static(spec.fees)]
