"""A slow reference for the simple strategies, as plain as their rules read, to check the engine from outside. (Resting
orders and slices have another: tests/oracle.)

It shares no code with the engine beyond the values that describe the input (snapshots, the order, the rules). One
snapshot after the other, a dictionary of venues, integers and Fractions, a buy and a sell each spelled out, and not a
thought for speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from sor.core.market.batch import Quote, Snapshot
from sor.core.order import Liquidity, ParentOrder, Rules, Side
from sor.core.units import NO_PRICE

LOT = 100  # the step of the static allocator


@dataclass
class Venue:
    """What is known of one venue: its last quote, and what the order did to the price run on the opposite side."""

    id: int
    bid: tuple[int, int] | None = None  # price, size; None is no quote
    ask: tuple[int, int] | None = None
    seen: int = 0  # the time of its last quote
    run: int = 0  # counts the opposite side's price runs
    taken: int = 0  # shares that the order took in this run
    flying: int = 0  # shares that are on their way to this run
    faded: int = 0  # displayed shares of this run that a take did not find


@dataclass
class Child:
    """A child order on its way: immediate or cancel at `px`."""

    venue: int
    px: int
    qty: int
    sent: int
    arrives: int
    mid: Fraction | None
    run: int
    swept: bool


@dataclass(frozen=True)
class OracleFill:
    ts: int
    venue: int
    px: int
    qty: int
    forced: bool
    decided: int
    mid: Fraction | None


@dataclass
class OracleResult:
    """What the engine must find, in words of the report; cash is paid for a buy and received for a sell."""

    fills: list[OracleFill]
    filled: int
    forced: int
    leaves: int
    forced_beyond_displayed: int
    total_cash: int | None
    fees: int
    comparable: Fraction | None  # cash a share of the whole parent, leaves at the last best opposite quote
    timing: Fraction | None
    placement: Fraction | None
    arrival: Fraction | None
    late: bool


@dataclass
class World:
    """One order in one market, by one strategy."""

    order: ParentOrder
    rules: Rules
    now: int = 0
    venues: dict[int, Venue] = field(default_factory=dict)
    mid: Fraction | None = None  # of the last look that found both sides
    last_opposite: tuple[int, int] | None = None  # price and venue, the last time there was any
    last_opposite_is_current: bool = False
    flights: list[Child] = field(default_factory=list)
    fills: list[OracleFill] = field(default_factory=list)
    done: int = 0

    # --- what the book shows -----------------------------------------------------------------------------------

    def fresh(self, venue: Venue) -> bool:
        age = self.rules.max_quote_age
        return age is None or self.now - venue.seen <= age

    def opposite(self, venue: Venue) -> tuple[int, int] | None:
        """The quote that the order can hit there, limit price or not."""
        if not self.fresh(venue):
            return None
        return venue.ask if self.order.side is Side.BUY else venue.bid

    def within_limit(self, px: int) -> bool:
        limit = self.order.limit_price
        if limit is None:
            return True
        return px <= limit if self.order.side is Side.BUY else px >= limit

    def available(self, venue: Venue) -> int:
        quote = self.opposite(venue)
        return 0 if quote is None else max(0, quote[1] - venue.taken - venue.faded - venue.flying)

    def best_opposite(self) -> tuple[int, int] | None:
        """(price, venue) of the national best on the opposite side, the smallest venue among equals."""
        asks = [(self.opposite(v), v.id) for v in self.venues.values()]
        prices = [(quote[0], venue) for quote, venue in asks if quote is not None]
        if not prices:
            return None
        best = min(px for px, _ in prices) if self.order.side is Side.BUY else max(px for px, _ in prices)
        return best, min(venue for px, venue in prices if px == best)

    # --- what the market does ----------------------------------------------------------------------------------

    def apply(self, snapshot: Snapshot) -> None:
        self.now = snapshot.ts
        if self.rules.liquidity is Liquidity.REPLENISH:
            for venue in self.venues.values():
                venue.taken = venue.flying = venue.faded = 0
                venue.run += 1
        for quote in snapshot.quotes:
            self._apply_quote(quote)
        self.look(snapshot.ts)

    def look(self, now: int) -> None:
        """The mid and the best opposite quote at this time; where there is none, the last one stays in mind."""
        self.now = now
        bids = [v.bid[0] for v in self.venues.values() if v.bid is not None and self.fresh(v)]
        asks = [v.ask[0] for v in self.venues.values() if v.ask is not None and self.fresh(v)]
        if bids and asks:
            self.mid = Fraction(max(bids) + min(asks), 2)
        best = self.best_opposite()
        self.last_opposite_is_current = best is not None
        if best is not None:
            self.last_opposite = best

    def _apply_quote(self, quote: Quote) -> None:
        venue = self.venues.setdefault(quote.venue, Venue(quote.venue))
        bid = (quote.bid_px, quote.bid_sz) if quote.bid_px != NO_PRICE and quote.bid_sz > 0 else None
        ask = (quote.ask_px, quote.ask_sz) if quote.ask_px != NO_PRICE and quote.ask_sz > 0 else None
        if self.order.side is Side.BUY:
            before, after = venue.ask, ask
        else:
            before, after = venue.bid, bid
        if (before and before[0]) != (after and after[0]):
            venue.taken = venue.flying = venue.faded = 0
            venue.run += 1
        venue.bid, venue.ask, venue.seen = bid, ask, self.now

    # --- what the order does -----------------------------------------------------------------------------------

    @property
    def flying(self) -> int:
        return sum(child.qty for child in self.flights)

    @property
    def leaves(self) -> int:
        return self.order.quantity - self.done - self.flying

    def send(self, venue: Venue, qty: int, *, swept: bool = False) -> None:
        quote = self.opposite(venue)
        assert quote is not None
        arrives = self.now + self.rules.latency.default
        child = Child(venue.id, quote[0], qty, self.now, arrives, self.mid, venue.run, swept)
        self.flights.append(child)
        venue.flying += qty

    def execute(self, child: Child) -> None:
        venue = self.venues[child.venue]
        if child.run == venue.run:
            venue.flying -= child.qty
        quote = self.opposite(venue)
        if quote is None:
            return
        good = quote[0] <= child.px if self.order.side is Side.BUY else quote[0] >= child.px
        found = self.found(quote[1])
        qty = min(child.qty, max(0, found - venue.taken)) if good else 0
        if good:
            venue.faded = max(venue.faded, quote[1] - found)
        if qty:
            venue.taken += qty
            self.done += qty
            self.fills.append(OracleFill(child.arrives, venue.id, quote[0], qty, False, child.sent, child.mid))

    def found(self, displayed: int) -> int:
        there = self.rules.there
        return displayed * there.numerator // there.denominator

    def land(self, until: int, *, inclusive: bool) -> None:
        """Child orders that arrive before `until` (or at it) act on the book as it is."""
        for child in list(self.flights):
            if child.arrives < until or (inclusive and child.arrives == until):
                self.flights.remove(child)
                self.now = child.arrives  # quotes grow old between snapshots, too
                self.execute(child)

    def sweep(self, wanted: int) -> None:
        """As best_ask: all venues at the one best price that has something, larger first, then the smaller id."""
        offers = []
        for venue in self.venues.values():
            quote = self.opposite(venue)
            if quote is not None and self.within_limit(quote[0]) and self.available(venue) > 0:
                offers.append((quote[0], self.available(venue), venue))
        if not offers:
            return
        best = min(px for px, _, _ in offers) if self.order.side is Side.BUY else max(px for px, _, _ in offers)
        level = [(size, venue) for px, size, venue in offers if px == best]
        for size, venue in sorted(level, key=lambda one: (-one[0], one[1].id)):
            qty = min(size, wanted)
            if qty > 0:
                self.send(venue, qty, swept=True)
                wanted -= qty


# --- the strategies, one function each: what to do at a snapshot inside the window --------------------------------

Act = Callable[[World], None]


def best_ask() -> Act:
    def act(world: World) -> None:
        world.sweep(world.leaves)

    return act


def twap(order: ParentOrder, interval: int) -> Act:
    horizon = order.end - order.start
    n = max(1, -(-horizon // interval))

    def act(world: World) -> None:
        i = min(n - 1, (world.now - order.start) // interval)
        target = order.quantity * (i + 1) // n
        world.sweep(max(0, target - world.done - world.flying))

    return act


def static() -> Act:
    answered = False

    def act(world: World) -> None:
        nonlocal answered
        if answered:
            return
        offers = []
        for venue in sorted(world.venues.values(), key=lambda v: v.id):
            quote = world.opposite(venue)
            if quote is not None and world.within_limit(quote[0]):
                fee = world.rules.fees.take(venue.id, quote[0])
                px = quote[0] if world.order.side is Side.BUY else -quote[0]
                offers.append((venue, px + fee, world.available(venue)))
        split = cheapest_split(world.leaves, [(cost, size) for _, cost, size in offers])
        if split is None:
            return
        answered = True
        for (venue, _, _), qty in zip(offers, split, strict=True):
            if qty:
                world.send(venue, qty)

    return act


def cheapest_split(quantity: int, offers: Sequence[tuple[int, int]], step: int = LOT) -> list[int] | None:
    """The first least-cost split of section 7; by enumeration where that is feasible, else lot by lot."""
    if quantity // step > 8:
        return lot_by_lot(quantity, offers, step)
    best: tuple[int, list[int]] | None = None
    for split in splits(quantity, [size for _, size in offers], step):
        cost = sum(q * px for q, (px, _) in zip(split, offers, strict=True))
        if best is None or cost < best[0]:
            best = cost, split
    return None if best is None else best[1]


def splits(quantity: int, sizes: Sequence[int], step: int) -> Iterator[list[int]]:
    """All q_v in {0, step, 2 step, ...} with q_v <= min(S - used, size_v) and sum q = S, in lexicographic order."""
    if not sizes:
        if quantity == 0:
            yield []
        return
    for q in range(0, min(quantity, sizes[0]) + 1, step):
        for rest in splits(quantity - q, sizes[1:], step):
            yield [q, *rest]


def lot_by_lot(quantity: int, offers: Sequence[tuple[int, int]], step: int) -> list[int] | None:
    """Lot after lot from the cheapest venue that still has one, the last venue among equals."""
    if quantity % step or sum(size // step for _, size in offers) * step < quantity:
        return None
    split = [0] * len(offers)
    left = quantity
    while left:
        open_ = [k for k, (_, size) in enumerate(offers) if size - split[k] >= step]
        k = min(open_, key=lambda k: (offers[k][0], -k))
        # As many lots as the venue has: nothing changes for the others meanwhile.
        lots = min(left, (offers[k][1] - split[k]) // step * step)
        split[k] += lots
        left -= lots
    return split


def exhaustive(
    quantity: int,
    offers: Sequence[tuple[int, int, int, int]],
    lambda_over: Fraction,
    lambda_under: Fraction,
    theta: Fraction,
    step: int = LOT,
) -> list[int] | None:
    """Section 7's definition with every term it has. Offers are (ask, size, fee, rebate)."""
    best: tuple[Fraction, list[int]] | None = None
    for split in splits(quantity, [size for _, size, _, _ in offers], step):
        cash = Fraction(0)
        executed = 0
        for q, (ask, size, fee, rebate) in zip(split, offers, strict=True):
            exe = min(q, size)
            executed += exe
            cash += exe * (ask + fee) - rebate * max(q - exe, 0)
        under, over = max(quantity - executed, 0), max(executed - quantity, 0)
        cost = cash + theta * (under + over) + lambda_under * under + lambda_over * over
        if best is None or cost < best[0]:
            best = cost, split
    return None if best is None else best[1]


# --- a run, and its account --------------------------------------------------------------------------------------


def run(snapshots: Sequence[Snapshot], order: ParentOrder, rules: Rules, act: Act) -> OracleResult:
    world = World(order, rules)
    before = [s for s in snapshots if s.ts <= order.start]
    arrival: Fraction | None = mid_at(order.start, before, order, rules)
    late = False
    for snapshot in snapshots:
        if snapshot.ts > order.end:
            break
        world.land(snapshot.ts, inclusive=False)
        world.apply(snapshot)
        world.land(snapshot.ts, inclusive=True)
        if snapshot.ts > order.start and arrival is None and world.mid is not None:
            arrival, late = world.mid, True
        if order.start <= snapshot.ts:
            act(world)
            world.land(snapshot.ts, inclusive=True)  # at once, without latency
    world.land(order.end, inclusive=True)
    world.look(order.end)
    forced, beyond = complete(world)
    return account(world, forced, beyond, arrival, late)


def mid_at(ts: int, snapshots: Sequence[Snapshot], order: ParentOrder, rules: Rules) -> Fraction | None:
    """The national mid at `ts` after these snapshots; the last one, if a side is empty then."""
    world = World(order, rules)
    for snapshot in snapshots:
        world.apply(snapshot)
    world.look(ts)
    return world.mid


def complete(world: World) -> tuple[int, int]:
    """Forced shares and those beyond what was available."""
    left = world.order.quantity - world.done
    if not left or world.order.limit_price is not None or world.last_opposite is None:
        return 0, 0
    for void in world.venues.values():  # what would arrive after the deadline
        void.flying = 0
    px, venue = world.last_opposite
    there = 0
    if world.last_opposite_is_current:
        quote = world.opposite(world.venues[venue])
        assert quote is not None
        there = max(0, world.found(quote[1]) - world.venues[venue].taken)
    world.fills.append(OracleFill(world.order.end, venue, px, left, True, world.order.end, world.mid))
    return left, max(0, left - there)


def account(world: World, forced: int, beyond: int, arrival: Fraction | None, late: bool) -> OracleResult:
    order, fills = world.order, world.fills
    shares = sum(f.px * f.qty for f in fills)
    fees = sum(f.qty * world.rules.fees.take(f.venue, f.px) for f in fills)
    leaves = order.quantity - world.done - forced
    cash: int | None = None
    comparable: Fraction | None = None
    if world.last_opposite is not None:
        cash = shares + fees if order.side is Side.BUY else shares - fees
        px, venue = world.last_opposite
        fee = world.rules.fees.take(venue)  # an unfilled share costs what completing it would have
        comparable = Fraction(cash + leaves * (px + fee if order.side is Side.BUY else px - fee), order.quantity)
    timing: Fraction | None = None
    placement: Fraction | None = None
    if arrival is not None and all(f.mid is not None for f in fills):
        timing = placement = Fraction(0)
        for f in fills:
            assert f.mid is not None
            if order.side is Side.BUY:
                timing += f.qty * (f.mid - arrival)
                placement += f.qty * (f.px - f.mid)
            else:
                timing += f.qty * (arrival - f.mid)
                placement += f.qty * (f.mid - f.px)
    return OracleResult(
        fills, world.done, forced, leaves, beyond, cash, fees, comparable, timing, placement, arrival, late
    )


def displayed_vwap(snapshots: Sequence[Snapshot], order: ParentOrder) -> int | None:
    """Cash of Q shares at the average of what the window's snapshots bring, half to even."""
    value = size = 0
    for snapshot in snapshots:
        if order.start <= snapshot.ts <= order.end:
            for q in snapshot.quotes:
                px, sz = (q.ask_px, q.ask_sz) if order.side is Side.BUY else (q.bid_px, q.bid_sz)
                if px != NO_PRICE and sz > 0:
                    value += px * sz
                    size += sz
    return round(Fraction(value * order.quantity, size)) if size else None


def traded_vwap(snapshots: Sequence[Snapshot], order: ParentOrder) -> int | None:
    trades = [t for s in snapshots if order.start <= s.ts <= order.end for t in s.trades]
    size = sum(t.sz for t in trades)
    return round(Fraction(sum(t.px * t.sz for t in trades) * order.quantity, size)) if size else None


def saving(side: Side, x: Fraction | None, baseline: Fraction | None) -> Fraction | None:
    """Positive where x was better, as a fraction of the baseline."""
    if x is None or baseline is None or baseline == 0:
        return None
    better = baseline - x if side is Side.BUY else x - baseline
    return better / abs(baseline)
