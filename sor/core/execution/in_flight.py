"""Child orders on their way to a venue, in the order in which they act."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from sor.core.execution.child_orders import ChildKind, ChildOrder, EndReason
from sor.core.execution.resting import RestingOrder
from sor.core.order import Fill


@dataclass(frozen=True, slots=True)
class Taking:
    """A market order on its way: acts on the book as it stands at `due`, at `px` or better, and ends there.

    run: the price run that it was sent into; swept: what it misses is swept again; touch: the national best when it was
    decided.
    """

    number: int
    due: int
    venue: int
    px: int
    qty: int
    run: int
    decided: int
    mid2: int | None
    swept: bool
    touch: int | None = None

    def fill(self, px: int, qty: int) -> Fill:
        return Fill(
            self.due, self.venue, px, qty, False, False, self.decided, self.mid2, self.decided, None, self.number,
            touch=self.touch,
        )  # fmt: skip

    def record(self, ts: int, qty: int, reason: EndReason) -> ChildOrder:
        """How it ended: at `ts`, which is when it arrived, unless that never came."""
        at, arrived = ts if qty else None, ts if ts == self.due else None
        return ChildOrder(
            self.number, ChildKind.TAKE, self.venue, self.px, self.qty, self.decided, arrived, None, qty, at, at, ts,
            reason, self.mid2, self.touch,
        )  # fmt: skip


_RANK: dict[type, int] = {Taking: 0, RestingOrder: 1}  # at one time takes act first, then joins


@dataclass(slots=True)
class InFlight:
    """What has been sent and has not arrived. `shares`: those of takes, which may all still be filled."""

    shares: int = 0
    _queue: list[tuple[int, int, int, Taking | RestingOrder]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._queue)

    def send(self, child: Taking | RestingOrder) -> None:
        if isinstance(child, Taking):
            self.shares += child.qty
            due = child.due
        else:
            due = child.joins
        heappush(self._queue, (due, _RANK[type(child)], child.number, child))

    @property
    def next_due(self) -> int:
        return self._queue[0][0]

    def arrivals(self, now: int) -> Iterator[Taking | RestingOrder]:
        """Takes out, one after the other, what is due by `now`."""
        while self._queue and self._queue[0][0] <= now:
            child = heappop(self._queue)[-1]
            if isinstance(child, Taking):
                self.shares -= child.qty
            yield child

    def reserved(self, venue: int, run: int) -> int:
        """Shares of a venue's price run that takes on their way were sent for."""
        if not self.shares:
            return 0
        return sum(
            child.qty
            for *_, child in self._queue
            if isinstance(child, Taking) and child.venue == venue and child.run == run
        )

    def clear(self) -> list[Taking]:
        """Forget everything; the takes that will now never act."""
        left = [child for *_, child in sorted(self._queue) if isinstance(child, Taking)]
        self._queue, self.shares = [], 0
        return left
