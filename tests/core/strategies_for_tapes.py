"""Hypothesis strategies for adversarial tapes, orders and rules: small worlds in which everything odd happens often."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st

from sor.core.fees import FeeSchedule, VenueFee
from sor.core.market import Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.order import Liquidity, ParentOrder, Rules, Side
from sor.core.units import NO_PRICE

CENT = 10_000_000
BASE = 222_740_000_000
SECOND = 1_000_000_000
T0 = 1_722_519_392_000_000_000  # 2024-08-01T13:36:32Z

SIZES = (0, 1, 7, 50, 99, 100, 100, 150, 200, 200, 300, 500, 1_000)
HUGE_SIZES = (0, 1, 100, 10**6, 2**40, 2**41 + 7)
GAPS = (1, 1, 2, 500, 1_000_000, 300_000_000, SECOND, 5 * SECOND, 60 * SECOND, 61 * SECOND)
VENUES = (2, 7, 9, 16, 30, 37, 41, 43, 88)

# `SOR_THOROUGH=20 pytest tests/core` tries twenty times as many examples: for a night, or after a change of the engine.
THOROUGH = int(os.environ.get("SOR_THOROUGH", "1"))


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
    venues = draw(st.lists(st.sampled_from(VENUES), min_size=1, max_size=max_venues, unique=True))
    tick = draw(st.sampled_from((1, CENT, CENT)))
    base = draw(st.sampled_from((2**61, 2**62 - 10 * tick))) if huge else BASE
    asks = [base + k * tick for k in (0, 0, 1, 2, 3)]
    bids = [base - k * tick for k in ((1, 1, 2, 3) if regular else (-1, 0, 1, 1, 2, 3))]
    sizes = HUGE_SIZES if huge else SIZES
    side = st.one_of(*[st.tuples(st.sampled_from(asks), st.sampled_from(sizes))] * 4, st.just((NO_PRICE, 0)))
    other = st.one_of(*[st.tuples(st.sampled_from(bids), st.sampled_from(sizes))] * 4, st.just((NO_PRICE, 0)))
    quote = st.tuples(other, side)
    trade = st.builds(
        Trade,
        st.sampled_from(venues),
        st.sampled_from(sorted({*asks, *bids})),
        st.sampled_from([s for s in sizes if s]),
        st.sampled_from("ABN"),
    )
    shot = st.tuples(
        st.sampled_from(GAPS),
        st.dictionaries(st.sampled_from(venues), quote, max_size=min(3, len(venues))),
        st.lists(trade, max_size=2) if trades else st.just([]),
    )
    ts, result = T0, []
    for gap, quotes, sold in draw(st.lists(shot, min_size=1, max_size=max_snapshots)):
        ts += gap
        rows = tuple(Quote(v, *_side(bid), *_side(ask)) for v, (bid, ask) in sorted(quotes.items()))
        result.append(Snapshot(ts, rows, tuple(sold)))
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
    if draw(st.integers(0, 3)):  # mostly a window that holds most of the tape
        start = min(start, snapshots[len(snapshots) // 3].ts)
        end = max(end, snapshots[2 * len(snapshots) // 3].ts)
    quantities = (1, 100, 10**6, 2**42, 2**50) if huge else (1, 50, 100, 200, 300, 400, 500, 777, 1_000, 3_000)
    seen = [px for s in snapshots for q in s.quotes for px in (q.bid_px, q.ask_px) if px != NO_PRICE]
    limit = st.one_of(st.none(), st.none(), st.sampled_from(seen)) if seen and limits else st.none()
    return ParentOrder(draw(st.sampled_from(Side)), draw(st.sampled_from(quantities)), start, end, draw(limit))


FEES = (-2_500_000, -1, 0, 0, 1, 2_000_000, 3_000_000, CENT)


@st.composite
def rules(draw: st.DrawFn, *, latency: bool = True, ages: bool = True) -> Rules:
    fee = st.builds(VenueFee, st.sampled_from(FEES), st.sampled_from(FEES))
    fees = FeeSchedule(draw(st.dictionaries(st.sampled_from(VENUES), fee, max_size=5)))
    waits = st.sampled_from((0, 0, 0, *GAPS)) if latency else st.just(0)
    age = st.one_of(st.none(), st.none(), st.sampled_from((0, *GAPS))) if ages else st.none()
    return Rules(fees, draw(st.sampled_from(Liquidity)), draw(waits), draw(age))


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
        draw(rules(latency=latency, ages=ages)),
        draw(st.sampled_from(GAPS)),
        tuple(draw(st.lists(st.integers(0, len(snapshots)), max_size=6))),
    )
