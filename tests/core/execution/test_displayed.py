"""What is displayed at a row is made once for all strategies; what came to a queue is found as far as it is needed."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, field

from strategies_for_tapes import CENT, T0

from sor.core.execution.displayed import Displayed
from sor.core.execution.engine import Execution
from sor.core.execution.resting import Opportunities
from sor.core.fees import NO_FEES
from sor.core.market.batch import Quote, Snapshot, Trade, batch_of
from sor.core.market.book import Book, BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import ParentOrder, QueueModel, Rules, Side
from sor.core.strategies.interface import Plan, Take, VenueView, View

PX = 222_740_000_000


def book_of(*trades: int, take_px: int = PX + CENT) -> Book:
    """Two venues, and as many snapshots more as there are sales of so many shares at venue 2."""
    quotes = tuple(Quote(venue, PX, 100, take_px, 300) for venue in (2, 7))
    sales = [Snapshot(T0 + 1 + i, quotes, (Trade(2, PX, shares, "A"),)) for i, shares in enumerate(trades)]
    return BookBuilder(queues=True).extend(orient(batch_of([Snapshot(T0, quotes), *sales]), Side.BUY))


@dataclass
class TakesTwice:
    """Takes so many shares of venue 2 at the first snapshot, and at the second sees what is left."""

    shares: int
    name: str = "twice"
    views: list[View] = field(default_factory=list)

    def decide(self, view: View) -> Plan:
        self.views.append(view)
        return Plan(takes=[Take(2, self.shares)] if self.shares else [], wake=view.ts + 1)


def test_strategies_share_what_is_displayed_and_not_what_they_took() -> None:
    book, order = book_of(1, 1), ParentOrder(Side.BUY, 1_000, T0, T0 + 2)
    one, other, third = TakesTwice(120), TakesTwice(0), TakesTwice(0)
    for strategy in (one, other, third):
        Execution(order, Rules(NO_FEES), strategy).advance(book)
    assert [[v.available for v in view.venues] for view in one.views[:2]] == [[300, 300], [180, 300]]
    assert [[v.available for v in view.venues] for view in other.views[:2]] == [[300, 300], [300, 300]]
    assert one.views[0].venues[0] is other.views[0].venues[0]
    for mine, yours in zip(other.views, third.views, strict=True):
        assert all(a is b for a, b in zip(mine.venues, yours.venues, strict=True))
    at = Displayed.at(book, 1)
    assert at.quotes[0] == VenueView(2, PX + CENT, 300, PX, 100)
    assert (at.ts, at.mid2, at.touch) == (T0 + 1, 2 * PX + CENT, PX + CENT)


def test_beyond_the_limit_nothing_is_available() -> None:
    book = book_of()
    order = ParentOrder(Side.BUY, 1_000, T0, T0, limit_price=PX)
    assert [v.available for v in Execution(order, Rules(NO_FEES), TakesTwice(0)).view(book, 0).venues] == [0, 0]


def test_sales_are_found_as_far_as_an_order_needs_them() -> None:
    book = book_of(60, 70, 10, 10, 10)
    found = Opportunities.on_joining(book, 2, 0, PX, QueueModel.CONSERVATIVE, 5, at_once=True)
    assert found.ahead == 100
    assert [hit.qty for hit in found.hits(20)] == [30]
    assert found is Opportunities.on_joining(book, 2, 0, PX, QueueModel.CONSERVATIVE, 5, at_once=True)
    assert [hit.qty for hit in found.hits(35)] == [30, 10]
    assert [hit.qty for hit in found.hits(20)] == [30, 10]
    assert [hit.qty for hit in found.hits(1_000)] == [30, 10, 10, 10]
    assert found.place is not None
    assert found.place.ahead == 0


def test_a_book_is_gone_when_nobody_has_it() -> None:
    """Python's collector runs seldom during a backtest: what can still fill an order must not keep its book alive."""
    book = book_of(150, 10, 10)
    found = Opportunities.on_joining(book, 2, 0, PX, QueueModel.CONSERVATIVE, 3, at_once=True)
    assert [hit.qty for hit in found.hits(1)] == [50]  # and 20 more that nobody has asked for
    Displayed.at(book, 0)
    gone, queue_gone = weakref.ref(book), weakref.ref(book.queue_events_at(2))
    gc.disable()
    try:
        del book, found
        assert gone() is None
        assert queue_gone() is None
    finally:
        gc.enable()


def test_where_the_opposite_quote_comes_is_looked_up_once() -> None:
    queue = book_of(60, 70).queue_events_at(2)
    assert queue.reached(PX + CENT, 1, 3).tolist() == [1, 2]
    assert queue.reached(PX + CENT, 1, 3) is queue.reached(PX + CENT, 1, 3)
    assert queue.reached(PX, 1, 3).tolist() == []
