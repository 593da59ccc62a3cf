"""The engine: carries out one strategy's plans against the books, and keeps the fills.

It moves from event to event, not from snapshot to snapshot: a decision that is due, an order that arrives after its
latency, a resting order that something reaches, or a snapshot that may offer something new while shares are to be
swept. In between nothing can change for this order, so nothing is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sor.core.execution.child_orders import EndReason
from sor.core.execution.displayed import Displayed
from sor.core.execution.fills import Fills
from sor.core.execution.flow_watch import FlowWatch
from sor.core.execution.in_flight import InFlight, Taking
from sor.core.execution.progress import Progress
from sor.core.execution.resting import RestingOrder
from sor.core.execution.resting_orders import RestingOrders
from sor.core.execution.taker import Taker
from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.order import Fill, FillReason, ParentOrder, QueueModel, Rules
from sor.core.strategies.interface import Depth, Rest, StrategyProtocol, View


@dataclass(slots=True)
class Execution:
    """One strategy working one parent order. Prices in the fills are oriented; see sor.core.execution.accounting.

    watch: of the flow in the queues, for a strategy that is shown it; left_px: what a share that is left would cost, at
    the last opposite quote and with its take fee.
    """

    order: ParentOrder
    rules: Rules
    strategy: StrategyProtocol
    queue_model: QueueModel = QueueModel.CONSERVATIVE
    watch: FlowWatch | None = None
    progress: Progress = field(init=False)
    forced: int = 0
    forced_beyond: int = 0
    left_px: int | None = None
    closed: bool = False
    stopped: bool = False
    _started: bool = False
    _wake: int | Depth | None = None
    _in_flight: InFlight = field(default_factory=InFlight)
    _taker: Taker = field(init=False)
    _resting: RestingOrders = field(init=False)
    _last: Book | None = None

    def __post_init__(self) -> None:
        self.progress = Progress(self.order.quantity)
        self._taker = Taker(self.order, self.rules, self.progress, self._in_flight)
        self._resting = RestingOrders(self.progress, self.rules.cancels)

    @property
    def fills(self) -> Fills:
        """So far: one list, which grows."""
        return self.progress.fills

    @property
    def done(self) -> int:
        """Shares filled, but for those forced at the end."""
        return self.progress.done

    @property
    def leaves(self) -> int:
        return self.progress.leaves

    @property
    def resting(self) -> list[RestingOrder]:
        """Child orders now in queues."""
        return self._resting.in_queues()

    def advance(self, book: Book) -> None:
        """Go through the new snapshots of a book."""
        if self.closed:
            return
        self._last = book
        stop = book.last_at(self.order.end) + 1
        row = max(book.new, book.first_at(self.order.start))
        self._resting.enter(book)
        if self.watch is not None:
            self.watch.enter(book)
        while True:
            row = self._next_event(book, row, stop)
            if row >= stop:
                break
            if not self._only_sweeps(book, row):
                self._visit(book, row)
                row += 1
            if self._taker.wanted > 0 and self.rules.plain_takes:
                row = self._sweep_on(book, row, stop)
            if not self.leaves:
                self._end_all(self.progress.fills.last_ts, EndReason.PARENT_DONE)
                break
        if self.watch is not None and self._started:
            self.watch.carry(book, len(book) - 1)
        if stop < len(book):
            self._complete_at_deadline(book)

    def on_end(self, *, stopped: bool = False) -> None:
        """The stream has ended: complete what is left. Of a stopped run only what was worked counts."""
        if not self.closed and self._last is not None:
            self.stopped = stopped
            self._complete_at_deadline(self._last)

    # -- what happens at one snapshot, in this order ---------------------------------------------------------------

    def _visit(self, book: Book, row: int) -> None:
        ts = book.times[row]
        self._act(book, ts - 1)  # what was due before, on the book as it was then
        self._resting.hit(book, row)
        self._resting.quote_through(book, row, self._taker.available)
        self._act(book, ts)
        if self.leaves and self._due(book, row):
            self._decide(book, row)
            self._act(book, ts)
        if self._taker.wanted > 0:
            self._taker.sweep(book, row)
            self._act(book, ts)
        self._complete(book, ts)

    def _sweep_on(self, book: Book, row: int, stop: int) -> int:
        """Sweep from `row` on until something else happens; the row of that."""
        event = self._next_but_sweep(book, row, stop)
        if self._taker.sweep_on(book, row, event):
            self._complete(book, self.progress.fills.last_ts)
        return event

    def _only_sweeps(self, book: Book, row: int) -> bool:
        """Whether a row that is an event is one for a sweep alone, whose orders arrive at once."""
        is_sweep = self._started and self._taker.wanted > 0 and self.rules.plain_takes
        return is_sweep and self._next_but_sweep(book, row, row + 1) > row

    def _next_event(self, book: Book, row: int, stop: int) -> int:
        """The first row from `row` on at which something can happen to this order; `stop` if there is none."""
        if row >= stop or not self.leaves:
            return stop
        if not self._started:
            return row
        event = stop
        if self._taker.wanted > 0:
            event = min(event, self._taker.next_offer(book, row))
        return self._next_but_sweep(book, row, event)

    def _next_but_sweep(self, book: Book, row: int, event: int) -> int:
        """The first row in row:event at which something other than the sweep happens, else `event`."""
        if self._in_flight:
            event = min(event, book.first_at(self._in_flight.next_due))
        event = self._resting.next_event(row, event)
        if isinstance(self._wake, Depth):
            event = self._taker.available.first_deep(book, row, event, self._wake)
        elif self._wake is not None and event > row and self._wake <= book.times[event - 1]:
            event = min(event, max(row, book.first_at(self._resting.free_at(self._wake))))
        return event

    def _due(self, book: Book, row: int) -> bool:
        """Whether to decide at this row; a condition that is met has what rests cancelled first."""
        if not self._started:
            return True
        ts = book.times[row]
        if isinstance(self._wake, Depth) and self._taker.available.first_deep(book, row, row + 1, self._wake) == row:
            self._wake = ts
            self._resting.cancel(book, ts, EndReason.EXPIRED)
        return isinstance(self._wake, int) and ts >= self._wake and ts >= self._resting.free_at(self._wake)

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, book: Book, row: int) -> None:
        view = self.view(book, row)
        if self.watch is not None:
            flow = self.watch.since(book, row, first=not self._started)
            view = replace(view, last=self._resting.outcomes(), flow=flow, traded=self.watch.traded)
        self._started = True
        plan = self.strategy.decide(view)
        at = Displayed.at(book, row)
        self._end_resting(at.ts, EndReason.EXPIRED)
        self._wake = plan.wake
        self._taker.begin(plan)
        for take in plan.takes:
            k = book.venues.index(take.venue)
            if at.quotes[k].take_px <= self.order.limit:
                self._taker.send(at, k, self._taker.lots(take.qty), swept=False)
        if len({rest.venue for rest in plan.rests}) < len(plan.rests):
            # Each would be filled by the same trades, as if the other were not there.
            raise ValueError(f"{self.strategy.name}: a plan rests at most one order at a venue")
        for rest in plan.rests:
            self._rest(at, rest)

    def _rest(self, at: Displayed, rest: Rest) -> None:
        """Send a resting order, and its cancel, which leaves when it expires or the next decision is due.

        What whole lots do not hold is swept; beyond the limit price nothing rests.
        """
        qty = self._taker.lots(rest.qty)
        self._taker.to_sweep += rest.qty - qty
        if qty <= 0 or rest.px > self.order.limit:
            return
        expires = min(rest.expires, self._wake) if isinstance(self._wake, int) else rest.expires
        child = RestingOrder(
            self.progress.number(), Rest(rest.venue, rest.px, qty, rest.expires), at.ts, at.mid2, self.queue_model,
            at.ts + self.rules.latency.to(rest.venue), expires + self.rules.cancels.to(rest.venue), at.touch,
        )  # fmt: skip
        self._resting.orders.append(child)
        self._in_flight.send(child)

    def view(self, book: Book, row: int) -> View:
        """What the strategy may know after snapshot `row`."""
        at, sent = Displayed.at(book, row), self._in_flight.shares
        venues = tuple(
            self._taker.available.seen(quote, run)
            for quote, run in zip(at.quotes, at.runs, strict=True)
            # A book has a column for every venue of its batch: one that is first seen later must not show now.
            if quote.take_px < FAR or quote.rest_px > -FAR
        )
        return View(at.ts, self.done, sent, self.leaves - sent, at.mid2, venues, form=book.form)

    # -- what acts -------------------------------------------------------------------------------------------------

    def _act(self, book: Book, now: int) -> None:
        """What is due by `now` arrives: takes act on the book as it stands at that time, resting orders join."""
        if not self._in_flight:
            return
        for child in self._in_flight.arrivals(now):
            if isinstance(child, Taking):
                self._taker.execute(child, *book.as_of(child.due))
            elif child.joins < child.ends and self.leaves:
                child.join(book)

    def _complete(self, book: Book, now: int) -> None:
        """Once the plan's goal is filled, what rests is cancelled."""
        if self._taker.goal <= self.done < self.order.quantity:
            self._resting.cancel(book, now, EndReason.COMPLETED)

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end_resting(self, ts: int, reason: EndReason) -> None:
        self.progress.ended += self._resting.end(ts, reason)

    def _end_all(self, ts: int, reason: EndReason) -> None:
        self.progress.ended += [child.record(ts, 0, reason) for child in self._in_flight.clear()]
        self._end_resting(ts, reason)
        self._taker.to_sweep = 0

    def _complete_at_deadline(self, book: Book) -> None:
        """Orders that arrive by the deadline still act. Then what is left is completed, or stays with a limit."""
        end = self.order.end
        self._act(book, end)
        if not self.leaves:  # a take that arrived after the last snapshot was the last of it
            self._end_all(self.progress.fills.last_ts, EndReason.PARENT_DONE)
        self._end_all(end, EndReason.DEADLINE)
        self.closed = True
        book, row = book.as_of(end)
        last = book.last_take(row)
        if last is None:
            return
        self.left_px = last.px + self.rules.fees.take(last.venue, last.px)
        if self.leaves and self.order.limit_price is None and not self.stopped:
            self.forced = self.leaves
            self.forced_beyond = self._taker.beyond_displayed(last, book.form, self.forced)
            self.progress.fills.append(
                Fill(end, last.venue, last.px, self.forced, False, True, end, book.mid2_at(row), end, None,
                     self.progress.number(), FillReason.FORCED, touch=book.touch_at(row))
            )  # fmt: skip
