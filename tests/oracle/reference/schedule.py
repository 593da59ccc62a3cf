"""The clock of a sliced order: n equal slices with cumulative targets, the last one up to the end of the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reference.rules import Order


class Clock(Protocol):
    """What a sliced strategy asks of its schedule."""

    @property
    def slices(self) -> int: ...
    def index(self, ts: int) -> int: ...
    def target(self, index: int) -> int: ...
    def passive_end(self, index: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """n = max(1, ceil(horizon / interval)); slice i has the target floor(Q (i + 1) / n)."""

    order: Order
    interval: int

    @property
    def slices(self) -> int:
        return max(1, -(-(self.order.end - self.order.start) // self.interval))

    def index(self, ts: int) -> int:
        return min(self.slices - 1, (ts - self.order.start) // self.interval)

    def target(self, index: int) -> int:
        return self.order.quantity * (index + 1) // self.slices

    def targets(self) -> list[int]:
        return [self.target(i) for i in range(self.slices)]

    def begins(self, index: int) -> int:
        return self.order.start + index * self.interval

    def ends(self, index: int) -> int:
        return self.order.end if index == self.slices - 1 else self.begins(index + 1)

    def passive_end(self, index: int) -> int:
        """When 90 % of the slice are over."""
        return self.begins(index) + (self.ends(index) - self.begins(index)) * 9 // 10


@dataclass(frozen=True, slots=True)
class OneSlice:
    """Slice `number` of a schedule as an order of its own, of `size` shares."""

    whole: Schedule
    number: int
    size: int

    @property
    def slices(self) -> int:
        return self.whole.slices

    def index(self, ts: int) -> int:
        return self.number

    def target(self, index: int) -> int:
        return self.size

    def passive_end(self, index: int) -> int:
        return self.whole.passive_end(index)
