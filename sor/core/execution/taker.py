"""The takes of one execution: those that a plan names, and its sweep, which goes on until it has its shares."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from sor.core.execution.child_orders import EndReason
from sor.core.execution.displayed import Available, Displayed
from sor.core.execution.fast_take import sweep
from sor.core.execution.fills import SweptFills
from sor.core.execution.in_flight import InFlight, Taking
from sor.core.execution.progress import Progress
from sor.core.market.batch import Form
from sor.core.market.book import Book, LastTake
from sor.core.market.oriented import FAR
from sor.core.order import ParentOrder, Rules
from sor.core.strategies.interface import Plan


@dataclass(slots=True)
class Taker:
    """goal: filled shares at which the plan is complete; backlog: more than the sweep took was offered, so it goes on
    in the next row, fresh or not."""

    order: ParentOrder
    rules: Rules
    progress: Progress
    in_flight: InFlight
    available: Available = field(init=False)
    goal: int = 0
    to_sweep: int = 0
    _any_size: bool = False
    _backlog: bool = False

    def __post_init__(self) -> None:
        self.available = Available(self.order.limit, self.in_flight)

    @property
    def wanted(self) -> int:
        """Shares to sweep now: never beyond what is missing to the goal once everything sent is filled."""
        return min(self.to_sweep, self.goal - self.progress.done - self.in_flight.shares)

    def begin(self, plan: Plan) -> None:
        """Its sweep begins at this row, fresh or not."""
        quantity = self.order.quantity
        self.goal = quantity if plan.goal is None else min(plan.goal, quantity)
        self.to_sweep, self._any_size = plan.sweep, plan.any_size

    def lots(self, shares: int) -> int:
        """The largest child order of at most this size; the last slice may send any."""
        return shares if self._any_size else self.rules.lots.floor(shares)

    def next_offer(self, book: Book, row: int) -> int:
        """The first row from `row` on that may offer something to sweep; past the book where none does."""
        if self._backlog:
            return row
        at = bisect_left(book.fresh_rows, row)
        return book.fresh_rows[at] if at < len(book.fresh_rows) else len(book)

    def sweep(self, book: Book, row: int) -> None:
        """Take at the lowest price that has something available: all venues at that price, that one price only."""
        at, wanted = Displayed.at(book, row), self.wanted
        offers = [
            (quote.take_px, -size, quote.venue, k)
            for k, (quote, run) in enumerate(zip(at.quotes, at.runs, strict=True))
            if self.lots(min(wanted, size := self.available.left_of(quote, run))) > 0
        ]
        if not offers:
            self._backlog = False
            return
        best = min(offers)[0]
        level = sorted(offer for offer in offers if offer[0] == best)
        self._backlog = len(level) < len(offers)
        for _, minus_size, _, k in level:
            qty = self.lots(min(-minus_size, self.wanted))
            self.to_sweep -= qty
            self.send(at, k, qty, swept=True)

    def sweep_on(self, book: Book, row: int, stop: int) -> bool:
        """Sweep rows row:stop, in which nothing else happens, where orders arrive at once. True if it took anything."""
        start, wanted = self.next_offer(book, row), self.wanted
        swept = sweep(book, start, stop, wanted, self.order.limit, self.available.used, self._backlog)
        takes, self._backlog = swept.takes, swept.backlog
        if not len(takes.rows):
            return False
        # A row that offers something to take has a best price.
        times, mids2, touches = (array[takes.rows] for array in (book.ts, book.mid2, book.best_take))
        first, shares = self.progress.number(len(takes.rows)), wanted - swept.left
        fills = SweptFills(times, takes.venues, takes.prices, takes.shares, mids2, touches, first)
        self.progress.on_sweep(fills, shares)
        self.to_sweep -= shares
        return True

    def send(self, at: Displayed, k: int, shares: int, *, swept: bool) -> None:
        """Send a take to the venue of column k, at the price that it displays."""
        qty = min(shares, self.progress.leaves - self.in_flight.shares)
        if qty > 0:
            venue, px = at.quotes[k].venue, at.quotes[k].take_px
            due = at.ts + self.rules.latency.to(venue)
            self.in_flight.send(
                Taking(self.progress.number(), due, venue, px, qty, at.runs[k], at.ts, at.mid2, swept, at.touch)
            )

    def execute(self, child: Taking, book: Book, row: int) -> None:
        """A take acts on the book as it stands when it arrives."""
        k, progress = book.venues.index(child.venue), self.progress
        used = self.available.used_at(child.venue)
        px, run = int(book.take_px[row, k]), int(book.run[row, k])
        displayed = int(book.take_sz[row, k]) if px <= child.px else 0
        there = max(0, self.rules.found(displayed) - used.in_run(run))
        if there < displayed:
            used.fade(run, displayed - self.rules.found(displayed))
        # Resting orders may have been filled since this one was sent: never more than the parent's leaves.
        qty = min(child.qty, there, progress.leaves)
        if qty:
            used.consume(run, qty)
            progress.on_fill(child.fill(px, qty))
        if qty < child.qty or child.due > child.decided:
            hidden = px == FAR and book.form is Form.NBBO
            missed = EndReason.PARENT_DONE if not progress.leaves else EndReason.UNKNOWN if hidden else EndReason.MISSED
            progress.ended.append(child.record(child.due, qty, EndReason.FILLED if qty == child.qty else missed))
        if qty < child.qty and child.swept:
            self.to_sweep += child.qty - qty
            self._backlog = True

    def beyond_displayed(self, last: LastTake, form: Form, shares: int) -> int:
        """Of shares that are completed at the last opposite quote, those that it does not display, or no longer."""
        if not last.stands and form is not Form.NBBO:
            return shares
        there = self.rules.found(last.sz) - self.available.used_at(last.venue).in_run(last.run)
        return max(0, shares - max(0, there))
