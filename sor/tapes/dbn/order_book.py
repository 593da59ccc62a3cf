"""The book of one venue and stock, order by order, as the vendor's mbo records build it.

An order is known by its id. A trade and a fill change nothing by themselves: what they take away comes as a
cancellation. The best price is found in a heap in which levels that are gone are passed over when they come up.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from sor.core.units import NO_PRICE

ADD, CANCEL, MODIFY, CLEAR = (ord(letter) for letter in "ACMR")
BID, ASK = ord("B"), ord("A")
TOP_OF_BOOK = 64  # a flag: the record is a side's whole best level, and no order

Level = tuple[int, int]  # price and size
NOTHING: Level = (NO_PRICE, 0)


@dataclass(slots=True)
class _BookSide:
    """sign: -1 for bids, whose highest price is the best."""

    sign: int
    sizes: dict[int, int] = field(default_factory=dict)
    prices: list[int] = field(default_factory=list)

    def change(self, price: int, shares: int) -> None:
        size = self.sizes.get(price)
        if size is None:
            heapq.heappush(self.prices, self.sign * price)
        left = (size or 0) + shares
        if left > 0:
            self.sizes[price] = left
        else:
            self.sizes.pop(price, None)

    def best(self) -> Level:
        while self.prices:
            price = self.sign * self.prices[0]
            size = self.sizes.get(price)
            if size is not None:
                return price, size
            heapq.heappop(self.prices)
        return NOTHING

    def clear(self) -> None:
        self.sizes.clear()
        self.prices.clear()


class OrderBook:
    """Orders at one venue. `unknown` counts records about orders that were not on the file."""

    def __init__(self) -> None:
        self._sides = {BID: _BookSide(-1), ASK: _BookSide(1)}
        self._orders: dict[int, tuple[int, int, int]] = {}  # side, price and size
        self.unknown = 0

    def apply(self, action: int, side: int, order: int, price: int, size: int, flags: int) -> None:
        """One record. Actions other than those above say nothing of the book."""
        if action == CLEAR:
            self._clear()
        elif action == ADD and flags & TOP_OF_BOOK:
            self._replace(side, price, size)
        elif action in (ADD, MODIFY):
            if not self._forget(order) and action == MODIFY:
                self.unknown += 1
            self._put(order, side, price, size)
        elif action == CANCEL:
            self._cancel(order, size)

    def top(self) -> tuple[Level, Level]:
        """The best bid and the best ask."""
        return self._sides[BID].best(), self._sides[ASK].best()

    def _put(self, order: int, side: int, price: int, size: int) -> None:
        if side in self._sides and price != NO_PRICE and size > 0:
            self._orders[order] = side, price, size
            self._sides[side].change(price, size)

    def _forget(self, order: int) -> bool:
        known = self._orders.pop(order, None)
        if known is None:
            return False
        side, price, size = known
        self._sides[side].change(price, -size)
        return True

    def _cancel(self, order: int, size: int) -> None:
        known = self._orders.get(order)
        if known is None:
            self.unknown += 1
            return
        self._forget(order)
        side, price, rested = known
        self._put(order, side, price, rested - size)

    def _replace(self, side: int, price: int, size: int) -> None:
        """A publisher that knows the best level alone."""
        if side not in self._sides:
            return
        self._sides[side].clear()
        self._orders = {order: known for order, known in self._orders.items() if known[0] != side}
        if price != NO_PRICE and size > 0:
            self._sides[side].change(price, size)

    def _clear(self) -> None:
        self._orders.clear()
        for side in self._sides.values():
            side.clear()
