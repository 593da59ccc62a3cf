"""From a source of snapshots to a report: what every front end calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sor.core.backtest.sessions import BacktestResult, OnBatch, StoppableStream, Stream
from sor.core.backtest.two_pass import backtest
from sor.core.backtest.worker_pool import WorkerPool
from sor.core.feed import Feed, Form
from sor.core.market.batch import SnapshotBatch
from sor.core.market.stale_crossed import StaleFilter
from sor.core.market.timeline import Timeline
from sor.core.order import Side
from sor.core.router.allocators import lookback
from sor.core.spec import SIMPLE, Spec
from sor.core.tca.market.fill_quotes import looked_after
from sor.errors import InputError
from sor.options.windows import NEW_YORK, Window, choose_window, hole_warnings, is_night, market_zone
from sor.options.zones import Zone
from sor.report.build import build
from sor.report.report import Report
from sor.running.collector import seldom_collected
from sor.sources.part import Part
from sor.sources.source import Seekable, Source, Stoppable, TapeWindow, TimelineSource, stated_of

WorkerPoolFor = Callable[[Source, Spec, Window], WorkerPool]  # of those who have the same source, for this order


def run(
    source: Source,
    spec: Spec,
    watch: OnBatch | None = None,
    request: Mapping[str, Any] | None = None,
    pool: WorkerPoolFor | None = None,
) -> Report:
    """Feed the source through a backtest and report. `watch` is called after every batch, for screens; request: the
    options as they were given; pool: others who work on it as well, which changes no byte of the report."""
    window = window_of(source, spec)
    spec = of_the_day(spec, window)
    found = find(source, spec, watch, window, pool)
    return build(spec, found, source.tape_facts(), source.stream_facts(), source.form, request)


def of_the_day(spec: Spec, window: Window) -> Spec:
    """The same with the fees of the window's day in New York."""
    return replace(spec, fees=spec.fees.on(Zone.named(NEW_YORK).date_of(window.order.start)))


def find(
    source: Source,
    spec: Spec,
    watch: OnBatch | None = None,
    window: Window | None = None,
    pool: WorkerPoolFor | None = None,
) -> BacktestResult:
    """The first half of `run`: everything that is found, as exact values. window: where it is known already."""
    window = window_of(source, spec) if window is None else window
    spec = replace(spec, feed=Feed(source.form, source.prints_late), decided=window.decided)
    _check_bids(source, spec)
    part = _part_worked(source, spec, window)
    others = None if pool is None else pool(source, spec, window)
    with seldom_collected():
        found = backtest(_stream(source, part, spec), spec, window.order, watch, others)
    if not found.outcome.market.snapshots_in_window:
        raise _empty(spec, window, source)
    _check_bids(source, spec)  # a live stream shows what its messages hold only once it has been read
    # Only a part was worked, and a report describes the whole tape.
    outcome = replace(found.outcome, market=part.of_whole(found.outcome.market))
    late = _holes_met(spec, window, part) if isinstance(part, Part) and not isinstance(source, TimelineSource) else ()
    return replace(found, outcome=outcome, asked=window.asked, window_warnings=(*window.warnings, *late))


def stream_of(source: Source, spec: Spec, window: Window) -> Stream:
    """What a backtest of this order is fed. spec: as `find` has made it."""
    return _stream(source, _part_worked(source, spec, window), spec)


def _part_worked(source: Source, spec: Spec, window: Window) -> TapeWindow:
    return part_of(source, spec, window, after=looked_after(window.order.start, window.order.end))


def _stream(source: Source, part: Source, spec: Spec) -> Stream:
    """A fresh pass over the part each time; of a source that can be stopped, one that says whether it was."""

    def passes() -> Iterable[SnapshotBatch]:
        return market_of(part, spec)

    return StoppableStream(passes, lambda: source.stopped) if isinstance(source, Stoppable) else passes


def market_of(source: Source, spec: Spec) -> Iterator[SnapshotBatch]:
    """A pass over a source's snapshots, without the quotes that --stale-crossed leaves out."""
    batches = source.batches()
    return batches if spec.stale_crossed is None else StaleFilter(spec.stale_crossed).batches(batches)


def window_of(source: Source, spec: Spec) -> Window:
    """The window that an order is worked in. InputError where the source has no answer for the one asked for."""
    if isinstance(source, TimelineSource):
        return choose_window(spec, source.timeline())
    bounds = source.bounds()
    if bounds is not None:
        return choose_window(spec, Timeline(*bounds, stated=stated_of(source)))
    # A stream that does not say when it ends: its horizon is known once it has been read, so read it first.
    for _ in source.batches():
        pass
    bounds = source.bounds()
    if bounds is None:
        raise InputError("the stream holds no snapshots")
    return choose_window(spec, Timeline(*bounds), judged=False)


def part_of(source: Source, spec: Spec, window: Window, *, history: int | None = None, after: int = 0) -> TapeWindow:
    """Of a source what this order can see: the report is the whole source's, byte for byte.

    history: ns before the order in which its router may look for outflows (None: as many as it can look back on);
    after: ns after its end that are wanted as well.
    """
    if isinstance(source, TapeWindow):
        return source
    order = window.order
    decided = order.start if window.decided is None else window.decided
    start, end = min(decided, order.start - _lookback(spec, history)), order.end + after
    if source.form is Form.NBBO or spec.stale_crossed is not None:
        start = window.day_start  # no one quote a venue says what stood there before
    if isinstance(source, Seekable):
        return source.window(start, end, window.day_start)
    zone = market_zone(spec, source.timeline() if isinstance(source, TimelineSource) else None)

    def judge(seen: Timeline) -> None:
        hole_warnings(spec, seen, (order.start, order.end))  # which is an error for a night

    return Part(source, start, end, order_start=order.start, is_night=lambda hole: is_night(hole, zone), on_hole=judge)


def _lookback(spec: Spec, history: int | None) -> int:
    before = spec.max_quote_age or 0
    if spec.strategy not in SIMPLE:
        before += lookback(spec.router_interval, spec.rules.cancels) if history is None else history
    return before


def _holes_met(spec: Spec, window: Window, part: Part) -> tuple[str, ...]:
    return hole_warnings(spec, part.seen, (window.order.start, window.order.end))


def _check_bids(source: Source, spec: Spec) -> None:
    if source.has_bids:
        return
    if spec.side is Side.SELL:
        raise InputError("the stream carries no bids, and a sell needs them: produce it with `sor produce`")
    if spec.strategy not in SIMPLE:
        raise InputError(
            f"the stream carries no bids, and {spec.strategy} needs them: choose --strategy static, best_ask or twap"
        )


def _empty(spec: Spec, window: Window, source: Source) -> InputError:
    show = Zone.named(spec.tz).show
    first, last = source.bounds() or (window.order.start, window.order.end)
    return InputError(
        f"no snapshot between {show(window.order.start)} and {show(window.order.end)}: the tape runs from "
        f"{show(first)} to {show(last)}; choose --start and --end inside it"
    )
