"""What a router is shown of its own orders and of the market's flow: View.last and View.flow."""

from __future__ import annotations

from sor.core.backtest.session import Session
from sor.core.execution.flow_watch import FlowWatch
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import ParentOrder, Rules, Side
from sor.core.router.allocators import CrossVenue
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import Flow, Outcome, View
from sor.core.strategies.observed import Observed
from sor.core.units import NANO
from sor.plug_ins.check import START, VENUES, hard_tape

CENT = NANO // 100
BID, ASK = 100 * NANO, 100 * NANO + CENT


def views(tape: list[Snapshot], order: ParentOrder, venues: tuple[int, ...], each: int, batch: int) -> list[View]:
    """What a router that rests `each` shares wherever it can is shown, slice by slice of a second."""
    seen: list[View] = []

    def allocate(view: View, size: int) -> Allocation:
        seen.append(view)
        px = max((v.rest_px for v in view.venues), default=0)
        at = [v.venue for v in view.venues if v.venue in venues and v.take_px > px]
        return Allocation(0, px, tuple((venue, min(each, size)) for venue in at))

    router = CrossVenue("mine", Schedule.for_order(order, NANO), allocate, observed=Observed())
    session = Session.for_order(order, Rules(NO_FEES), [router], queues=True)
    for i in range(0, len(tape), batch):
        session.on_batch(batch_of(tape[i : i + batch]))
    result = session.result().results["mine"]
    assert sum(fill.qty for fill in result.fills) == order.quantity
    return seen


def test_outcome_and_flow_by_hand() -> None:
    """A queue of 100, 70 sold, 20 cancelled, 30 sold: an order of 50 behind it gets 20. At another venue nothing."""

    def quotes(size: int) -> tuple[Quote, ...]:
        return Quote(1, BID, size, ASK, 500), Quote(2, BID, 40, ASK, 500)

    def sold(size: int) -> tuple[Trade, ...]:
        return (Trade(1, BID, size, "A"),)

    tape = [
        Snapshot(0, quotes(100), ()),
        Snapshot(NANO // 10, quotes(30), sold(70)),
        Snapshot(NANO // 5, quotes(10), ()),
        Snapshot(NANO // 2, quotes(10), sold(30)),
        Snapshot(NANO * 95 // 100, quotes(200), ()),
        Snapshot(NANO, quotes(200), ()),
        Snapshot(2 * NANO, quotes(200), ()),
        Snapshot(3 * NANO, quotes(200), ()),
    ]
    for batch in (1, 3, 99):
        first, second, third = views(tape, ParentOrder(Side.BUY, 300, 0, 3 * NANO - 1), (1, 2), 50, batch)
        assert (first.last, first.flow) == ((), ())
        assert second.last == (Outcome(1, 50, 20), Outcome(2, 50, 0))
        assert second.flow == (Flow(1, 100, 20),)
        assert third.last == (Outcome(1, 50, 0), Outcome(2, 50, 0))
        assert third.flow == ()


def test_the_cut_into_batches_changes_nothing() -> None:
    order = ParentOrder(Side.SELL, 1_200, START, START + 60 * NANO)
    whole = views(hard_tape(3), order, VENUES, 7, 10**6)
    assert whole == views(hard_tape(3), order, VENUES, 7, 1)
    assert any(view.last for view in whole)
    assert any(flow.sold for view in whole for flow in view.flow)
    assert any(one.cut for view in whole for one in view.last) or any(one.filled for view in whole for one in view.last)


def test_what_happened_before_the_order_began_is_not_shown() -> None:
    """70 shares are sold before the order begins, 10 as it does, and 20 in its first slice."""

    def at(ts: int, size: int, sold: int) -> Snapshot:
        return Snapshot(ts, (Quote(1, BID, size, ASK, 500),), (Trade(1, BID, sold, "A"),) if sold else ())

    tape = [at(0, 100, 0), at(1, 30, 70), at(NANO, 20, 10), at(2 * NANO, 500, 20), at(3 * NANO, 500, 0)]
    for batch in (1, 2, 99):
        first, second, *_ = views(tape, ParentOrder(Side.BUY, 300, NANO, 3 * NANO), (), 0, batch)
        assert (first.flow, first.traded) == ((), 0)
        assert (second.flow, second.traded) == ((Flow(1, 20, 0),), 20)


def test_an_order_that_was_filled_whole_was_not_cut() -> None:
    """Of 250 sold at venue 1 the queue has 100, and the order 100: the slice is complete. Venue 2's order is cut."""

    def at(ts: int, sold: int = 0) -> Snapshot:
        quotes = Quote(1, BID, 100, ASK, 500), Quote(2, BID, 40, ASK, 500)
        return Snapshot(ts, quotes, (Trade(1, BID, sold, "A"),) if sold else ())

    tape = [at(0), at(NANO // 2, 250), at(NANO), at(2 * NANO), at(3 * NANO)]
    _, second, *_ = views(tape, ParentOrder(Side.BUY, 300, 0, 3 * NANO), (1, 2), 100, 2)
    assert second.last == (Outcome(1, 100, 100), Outcome(2, 100, 0, cut=True))


def test_flow_is_by_ascending_venue_whichever_came_first() -> None:
    """10 left venue 7 before 5 left venue 1 and 30 venue 2."""

    def at(ts: int, *sizes: int) -> Snapshot:
        return Snapshot(
            ts, tuple(Quote(venue, BID, size, ASK, 500) for venue, size in zip((1, 2, 7), sizes, strict=True))
        )

    book = BookBuilder(queues=True).extend(
        orient(batch_of([at(0, 99, 99, 99), at(1, 99, 99, 89), at(2, 94, 69, 89)]), Side.BUY)
    )
    watch = FlowWatch()
    watch.enter(book)
    watch.carry(book, 1)
    assert watch.since(book, 2, first=False) == (Flow(1, 0, 5), Flow(2, 0, 30), Flow(7, 0, 10))
    assert watch.since(book, 2, first=False) == ()


def test_sold_is_what_was_displayed_at_the_best_before_or_below_it() -> None:
    """100 and 30 as the best moves a cent down; then 40 that nobody displayed, and 15 above the best while 10 leave."""

    def at(ts: int, px: int, size: int, *trades: Trade) -> Snapshot:
        return Snapshot(ts, (Quote(1, px, size, ASK, 500),), trades)

    low = BID - CENT
    tape = [
        at(0, BID, 100),
        at(1, low, 70, Trade(1, BID, 100, "A"), Trade(1, low, 30, "A")),
        at(2, low, 70, Trade(1, low, 40, "H")),
        at(3, low, 60, Trade(1, BID, 15, "A")),
    ]
    book, watch = BookBuilder(queues=True).extend(orient(batch_of(tape), Side.BUY)), FlowWatch()
    watch.enter(book)
    seen = [(watch.since(book, row, first=row == 0), watch.traded) for row in range(4)]
    assert seen == [((), 0), ((Flow(1, 130, 0),), 130), ((), 170), ((Flow(1, 0, 10),), 185)]
