"""Random small tapes in NBBO form: a best that flips between venues at one price, steps away and comes back, prints
that come before and after the fall they explain, sides that a row does not speak of or takes away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from reference.market import Level, Trade
from reference.nbbo import Best, Instant
from reference.rules import SECOND, Delay, Order, Rules
from reference.slices import Allocate
from reference.tapes import (
    BASE,
    CENT,
    MODELS,
    MS,
    NAMES,
    SIZES,
    T0,
    random_order,
    random_router,
    random_rules,
    sometimes_hidden,
)

VENUES = (2, 7, 43)
GAPS = (1, MS, 10 * MS, 100 * MS, 200 * MS, 400 * MS, 900 * MS, SECOND, SECOND + 1, 1_100 * MS)


@dataclass(frozen=True)
class NbboCase:
    """`name` None: a random router of this seed. `late`: how late prints may come."""

    seed: int
    tape: tuple[Instant, ...]
    order: Order
    rules: Rules
    name: str | None
    model: str
    late: int

    @property
    def strategy(self) -> str | Allocate:
        return random_router(self.seed) if self.name is None else self.name


@dataclass(frozen=True, slots=True)
class Mood:
    """Chances that a side is not spoken of, is resized at its venue, flips to another venue at its price, moves by a
    tick (else it is taken away), and that a move is kept from locking or crossing."""

    silent: float
    resized: float
    flips: float
    moves: float
    orderly: float


WILD = Mood(0.35, 0.2, 0.2, 0.2, orderly=0.3)
STICKY = Mood(0.4, 0.4, 0.18, 0.015, orderly=0.95)


def random_nbbo_case(seed: int) -> NbboCase:
    rng = Random(seed)
    patient = rng.random() < 0.5
    tape = random_nbbo_tape(rng, STICKY if patient else WILD, rng.choice((15, 40, 80)))
    order = random_order(rng, tape)
    rules = random_rules(rng, order, lots=True, latency=True, ages=True)
    if patient:
        order = replace(order, quantity=rng.choice((300, 1_000, 5_000)), limit=None)
        interval = max(1, (order.end - order.start) // rng.choice((1, 1, 2, 4)))
        wait = Delay(rng.choice((0, 0, 1, MS, 300 * MS)))
        rules = Rules(latency=wait, interval=interval, router_interval=interval)
    name = rng.choice(NAMES) if rng.random() < 0.3 else None
    return NbboCase(seed, tape, order, rules, name, rng.choice(MODELS), rng.choice((0, 100 * MS, SECOND)))


def random_nbbo_tape(rng: Random, mood: Mood, instants: int) -> tuple[Instant, ...]:
    bid: Best | None = None
    ask: Best | None = None
    owed: list[Trade] = []  # trades whose fall was shown, and that are not printed yet
    ts, tape = T0, list[Instant]()
    for _ in range(instants):
        printed = [trade for trade in owed if rng.random() < 0.4]
        owed = [trade for trade in owed if trade not in printed]
        trades = [*printed, *(_trade(rng, bid, ask) for _ in range(rng.choice((0, 0, 0, 1, 2))))]
        new_bid, new_ask = _next(rng, bid, BASE, mood), _next(rng, ask, BASE + CENT, mood)
        if _crosses(new_bid or bid, new_ask or ask) and rng.random() < mood.orderly:
            new_bid = new_ask = None
        owed += [trade for trade in (_fallen(rng, bid, new_bid, "A"), _fallen(rng, ask, new_ask, "B")) if trade]
        bid, ask = new_bid or bid, new_ask or ask
        tape.append(Instant(ts, new_bid, new_ask, tuple(trades)))
        ts += rng.choice(GAPS)
    return tuple(tape)


def _next(rng: Random, old: Best | None, otherwise: int, mood: Mood) -> Best | None:
    """What an instant says of a side; None: nothing."""
    if old is None or old.level is None:
        return Best(rng.choice(VENUES), Level(otherwise, rng.choice(SIZES))) if rng.random() < 0.7 else None
    px, sz = old.level
    chances = (mood.silent, mood.resized, mood.flips, mood.moves)
    kind = rng.choices(("silent", "resized", "flips", "moves", "goes"), (*chances, max(0.005, 1 - sum(chances))))[0]
    if kind == "silent":
        return None
    if kind == "resized":
        part = rng.randint(1, max(1, sz // rng.choice((1, 2, 4, 8))))
        return Best(old.venue, Level(px, rng.choice((part, max(1, sz - part), max(1, sz - part), sz + part))))
    if kind == "flips":
        return Best(rng.choice(VENUES), Level(px, rng.choice(SIZES)))
    if kind == "moves":
        step = rng.choice((-2, -1, -1, 1, 1, 2)) * CENT
        return Best(rng.choice(VENUES), Level(max(BASE - 4 * CENT, min(BASE + 4 * CENT, px + step)), rng.choice(SIZES)))
    return Best(0, None)


def _crosses(bid: Best | None, ask: Best | None) -> bool:
    return bool(bid and ask and bid.level and ask.level and bid.level.px >= ask.level.px)


def _fallen(rng: Random, old: Best | None, new: Best | None, side: str) -> Trade | None:
    """Mostly a size falls because of a trade, which is printed later."""
    if old is None or new is None or old.level is None or rng.random() < 0.3:
        return None
    same = new.level is not None and new.venue == old.venue and new.level.px == old.level.px
    fell = old.level.sz - (new.level.sz if same and new.level is not None else 0)
    return Trade(old.venue, old.level.px, rng.choice((fell, fell, fell + 10)), side) if fell > 0 else None


def _trade(rng: Random, bid: Best | None, ask: Best | None) -> Trade:
    at_bid = bid.level.px if bid and bid.level else BASE
    at_ask = ask.level.px if ask and ask.level else BASE + CENT
    side = rng.choice("AAABN")
    touch = {"A": at_bid, "B": at_ask}.get(side, rng.choice((at_bid, at_ask)))
    px = touch if rng.random() < 0.75 else touch + rng.choice((-2, -1, 1)) * CENT
    venue = bid.venue if bid and bid.venue and rng.random() < 0.5 else rng.choice(VENUES)
    return sometimes_hidden(Trade(venue, px, rng.choice(SIZES), side))
