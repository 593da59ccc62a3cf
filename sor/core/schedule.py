"""The clock of a parent order: equal slices with cumulative targets."""

from __future__ import annotations

from dataclasses import dataclass

from sor.core.order import ParentOrder


@dataclass(frozen=True, slots=True)
class Schedule:
    """n = max(1, ceil(horizon / interval)) slices; the target at the end of slice i is floor(Q (i + 1) / n)."""

    start: int
    interval: int
    slices: int
    quantity: int
    end: int

    @classmethod
    def for_order(cls, order: ParentOrder, interval: int) -> Schedule:
        horizon = order.end - order.start
        return cls(order.start, interval, max(1, -(-horizon // interval)), order.quantity, order.end)

    def index(self, ts: int) -> int:
        """The slice that holds time ts >= start; the last one also holds the closed end of the window."""
        return min(self.slices - 1, (ts - self.start) // self.interval)

    def begins(self, index: int) -> int:
        return self.start + index * self.interval

    def ends(self, index: int) -> int:
        """When the slice is over: the next one begins, or the window ends."""
        return self.end if index >= self.slices - 1 else self.begins(index + 1)

    def target(self, index: int) -> int:
        """Shares to be done by the end of slice `index`; none before the first, by that of -1."""
        return self.quantity * (index + 1) // self.slices
