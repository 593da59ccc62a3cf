"""The fills of one execution. Those that a long sweep made stay columns until somebody reads them one by one: an order
that is swept all day has tens of thousands, and what it cost is a few sums over arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import overload

import numpy as np

from sor.core.market.batch import Ints
from sor.core.order import Fill, FillReason
from sor.core.units import NO_PRICE

FEW = 64  # fills that are sooner made than summed up as arrays


@dataclass(frozen=True, slots=True)
class SweptFills:
    """Takes that acted as they were decided, as columns in their order: see Fill. mid2: NO_PRICE where there was none;
    first: the number of the first child order, and one more for each that follows."""

    ts: Ints
    venue: Ints
    px: Ints
    qty: Ints
    mid2: Ints
    touch: Ints
    first: int

    @classmethod
    def joined(cls, parts: Sequence[SweptFills]) -> SweptFills:
        """For sums: the numbers of their child orders need not follow each other."""
        ts, venue, px, qty, mid2, touch = map(np.concatenate, zip(*map(cls._columns, parts), strict=True))
        return cls(ts, venue, px, qty, mid2, touch, parts[0].first)

    def _columns(self) -> tuple[Ints, ...]:
        return self.ts, self.venue, self.px, self.qty, self.mid2, self.touch

    def __len__(self) -> int:
        return len(self.ts)

    def __iter__(self) -> Iterator[Fill]:
        ts, venues, prices, shares, mids2, touches = (column.tolist() for column in self._columns())
        known = [None if mid2 == NO_PRICE else mid2 for mid2 in mids2]
        never, no_queue, taken, nothing = repeat(False), repeat(None), repeat(FillReason.TAKEN), repeat(0)
        columns = zip(
            ts, venues, prices, shares, never, never, ts, known, ts, no_queue, count(self.first), taken, nothing,
            nothing, touches, strict=False,
        )  # fmt: skip
        return map(Fill._make, columns)


@dataclass(slots=True, eq=False)
class Fills(Sequence[Fill]):
    """parts: single fills and sweeps, in the order in which they were made."""

    parts: list[Fill | SweptFills] = field(default_factory=list)
    _count: int = 0
    _read: list[Fill] = field(default_factory=list)  # those of the first parts
    _parts_read: int = 0

    def append(self, fill: Fill) -> None:
        self.parts.append(fill)
        self._count += 1

    def extend(self, swept: SweptFills) -> None:
        if len(swept) < FEW:
            self.parts.extend(swept)
        else:
            self.parts.append(swept)
        self._count += len(swept)

    @property
    def last_ts(self) -> int:
        last = self.parts[-1]
        return int(last.ts[-1]) if isinstance(last, SweptFills) else last.ts

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Fill]:
        return iter(self._listed())

    @overload
    def __getitem__(self, at: int) -> Fill: ...

    @overload
    def __getitem__(self, at: slice) -> list[Fill]: ...

    def __getitem__(self, at: int | slice) -> Fill | list[Fill]:
        return self._listed()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fills) and self._listed() == other._listed()

    def _listed(self) -> list[Fill]:
        while self._parts_read < len(self.parts):
            part = self.parts[self._parts_read]
            if isinstance(part, SweptFills):
                self._read.extend(part)
            else:
                self._read.append(part)
            self._parts_read += 1
        return self._read


def parts_of(fills: Sequence[Fill]) -> tuple[Sequence[Fill], SweptFills | None]:
    """Single fills, and all sweeps together that nobody needs to take apart in order to add them up."""
    if not isinstance(fills, Fills):
        return fills, None
    swept = [part for part in fills.parts if isinstance(part, SweptFills)]
    single = [part for part in fills.parts if not isinstance(part, SweptFills)]
    return single, SweptFills.joined(swept) if swept else None
