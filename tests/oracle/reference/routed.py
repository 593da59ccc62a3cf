"""Routers that learn: slices in which the router is shown its own outcomes and what was sold since it was last asked.

Everything buys, as in execution.py; prices and money are integers of one unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol

from reference.children import COMPLETE, Rest
from reference.execution import Desk
from reference.levels import is_sale
from reference.market import Snapshot, Tape, Trade, mirrored
from reference.pacing import Paced
from reference.rules import Order, Rules
from reference.schedule import Clock, Schedule
from reference.slices import Sliced, View
from reference.work import force


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of `rested` shares at a venue `filled` were filled; `cut`: cancelled early, because the slice was complete."""

    venue: int
    rested: int
    filled: int
    cut: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What a router of the literature knows when a slice begins.

    queues: shares displayed at the best bid, of every venue where an order would rest there and not take; rebates: of
    the same venues; fee: where the first share would be taken; touch: shares displayed at the best bid, and at the best
    ask less what was taken there (none beyond the limit price); slices: how many the order has; last: since it was
    asked last; sold: likewise, at each venue's own best bid or through it. half_spread and fee are None without an ask.
    """

    ts: int
    size: int
    half_spread: Fraction | None
    fee: int | None
    mid2: int | None
    queues: Mapping[int, int]
    rebates: Mapping[int, int]
    touch: tuple[int, int]
    slices: int
    last: tuple[Outcome, ...]
    sold: Mapping[int, int]


class Router(Protocol):
    def allocate(self, sight: Sight) -> tuple[int, Mapping[int, int]]:
        """M, {venue: L_k}; whole shares."""


class AllMarket:
    """X_M."""

    def allocate(self, sight: Sight) -> tuple[int, Mapping[int, int]]:
        return sight.size, {}


@dataclass
class RoutedDesk(Desk):
    """Counts what was sold at each venue since the router was asked, and all that traded since the first decision."""

    sold: dict[int, int] = field(default_factory=dict)
    traded: int = 0
    begun: bool = False
    mid2: int | None = None  # twice the last national mid that there was

    def snapshot(self, snapshot: Snapshot) -> None:
        if self.begun:
            self.traded += sum(trade.sz for trade in snapshot.trades)
        super().snapshot(snapshot)
        self.begun = self.begun or snapshot.ts >= self.order.start

    def look(self) -> None:
        super().look()
        self.mid2 = self.mid2 if (mid2 := self.book.mid2()) is None else mid2

    def trade(self, trade: Trade, ts: int) -> None:
        venue = self.book.venues.get(trade.venue)
        if (
            self.begun
            and venue is not None
            and venue.bid is not None
            and trade.side != "H"  # a hidden order is in no displayed queue
            and is_sale(trade, venue.ask)
            and trade.px <= venue.bid.px
        ):
            self.sold[trade.venue] = self.sold.get(trade.venue, 0) + trade.sz
        super().trade(trade, ts)


@dataclass(slots=True)
class Learning(Sliced):
    """Slices of a router that remembers. `asked`: the orders of the last slice in which it was asked."""

    router: Router = field(default_factory=AllMarket)
    asked: list[Rest] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    answers: list[tuple[int, Mapping[int, int]]] = field(default_factory=list)

    @classmethod
    def of(cls, clock: Clock, router: Router) -> Learning:
        answers: list[tuple[int, Mapping[int, int]]] = []
        return cls(clock, lambda view: answers[-1], router=router, answers=answers)

    def decide(self, desk: Desk) -> None:
        assert isinstance(desk, RoutedDesk)
        if isinstance(self.schedule, Paced):
            self.schedule.traded = desk.traded
        sent = len(desk.rests)
        decided, asked = len(self.decisions), len(self.sights)
        bid = desk.book.best_bid()
        Sliced.decide(self, desk)
        if len(self.decisions) == decided:
            return
        made = self.decisions[-1]
        if bid is None and made.size and desk.book.now < self.schedule.passive_end(made.index):
            self.ask(desk, made.size, None)  # nowhere to rest, and so nothing to say
        if len(self.sights) > asked:
            self.asked = desk.rests[sent:]

    def view(self, desk: Desk, index: int, size: int, bid: int) -> View:
        """What is said to the question is what `allocate` answers for this slice."""
        assert isinstance(desk, RoutedDesk)
        self.ask(desk, size, bid)
        return Sliced.view(self, desk, index, size, bid)

    def ask(self, desk: RoutedDesk, size: int, bid: int | None) -> None:
        self.sights.append(self.sight(desk, size, bid))
        self.answers.append(self.router.allocate(self.sights[-1]))
        desk.sold.clear()

    def sight(self, desk: RoutedDesk, size: int, bid: int | None) -> Sight:
        book = desk.book
        ask = book.best_ask()
        places = [v for v in book.taking_part() if bid is not None and (v.ask is None or v.ask.px > bid)]
        left = {v.id: book.available(v) for v in book.taking_part() if v.ask and desk.within_limit(v.ask.px)}
        offers = sorted((v.ask.px, -left.get(v.id, 0), v.id) for v in book.taking_part() if v.ask is not None)
        first = next((venue for _, available, venue in offers if available), None if ask is None else ask[1])
        mid2 = book.mid2()
        return Sight(
            ts=book.now,
            size=size,
            half_spread=None if mid2 is None or bid is None else Fraction(mid2 - 2 * bid, 2),
            fee=None if first is None else desk.rules.fee(first).take,
            mid2=desk.mid2,
            queues={v.id: v.bid.sz if v.bid is not None and v.bid.px == bid else 0 for v in places},
            rebates={v.id: desk.rules.fee(v.id).make for v in places},
            touch=(
                sum(v.bid.sz for v in book.taking_part() if v.bid is not None and v.bid.px == bid),
                sum(left.get(v.id, 0) for v in book.taking_part() if ask and v.ask is not None and v.ask.px == ask[0]),
            ),
            slices=self.schedule.slices,
            last=tuple(Outcome(r.venue, r.qty, r.filled, r.reason == COMPLETE) for r in self.asked),
            sold=dict(desk.sold),
        )


def work_routed(
    tape: Tape, order: Order, rules: Rules, model: str, router: Router, clock: Clock | None = None
) -> Routed:
    """One parent order by a router of the literature, on equal slices or a schedule's."""
    if order.side == "sell":
        tape, order = mirrored(tape), replace(order, side="buy", limit=None if order.limit is None else -order.limit)
    sliced = Learning.of(clock or Schedule(order, rules.router_interval), router)
    desk = RoutedDesk(order, rules, model, sliced)
    for snapshot in tape:
        if snapshot.ts <= order.end:
            desk.snapshot(snapshot)
    desk.close()
    force(desk)
    return Routed(desk, router, sliced.sights, sliced.answers)


@dataclass(frozen=True)
class Routed:
    """What became of the order; `desk` has its children and fills, at oriented prices."""

    desk: RoutedDesk
    router: Router
    sights: list[Sight]
    answers: list[tuple[int, Mapping[int, int]]]
