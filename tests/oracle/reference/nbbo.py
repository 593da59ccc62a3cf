"""The same execution on a tape in NBBO form: a side shows one venue, prints come late, what is hidden is unknown.

Everything buys here too. `NbboDesk` changes what the form changes in execution.Desk, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf

from reference.book import Book, Venue
from reference.children import MISSED, PASSIVE_OVER, REFUSED, Fill, Rest, Take
from reference.execution import Desk
from reference.levels import is_sale
from reference.market import Level, Trade
from reference.queues import MICRO, Place, left_ahead
from reference.rules import SECOND, Order, Rules
from reference.samples import ENDLESS, NEVER
from reference.simple import BestAsk
from reference.slices import Allocate, Sliced, View
from reference.work import strategy_of

UNKNOWN = "venue not shown"  # a take that arrived while its venue was hidden


@dataclass(frozen=True, slots=True)
class Best:
    """What an instant says of a side: its best is at `venue`; with `level` None there is no national quote."""

    venue: int
    level: Level | None


@dataclass(frozen=True, slots=True)
class Instant:
    """One instant. A side that is None here is not spoken of: it stays as it was."""

    ts: int
    bid: Best | None
    ask: Best | None
    trades: tuple[Trade, ...] = ()


def mirrored(tape: Sequence[Instant]) -> list[Instant]:
    """The same tape seen by a seller."""

    def negated(best: Best | None) -> Best | None:
        return best and Best(best.venue, best.level and Level(-best.level.px, best.level.sz))

    swap = {"A": "B", "B": "A", "N": "N", "H": "H"}
    return [
        Instant(
            one.ts,
            negated(one.ask),
            negated(one.bid),
            tuple(Trade(t.venue, -t.px, t.sz, swap[t.side]) for t in one.trades),
        )
        for one in tape
    ]


# --- the offers -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class NbboBook(Book):
    """At most one venue has a bid and one an ask; the others' price runs go on until the national ask is worse."""

    runs: dict[int, int] = field(default_factory=dict)  # venue: the price of its ask's living run
    spoken: dict[str, int] = field(default_factory=dict)  # side: the last time a row spoke of it
    last: tuple[Venue, Level] | None = None  # of the last ask shown
    last_taken: int | None = None  # of its run, once it is not shown; None: it still is

    def say(self, instant: Instant) -> None:
        self.now = instant.ts
        self.spoke = set()
        if self.last is not None and self.last_taken is None:
            self.last_taken = self.last[0].taken
        for venue in self.venues.values():
            if self.replenish:
                venue.run, venue.taken, venue.sent = venue.run + 1, 0, 0
        if instant.bid is not None:
            self.spoken["bid"] = self.now
            self._show("bid", instant.bid)
        if instant.ask is not None:
            self.spoken["ask"] = self.now
            self.spoke = {instant.ask.venue}
            self._ask_runs(instant.ask)
            self._show("ask", instant.ask)

    def _show(self, side: str, best: Best) -> None:
        for venue in self.venues.values():
            setattr(venue, side, None)
        if best.level is not None:
            setattr(self.at(best.venue), side, best.level)

    def _ask_runs(self, best: Best) -> None:
        px = None if best.level is None else best.level.px
        self.runs = {venue: run for venue, run in self.runs.items() if px is not None and run >= px}
        if px is not None and self.runs.get(best.venue) != px:
            self.runs[best.venue] = px
            venue = self.at(best.venue)
            venue.run, venue.taken, venue.sent = venue.run + 1, 0, 0

    def at(self, venue: int) -> Venue:
        return self.venues.setdefault(venue, Venue(venue))

    def _is_young(self, side: str) -> bool:
        return self.max_quote_age is None or self.now - self.spoken[side] <= self.max_quote_age

    def place(self) -> Venue | None:
        """The one venue at which an order can rest: it is shown at the bid."""
        shown = [v for v in self.venues.values() if v.bid is not None and self._is_young("bid")]
        return shown[0] if shown else None

    def offer(self) -> Venue | None:
        shown = [v for v in self.venues.values() if v.ask is not None and self._is_young("ask")]
        return shown[0] if shown else None

    def taking_part(self) -> list[Venue]:
        offer = self.offer()
        return [] if offer is None else [offer]

    def best_bid(self) -> int | None:
        place = self.place()
        return None if place is None or place.bid is None else place.bid.px

    def best_ask(self) -> tuple[int, int] | None:
        offer = self.offer()
        return None if offer is None or offer.ask is None else (offer.ask.px, offer.id)

    def fresh(self, venue: Venue) -> bool:
        return self._is_young("ask")  # asked of what can be taken alone


# --- the queues -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Fall:
    """Shares by which something fell, not explained by a trade so far."""

    ts: int
    left: int


def explain(falls: list[Fall], since: int, shares: int) -> int:
    """Uses up falls from `since` on, the oldest first; returns the shares that are left to explain nothing."""
    for fall in falls:
        if fall.ts >= since:
            part = min(fall.left, shares)
            fall.left -= part
            shares -= part
    return shares


@dataclass(slots=True)
class BidRun:
    """One uninterrupted price of a venue's bid: the last size shown, and the sales there that no fall has shown yet."""

    px: int
    size: int
    unclaimed: int = 0


@dataclass(slots=True)
class Bids:
    """What is known of the bids of all venues, shown or hidden."""

    late: int
    best: Best | None = None
    fall: Fall | None = None  # of the last row, within its run
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)  # last shown, by venue and price, at most the best
    empty_above: float = inf  # nothing stands at prices above this one, unless `sizes` says so; inf: never seen
    runs: dict[int, BidRun] = field(default_factory=dict)
    falls: dict[tuple[int, int], list[Fall]] = field(default_factory=dict)  # of displayed size, by venue and price

    def sold(self, trade: Trade, now: int) -> None:
        if trade.side == "H":  # in no size
            return
        left = trade.sz
        if self.late:
            left = explain(self.falls.get((trade.venue, trade.px), []), now - self.late, left)
        run = self.runs.get(trade.venue)
        if run is not None and run.px == trade.px:
            run.unclaimed += left

    def show(self, best: Best, now: int) -> None:
        """The next row."""
        self.best, self.fall = best, None
        px = None if best.level is None else best.level.px
        floor = -inf if px is None else px
        self.empty_above = min(self.empty_above, floor)
        self.sizes = {(venue, at): size for (venue, at), size in self.sizes.items() if at <= floor}
        if best.level is not None:
            self.sizes[best.venue, best.level.px] = best.level.sz
        for venue, run in list(self.runs.items()):
            other = venue == best.venue and run.px != px
            if px is None or run.px > px or other:
                del self.runs[venue]
                if not other or run.px > (px or 0):  # gone, and not only behind the best
                    self._fell(venue, run.px, Fall(now, max(0, run.size - run.unclaimed)))
        if best.level is None:
            return
        if best.venue not in self.runs:
            self.runs[best.venue] = BidRun(*best.level)
            return
        run = self.runs[best.venue]
        fell = max(0, run.size - best.level.sz)
        claimed = min(fell, run.unclaimed)
        run.size, run.unclaimed = best.level.sz, run.unclaimed - claimed
        self.fall = Fall(now, fell - claimed)
        self._fell(best.venue, run.px, self.fall)

    def _fell(self, venue: int, px: int, fall: Fall) -> None:
        self.falls.setdefault((venue, px), []).append(fall)

    def remembered(self, venue: int, px: int) -> int | None:
        return self.sizes.get((venue, px), 0 if px > self.empty_above else None)

    def recent(self, venue: int, px: int, now: int) -> list[Fall]:
        """Falls there that a late print may still explain, for an order that joins now."""
        falls = self.falls.get((venue, px), [])
        return [Fall(fall.ts, fall.left * MICRO) for fall in falls if self.late and fall.ts >= now - self.late]


@dataclass(slots=True)
class NbboPlace(Place):
    """Our place in a queue that is not always seen. `falls`: what late prints at our price use up, in millionths."""

    late: int = 0
    falls: list[Fall] = field(default_factory=list)
    seen: list[tuple[Fall, int, int]] = field(default_factory=list)  # with `ahead` before and displayed after it

    def sold(self, trade: Trade, now: int) -> int:
        """Whole shares of a sale that get through to us."""
        if trade.px != self.px or trade.side == "H" or not self.late:
            return self.sale(trade)
        size = explain(self.falls, now - self.late, trade.sz * MICRO)
        if self.ahead is None:
            return 0
        eaten = min(self.ahead, size)
        self.ahead -= eaten
        whole, self.reached = divmod(self.reached + size - eaten, MICRO)
        return whole

    def fall_to(self, ahead: int, now: int) -> None:
        """By what is seen in quotes, which a late print may explain."""
        assert self.ahead is not None
        if ahead < self.ahead:
            self.falls.append(Fall(now, self.ahead - ahead))
            self.ahead = ahead

    def row_at_our_price(self, displayed: int, fall: Fall | None, now: int) -> None:
        """Nobody beyond what is displayed can be ahead."""
        assert self.ahead is not None
        if fall is not None:
            self.seen.append((fall, self.ahead, displayed))
        self.fall_to(min(self.ahead, displayed * MICRO), now)
        if not self.late:
            self.settle(now + 1)

    def settle(self, before: int) -> None:
        """Falls of before that time were cancellations, and put us where we would be had that been known at once. (The
        smaller displayed size was known at once, and falls before we joined took nobody from before us.)"""
        for fall, ahead, displayed in [one for one in self.seen if one[0].ts < before]:
            assert self.ahead is not None
            more = min(ahead, displayed * MICRO) - left_ahead(self.model, ahead, fall.left, displayed)
            self.ahead -= min(self.ahead, more)
        self.seen = [one for one in self.seen if one[0].ts >= before]


# --- the desk ---------------------------------------------------------------------------------------------------------


@dataclass
class NbboDesk(Desk):
    late: int = 0
    bids: Bids = field(init=False)

    def __post_init__(self) -> None:
        self.book: NbboBook = NbboBook(self.rules.max_quote_age, self.rules.replenish)
        self.bids = Bids(self.late)

    def instant(self, instant: Instant) -> None:
        self.act_due(instant.ts, inclusive=False)
        for rest in self.resting():
            if self.late and isinstance(rest.place, NbboPlace):
                rest.place.settle(instant.ts - self.late)
        for trade in instant.trades:
            self.trade(trade, instant.ts)
        self.say(instant)
        self.quote_through()
        self.act_due(instant.ts, inclusive=True)
        if instant.ts >= self.order.start:
            self.strategy.decide(self)
            self.act_due(instant.ts, inclusive=True)
            self.sweep()
            self.complete()

    def trade(self, trade: Trade, ts: int) -> None:
        if not is_sale(trade, self.book.at(trade.venue).ask):  # an ask that is hidden says nothing
            return
        self.bids.sold(trade, ts)
        for rest in self.resting():
            if rest.venue == trade.venue and isinstance(rest.place, NbboPlace):
                self.made(rest, ts, rest.place.sold(trade, ts))

    def say(self, instant: Instant) -> None:
        now = instant.ts
        self.bids.fall = None
        if instant.bid is not None:
            self.bids.show(instant.bid, now)
        self.book.say(instant)
        for rest in self.resting():
            place = rest.place
            assert isinstance(place, NbboPlace)
            ask, best = self.book.at(rest.venue).ask, self.bids.best
            level = None if best is None else best.level
            if (ask is not None and ask.px <= place.px) or level is None or level.px < place.px:
                if place.ahead is None:
                    place.ahead = 0
                place.fall_to(0, now)
            elif instant.bid is not None and best is not None and best.venue == rest.venue and level.px == place.px:
                if place.ahead is None:
                    place.ahead = level.sz * MICRO
                place.row_at_our_price(level.sz, self.bids.fall, now)
        self.look()

    def join(self, rest: Rest, ts: int) -> None:
        venue = self.book.at(rest.venue)
        if venue.ask is not None and venue.ask.px <= rest.px:
            rest.ended(ts, REFUSED)
            return
        rest.joined = True
        run = self.bids.runs.get(rest.venue)
        ahead: int | None = 0
        if venue.bid is not None and venue.bid.px > rest.px:
            ahead = self.bids.remembered(rest.venue, rest.px)
        elif run is not None and run.px == rest.px:
            ahead = run.size
        rest.ahead_at_joining = None if ahead is None else ahead * MICRO
        falls = self.bids.recent(rest.venue, rest.px, ts)
        rest.place = NbboPlace(rest.px, self.model, rest.ahead_at_joining, late=self.late, falls=falls)

    def arrive(self, take: Take, ts: int) -> None:
        offer = self.book.offer()
        super().arrive(take, ts)
        if take.reason == MISSED and (offer is None or offer.id != take.venue):
            take.reason = UNKNOWN

    def look(self) -> None:
        offer = self.book.offer()
        if offer is not None and offer.ask is not None:
            self.last_ask = offer.ask.px, offer.id
            self.book.last, self.book.last_taken = (offer, offer.ask), None

    def beyond(self, left: int) -> int:
        """Of shares that are forced, those that nobody had shown: the last size less what was had of its run."""
        assert self.book.last is not None
        venue, level = self.book.last
        taken = venue.taken if self.book.last_taken is None else self.book.last_taken
        return max(0, left - max(0, level.sz - taken))


@dataclass(slots=True)
class NbboSliced(Sliced):
    """The router sees one place to rest; a `careful` one sees none where its order would be refused."""

    careful: bool = False

    def view(self, desk: Desk, index: int, size: int, bid: int) -> View:
        assert isinstance(desk, NbboDesk)
        place = desk.book.place()
        queues = {} if place is None or place.bid is None else {place.id: place.bid.sz}
        offer = desk.book.offer()
        if self.careful and offer is place and offer is not None and offer.ask is not None and offer.ask.px <= bid:
            queues = {}
        return View(desk.book.now, index, size, bid, desk.book.best_ask(), queues)


@dataclass(frozen=True)
class WorkedNbbo:
    """What became of the order. Prices are those of the tape."""

    desk: NbboDesk
    sign: int
    filled: int
    forced: int
    forced_beyond_displayed: int


def work_nbbo(
    tape: Sequence[Instant], order: Order, rules: Rules, strategy: str | Allocate, model: str, late: int
) -> WorkedNbbo:
    """`strategy` as in work.work; `late`: by how many ns a trade may be printed after the fall that it explains."""
    sign = 1 if order.side == "buy" else -1
    if sign < 0:
        limit = None if order.limit is None else -order.limit
        tape, order = mirrored(tape), replace(order, side="buy", limit=limit)
    chosen = strategy_of(strategy, order, rules)
    if isinstance(chosen, Sliced):
        chosen = NbboSliced(chosen.schedule, chosen.allocate, careful=isinstance(strategy, str))
    desk = NbboDesk(order, rules, model, chosen, late=late)
    for instant in tape:
        if instant.ts <= order.end:
            desk.instant(instant)
    desk.close()
    left = order.quantity - desk.done
    if not left or order.limit is not None or desk.last_ask is None:
        return WorkedNbbo(desk, sign, desk.done, 0, 0)
    px, venue = desk.last_ask
    desk.fills.append(Fill(order.end, venue, px, left, "forced", None))
    return WorkedNbbo(desk, sign, desk.done, left, desk.beyond(left))


def samples_nbbo(
    tape: Sequence[Instant], side: str, venue: int, length: int, rules: Rules, model: str, late: int
) -> list[int]:
    """e_k: what an endless order at `venue` is filled in each window that begins with it shown at the bid, and lies on
    the tape, every second from its first instant. There is no window before both sides have been shown.
    """
    if side == "sell":
        tape = mirrored(tape)
    found = []
    for start in range(tape[0].ts, tape[-1].ts + 1, SECOND):
        over = start + length + rules.cancels.of(venue)
        desk = NbboDesk(Order("buy", NEVER, NEVER, NEVER), rules, model, BestAsk(), late=late)  # it never decides
        for instant in tape:
            if instant.ts <= start:
                desk.instant(instant)
        desk.act_due(start, inclusive=True)
        place = desk.book.place()
        if over > tape[-1].ts or desk.last_ask is None or place is None or place.bid is None or place.id != venue:
            continue
        rest = desk.send_rest(venue, place.bid.px, ENDLESS)
        rest.cancel(over, PASSIVE_OVER)
        desk.act_due(start, inclusive=True)
        for instant in tape:
            if start < instant.ts <= over:
                desk.instant(instant)
        found.append(rest.filled)
    return found
