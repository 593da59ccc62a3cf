"""A consolidated tape made by a model: one efficient price, a queue at each venue's best prices, exact integers.

The model, in the words of its sources:

- R. Cont, S. Stoikov, R. Talreja, "A stochastic model for order book dynamics", Operations Research 58 (2010): limit
  orders, cancellations and market orders arrive at a price level as Poisson streams, and the queue is what remains.
- W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the queue-reactive model", JASA 110
  (2015), model III: between two moves of a reference price the queues live on their own; a move draws them again.

What is ours: the reference price is an efficient price whose shocks come in clusters (Neyman-Scott, so that price
levels live for milliseconds or for seconds, as on the real tape); it leans with a pressure, which also tilts the market
orders, and against its distance from a slow anchor. A shock reaches each venue with a delay of its own. A parent order
reaches several venues at one time, so that their outflows are correlated but not identical. The simplification to know
of: rates do not depend on the queues, and a level's last shares go when the price leaves it, not before.

Across venues a late one may lock or cross the others for less than a millisecond; within a venue never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Ints
from sor.synth import model
from sor.synth.draws import Draws
from sor.synth.price import Clock, EfficientPrice, VenueQuotes
from sor.synth.queue import Columns, Top, order_flow, rows_of


@dataclass(frozen=True, slots=True)
class SynthSpec:
    """What to make. start in nanoseconds since the epoch, length in nanoseconds, activity in thousandths.

    At activity 1000 the first venue has the real tape's rates. A lower one slows every clock, but not the price: its
    volatility a minute stays the same.
    """

    venues: int
    length: int
    seed: int
    symbols: tuple[str, ...]
    start: int
    activity: int = 1000
    price_cents: int = 15_000


@dataclass(frozen=True, slots=True)
class SynthRows:
    """Rows of a tape in time order, one array a column: int64[n], action and side uint8[n] (ord).

    ts, recv in nanoseconds since the epoch; symbol an index into the spec's; prices in cents, NO_QUOTE with size 0 and
    count 0 where a side is empty.
    """

    ts: Ints
    recv: Ints
    symbol: Ints
    venue: Ints
    sequence: Ints
    action: NDArray[np.uint8]
    side: NDArray[np.uint8]
    depth: Ints
    price: Ints
    size: Ints
    flags: Ints
    bid: Ints
    ask: Ints
    bid_sz: Ints
    ask_sz: Ints
    bid_ct: Ints
    ask_ct: Ints

    def __len__(self) -> int:
        return len(self.ts)


def block_length(spec: SynthSpec) -> int:
    """Nanoseconds made at a time: a minute of one symbol, less of several, so that memory stays the same."""
    return max(60 // len(spec.symbols), 2) * model.SECOND


def tape(spec: SynthSpec) -> Iterator[SynthRows]:
    """The tape, a block at a time: memory is that of a block. The same spec gives the same rows on every machine."""
    markets = [_Market(spec, index) for index in range(len(spec.symbols))]
    ids = np.array([profile.publisher_id for profile in model.VENUES[: spec.venues]], dtype=np.int64)
    sequence = np.zeros(spec.venues, dtype=np.int64)
    recv = 0
    step = block_length(spec)
    for number, begin in enumerate(range(0, spec.length, step)):
        parts = [market.block(number, min(step, spec.length - begin)) for market in markets]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(columns["ts"], kind="stable")
        columns = {name: values[order] for name, values in columns.items()}
        columns["ts"] += spec.start + begin
        delay = model.RECEIVED_AFTER + Draws(spec.seed, number).words(len(order)) // 2
        columns["recv"] = np.maximum.accumulate(np.maximum(columns["ts"] + delay, recv))
        columns["sequence"] = _number(columns["venue"], sequence)
        columns["venue"] = ids[columns["venue"]]
        rows = SynthRows(**columns)
        recv = int(rows.recv[-1]) if len(rows) else recv
        yield rows


def _number(venue: Ints, last: Ints) -> Ints:
    """The running number of each row at its venue; `last` moves on."""
    result = np.zeros(len(venue), dtype=np.int64)
    for v in range(len(last)):
        mine = np.flatnonzero(venue == v)
        result[mine] = last[v] + 1 + np.arange(len(mine))
        last[v] += len(mine)
    return result


class _Market:
    """One symbol: what passes from block to block."""

    def __init__(self, spec: SynthSpec, index: int) -> None:
        self._spec = spec
        self._index = index
        self._profiles = model.VENUES[: spec.venues]
        self._price = EfficientPrice(spec.price_cents, spec.activity)
        self._quotes = [VenueQuotes(profile, spec.activity) for profile in self._profiles]
        lanes = 2 * spec.venues
        self._top = Top(np.full(lanes, 100, dtype=np.int64), np.ones(lanes, dtype=np.int64))

    def block(self, number: int, length: int) -> Columns:
        """The rows of one block, times from its start, venue by venue."""
        spec = self._spec
        dice = Draws(spec.seed, number, self._index + 1)
        clock = Clock(dice, length)
        shocks = self._price.shocks(dice, clock, length)
        levels = [side for quotes in self._quotes for side in quotes.levels(dice, clock, shocks, length)]
        flow = order_flow(dice, clock, self._profiles, levels, shocks, spec.activity)
        rows, self._top = rows_of(dice, levels, flow, self._top, opens=number == 0)
        rows["symbol"] = np.full(len(rows["ts"]), self._index, dtype=np.int64)
        return rows
