"""What is known of a queue of an NBBO tape as an order joins it, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from sor.core.market.nbbo_queues import HiddenQueueEvents
from sor.core.market.oriented import FAR
from sor.core.market.queue_events import UNKNOWN


def queue(
    px: list[int], sz: list[int], levels: dict[int, int] | None = None, lowest: int = FAR, **more: Any
) -> HiddenQueueEvents:
    """Entry i is at row i - 1; nobody asks."""
    none = np.zeros(len(px), np.int64)
    columns = np.arange(len(px)) - 1, np.array(px), np.array(sz), none + FAR, none, none
    return HiddenQueueEvents(*columns, [], levels or {}, lowest, late=10, **more)


def test_falls_at_the_price_that_no_trade_explains_yet() -> None:
    """At 112, that of 101 is too old. The 10 sold at 106 explain the 7 of 102 and 3 of the 30 of 104; the rest waits,
    with the 4 that fall last. What fell at 96, and what falls later, is not ours."""
    changes = [
        (0, 101, 95, 40), (0, 102, 95, 7), (0, 104, 95, 30), (1, 105, 96, 50), (1, 106, 95, -10), (2, 112, 95, 4),
        (3, 113, 95, 9),
    ]  # fmt: skip
    events = queue([95] * 4, [100] * 4, times=[90, 104, 106, 112], changes=changes)
    assert events.falls_at(2, 95) == [(104, 27), (112, 4)]
    assert events.falls_at(2, 96) == [(105, 50)]
    assert events.falls_at(2, 97) == []
    assert events.falls_at(0, 95) == [(101, 40), (102, 7), (104, 30)]


def test_who_stands_before_an_order_by_what_its_venue_showed() -> None:
    """The venue shows 95, 97 and 98; then another shows 98, while its own run there goes on."""
    px, sz = [94, 95, 97, 98, 98], [UNKNOWN, 5, 7, 8, UNKNOWN]
    known = [(-FAR, 0), (95, 5), (97, 7), (98, 8), (98, 8)]
    events = queue(px, sz, known=known, levels={93: 3}, lowest=94)
    assert [events.ahead_at(2, at) for at in (92, 93, 94, 95, 96, 97, 98, 99)] == [UNKNOWN, 3, UNKNOWN, 5, 0, 7, 8, 0]
    assert [events.ahead_at(3, at) for at in (97, 98, 99)] == [0, 8, 0]
    assert events.ahead_at(2, FAR) is None
