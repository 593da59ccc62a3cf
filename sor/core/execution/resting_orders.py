"""The resting orders of one plan together: what reaches them, in which order, and how they end."""

from __future__ import annotations

from dataclasses import dataclass, field

from sor.core.execution.child_orders import ChildOrder, EndReason
from sor.core.execution.displayed import Available, Displayed
from sor.core.execution.progress import Progress
from sor.core.execution.resting import RestingOrder
from sor.core.market.book import Book
from sor.core.order import FillReason, Latency
from sor.core.strategies.interface import Outcome


@dataclass(slots=True)
class RestingOrders:
    """At most one at a venue, in queues or on their way. cancels: how long a cancel travels."""

    progress: Progress
    cancels: Latency
    orders: list[RestingOrder] = field(default_factory=list)

    def in_queues(self) -> list[RestingOrder]:
        return [rest for rest in self.orders if rest.place is not None and rest.leaves]

    def enter(self, book: Book) -> None:
        """They rest on in a book that has new snapshots."""
        for rest in self.orders:
            rest.enter(book)

    def next_event(self, row: int, event: int) -> int:
        """The first row in row:event at which something reaches one of them, else `event`."""
        for rest in self.orders:
            event = min(event, rest.next_event(row, event))
        return event

    def free_at(self, wake: int) -> int:
        """When a decision that is due at `wake` is taken: its plan may rest anywhere, so nothing rests any longer."""
        return max([wake, *(rest.ends for rest in self.orders if rest.alive(wake))])

    def hit(self, book: Book, row: int) -> None:
        """Trades of a snapshot reach them, in the order they happened."""
        hits = [
            (hit.position, rest.number, hit, rest) for rest in self.orders if rest.hits for hit in rest.hits_at(row)
        ]
        for *_, hit, rest in sorted(hits, key=lambda one: one[:2]):
            self._fill(rest, book.times[row], hit.qty, FillReason.TRADED, hit.volume, hit.in_front)

    def quote_through(self, book: Book, row: int, available: Available) -> None:
        """Opposite quotes came to their prices: the shares that they show would have met our orders first."""
        through = [rest for rest in self.orders if row in rest.quoted]
        for rest in sorted(through, key=lambda rest: rest.rest.venue):
            at, k = Displayed.at(book, row), book.venues.index(rest.rest.venue)
            quote, run = at.quotes[k], at.runs[k]
            shown = available.left_of(quote, run)
            qty = self._fill(rest, at.ts, shown, FillReason.QUOTED, quote.available, 0)
            if qty:
                available.used_at(quote.venue).consume(run, qty)

    def _fill(self, rest: RestingOrder, ts: int, shares: int, reason: FillReason, volume: int, in_front: int) -> int:
        """Fill one of them by at most this much, and never beyond the parent's leaves; the shares that it got."""
        qty = min(shares, rest.leaves, self.progress.leaves)
        if qty > 0:
            self.progress.on_fill(rest.fill(ts, qty, reason, volume, in_front))
        return max(0, qty)

    def cancel(self, book: Book, ts: int, reason: EndReason) -> None:
        """Send the cancels of all; a fill before its cancel acts still counts."""
        for rest in self.orders:
            rest.cancel(book, ts + self.cancels.to(rest.rest.venue), reason)

    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of them; whatever ended them has acted by the next decision."""
        return tuple(
            Outcome(rest.rest.venue, rest.rest.qty, rest.filled, rest.leaves > 0 and rest.reason is EndReason.COMPLETED)
            for rest in self.orders
        )

    def end(self, ts: int, reason: EndReason) -> list[ChildOrder]:
        """None of them is left; how each ended."""
        ended, self.orders = [rest.record(ts, reason) for rest in self.orders], []
        return ended
