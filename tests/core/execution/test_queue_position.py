"""A place in a queue by itself."""

from __future__ import annotations

from collections import deque

from sor.core.execution.queue_position import QueuePosition
from sor.core.order import QueueModel


def test_a_copy_goes_its_own_way() -> None:
    """Orders that joined together share a place until the next book: what one finds there is not the other's."""

    def place() -> QueuePosition:
        return QueuePosition(
            100, 7, QueueModel.OPTIMISTIC, falls=deque([(1, 2)]), doubts=deque([(3, 4)]), seen={3: (5, 6)}
        )

    one = place()
    other = one.copy()
    assert other == one
    other.falls.clear()
    other.doubts.clear()
    other.seen.clear()
    other.ahead = 0
    assert one == place()
