"""What a strategy is shown of the flow: what left the queues between two decisions, and all that was traded."""

from __future__ import annotations

from dataclasses import dataclass, field

from sor.core.market.book import Book
from sor.core.market.queue_events import QueueEvents
from sor.core.strategies.interface import Flow


@dataclass(slots=True)
class FlowWatch:
    """Carried through the books row by row, never beyond the row of a decision when that is made."""

    _row: int = -1
    _flow: dict[int, tuple[int, int]] = field(default_factory=dict)
    traded: int = 0

    def enter(self, book: Book) -> None:
        """Go on in a book that has new snapshots."""
        self._row = book.new - 1

    def carry(self, book: Book, row: int) -> None:
        """Count what happened up to and including `row`."""
        for venue, queue in zip(book.venues, book.queue_events, strict=False):  # none: nothing rests in this session
            sold, fell = _left(queue, *queue.entries(self._row, row))
            if sold or fell:
                before = self._flow.get(venue, (0, 0))
                self._flow[venue] = before[0] + sold, before[1] + fell
        self.traded += _traded(book, self._row, row)
        self._row = row

    def since(self, book: Book, row: int, *, first: bool) -> tuple[Flow, ...]:
        """What happened since the last decision, by venue; nothing at the first one."""
        if first:
            self._row = row
        self.carry(book, row)
        flow = tuple(Flow(venue, *self._flow[venue]) for venue in sorted(self._flow))
        self._flow = {}
        return flow


def _traded(book: Book, after: int, row: int) -> int:
    """Shares of the trades of the snapshots after one row, up to and including another."""
    ends = book.events.trade_end
    start, stop = (int(ends[at - book.new]) if at >= book.new else 0 for at in (after, row))
    return int(book.events.trade_sz[start:stop].sum())


def _left(queue: QueueEvents, start: int, stop: int) -> tuple[int, int]:
    """Shares sold, and fallen otherwise, in entries start:stop; the trades of an entry come before its quote."""
    sold = fell = 0
    for move in queue.moves_in(start, stop):
        if move.sales:
            best = int(queue.px[move.entry - 1])
            sold += sum(sale.sz for sale in move.sales if sale.px <= best and not sale.hidden)
        fell += move.cancelled
    return sold, fell
