"""What the market did in the order's window, for benchmarks: mids over time, trades by minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from operator import mul

import numpy as np

from sor.core.market.averages import Average
from sor.core.market.batch import Ints
from sor.core.market.book import Book
from sor.core.market.oriented import OrientedBatch
from sor.core.order import ParentOrder
from sor.core.units import NANO, NO_PRICE

MINUTE = 60 * NANO
PWP_RATES = (5, 10, 20)  # percent of the volume


@dataclass(frozen=True, slots=True)
class WindowMarket:
    """Oriented prices in nanodollars, exact; None where the tape has none. volumes: shares traded by minute of the
    window. pwp: by PWP_RATES, the average price of the volume until the order would have been done at that share of it;
    None where the window's trades end before."""

    mid_twap: Fraction | None = None
    open: int | None = None
    close: int | None = None
    volumes: tuple[int, ...] = ()
    pwp: tuple[Fraction | None, ...] = (None,) * len(PWP_RATES)


@dataclass(slots=True)
class WindowMarketRecorder:
    """Fed every batch and its book."""

    order: ParentOrder
    _open: int | None = None
    _close: int | None = None
    _volumes: list[int] = field(default_factory=list)
    _pwp: tuple[Average, ...] = field(default_factory=lambda: tuple(Average() for _ in PWP_RATES))
    _value: int = 0
    _known: int = 0  # ns of the window in which a mid was known
    _at: int = 0
    _mid2: int = NO_PRICE

    def __post_init__(self) -> None:
        self._volumes = [0] * ((self.order.end - self.order.start) // MINUTE + 1)
        self._at = self.order.start

    def on_batch(self, batch: OrientedBatch, book: Book) -> None:
        self._mids(book)
        first, stop = np.searchsorted(batch.ts, [self.order.start, self.order.end + 1]).tolist()
        if first < stop:
            self._trades(batch, first, stop)

    def recorded(self, *, stopped: bool = False) -> WindowMarket:
        if not stopped:
            self._carry(self.order.end)
        wanted = [_volume(self.order.quantity, rate) for rate in PWP_RATES]
        pwp = [avg.price if avg.size == size else None for avg, size in zip(self._pwp, wanted, strict=True)]
        twap = Fraction(self._value, 2 * self._known) if self._known else None
        return WindowMarket(twap, self._open, self._close, tuple(self._volumes), tuple(pwp))

    def _mids(self, book: Book) -> None:
        mids2 = book.mid2[book.new :]
        changed = np.flatnonzero(np.diff(mids2, prepend=self._mid2))
        if not len(changed):
            return
        times = np.clip(book.ts[book.new :][changed], self.order.start, self.order.end)
        self._carry(int(times[0]))
        if mids2[changed[0]] != NO_PRICE:  # a mid once known is carried, so all that follow are known
            spans = np.diff(times).tolist()
            self._value += sum(map(mul, mids2[changed[:-1]].tolist(), spans))
            self._known += sum(spans)
        self._at, self._mid2 = int(times[-1]), int(mids2[changed[-1]])

    def _carry(self, until: int) -> None:
        if self._mid2 != NO_PRICE:
            self._value += self._mid2 * (until - self._at)
            self._known += until - self._at
        self._at = until

    def _trades(self, batch: OrientedBatch, first: int, stop: int) -> None:
        begin = int(batch.trade_end[first - 1]) if first else 0
        px, sz = batch.trade_px[begin : batch.trade_end[stop - 1]], batch.trade_sz[begin : batch.trade_end[stop - 1]]
        if not len(px):
            return
        self._open = int(px[0]) if self._open is None else self._open
        self._close = int(px[-1])
        traded = np.concatenate(([0], np.cumsum(sz)))
        self._by_minute(batch, first, stop, begin, traded)
        for rate, average in zip(PWP_RATES, self._pwp, strict=True):
            room = _volume(self.order.quantity, rate) - average.size
            whole = int(np.searchsorted(traded, room, side="right")) - 1
            average.update(px[:whole], sz[:whole])
            if whole < len(px):
                average.update(px[whole : whole + 1], np.array([room - traded[whole]]))

    def _by_minute(self, batch: OrientedBatch, first: int, stop: int, begin: int, traded: Ints) -> None:
        minutes = (batch.ts[first:stop] - self.order.start) // MINUTE
        last = np.flatnonzero(np.diff(minutes, append=-1))  # the last snapshot of each minute
        until = traded[batch.trade_end[first:stop][last] - begin]
        for minute, volume in zip(minutes[last].tolist(), np.diff(until, prepend=0).tolist(), strict=True):
            self._volumes[minute] += volume


def _volume(quantity: int, rate: int) -> int:
    """Shares that the market trades until `quantity` is `rate` percent of them, rounded up."""
    return -(-quantity * 100 // rate)


def minute_edges(order: ParentOrder) -> Sequence[int]:
    """When each minute of the window begins, in ns."""
    return range(order.start, order.end + 1, MINUTE)
