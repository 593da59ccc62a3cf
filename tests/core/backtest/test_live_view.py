"""Live views: they show what the session holds, cost nothing of it, and agree with the report in the end."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from sor.core.backtest.live_view import POINTS, LiveView
from sor.core.backtest.live_view_builder import LiveViewBuilder
from sor.core.backtest.session import Session
from sor.core.market.batch import SnapshotBatch
from sor.core.market.book import Book
from sor.core.spec import ROUTER, TUNED
from sor.core.units import parse_time
from sor.request import BacktestRequest
from sor.running.run import run
from sor.running.tape_source import tape_source
from sor.sources.source import Source, StreamFacts, TapeFacts

OPTIONS: dict[str, Any] = {
    "start": "13:31:00", "end": "13:32:00", "quantity": 1_500, "lambda_over": "1.5x", "lambda_under": "2x",
    "theta_queue": "1x",
}  # fmt: skip

UNTIL = parse_time("2024-06-03T13:32:05Z")


class Cut:
    """A source up to UNTIL, in batches of a given size."""

    def __init__(self, source: Source, size: int) -> None:
        self._source, self._size = source, size
        self.has_bids, self.form, self.prints_late = source.has_bids, source.form, source.prints_late

    def bounds(self) -> tuple[int, int] | None:
        return self._source.bounds()

    def batches(self) -> Iterator[SnapshotBatch]:
        for batch in self._source.batches():
            stop = int((batch.ts <= UNTIL).sum())
            for start in range(0, stop, self._size):
                yield batch.slice(start, min(stop, start + self._size))

    def tape_facts(self) -> TapeFacts:
        return self._source.tape_facts()

    def stream_facts(self) -> StreamFacts:
        return self._source.stream_facts()


@pytest.fixture(scope="module")
def source() -> Source:
    return tape_source(BacktestRequest())


def watched(source: Source, size: int, **more: Any) -> tuple[list[LiveView], Any]:
    """Every view of a run, the last one after its end, and the report."""
    spec = BacktestRequest(**{**OPTIONS, **more}).spec()
    follower = LiveViewBuilder(TUNED if spec.strategy == ROUTER else spec.strategy)
    views: list[LiveView] = []
    last: list[tuple[Session, Book]] = []

    def watch(session: Session, book: Book) -> None:
        last[:] = [(session, book)]
        views.append(follower.snapshot(session, book))

    report = run(Cut(source, size), spec, watch)
    views.append(follower.snapshot(*last[0]))
    return views, report


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_last_view_agrees_with_the_report(source: Source, side: str) -> None:
    views, report = watched(source, 1_000, side=side)
    last = views[-1]
    for line in last.strategies:
        entry = report.data["strategies"][line.name]
        assert (line.done, line.forced, line.fills) == (entry["filled"], entry["forced"], entry["fills"])
        shares = line.done + line.forced
        assert last.arrival is not None
        assert line.cost is not None
        bps = Decimal(line.cost) / (Decimal(last.arrival) * shares) * 10_000
        assert abs(bps - entry["slippage_bps"]) < Decimal("0.001")
        assert line.average is not None
        assert abs(Decimal(line.average) / 10**9 - entry["avg_fill_px"]) < Decimal("1e-8")
        assert line.made == sum(venue["made"] for venue in entry["venues"])
        assert len(line.path) == len(line.shares_path) == POINTS + 1
        assert (line.path[-1], line.shares_path[-1]) == (line.cost, shares)
        for part, name in ((line.timing, "timing_bps"), (line.placement, "placement_bps"), (line.fees, "fees_bps")):
            assert part is not None
            assert abs(Decimal(part) / (Decimal(last.arrival) * shares) * 10_000 - entry[name]) < Decimal("0.001")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_market_and_the_marks_are_on_one_grid(source: Source, side: str) -> None:
    views, _ = watched(source, 1_000, side=side)
    last = views[-1]
    assert len(last.band) == POINTS + 1
    assert all(bid is not None and ask is not None and bid <= ask + 100_000_000 for bid, ask in last.band)
    fills = [fill for view in views for fill in view.fills]
    span = last.end - last.start
    for mark in last.marks:
        like = [
            f for f in fills if (f.kind == "make") == mark.maker and (f.ts - last.start) * POINTS // span == mark.point
        ]
        assert abs(mark.px * sum(f.qty for f in like) - sum(f.qty * f.px for f in like)) <= sum(f.qty for f in like)
    assert {mark.maker for mark in last.marks} == {f.kind == "make" for f in fills}
    assert {f.reason for f in fills if f.kind == "make"} <= {"traded", "quoted through"}
    assert all(f.volume for f in fills if f.kind == "make")


def test_looking_changes_nothing(source: Source) -> None:
    _, watched_report = watched(source, 700)
    assert watched_report.to_json() == run(Cut(source, 30_000), BacktestRequest(**OPTIONS).spec()).to_json()


def test_every_fill_is_shown_once_and_belongs_to_one_slice(source: Source) -> None:
    views, report = watched(source, 150)
    fills = [fill for view in views for fill in view.fills]
    entry = report.data["strategies"][TUNED]
    assert len(fills) == entry["fills"]
    assert sum(fill.qty for fill in fills) == entry["filled"] + entry["forced"]
    slices = {s.index: s for view in views for s in view.slices}
    in_slices = sum(s.taken + sum(qty for _, qty in s.made) for s in slices.values())
    assert in_slices == sum(fill.qty for fill in fills)
    for s in slices.values():
        limits = dict(s.limits)
        assert all(qty <= limits[venue] for venue, qty in s.made)


def test_the_path_does_not_depend_on_how_the_stream_is_cut(source: Source) -> None:
    fine, coarse = (watched(source, size)[0][-1] for size in (137, 9_000))
    assert fine.strategies == coarse.strategies
    assert fine.slices == coarse.slices


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_book_is_the_tapes_with_the_national_best_marked(source: Source, side: str) -> None:
    views, _ = watched(source, 1_000, side=side, strategy="twap")
    for view in views:
        bids = [v.bid_px for v in view.venues if v.bid_px is not None]
        asks = [v.ask_px for v in view.venues if v.ask_px is not None]
        assert all(v.best_bid == (v.bid_px == max(bids)) for v in view.venues)
        assert all(v.best_ask == (v.ask_px == min(asks)) for v in view.venues)
        assert max(bids) <= min(asks) + 100_000_000


def test_orders_in_queues_and_the_schedule(source: Source) -> None:
    views, _ = watched(source, 50)
    resting = [rest for view in views for rest in view.resting]
    assert resting
    assert all(0 <= rest.filled < rest.qty and rest.ahead is not None and rest.ahead >= 0 for rest in resting)
    inside = [view for view in views if view.start <= view.ts <= view.end]
    assert all(view.schedule is not None and view.schedule.begins <= view.ts for view in inside)
    assert {view.schedule.slices for view in inside if view.schedule} == {12}
    assert views[0].schedule is None
    assert not views[-1].resting
