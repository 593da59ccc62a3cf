"""A place in a queue: what stands ahead of an order, and what gets through to it. One model for decisions and for
accounting.

Shares sold at the venue at our price or through it eat what is ahead of us first, then fill us, share by share; those
of a trade with a hidden order eat nothing, and fill us at our price alone, where nobody is ahead. What
is ahead also falls to the displayed size where that is smaller while our price is the venue's best, by cancellations
as the queue model says, and to 0 once nobody can be left in front: the venue's best is worse, a seller has traded
below our price, or the venue's own opposite quote has come to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from sor.core.market.queue_events import UNKNOWN, QueueEvents, use_up
from sor.core.order import QueueModel

SHARE = 10**6  # shares ahead are counted in millionths, so that a cancellation at a time is not rounded away
UNSEEN = UNKNOWN // 2 * SHARE  # no fewer stand ahead where nobody has seen the level yet


class Hit(NamedTuple):
    """What a sale lets through to a place: at `row` of the book, the trade at `position` of its snapshot; shares;
    size of the trade, and the shares that stood ahead just before, rounded up."""

    row: int
    position: int
    qty: int
    volume: int
    in_front: int


@dataclass(slots=True)
class QueuePosition:
    """A place in the queue at one venue and price, with `ahead` millionths of a share in front of it.

    reach: millionths that got through beyond the last whole share; run, gone: the price run of the opposite quote that
    came to our price last, and what an order without end has had of it; falls: where prints come late, (time,
    millionths) that fell ahead of us, or at the price before we joined, and that a trade is still to explain; doubts:
    likewise (time, shares) that fell at the price, a trade or a cancellation; seen: by the time of such a fall since we
    joined, what stood ahead before it and was displayed after it.
    """

    px: int
    ahead: int
    model: QueueModel
    reach: int = 0
    run: int = -1
    gone: int = 0
    falls: deque[tuple[int, int]] = field(default_factory=deque)
    doubts: deque[tuple[int, int]] = field(default_factory=deque)
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def join(cls, queue: QueueEvents, row: int, px: int, model: QueueModel) -> QueuePosition | None:
        """Join behind what the venue shows after `row`; None: the order would take, so it is refused (post-only)."""
        ahead = queue.ahead_at(row, px)
        if ahead is None:
            return None
        place = cls(px, ahead * SHARE, model)
        for ts, shares in queue.falls_at(row, px):
            place.falls.append((ts, shares * SHARE))
            place.doubts.append((ts, shares))
        return place

    def copy(self) -> QueuePosition:
        """The same place, which goes its own way from here."""
        return replace(self, falls=self.falls.copy(), doubts=self.doubts.copy(), seen=self.seen.copy())

    @property
    def shares_ahead(self) -> int | None:
        """In whole shares, rounded up; None where the level has not shown itself yet."""
        return None if self.ahead > UNSEEN else -(-self.ahead // SHARE)

    def pass_through(self, queue: QueueEvents, start: int, stop: int) -> Iterator[Hit]:
        """Go through entries start:stop; yields what sales let through, as if the order's quantity had no end."""
        px, ahead, reach, model, late = self.px, self.ahead, self.reach, self.model, queue.late
        reached = queue.reached(px, start, stop)
        crossed = int(reached[0]) if len(reached) else stop
        for entry, row, best, size, gone, sales in queue.moves_in(start, stop):
            if entry > crossed:
                ahead = 0
            if late:
                ahead -= min(ahead, self._cancelled(queue.times[entry] - late))
            for position, price, volume, certain, hidden in sales:
                if price > px:
                    continue
                if hidden:  # what is displayed goes first, so nobody displayed was left at our price
                    if price == px and not ahead:
                        yield Hit(row, position, volume, volume, 0)
                    continue
                if certain and price < px:
                    ahead = 0
                left = volume * SHARE
                if late and price == px:
                    # The size fell before this trade was printed: it is no longer ahead of us, and was not sold to us.
                    use_up(self.doubts, queue.times[entry] - late, volume)
                    left -= use_up(self.falls, queue.times[entry] - late, left)
                before, ahead = ahead, max(0, ahead - left)
                if (through := left - before) > 0:
                    qty, reach = divmod(reach + through, SHARE)
                    if qty:
                        yield Hit(row, position, qty, volume, -(-before // SHARE))
            before = ahead
            if best < px or entry >= crossed:
                ahead = 0
            elif best == px and ahead:
                displayed = size * SHARE
                if late and queue.fell[entry]:
                    self.doubts.append((queue.times[entry], queue.fell[entry]))
                    self.seen[queue.times[entry]] = ahead, displayed
                elif not late and (cancelled := gone * SHARE):
                    ahead -= model.in_front(cancelled, ahead, displayed + cancelled)
                ahead = min(ahead, displayed)
            if late and ahead < before < UNSEEN:
                self.falls.append((queue.times[entry], before - ahead))
        self.ahead, self.reach = 0 if crossed < stop else ahead, reach

    def _cancelled(self, before: int) -> int:
        """Millionths that left from before us by falls of before that time, which are cancellations now: what the model
        says, less what the smaller displayed size took at once. Falls before we joined took nobody from before us."""
        total = 0
        while self.doubts and self.doubts[0][0] < before:
            ts, shares = self.doubts.popleft()
            ahead, displayed = self.seen.pop(ts, (0, 0))
            size = displayed + shares * SHARE
            left = min(ahead, size)
            left -= self.model.in_front(shares * SHARE, left, size)
            total += max(0, min(ahead, displayed) - left)
        return total

    def sold(self, queue: QueueEvents, start: int, stop: int) -> int:
        """What an order without end is filled in entries start:stop: by sales, and by opposite quotes at its price."""
        quoted = self._quoted_through(queue, start, stop)
        return quoted + sum(hit.qty for hit in self.pass_through(queue, start, stop))

    def _quoted_through(self, queue: QueueEvents, start: int, stop: int) -> int:
        """Shares that opposite quotes at our price or through it offer: the growth of the size within a price run."""
        at = queue.reached(self.px, start, stop)
        at = at[queue.take_sz[at] > 0]
        if not len(at):
            return 0
        run = queue.run[at]
        starts = np.flatnonzero(np.concatenate(([True], run[1:] != run[:-1])))
        most = np.maximum.reduceat(queue.take_sz[at], starts)
        before = self.gone if self.run == run[0] else 0
        total = int(most.sum()) - min(before, int(most[0]))
        self.run, self.gone = int(run[-1]), int(most[-1])
        if len(most) == 1:
            self.gone = max(self.gone, before)
        return total
