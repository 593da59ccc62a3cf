"""Markouts: where the mid went after a passive fill, the usual measure of adverse selection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sor.core.market.book import Book
from sor.core.order import Fill
from sor.core.units import NANO

HORIZONS = (1 * NANO, 10 * NANO, 60 * NANO)


@dataclass(slots=True)
class MidRecorder:
    """Fed every book; notes twice the oriented national mid at given times. Memory is that of the times."""

    times: list[int]
    mids2: dict[int, int | None] = field(default_factory=dict)
    _at: int = 0

    @classmethod
    def at(cls, times: Iterable[int]) -> MidRecorder:
        return cls(sorted(set(times)))

    def on_book(self, book: Book) -> None:
        """A time is settled by the first book that reaches it: snapshots have instants of their own."""
        last = int(book.ts[-1])
        while self._at < len(self.times) and self.times[self._at] <= last:
            ts = self.times[self._at]
            row = book.last_at(ts)
            self.mids2[ts] = book.mid2_at(row) if row >= 0 else None
            self._at += 1

    @property
    def done(self) -> bool:
        return self._at == len(self.times)


@dataclass(frozen=True, slots=True)
class Markout:
    """One passive fill and the move after it, in bps of its price at each of HORIZONS.

    Positive is in our favour: after a buy the mid stands above the price paid. None where the tape ends before.
    """

    fill: Fill
    bps: tuple[float | None, ...]


def wanted(fills: Sequence[Fill]) -> list[int]:
    """The times at which the mids after these fills are needed."""
    return [fill.ts + horizon for fill in fills if fill.is_maker for horizon in HORIZONS]


def markouts(fills: Sequence[Fill], mids: MidRecorder) -> tuple[Markout, ...]:
    """The markouts of the passive ones among these (oriented) fills."""
    return tuple(
        Markout(fill, tuple(_bps(fill.px, mids.mids2.get(fill.ts + horizon)) for horizon in HORIZONS))
        for fill in fills
        if fill.is_maker
    )


def _bps(px: int, mid2: int | None) -> float | None:
    return None if mid2 is None or not px else (mid2 - 2 * px) / (2 * abs(px)) * 10_000
