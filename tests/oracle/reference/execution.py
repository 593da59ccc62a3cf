"""One parent order worked by one strategy: the order of things at a snapshot, step by step.

(0) what is due before it, (1) its trades, (2) its quotes, (3) quote-through fills, (4) cancels due, (5) orders due,
(6) the decision, (7) the sweep, (8) completion. Everything here buys; a sell is a buy on the mirrored tape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from reference.book import Book
from reference.children import (
    COMPLETE,
    DEADLINE,
    DONE,
    FILLED,
    MISSED,
    REFUSED,
    Child,
    Fill,
    Rest,
    Take,
)
from reference.levels import Levels, is_sale
from reference.market import Quote, Snapshot, Trade
from reference.queues import MICRO, Place
from reference.rules import Order, Rules


class Strategy(Protocol):
    """A way to work an order; see working.py."""

    def decide(self, desk: Desk) -> None:
        """(6): may send rests and takes."""

    def wanted(self, desk: Desk) -> int:
        """(7): shares that the sweep should ask for now."""

    def exempt(self, desk: Desk) -> bool:
        """Whether lots and the minimum do not bind now."""

    def swept(self, qty: int) -> None:
        """So many shares were asked for by the sweep (negative: a take missed them)."""

    def goal(self) -> int | None:
        """Done shares at which the slice is complete; None: there are no slices."""


@dataclass
class Desk:
    """The state of an order that is worked."""

    order: Order
    rules: Rules
    model: str
    strategy: Strategy
    book: Book = field(init=False)
    levels: dict[int, Levels] = field(default_factory=dict)
    takes: list[Take] = field(default_factory=list)
    rests: list[Rest] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    done: int = 0
    last_ask: tuple[int, int] | None = None  # price and venue of the last national best ask there was

    def __post_init__(self) -> None:
        self.book = Book(self.rules.max_quote_age, self.rules.replenish)

    # --- the day ----------------------------------------------------------------------------------------------------

    def snapshot(self, snapshot: Snapshot) -> None:
        self.act_due(snapshot.ts, inclusive=False)  # (0)
        for trade in snapshot.trades:  # (1)
            self.trade(trade, snapshot.ts)
        self.quotes(snapshot)  # (2)
        self.quote_through()  # (3)
        self.act_due(snapshot.ts, inclusive=True)  # (4), (5)
        if snapshot.ts >= self.order.start:
            self.strategy.decide(self)  # (6)
            self.act_due(snapshot.ts, inclusive=True)  # without latency its orders act now
            self.sweep()  # (7)
            self.complete()  # (8)

    def close(self) -> None:
        """The end of the window, which may lie after the last snapshot in it."""
        self.act_due(self.order.end, inclusive=True)
        self.book.now = self.order.end
        self.look()
        for child in [*self.takes, *self.rests]:
            child.ended(self.order.end, DEADLINE)
        for venue in self.book.venues.values():
            venue.sent = 0

    # --- (0), (4), (5): what is due ---------------------------------------------------------------------------------

    def act_due(self, until: int, *, inclusive: bool) -> None:
        """By due time; of one time cancels first, then takes, then joins, each in the order sent."""
        last = until if inclusive else until - 1
        cancels = [(r.cancel_due, 0, r) for r in self.rests if r.alive and r.cancel_due is not None]
        takes = [(t.due, 1, t) for t in self.takes if t.alive]
        joins = [(r.due, 2, r) for r in self.rests if r.alive and not r.joined]
        due: list[tuple[int, int, Child]] = [event for event in (*cancels, *takes, *joins) if event[0] <= last]
        for ts, kind, child in sorted(due, key=lambda event: (event[0], event[1], event[2].number)):
            if not child.alive:
                continue
            self.book.now = ts
            if kind == 0 and isinstance(child, Rest):
                child.ended(ts, child.cancel_reason)
            elif isinstance(child, Take):
                self.arrive(child, ts)
            elif isinstance(child, Rest):
                self.join(child, ts)
        self.book.now = until

    def arrive(self, take: Take, ts: int) -> None:
        venue = self.book.venues[take.venue]
        if take.run == venue.run:
            venue.sent -= take.qty
        qty = min(take.qty, self.book.left_there(venue, take.px), self.order.quantity - self.done)
        if qty:
            assert venue.ask is not None
            venue.taken += qty
            self.fill(take, ts, venue.ask.px, qty, "taker")
        take.ended(ts, MISSED)
        if qty < take.qty:
            self.strategy.swept(qty - take.qty)

    def join(self, rest: Rest, ts: int) -> None:
        venue, levels = self.book.venues[rest.venue], self.levels[rest.venue]
        if venue.ask is not None and venue.ask.px <= rest.px:
            rest.ended(ts, REFUSED)
            return
        rest.joined = True
        bid = venue.bid
        if bid is None or bid.px < rest.px:
            ahead: int | None = 0
        elif bid.px == rest.px:
            ahead = bid.sz
        else:
            ahead = levels.remembered(rest.px)
        rest.ahead_at_joining = None if ahead is None else ahead * MICRO
        rest.place = Place(rest.px, self.model, rest.ahead_at_joining)

    # --- (1) to (3): the market acts --------------------------------------------------------------------------------

    def trade(self, trade: Trade, ts: int) -> None:
        venue = self.book.venues.get(trade.venue)
        if venue is None or not is_sale(trade, venue.ask):
            return
        self.levels[trade.venue].sold(trade)
        for rest in self.resting():
            if rest.venue == trade.venue:
                self.made(rest, ts, rest.place.sale(trade))

    def quotes(self, snapshot: Snapshot) -> None:
        self.book.apply(snapshot)
        for quote in snapshot.quotes:
            self.row(quote)
        self.look()

    def row(self, quote: Quote) -> None:
        cancelled = self.levels.setdefault(quote.venue, Levels()).show(quote.bid)
        for rest in self.resting():
            if rest.venue == quote.venue:
                rest.place.row(quote.bid, quote.ask, cancelled)

    def quote_through(self) -> None:
        for rest in sorted(self.resting(), key=lambda r: r.venue):
            venue = self.book.venues[rest.venue]
            if venue.ask is None or venue.ask.px > rest.px:
                continue
            if self.rules.replenish and venue.id not in self.book.spoke:
                continue
            venue.taken += self.made(rest, self.book.now, self.book.available(venue))

    def look(self) -> None:
        self.last_ask = self.book.best_ask() or self.last_ask

    # --- (7), (8): the order acts -----------------------------------------------------------------------------------

    def sweep(self) -> None:
        """All venues at the one lowest price that has something, the larger first, then the smaller id."""
        wanted, exempt = self.strategy.wanted(self), self.strategy.exempt(self)
        offers = []
        for venue in self.book.taking_part():
            available = self.book.available(venue)
            if (
                venue.ask is not None
                and self.within_limit(venue.ask.px)
                and self.rules.child(wanted, available, exempt=exempt)
            ):
                offers.append((venue.ask.px, -available, venue.id))
        for px, available, venue_id in sorted(offers):
            if px > min(offers)[0]:
                break
            qty = self.rules.child(wanted, -available, exempt=exempt)
            if qty:
                self.send_take(venue_id, qty)
                self.strategy.swept(qty)
                wanted -= qty
        self.act_due(self.book.now, inclusive=True)  # without latency

    def complete(self) -> None:
        goal = self.strategy.goal()
        if goal is None or self.done < goal:
            return
        for rest in self.rests:
            if rest.alive:
                rest.cancel(self.book.now + self.rules.cancels.of(rest.venue), COMPLETE)

    # --- sending and filling ----------------------------------------------------------------------------------------

    def send_take(self, venue_id: int, qty: int) -> None:
        venue, now = self.book.venues[venue_id], self.book.now
        assert venue.ask is not None
        due = now + self.rules.latency.of(venue_id)
        self.takes.append(Take(self.number(), venue_id, venue.ask.px, qty, now, due, run=venue.run))
        venue.sent += qty

    def send_rest(self, venue_id: int, px: int, qty: int) -> Rest:
        now = self.book.now
        rest = Rest(self.number(), venue_id, px, qty, now, now + self.rules.latency.of(venue_id))
        self.rests.append(rest)
        return rest

    def made(self, rest: Rest, ts: int, reached: int) -> int:
        """A resting order's fill of at most `reached` shares; returns what it was."""
        qty = min(reached, rest.left, self.order.quantity - self.done)
        if qty:
            self.fill(rest, ts, rest.px, qty, "maker")
        return qty

    def fill(self, child: Child, ts: int, px: int, qty: int, kind: str) -> None:
        child.filled += qty
        self.done += qty
        self.fills.append(Fill(ts, child.venue, px, qty, kind, child.number))
        if not child.left:
            child.ended(ts, FILLED)
        if self.done == self.order.quantity:
            for other in [*self.takes, *self.rests]:
                other.ended(ts, DONE)

    # --- what a strategy asks ---------------------------------------------------------------------------------------

    def within_limit(self, px: int) -> bool:
        return self.order.limit is None or px <= self.order.limit

    def resting(self) -> Iterator[Rest]:
        return (rest for rest in self.rests if rest.resting)

    def limits_alive(self) -> bool:
        """Whether any limit order is on its way or at work."""
        return any(rest.alive for rest in self.rests)

    @property
    def sent(self) -> int:
        """Shares asked for by takes that are not answered."""
        return sum(take.qty for take in self.takes if take.alive)

    @property
    def open(self) -> int:
        """Shares neither done nor sent."""
        return self.order.quantity - self.done - self.sent

    def number(self) -> int:
        return len(self.takes) + len(self.rests)
