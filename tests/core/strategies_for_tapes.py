"""Hypothesis strategies for adversarial tapes, orders and rules: small worlds in which everything odd happens often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from thorough import THOROUGH

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.order import Latency, Liquidity, ParentOrder, Rules, Side
from sor.core.units import NO_PRICE

CENT = 10_000_000
BASE = 222_740_000_000
SECOND = 1_000_000_000
T0 = 1_722_519_392_000_000_000  # 2024-08-01T13:36:32Z

SIZES = (0, 1, 7, 50, 99, 100, 100, 150, 200, 200, 300, 500, 1_000)
HUGE_SIZES = (0, 1, 100, 10**6, 2**40, 2**41 + 7)
GAPS = (1, 1, 2, 500, 1_000_000, 300_000_000, SECOND, 5 * SECOND, 60 * SECOND, 61 * SECOND)
VENUES = (2, 7, 9, 16, 30, 37, 41, 43, 88)


def examples(count: int) -> settings:
    return settings(max_examples=count * THOROUGH, deadline=None, report_multiple_bugs=False)


@dataclass(frozen=True)
class Case:
    """A tape, a parent order, the rules, the twap interval, and where to cut the stream."""

    snapshots: tuple[Snapshot, ...]
    order: ParentOrder
    rules: Rules
    interval: int
    cuts: tuple[int, ...]

    def batches(self) -> list[SnapshotBatch]:
        return cut(self.snapshots, self.cuts)


def cut(snapshots: Sequence[Snapshot], cuts: Sequence[int]) -> list[SnapshotBatch]:
    edges = [0, *sorted(min(c, len(snapshots)) for c in cuts), len(snapshots)]
    return [batch_of(snapshots[a:b]) for a, b in pairwise(edges)]


# What is shown and traded, by levels of a tick from the base: of an offer, of a bid that never reaches one, of any bid.
ASK_LEVELS, BID_LEVELS, ANY_BID_LEVELS = (0, 0, 1, 2, 3), (-1, -1, -2, -3), (1, 0, -1, -1, -2, -3)
Shot = tuple[
    int, dict[int, tuple[tuple[int, int] | None, tuple[int, int] | None] | None], list[tuple[int, int, int, str]]
]


@cache
def shots(venues: int, *, huge: bool, trades: bool, regular: bool) -> st.SearchStrategy[Shot]:
    """A gap, quotes by position of their venue, and trades. None for a quote: the venue confirms what it showed before;
    for a side: nobody is there. Made once and of few choices: most of a test's time goes into drawing its examples."""
    sizes, places = HUGE_SIZES if huge else SIZES, range(venues)
    bids, lengths = BID_LEVELS if regular else ANY_BID_LEVELS, (0, 0, 0, 1, 1, 2, 2, 3, 3, 3)
    counts = [(min(quotes, venues), sold) for quotes in lengths for sold in ((0, 0, 1, 2, 2) if trades else (0,))]
    gap = st.sampled_from(GAPS)
    count = st.sampled_from(sorted(counts))
    venue = st.sampled_from([(place, new) for place in places for new in (False, True, True)])
    bid, ask = (_sides(levels, sizes) for levels in (bids, ASK_LEVELS))
    prices = sorted({*ASK_LEVELS, *bids})
    trade = st.sampled_from([*product(places, prices, [s for s in sizes if s], "ABNH")])

    @st.composite
    def shot(draw: st.DrawFn) -> Shot:
        quotes, sold = draw(count)
        moved = [draw(venue) for _ in range(quotes)]
        shown = {place: (draw(bid), draw(ask)) if new else None for place, new in moved}
        return draw(gap), shown, [draw(trade) for _ in range(sold)]

    return shot()


def _sides(levels: Sequence[int], sizes: Sequence[int]) -> st.SearchStrategy[tuple[int, int] | None]:
    """A level and a size, or one time in four nobody."""
    there = [*product(levels, sizes)]
    return st.sampled_from([*there * 3, *[None] * len(there)])


@st.composite
def tapes(
    draw: st.DrawFn,
    *,
    max_snapshots: int = 16,
    max_venues: int = 6,
    huge: bool = False,
    trades: bool = True,
    regular: bool = False,
) -> tuple[Snapshot, ...]:
    """Snapshots in strictly ascending time. `regular`: no locked and crossed quotes of one venue, fewer gaps."""
    few = draw(st.integers(1, max_venues))
    venues = draw(st.lists(st.sampled_from(VENUES), min_size=few, max_size=few, unique=True))
    tick = draw(st.sampled_from((1, CENT, CENT)))
    base = draw(st.sampled_from((2**61, 2**62 - 10 * tick))) if huge else BASE
    shot = shots(few, huge=huge, trades=trades, regular=regular)
    length = draw(st.sampled_from([*range(1, max_snapshots), *range(max_snapshots // 2, max_snapshots)] or [1]))

    def side(shown: tuple[int, int] | None) -> tuple[int, int]:
        return (NO_PRICE, 0) if shown is None else _side((base + shown[0] * tick, shown[1]))

    ts, result = T0, []
    last: dict[int, Quote] = {}
    for gap, quotes, sold in [draw(shot) for _ in range(length)]:
        ts += gap
        now = sorted(venues[place] for place in quotes)
        for place, new in quotes.items():
            if new is not None:
                last[venues[place]] = Quote(venues[place], *side(new[0]), *side(new[1]))
        rows = tuple(last[venue] for venue in now if venue in last)
        prints = tuple(Trade(venues[place], base + level * tick, size, kind) for place, level, size, kind in sold)
        result.append(Snapshot(ts, rows, prints))
    return tuple(result)


def _side(quote: tuple[int, int]) -> tuple[int, int]:
    """A side as the reader hands it to the core: price NO_PRICE and size 0 go together."""
    return quote if quote[1] else (NO_PRICE, 0)


@st.composite
def orders(draw: st.DrawFn, snapshots: Sequence[Snapshot], *, huge: bool = False, limits: bool = True) -> ParentOrder:
    """Windows that begin before, inside and after the tape, and end on a snapshot or beside one."""
    times = sorted(
        {s.ts + d for s in snapshots for d in (-1, 0, 1)} | {snapshots[0].ts - SECOND, snapshots[-1].ts + SECOND}
    )
    start, end = sorted((draw(st.sampled_from(times)), draw(st.sampled_from(times))))
    if draw(st.integers(0, 5)):  # mostly a window that holds most of the tape
        start = min(start, snapshots[len(snapshots) // 4].ts)
        end = max(end, snapshots[3 * len(snapshots) // 4].ts)
    quantities = (1, 100, 10**6, 2**42, 2**50) if huge else (1, 100, 200, 300, 400, 500, 777, 1_000, 1_500, 3_000)
    seen = [px for s in snapshots for q in s.quotes for px in (q.bid_px, q.ask_px) if px != NO_PRICE]
    limit = st.one_of(*[st.none()] * 3, st.sampled_from(seen)) if seen and limits else st.none()
    return ParentOrder(draw(st.sampled_from(Side)), draw(st.sampled_from(quantities)), start, end, draw(limit))


FEES = (-2_500_000, -1, 0, 0, 1, 2_000_000, 3_000_000, CENT)
VENUE_FEES = st.dictionaries(
    st.sampled_from(VENUES), st.builds(VenueFee, st.sampled_from(FEES), st.sampled_from(FEES)), max_size=5
)


def spans(snapshots: Sequence[Snapshot]) -> st.SearchStrategy[int]:
    """Lengths of time that matter on this tape: from one snapshot to another, and just beside it."""
    times = [s.ts for s in snapshots]
    pairs = [*pairwise(times), *pairwise(times[::2]), *pairwise(times[::3]), (times[0], times[-1])]
    return st.sampled_from([1, *(b - a + d for a, b in pairs for d in (-1, 0, 1) if b - a + d > 0)])


@st.composite
def rules(draw: st.DrawFn, snapshots: Sequence[Snapshot], *, latency: bool = True, ages: bool = True) -> Rules:
    fees = FeeSchedule(draw(VENUE_FEES))
    waits = st.one_of(st.just(0), spans(snapshots), spans(snapshots)) if latency else st.just(0)
    age = st.one_of(st.none(), st.none(), st.none(), st.just(0), spans(snapshots)) if ages else st.none()
    return Rules(fees, draw(st.sampled_from(Liquidity)), Latency(draw(waits)), draw(age))


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    max_snapshots: int = 16,
    max_venues: int = 6,
    huge: bool = False,
    latency: bool = True,
    ages: bool = True,
    limits: bool = True,
) -> Case:
    snapshots = draw(tapes(max_snapshots=max_snapshots, max_venues=max_venues, huge=huge))
    return Case(
        snapshots,
        draw(orders(snapshots, huge=huge, limits=limits)),
        draw(rules(snapshots, latency=latency, ages=ages)),
        draw(spans(snapshots)),
        tuple(draw(st.lists(st.integers(0, len(snapshots)), max_size=6))),
    )


def random_case(rng: Random) -> Case:
    """A case drawn evenly, for bulk: hypothesis prefers small and simple examples, in which little happens."""
    venues = rng.sample(VENUES, rng.randint(1, 6))
    n, tick = rng.randint(2, 30), rng.choice((1, CENT))
    last: dict[int, Quote] = {}
    ts, shots = T0, []

    def side(level: int) -> tuple[int, int]:
        return _side((BASE + level * tick, rng.choice(SIZES))) if rng.random() < 0.93 else (NO_PRICE, 0)

    def changed(venue: int) -> Quote:
        old = last.get(venue)
        kind = rng.random()
        if old is None or kind < 0.4:
            return Quote(venue, *side(-rng.choice((-1, 0, 1, 1, 2, 3))), *side(rng.choice((0, 0, 1, 2, 3))))
        if kind < 0.6:
            return old
        bid = (old.bid_px, rng.choice(SIZES)) if old.bid_px != NO_PRICE else side(-1)
        ask = (old.ask_px, rng.choice(SIZES)) if old.ask_px != NO_PRICE else side(1)
        return Quote(venue, *_side(bid), *_side(ask))

    for _ in range(n):
        ts += rng.choice(GAPS)
        for venue in (now := sorted(rng.sample(venues, rng.randint(0, min(3, len(venues)))))):
            last[venue] = changed(venue)
        trades = [
            Trade(rng.choice(venues), BASE + rng.randint(-3, 3) * tick, rng.choice(SIZES[1:]), rng.choice("ABNNH"))
            for _ in range(rng.choice((0, 0, 0, 1, 2)))
        ]
        shots.append(Snapshot(ts, tuple(last[venue] for venue in now), tuple(trades)))
    times = [s.ts for s in shots]

    def span() -> int:
        a = rng.randrange(n)
        return max(1, times[min(n - 1, a + rng.choice((0, 1, 1, 2, 3, 9)))] - times[a] + rng.choice((-1, 0, 0, 1)))

    start = rng.choice(times[: n // 2 + 1]) + rng.choice((-1, 0, 0, 1))
    end = rng.choice([t for t in times if t > start] or [start]) + rng.choice((-1, 0, 0, 1, SECOND))
    limit = BASE + rng.randint(-2, 2) * tick if rng.random() < 0.2 else None
    quantity = rng.choice((100, 300, 500, 777, 1_000, 2_000, 5_000))
    order = ParentOrder(rng.choice(list(Side)), quantity, start, max(start, end), limit)
    fees = FeeSchedule({venue: VenueFee(rng.choice(FEES), rng.choice(FEES)) for venue in venues if rng.random() < 0.5})
    latency = span() if rng.random() < 0.5 else 0
    age = span() if rng.random() < 0.2 else None
    rules_ = Rules(fees, rng.choice((Liquidity.CONSUME, Liquidity.CONSUME, Liquidity.REPLENISH)), Latency(latency), age)
    return Case(tuple(shots), order, rules_, span(), tuple(rng.randrange(n) for _ in range(rng.randint(0, 4))))
