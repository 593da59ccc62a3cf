"""The engine: carries out one strategy's plans against the books, and keeps the fills.

It moves from event to event, not from snapshot to snapshot: a decision that is due, an order that arrives after its
latency, a resting order that something reaches, or a snapshot that may offer something new while shares are to be
swept. In between nothing can change for this order, so nothing is looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import count

from sor.core.execution.child_orders import ChildOrder, EndReason
from sor.core.execution.displayed import Available, Displayed
from sor.core.execution.fast_take import sweep
from sor.core.execution.fills import Fills, SweptFills
from sor.core.execution.flow_watch import FlowWatch
from sor.core.execution.in_flight import InFlight, Taking
from sor.core.execution.resting import RestingOrder
from sor.core.market.batch import Form
from sor.core.market.book import Book
from sor.core.market.oriented import FAR
from sor.core.order import Fill, FillReason, ParentOrder, QueueModel, Rules
from sor.core.strategies.interface import Depth, Outcome, Rest, StrategyProtocol, View


@dataclass(slots=True)
class Execution:
    """One strategy working one parent order. Prices in the fills are oriented; see sor.core.execution.accounting.

    ended: child orders that were not simply filled whole as soon as they acted; watch: of the flow in the queues, for a
    strategy that is shown it.
    """

    order: ParentOrder
    rules: Rules
    strategy: StrategyProtocol
    queue_model: QueueModel = QueueModel.CONSERVATIVE
    fills: Fills = field(default_factory=Fills)
    ended: list[ChildOrder] = field(default_factory=list)
    done: int = 0
    forced: int = 0
    forced_beyond: int = 0
    watch: FlowWatch | None = None
    left_px: int | None = None  # what a share that is left would cost: the last opposite quote and its take fee
    closed: bool = False
    stopped: bool = False
    _started: bool = False
    _goal: int = 0  # filled shares at which the plan is complete
    _any_size: bool = False
    _wake: int | Depth | None = None
    _to_sweep: int = 0
    _backlog: bool = False
    _in_flight: InFlight = field(default_factory=InFlight)
    _available: Available = field(init=False)
    _resting: list[RestingOrder] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _last: Book | None = None

    def __post_init__(self) -> None:
        self._available = Available(self.order.limit, self._in_flight)

    @property
    def leaves(self) -> int:
        return self.order.quantity - self.done

    @property
    def resting(self) -> list[RestingOrder]:
        """Child orders now in queues."""
        return [rest for rest in self._resting if rest.place is not None and rest.leaves]

    @property
    def _wanted(self) -> int:
        """Shares to sweep now: never beyond what is missing to the goal once everything sent is filled."""
        return min(self._to_sweep, self._goal - self.done - self._in_flight.shares)

    def advance(self, book: Book) -> None:
        """Go through the new snapshots of a book."""
        if self.closed:
            return
        self._last = book
        stop = book.last_at(self.order.end) + 1
        row = max(book.new, book.first_at(self.order.start))
        for rest in self._resting:
            rest.enter(book)
        if self.watch is not None:
            self.watch.enter(book)
        while True:
            row = self._next_event(book, row, stop)
            if row >= stop:
                break
            if not self._only_sweeps(book, row):
                self._visit(book, row)
                row += 1
            if self._wanted > 0 and self.rules.plain_takes:
                row = self._sweep_on(book, row, stop)
            if not self.leaves:
                self._end_all(self.fills.last_ts, EndReason.PARENT_DONE)
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
        self._hit(book, row)
        self._quote_through(book, row)
        self._act(book, ts)
        if self.leaves and self._due(book, row):
            self._decide(book, row)
            self._act(book, ts)
        if self._wanted > 0:
            self._sweep(book, row)
        self._complete(book, ts)

    def _only_sweeps(self, book: Book, row: int) -> bool:
        """Whether a row that is an event is one for a sweep alone, whose orders arrive at once."""
        is_sweep = self._started and self._wanted > 0 and self.rules.plain_takes
        return is_sweep and self._next_but_sweep(book, row, row + 1) > row

    def _next_event(self, book: Book, row: int, stop: int) -> int:
        """The first row from `row` on at which something can happen to this order; `stop` if there is none."""
        if row >= stop or not self.leaves:
            return stop
        if not self._started:
            return row
        event = stop
        if self._wanted > 0:
            event = min(event, row if self._backlog else self._next_fresh(book, row))
        return self._next_but_sweep(book, row, event)

    def _next_but_sweep(self, book: Book, row: int, event: int) -> int:
        """The first row in row:event at which something other than the sweep happens, else `event`."""
        if self._in_flight:
            event = min(event, book.first_at(self._in_flight.next_due))
        for rest in self._resting:
            event = min(event, rest.next_event(row, event))
        if isinstance(self._wake, Depth):
            event = self._available.first_deep(book, row, event, self._wake)
        elif self._wake is not None and event > row and self._wake <= book.times[event - 1]:
            event = min(event, max(row, book.first_at(self._free_at(self._wake))))
        return event

    @staticmethod
    def _next_fresh(book: Book, row: int) -> int:
        at = bisect_left(book.fresh_rows, row)
        return book.fresh_rows[at] if at < len(book.fresh_rows) else len(book)

    def _free_at(self, wake: int) -> int:
        """When a decision that is due at `wake` is taken: its plan may rest anywhere, so nothing rests any longer."""
        return max([wake, *(rest.ends for rest in self._resting if rest.alive(wake))])

    def _due(self, book: Book, row: int) -> bool:
        """Whether to decide at this row; a condition that is met has what rests cancelled first."""
        if not self._started:
            return True
        ts = book.times[row]
        if isinstance(self._wake, Depth) and self._available.first_deep(book, row, row + 1, self._wake) == row:
            self._wake = ts
            for rest in self._resting:
                rest.cancel(book, ts + self.rules.cancels.to(rest.rest.venue), EndReason.EXPIRED)
        return isinstance(self._wake, int) and ts >= self._wake and ts >= self._free_at(self._wake)

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, book: Book, row: int) -> None:
        view = self.view(book, row)
        if self.watch is not None:
            flow = self.watch.since(book, row, first=not self._started)
            view = replace(view, last=self._outcomes(), flow=flow, traded=self.watch.traded)
        self._started = True
        plan = self.strategy.decide(view)
        at = Displayed.at(book, row)
        self._end_resting(at.ts, EndReason.EXPIRED)
        self._wake, self._any_size = plan.wake, plan.any_size
        self._goal = self.order.quantity if plan.goal is None else min(plan.goal, self.order.quantity)
        self._to_sweep = plan.sweep  # begins at this row, fresh or not
        for take in plan.takes:
            k = book.venues.index(take.venue)
            if at.quotes[k].take_px <= self.order.limit:
                self._send(at, k, self._lots(take.qty), swept=False)
        if len({rest.venue for rest in plan.rests}) < len(plan.rests):
            # Each would be filled by the same trades, as if the other were not there.
            raise ValueError(f"{self.strategy.name}: a plan rests at most one order at a venue")
        for rest in plan.rests:
            self._rest(at, rest)

    def _lots(self, shares: int) -> int:
        """The largest child order of at most this size; the last slice may send any."""
        return shares if self._any_size else self.rules.lots.floor(shares)

    def _rest(self, at: Displayed, rest: Rest) -> None:
        """Send a resting order, and its cancel, which leaves when it expires or the next decision is due.

        What whole lots do not hold is swept; beyond the limit price nothing rests.
        """
        qty = self._lots(rest.qty)
        self._to_sweep += rest.qty - qty
        if qty <= 0 or rest.px > self.order.limit:
            return
        expires = min(rest.expires, self._wake) if isinstance(self._wake, int) else rest.expires
        child = RestingOrder(
            next(self._numbers), Rest(rest.venue, rest.px, qty, rest.expires), at.ts, at.mid2, self.queue_model,
            at.ts + self.rules.latency.to(rest.venue), expires + self.rules.cancels.to(rest.venue), at.touch,
        )  # fmt: skip
        self._resting.append(child)
        self._in_flight.send(child)

    def view(self, book: Book, row: int) -> View:
        """What the strategy may know after snapshot `row`."""
        at, sent = Displayed.at(book, row), self._in_flight.shares
        venues = tuple(
            self._available.seen(quote, run)
            for quote, run in zip(at.quotes, at.runs, strict=True)
            # A book has a column for every venue of its batch: one that is first seen later must not show now.
            if quote.take_px < FAR or quote.rest_px > -FAR
        )
        return View(at.ts, self.done, sent, self.leaves - sent, at.mid2, venues, form=book.form)

    def _outcomes(self) -> tuple[Outcome, ...]:
        """Of the last plan's resting orders; whatever ended them has acted by the next decision."""
        return tuple(
            Outcome(rest.rest.venue, rest.rest.qty, rest.filled, rest.leaves > 0 and rest.reason is EndReason.COMPLETED)
            for rest in self._resting
        )

    # -- taking ----------------------------------------------------------------------------------------------------

    def _sweep(self, book: Book, row: int) -> None:
        """Take at the lowest price that has something available: all venues at that price, that one price only."""
        at, wanted = Displayed.at(book, row), self._wanted
        offers = [
            (quote.take_px, -size, quote.venue, k)
            for k, (quote, run) in enumerate(zip(at.quotes, at.runs, strict=True))
            if self._lots(min(wanted, size := self._available.left_of(quote, run))) > 0
        ]
        if not offers:
            self._backlog = False
            return
        best = min(offers)[0]
        level = sorted(offer for offer in offers if offer[0] == best)
        self._backlog = len(level) < len(offers)
        for _, minus_size, _, k in level:
            qty = self._lots(min(-minus_size, self._wanted))
            self._to_sweep -= qty
            self._send(at, k, qty, swept=True)
        self._act(book, at.ts)

    def _sweep_on(self, book: Book, row: int, stop: int) -> int:
        """Sweep from `row` on until something else happens, when orders arrive at once; the row of that."""
        event = self._next_but_sweep(book, row, stop)
        start = row if self._backlog else self._next_fresh(book, row)
        wanted = self._wanted
        swept = sweep(book, start, event, wanted, self.order.limit, self._available.used, self._backlog)
        takes, self._backlog = swept.takes, swept.backlog
        if len(takes.rows):
            # A row that offers something to take has a best price.
            times, mids2, touches = (array[takes.rows] for array in (book.ts, book.mid2, book.best_take))
            first = next(self._numbers)
            self._numbers = count(first + len(takes.rows))
            self.fills.extend(SweptFills(times, takes.venues, takes.prices, takes.shares, mids2, touches, first))
            self.done += wanted - swept.left
            self._to_sweep -= wanted - swept.left
            self._complete(book, self.fills.last_ts)
        return event

    def _send(self, at: Displayed, k: int, qty: int, *, swept: bool) -> None:
        """Send a take to the venue of column k, at the price that it displays."""
        qty = min(qty, self.leaves - self._in_flight.shares)
        if qty > 0:
            venue, px = at.quotes[k].venue, at.quotes[k].take_px
            due = at.ts + self.rules.latency.to(venue)
            self._in_flight.send(
                Taking(next(self._numbers), due, venue, px, qty, at.runs[k], at.ts, at.mid2, swept, at.touch)
            )

    def _act(self, book: Book, now: int) -> None:
        """What is due by `now` arrives: takes act on the book as it stands at that time, resting orders join."""
        if not self._in_flight:
            return
        for child in self._in_flight.arrivals(now):
            if isinstance(child, Taking):
                self._execute_take(child, *book.as_of(child.due))
            elif child.joins < child.ends and self.leaves:
                child.join(book)

    def _execute_take(self, child: Taking, book: Book, row: int) -> None:
        k = book.venues.index(child.venue)
        used = self._available.used_at(child.venue)
        px, run = int(book.take_px[row, k]), int(book.run[row, k])
        displayed = int(book.take_sz[row, k]) if px <= child.px else 0
        there = max(0, self.rules.found(displayed) - used.in_run(run))
        if there < displayed:
            used.fade(run, displayed - self.rules.found(displayed))
        # Resting orders may have been filled since this one was sent: never more than the parent's leaves.
        qty = min(child.qty, there, self.leaves)
        if qty:
            used.consume(run, qty)
            self.done += qty
            self.fills.append(child.fill(px, qty))
        if qty < child.qty or child.due > child.decided:
            hidden = px == FAR and book.form is Form.NBBO
            missed = EndReason.PARENT_DONE if not self.leaves else EndReason.UNKNOWN if hidden else EndReason.MISSED
            self.ended.append(child.record(child.due, qty, EndReason.FILLED if qty == child.qty else missed))
        if qty < child.qty and child.swept:
            self._to_sweep += child.qty - qty
            self._backlog = True

    # -- resting ---------------------------------------------------------------------------------------------------

    def _hit(self, book: Book, row: int) -> None:
        """Trades of this snapshot that reach our resting orders, in the order they happened."""
        hits = [
            (hit.position, rest.number, hit, rest) for rest in self._resting if rest.hits for hit in rest.hits_at(row)
        ]
        for *_, hit, rest in sorted(hits, key=lambda one: one[:2]):
            self._make(rest, book.times[row], hit.qty, FillReason.TRADED, hit.volume, hit.in_front)

    def _quote_through(self, book: Book, row: int) -> None:
        """Opposite quotes that came to our prices: the shares that they show would have met our orders first."""
        through = [rest for rest in self._resting if row in rest.quoted]
        for rest in sorted(through, key=lambda rest: rest.rest.venue):
            at, k = Displayed.at(book, row), book.venues.index(rest.rest.venue)
            quote, run = at.quotes[k], at.runs[k]
            shown = self._available.left_of(quote, run)
            qty = self._make(rest, at.ts, shown, FillReason.QUOTED, quote.available, 0)
            if qty:
                self._available.used_at(quote.venue).consume(run, qty)

    def _make(self, rest: RestingOrder, ts: int, shares: int, reason: FillReason, volume: int, in_front: int) -> int:
        """Fill a resting order by at most this much; the shares that it got."""
        qty = min(shares, rest.leaves, self.leaves)
        if qty > 0:
            self.done += qty
            self.fills.append(rest.fill(ts, qty, reason, volume, in_front))
        return max(0, qty)

    def _complete(self, book: Book, now: int) -> None:
        """Once the plan's goal is filled, what rests is cancelled; a fill before the cancel acts still counts."""
        if self._goal <= self.done < self.order.quantity:
            for rest in self._resting:
                rest.cancel(book, now + self.rules.cancels.to(rest.rest.venue), EndReason.COMPLETED)

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end_resting(self, ts: int, reason: EndReason) -> None:
        self.ended += [rest.record(ts, reason) for rest in self._resting]
        self._resting = []

    def _end_all(self, ts: int, reason: EndReason) -> None:
        self.ended += [child.record(ts, 0, reason) for child in self._in_flight.clear()]
        self._end_resting(ts, reason)
        self._to_sweep = 0

    def _complete_at_deadline(self, book: Book) -> None:
        """Orders that arrive by the deadline still act. Then what is left is completed, or stays with a limit."""
        end = self.order.end
        self._act(book, end)
        if not self.leaves:  # a take that arrived after the last snapshot was the last of it
            self._end_all(self.fills.last_ts, EndReason.PARENT_DONE)
        self._end_all(end, EndReason.DEADLINE)
        self.closed = True
        book, row = book.as_of(end)
        last = book.last_take(row)
        if last is None:
            return
        self.left_px = last.px + self.rules.fees.take(last.venue, last.px)
        if self.leaves and self.order.limit_price is None and not self.stopped:
            used = self._available.used_at(last.venue)
            there = (
                max(0, self.rules.found(last.sz) - used.in_run(last.run))
                if last.stands or book.form is Form.NBBO
                else 0
            )
            self.forced = self.leaves
            self.forced_beyond = max(0, self.forced - there)
            self.fills.append(
                Fill(end, last.venue, last.px, self.forced, False, True, end, book.mid2_at(row), end, None,
                     next(self._numbers), FillReason.FORCED, touch=book.touch_at(row))
            )  # fmt: skip
