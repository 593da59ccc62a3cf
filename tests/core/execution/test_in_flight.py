"""Child orders on their way, by hand: the order in which they act, what they keep from others, what is forgotten."""

from __future__ import annotations

from sor.core.execution.in_flight import InFlight, Taking
from sor.core.execution.resting import RestingOrder
from sor.core.order import QueueModel
from sor.core.strategies.interface import Rest


def take(number: int, due: int, venue: int, qty: int, run: int = 0) -> Taking:
    return Taking(number, due, venue, 10**10, qty, run, 0, None, swept=False)


def rest(number: int, joins: int) -> RestingOrder:
    return RestingOrder(number, Rest(2, 10**10, 100, 50), 0, None, QueueModel.CONSERVATIVE, joins, 50)


def test_by_time_then_takes_before_joins_then_as_sent() -> None:
    way = InFlight()
    for child in (rest(1, 5), take(2, 7, 2, 100), take(4, 5, 2, 10), take(3, 5, 7, 20), rest(5, 4)):
        way.send(child)
    assert way.next_due == 4
    assert [child.number for child in way.arrivals(3)] == []
    assert [(child.number, way.shares) for child in way.arrivals(5)] == [(5, 130), (3, 110), (4, 100), (1, 100)]
    assert (way.next_due, bool(way)) == (7, True)


def test_takes_keep_the_shares_of_their_venue_and_run_from_others() -> None:
    way = InFlight()
    for child in (take(1, 5, 2, 10), take(2, 6, 2, 20), take(3, 6, 7, 40), take(4, 6, 2, 80, run=1), rest(5, 4)):
        way.send(child)
    assert [way.reserved(2, 0), way.reserved(7, 0), way.reserved(2, 1), way.reserved(7, 1)] == [30, 40, 80, 0]


def test_what_is_cleared_is_on_its_way_no_longer() -> None:
    """What comes back are the takes that will never act, in the order in which they would have."""
    way = InFlight()
    for child in (take(2, 9, 2, 10), rest(1, 5), take(3, 6, 2, 20)):
        way.send(child)
    assert [child.number for child in way.clear()] == [3, 2]
    assert (way.shares, bool(way), way.reserved(2, 0)) == (0, False, 0)
