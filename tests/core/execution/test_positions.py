"""Orders without end that are worked together, by hand: what opposite quotes offer, and what is before them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from strategies_for_tapes import BASE, CENT, T0, cut

from sor.core.execution.positions import Stretch, sold_to_each
from sor.core.execution.queue_position import SHARE, QueuePosition
from sor.core.market.batch import Quote, Snapshot, Trade
from sor.core.market.book import BookBuilder
from sor.core.market.oriented import orient
from sor.core.order import QueueModel, Side

ASKS = ((BASE + CENT, 9), (BASE, 100), (BASE, 60), (BASE, 130), (BASE + CENT, 9), (BASE - CENT, 50), (BASE - CENT, 50))
OFFERED = (0, 100, 0, 30, 0, 50, 0)  # to a buy that rests at BASE: 130 after 100 and 60 are 30 more


@pytest.mark.parametrize("edges", [(1, 2, 3, 4, 5, 6, 7), (1, 3, 7), (1, 2, 4, 6, 7), (1, 7), (1, 4, 5, 7)])
def test_an_opposite_quote_gives_what_its_run_has_not_given_yet(edges: tuple[int, ...]) -> None:
    """An order that no quote reaches is worked with it."""
    tape = [Snapshot(T0 + i, (Quote(2, BASE - 3 * CENT, 100, px, size),)) for i, (px, size) in enumerate(ASKS)]
    (queue,) = BookBuilder(queues=True).extend(orient(cut(tape, [])[0], Side.BUY)).queue_events
    rows, model = queue.rows.tolist(), QueueModel.CONSERVATIVE
    low, place, alone = (QueuePosition(px, 0, model) for px in (BASE - 2 * CENT, BASE, BASE))
    for start, stop in pairwise(edges):
        begins, ends = rows.index(start), rows.index(stop - 1) + 1
        offered = sum(OFFERED[start:stop])
        assert sold_to_each(queue, [Stretch(one, begins, ends) for one in (low, place)], model) == [0, offered]
        assert alone.sold(queue, begins, ends) == offered
        assert (place, low.run) == (alone, -1)


@pytest.mark.parametrize(("model", "sold", "ahead"), [(QueueModel.CONSERVATIVE, 0, 5), (QueueModel.OPTIMISTIC, 5, 0)])
def test_cancellations_are_behind_us_or_before_us_as_the_model_says(model: QueueModel, sold: int, ahead: int) -> None:
    """80 of 100 stand ahead. 10 leave, then 75 are sold: of 80, or of 70."""
    trade = (Trade(2, BASE, 75, "A"),)
    tape = [Snapshot(T0 + i, (Quote(2, BASE, (100, 90, 15)[i], BASE + CENT, 9),), trade * (i == 2)) for i in range(3)]
    (queue,) = BookBuilder(queues=True).extend(orient(cut(tape, [])[0], Side.BUY)).queue_events
    for together in (True, False):
        place = QueuePosition(BASE, 80 * SHARE, model)
        found = sold_to_each(queue, [Stretch(place, 2, 4)], model) if together else [place.sold(queue, 2, 4)]
        assert (found, place.ahead) == ([sold], ahead * SHARE)
