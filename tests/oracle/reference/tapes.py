"""Random small worlds in which everything odd happens often: for comparing an engine with the reference.

Few venues and few prices, so that quotes collide, lock, cross and lift; sides that vanish; trades of every side at
every price; gaps from a nanosecond to longer than a slice; quotes that go stale; latencies that reach over a slice.
The same seed gives the same case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from reference.market import Level, Quote, Snapshot, Trade
from reference.rules import SECOND, Delay, Fee, Order, Rules
from reference.slices import Allocate, View

CENT = 10_000_000  # nanodollars
BASE = 100 * 100 * CENT
T0 = 1_717_421_400_000_000_000  # 2024-06-03T13:30:00Z
MS = 1_000_000
GAPS = (1, 2, 1_000, MS, 10 * MS, 100 * MS, 100 * MS, 200 * MS, 300 * MS, SECOND)
SIZES = (1, 2, 7, 30, 50, 99, 100, 100, 150, 200, 300)
VENUES = (2, 7, 8, 43)
FEES = (-2_500_000, 0, 0, 2_000_000, 3_000_000)
MODELS = ("conservative", "proportional", "optimistic", "power:2", "power:3", "power:8")
NAMES = ("best_ask", "twap", "static", "X_M", "X_E", *(f"X_L_{venue}" for venue in VENUES))


@dataclass(frozen=True)
class Case:
    """A tape, an order, the rules, a strategy by name or None for a random router of this seed, and a queue model."""

    seed: int
    tape: tuple[Snapshot, ...]
    order: Order
    rules: Rules
    name: str | None
    model: str

    @property
    def strategy(self) -> str | Allocate:
        return random_router(self.seed) if self.name is None else self.name


def random_case(seed: int, *, lots: bool = True, latency: bool = True, ages: bool = True) -> Case:
    rng = Random(seed)
    kind = rng.random()
    if kind < 0.35:
        return patient_case(seed)
    if kind < 0.5:
        return eager_case(seed)
    tape = random_tape(rng, rng.choice((WILD, CALM, STICKY, STICKY)), rng.choice((8, 20, 40, 80)))
    order = random_order(rng, tape)
    rules = random_rules(rng, order, lots=lots, latency=latency, ages=ages)
    name = rng.choice(NAMES) if rng.random() < 0.35 else None
    return Case(seed, tape, order, rules, name, rng.choice(MODELS))


def patient_case(seed: int) -> Case:
    """Levels that last and large orders that rest long behind others: what tells the queue models apart."""
    rng = Random(seed)
    tape = random_tape(rng, STICKY, 100)
    order = replace(random_order(rng, tape), quantity=rng.choice((1_000, 5_000)), limit=None)
    interval = max(1, (order.end - order.start) // rng.choice((1, 2)))
    wait = Delay(rng.choice((0, 0, 1, MS, 10 * MS)))
    rules = Rules(latency=wait, replenish=rng.random() < 0.2, interval=interval, router_interval=interval)
    return Case(seed, tape, order, rules, rng.choice(("X_E", None, None)), rng.choice(MODELS))


def eager_case(seed: int) -> Case:
    """Small slices that rest everywhere, with many sales and slow cancels: over-fills, and decisions that wait."""
    rng = Random(seed)
    tape = random_tape(rng, replace(STICKY, trades=(1, 2, 3, 4)), 60)
    order = replace(random_order(rng, tape), quantity=rng.choice((60, 150, 400)), limit=None)
    interval = max(1, (order.end - order.start) // rng.choice((3, 4, 6)))
    cancels = _delay(rng, interval)
    rules = Rules(
        latency=Delay(rng.choice((0, MS))), cancel_latency=cancels, interval=interval, router_interval=interval
    )
    return Case(seed, tape, order, rules, None, rng.choice(MODELS))


# --- the tape --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mood:
    """How a tape behaves. Chances that a side stays, changes its size, changes its price (else it vanishes)."""

    stays: float
    resizes: float
    moves: float
    orderly: float  # chance that a row is kept from locking or crossing its own venue
    near: float  # chance that a trade is small and at the touch that its side hits
    trades: tuple[int, ...] = (0, 0, 1, 1, 2, 4)  # how many at a snapshot


WILD = Mood(0.25, 0.30, 0.40, orderly=0.0, near=0.3)
CALM = Mood(0.25, 0.40, 0.32, orderly=0.7, near=0.5)
STICKY = Mood(
    0.15, 0.82, 0.025, orderly=0.95, near=0.85, trades=(0, 0, 0, 1, 2)
)  # levels live long enough for queues to matter


def random_tape(rng: Random, mood: Mood, snapshots: int) -> tuple[Snapshot, ...]:
    venues = sorted(rng.sample(VENUES, rng.randint(1, len(VENUES))))
    shown: dict[int, Quote] = {}
    ts, result = T0, []
    for _ in range(snapshots):
        speakers = sorted(rng.sample(venues, rng.randint(0, len(venues))))
        hit = rng.choices(venues, k=rng.choice(mood.trades))
        trades = tuple(_trade(rng, venue, shown.get(venue), mood) for venue in hit)
        if rng.random() < 0.7:  # mostly a row shows the removal that follows a trade
            for trade in trades:
                if trade.venue in shown:
                    shown[trade.venue] = _without(shown[trade.venue], trade)
        for venue in speakers:
            shown[venue] = _quote(rng, venue, shown.get(venue), mood)
        result.append(Snapshot(ts, tuple(shown[venue] for venue in speakers), trades))
        ts += rng.choice(GAPS)
    return tuple(result)


def _without(quote: Quote, trade: Trade) -> Quote:
    """The quote after the trade took from its level."""
    bid, ask = (
        Level(side.px, max(1, side.sz - trade.sz)) if side is not None and side.px == trade.px else side
        for side in (quote.bid, quote.ask)
    )
    return Quote(quote.venue, bid, ask)


def _quote(rng: Random, venue: int, old: Quote | None, mood: Mood) -> Quote:
    if old is None or rng.random() < mood.moves / 4:
        fresh = Level(BASE - rng.choice((0, 0, 0, 1, 2)) * CENT, rng.choice(SIZES))
        return Quote(venue, fresh, Level(BASE + rng.choice((1, 1, 1, 2, 3)) * CENT, rng.choice(SIZES)))
    bid: Level | None = _moved(rng, old.bid, BASE, mood)
    ask: Level | None = _moved(rng, old.ask, BASE + CENT, mood)
    if bid is not None and ask is not None and bid.px >= ask.px and rng.random() < mood.orderly:
        ask = Level(bid.px + CENT, ask.sz)
    return Quote(venue, bid, ask)


def _moved(rng: Random, level: Level | None, otherwise: int, mood: Mood) -> Level | None:
    """The next state of a side: the same, another size, another price, or none."""
    if level is None:
        return Level(otherwise, rng.choice(SIZES)) if rng.random() < 0.6 else None
    kind = rng.choices(
        ("stays", "resizes", "moves", "goes"),
        (mood.stays, mood.resizes, mood.moves, 1 - mood.stays - mood.resizes - mood.moves),
    )[0]
    if kind == "stays":
        return level
    if kind == "resizes":
        part = rng.randint(1, max(1, level.sz // rng.choice((1, 2, 4, 8))))
        return Level(level.px, rng.choice((part, max(1, level.sz - part), level.sz + part, level.sz + part)))
    if kind == "moves":
        steps = rng.choice((-2, -1, -1, 1, 1, 2))
        return Level(max(BASE - 4 * CENT, min(BASE + 4 * CENT, level.px + steps * CENT)), rng.choice(SIZES))
    return None


def _trade(rng: Random, venue: int, quote: Quote | None, mood: Mood) -> Trade:
    """At the bid, at the ask, between, or beyond; with and against the side it says."""
    bid = quote.bid.px if quote is not None and quote.bid is not None else BASE
    ask = quote.ask.px if quote is not None and quote.ask is not None else BASE + CENT
    side = rng.choice("AABBN")
    if rng.random() < mood.near:
        touch = {"A": bid, "B": ask}.get(side, rng.choice((bid, ask)))
        return sometimes_hidden(Trade(venue, touch, rng.choice((1, 3, 10, 20, 40)), side))
    px = rng.choice((bid, ask, bid - CENT, bid - 2 * CENT, bid + CENT, ask - CENT, ask + CENT, ask + 2 * CENT))
    return sometimes_hidden(Trade(venue, px, rng.choice(SIZES), side))


def sometimes_hidden(trade: Trade) -> Trade:
    """Some trades of unknown side are with hidden orders. Without a draw: the other tapes stay as they were."""
    return replace(trade, side="H") if trade.side == "N" and (trade.venue + trade.sz) % 2 else trade


# --- the order and the rules -----------------------------------------------------------------------------------------


class Timed(Protocol):
    @property
    def ts(self) -> int: ...


def random_order(rng: Random, tape: Sequence[Timed]) -> Order:
    times = [s.ts for s in tape]
    start = rng.choice(times[: len(times) // 4 + 1]) + rng.choice((-1, 0, 0, 0, 1))
    end = rng.choice([t for t in times[len(times) * 3 // 4 :] if t >= start] or [start]) + rng.choice(
        (-1, 0, 0, 1, SECOND)
    )
    limit = BASE + rng.randint(-2, 3) * CENT if rng.random() < 0.15 else None
    return Order(rng.choice(("buy", "sell")), rng.choice((1, 40, 100, 150, 300, 1_500)), start, max(start, end), limit)


def random_rules(rng: Random, order: Order, *, lots: bool, latency: bool, ages: bool) -> Rules:
    horizon = max(1, order.end - order.start)
    interval = max(1, horizon // rng.choice((1, 2, 2, 3, 5)) + rng.choice((-1, 0, 0, 1)))
    delayed = latency and rng.random() < 0.6
    return Rules(
        fees={venue: Fee(rng.choice(FEES), rng.choice(FEES)) for venue in VENUES},
        latency=_delay(rng, interval) if delayed else Delay(),
        cancel_latency=_delay(rng, interval) if delayed and rng.random() < 0.5 else None,
        max_quote_age=rng.choice((100 * MS, SECOND, 3 * SECOND)) if ages and rng.random() < 0.25 else None,
        replenish=rng.random() < 0.2,
        child_min=rng.choice((1, 1, 20, 100)) if lots and rng.random() < 0.4 else 1,
        child_lot=rng.choice((1, 10, 100)) if lots and rng.random() < 0.4 else 1,
        interval=interval,
        router_interval=interval,
    )


def _delay(rng: Random, interval: int) -> Delay:
    spans = (0, 1, MS, 10 * MS, 10 * MS, 100 * MS, 200 * MS, interval // 5, interval // 2, interval)
    venues = {venue: rng.choice(spans) for venue in VENUES if rng.random() < 0.4}
    return Delay(rng.choice(spans), venues)


# --- the router ------------------------------------------------------------------------------------------------------


def random_router(seed: int) -> Allocate:
    """Allocations that depend on the seed and the slice alone: none, some or all at each venue, overbooked or short."""

    def allocate(view: View) -> tuple[int, Mapping[int, int]]:
        rng = Random(seed * 1_000_003 + view.index)
        market = rng.choice((0, 0, view.size, rng.randint(0, view.size)))
        limits = {venue: rng.choice((0, view.size, rng.randint(0, view.size))) for venue in view.queues}
        return market, {venue: qty for venue, qty in limits.items() if qty}

    return allocate
