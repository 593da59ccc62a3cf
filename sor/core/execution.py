"""The engine: carries out one strategy's plans against the books, and keeps the fills.

It moves from event to event, not from snapshot to snapshot: a decision that is due, an order that arrives after its
latency, a resting order that is hit, or a snapshot that may offer something new while shares are to be swept. In
between nothing can change for this order, so nothing is looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np

from sor.core.book import Book
from sor.core.order import Fill, ParentOrder, QueueModel, Rules
from sor.core.orient import FAR
from sor.core.queue import RestingOrder
from sor.core.strategy import Depth, Strategy, VenueView, View
from sor.core.sweep import Used, sweep
from sor.core.units import NO_PRICE


@dataclass(frozen=True, slots=True)
class _Child:
    """A market order on its way: acts on the book as it stands at `due`, at `px` or better."""

    due: int
    venue: int
    px: int
    qty: int
    run: int
    decided: int
    mid2: int | None
    swept: bool


@dataclass(slots=True)
class Execution:
    """One strategy working one parent order. Prices in the fills are oriented; see sor.core.accounting."""

    order: ParentOrder
    rules: Rules
    strategy: Strategy
    queue_model: QueueModel = QueueModel.CONSERVATIVE
    fills: list[Fill] = field(default_factory=list)
    done: int = 0
    forced: int = 0
    forced_beyond: int = 0
    last_take_px: int | None = None
    closed: bool = False
    _started: bool = False
    _wake: int | Depth | None = None
    _to_sweep: int = 0
    _backlog: bool = False
    _sent: int = 0
    _used: dict[int, Used] = field(default_factory=dict)
    _children: deque[_Child] = field(default_factory=deque)
    _resting: list[RestingOrder] = field(default_factory=list)
    _last: Book | None = None

    @property
    def limit(self) -> int:
        """The limit price, oriented; FAR where there is none."""
        return FAR - 1 if self.order.limit_price is None else self.order.limit_price * self.order.side.sign

    @property
    def leaves(self) -> int:
        return self.order.quantity - self.done

    @property
    def resting(self) -> list[RestingOrder]:
        """Child orders now in queues."""
        return [rest for rest in self._resting if rest.leaves]

    def advance(self, book: Book) -> None:
        """Go through the new snapshots of a book."""
        if self.closed:
            return
        self._last = book
        stop = book.last_at(self.order.end) + 1
        row = max(book.new, book.first_at(self.order.start))
        for rest in self._resting:
            rest.enter(book)
        while True:
            row = self._next_event(book, row, stop)
            if row >= stop:
                break
            self._visit(book, row)
            row += 1
            if self._to_sweep > 0 and self.leaves and not self.rules.latency:
                row = self._sweep_on(book, row, stop)
            if not self.leaves:
                self._cancel_all()
                break
        if stop < len(book):
            self._close(book)

    def finish(self) -> None:
        """The stream has ended: complete what is left."""
        if not self.closed and self._last is not None:
            self._close(self._last)

    # -- what happens at one snapshot, in this order: trades, arrivals, the decision, the sweep --------------------

    def _visit(self, book: Book, row: int) -> None:
        ts = int(book.ts[row])
        self._arrive(book, ts - 1)
        self._hit(book, row)
        self._arrive(book, ts)
        if self.leaves and self._due(book, row):
            self._decide(book, row)
            self._arrive(book, ts)
        if self._to_sweep > 0 and self.leaves > self._sent:
            self._sweep(book, row)
        self._arrive(book, ts)

    def _next_event(self, book: Book, row: int, stop: int) -> int:
        """The first row from `row` on at which something can happen to this order; `stop` if there is none."""
        if row >= stop or not self.leaves:
            return stop
        if not self._started:
            return row
        event = stop
        if self._to_sweep > 0 and self.leaves > self._sent:
            event = min(event, row if self._backlog else self._next_fresh(book, row))
        return self._next_but_sweep(book, row, event)

    def _next_but_sweep(self, book: Book, row: int, event: int) -> int:
        """The first row in row:event at which something other than the sweep happens, else `event`."""
        if self._children:
            event = min(event, max(row, book.first_at(self._children[0].due)))
        for rest in self._resting:
            event = min(event, rest.next_hit(row, event))
        if isinstance(self._wake, Depth):
            event = min(event, self._deep_enough(book, row, event, self._wake))
        elif self._wake is not None:
            event = min(event, max(row, book.first_at(self._wake)))
        return event

    @staticmethod
    def _next_fresh(book: Book, row: int) -> int:
        at = bisect_left(book.fresh_rows, row)
        return book.fresh_rows[at] if at < len(book.fresh_rows) else len(book)

    def _due(self, book: Book, row: int) -> bool:
        if not self._started:
            return True
        if isinstance(self._wake, Depth):
            return self._deep_enough(book, row, row + 1, self._wake) == row
        return self._wake is not None and int(book.ts[row]) >= self._wake

    def _deep_enough(self, book: Book, row: int, stop: int, depth: Depth) -> int:
        """The first row in row:stop at which the Depth condition holds, else `stop`; in blocks, as most are near."""
        at, block = row, 64
        while at < stop:
            end = min(stop, at + block)
            sizes = np.where(book.take_px[at:end] <= self.limit, book.take_sz[at:end], 0)
            for k, venue in enumerate(book.venues):
                used = self._used.get(venue)
                if used is not None:
                    same = book.run[at:end, k] == used.run
                    sizes[same, k] = np.maximum(sizes[same, k] - used.taken - used.sent, 0)
            hits = np.flatnonzero((sizes // depth.step * depth.step).sum(axis=1) >= depth.quantity)
            if len(hits):
                return at + int(hits[0])
            at, block = end, block * 4
        return stop

    # -- decisions -------------------------------------------------------------------------------------------------

    def _decide(self, book: Book, row: int) -> None:
        self._started = True
        plan = self.strategy.decide(self.view(book, row))
        self._wake = plan.wake
        self._to_sweep, self._backlog = plan.sweep, True
        ts, mid2 = int(book.ts[row]), book.mid2_at(row)
        for take in plan.takes:
            k = book.venues.index(take.venue)
            px = int(book.take_px[row, k])
            if px <= self.limit:
                self._send(take.venue, px, take.qty, int(book.run[row, k]), ts, mid2, swept=False)
        if len({rest.venue for rest in plan.rests}) < len(plan.rests):
            # Each would be filled by the same trades, as if the other were not there.
            raise ValueError(f"{self.strategy.name}: a plan rests at most one order at a venue")
        self._resting = [
            RestingOrder.send(index, rest, book, row, self.rules.latency, mid2, self.queue_model)
            for index, rest in enumerate(plan.rests)
            if rest.qty > 0 and rest.px <= self.limit
        ]

    def view(self, book: Book, row: int) -> View:
        """What the strategy may know after snapshot `row`."""
        venues = tuple(
            VenueView(
                venue,
                int(book.take_px[row, k]),
                self._available(book, row, k) if int(book.take_px[row, k]) <= self.limit else 0,
                int(book.rest_px[row, k]),
                int(book.rest_sz[row, k]),
            )
            for k, venue in enumerate(book.venues)
            # A book has a column for every venue of its batch: one that is heard later must not show now.
            if book.take_px[row, k] < FAR or book.rest_px[row, k] > -FAR
        )
        return View(int(book.ts[row]), self.done, self._sent, self.leaves - self._sent, book.mid2_at(row), venues)

    # -- taking ----------------------------------------------------------------------------------------------------

    def _available(self, book: Book, row: int, k: int) -> int:
        size = int(book.take_sz[row, k])
        used = self._used.get(book.venues[k])
        if used is not None and used.run == int(book.run[row, k]):
            size -= used.taken + used.sent
        return max(0, size)

    def _sweep(self, book: Book, row: int) -> None:
        """Take at the lowest price that has something available: all venues at that price, that one price only."""
        prices = book.take_px[row].tolist()
        offers = [
            (px, -size, venue, k)
            for k, (px, venue) in enumerate(zip(prices, book.venues, strict=True))
            if px <= self.limit and (size := self._available(book, row, k)) > 0
        ]
        if not offers:
            self._backlog = False
            return
        best = min(offers)[0]
        level = sorted(offer for offer in offers if offer[0] == best)
        self._backlog = len(level) < len(offers)
        ts, mid2 = int(book.ts[row]), book.mid2_at(row)
        for px, minus_size, venue, k in level:
            qty = min(-minus_size, self._to_sweep, self.leaves - self._sent)
            if qty <= 0:
                break
            self._to_sweep -= qty
            self._send(venue, px, qty, int(book.run[row, k]), ts, mid2, swept=True)

    def _sweep_on(self, book: Book, row: int, stop: int) -> int:
        """Sweep from `row` on until something else happens, when orders arrive at once; the row of that."""
        event = self._next_but_sweep(book, row, stop)
        start = row if self._backlog else min(event, self._next_fresh(book, row))
        swept = sweep(book, start, event, min(self._to_sweep, self.leaves), self.limit, self._used, self._backlog)
        takes = swept.takes
        times, mids2 = (array[takes.rows].tolist() for array in (book.ts, book.mid2))
        known = [None if mid2 == NO_PRICE else mid2 for mid2 in mids2]
        never, no_queue = repeat(False), repeat(0)
        columns = zip(
            times, takes.venues, takes.prices, takes.shares, never, never, times, known, times, no_queue, strict=False
        )
        self.fills += map(Fill._make, columns)
        filled = sum(takes.shares)
        self.done += filled
        self._to_sweep -= filled
        self._backlog = swept.backlog
        return event

    def _send(self, venue: int, px: int, qty: int, run: int, ts: int, mid2: int | None, *, swept: bool) -> None:
        qty = min(qty, self.leaves - self._sent)
        if qty <= 0:
            return
        used = self._used.setdefault(venue, Used())
        if used.run != run:
            used.run, used.taken, used.sent = run, 0, 0
        used.sent += qty
        self._sent += qty
        self._children.append(_Child(ts + self.rules.latency, venue, px, qty, run, ts, mid2, swept))

    def _arrive(self, book: Book, now: int) -> None:
        """Execute the orders that are due by `now`, each on the book as it stands when it arrives."""
        while self._children and self._children[0].due <= now:
            child = self._children.popleft()
            self._execute(child, *book.as_of(child.due))

    def _execute(self, child: _Child, book: Book, row: int) -> None:
        k = book.venues.index(child.venue)
        used = self._used[child.venue]
        if used.run == child.run:
            used.sent -= child.qty
        self._sent -= child.qty
        px, run = int(book.take_px[row, k]), int(book.run[row, k])
        qty = 0
        if px <= child.px:
            taken = used.taken if used.run == run else 0
            # Resting orders may have been hit since this order was sent: never more than the parent's leaves.
            qty = min(child.qty, max(0, int(book.take_sz[row, k]) - taken), self.leaves)
        if qty:
            if used.run != run:
                used.run, used.taken, used.sent = run, 0, 0
            used.taken += qty
            self.done += qty
            self.fills.append(
                Fill(child.due, child.venue, px, qty, False, False, child.decided, child.mid2, child.decided, 0)
            )
        if qty < child.qty and child.swept:
            self._to_sweep += child.qty - qty
            self._backlog = True

    # -- resting ---------------------------------------------------------------------------------------------------

    def _hit(self, book: Book, row: int) -> None:
        """Trades of this snapshot that reach our resting orders, in the order they happened."""
        hits = sorted(hit for rest in self._resting for hit in rest.hits(row))
        for _position, index, qty in hits:
            rest = next(rest for rest in self._resting if rest.index == index)
            qty = min(qty, self.leaves)
            if qty <= 0:
                return
            self.done += qty
            self.fills.append(rest.fill(int(book.ts[row]), qty))

    def _cancel_all(self) -> None:
        for child in self._children:
            self._used[child.venue].sent = 0
        self._children.clear()
        self._resting, self._to_sweep, self._sent = [], 0, 0

    # -- the deadline ----------------------------------------------------------------------------------------------

    def _close(self, book: Book) -> None:
        """Orders that arrive by the deadline still act. Then what is left is completed, or stays with a limit."""
        self._arrive(book, self.order.end)
        self._cancel_all()
        self.closed = True
        book, row = book.as_of(self.order.end)
        last = book.last_take(row)
        if last is None:
            return
        px, venue, stands = last
        self.last_take_px = px
        if self.leaves and self.order.limit_price is None:
            k = book.venues.index(venue)
            self.forced = self.leaves
            self.forced_beyond = max(0, self.forced - (self._available(book, row, k) if stands else 0))
            end = self.order.end
            self.fills.append(Fill(end, venue, px, self.forced, False, True, end, book.mid2_at(row), end, 0))
