"""The queue before one resting buy order: who stands ahead, who leaves, and what gets through to us."""

from __future__ import annotations

from dataclasses import dataclass

from reference.market import Level, Trade

MICRO = 1_000_000  # shares ahead are counted in millionths

CONSERVATIVE, PROPORTIONAL, OPTIMISTIC = "conservative", "proportional", "optimistic"  # or "power:2" .. "power:8"


def left_ahead(model: str, ahead: int, cancelled: int, displayed: int) -> int:
    """Millionths ahead after `cancelled` shares left the level, which shows `displayed` shares afterwards."""
    before = (displayed + cancelled) * MICRO  # D of the formula
    gone = cancelled * MICRO  # c
    ahead = min(ahead, before)
    if model == CONSERVATIVE:
        left = ahead
    elif model == OPTIMISTIC:
        left = max(0, ahead - gone)
    else:
        n = 1 if model == PROPORTIONAL else int(model.removeprefix("power:"))
        left = ahead - gone * ahead**n // before**n
    return min(left, displayed * MICRO)


@dataclass(slots=True)
class Place:
    """Our place at one venue and price. `ahead` None: unknown, and nothing at our price fills us."""

    px: int
    model: str
    ahead: int | None
    reached: int = 0  # millionths of a share that got through to us and are no whole share yet

    def row(self, bid: Level | None, ask: Level | None, cancelled: int) -> None:
        """The venue's next quote; `cancelled` are those at the price of `bid`."""
        if bid is None or bid.px < self.px or (ask is not None and ask.px <= self.px):
            self.ahead = 0
        elif bid.px == self.px:
            if self.ahead is None:
                self.ahead = bid.sz * MICRO
            else:
                self.ahead = left_ahead(self.model, self.ahead, cancelled, bid.sz)

    def sale(self, trade: Trade) -> int:
        """Whole shares of a sale that get through to us."""
        if trade.px > self.px:
            return 0
        if trade.px < self.px and trade.side == "A":
            self.ahead = 0
        if self.ahead is None:
            return 0
        if trade.side == "H":  # eats nothing ahead, and fills only who rests alone at its price
            return trade.sz if trade.px == self.px and self.ahead == 0 else 0
        eaten = min(self.ahead, trade.sz * MICRO)
        self.ahead -= eaten
        whole, self.reached = divmod(self.reached + trade.sz * MICRO - eaten, MICRO)
        return whole
