"""What one venue's bid levels are known to hold, while they are shown and while the best bid is above them.

Cancellations at a price are the decreases of its size that no trade explains. A trade's removal may show in a later
row, and a level may be out of sight for a while, so trades wait here until a decrease claims them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from reference.market import Level, Trade


@dataclass(slots=True)
class Known:
    """The last size of a level, and the shares traded at exactly its price that no decrease has claimed yet."""

    size: int
    unclaimed: int = 0


@dataclass(slots=True)
class Levels:
    """The bid side of one venue."""

    best: Level | None = None
    known: dict[int, Known] = field(default_factory=dict)
    empty_above: float = inf  # nothing stands at prices above this one, unless `known` says so; inf: never seen

    def remembered(self, px: int) -> int | None:
        """The last size at `px`; None where the level was never seen, nor seen to be empty."""
        if px in self.known:
            return self.known[px].size
        return 0 if px > self.empty_above else None

    def sold(self, trade: Trade) -> None:
        """A sale that this venue's bids at its price, shown or out of sight behind the best, have met. A hidden order
        is in no size."""
        if trade.side == "H" or self.best is None or self.best.px < trade.px:
            return
        if trade.px in self.known:
            self.known[trade.px].unclaimed += trade.sz

    def show(self, bid: Level | None) -> int:
        """The venue's next row; returns the shares cancelled at the price that it shows."""
        self.best = bid
        floor = -inf if bid is None else bid.px
        self.known = {px: level for px, level in self.known.items() if px <= floor}
        self.empty_above = min(self.empty_above, floor)
        if bid is None:
            return 0
        level = self.known.setdefault(bid.px, Known(bid.sz))
        fell = max(0, level.size - bid.sz)
        claimed = min(fell, level.unclaimed)
        level.size, level.unclaimed = bid.sz, level.unclaimed - claimed
        return fell - claimed


def is_sale(trade: Trade, ask_before: Level | None) -> bool:
    """Whether the aggressor sold, or is taken to have sold.

    A trade of unknown side is no sale while the venue's own ask, before that instant, was at or below its price:
    then a buyer took shares that were displayed there.
    """
    if trade.side in "NH":
        return ask_before is None or ask_before.px > trade.px
    return trade.side == "A"
