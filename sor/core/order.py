"""The parent order, its child orders' fills, and the rules of the game that all strategies share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sor.core.fees import FeeSchedule


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell: an oriented price times this is the price on the tape."""
        return 1 if self is Side.BUY else -1


class Liquidity(StrEnum):
    CONSUME = "consume"  # what the order took stays taken until the price at that venue changes
    REPLENISH = "replenish"  # every snapshot shows fresh shares (the naive rule)


class QueueModel(StrEnum):
    """How many of the cancellations at our price were in front of us."""

    CONSERVATIVE = "conservative"  # none
    PROPORTIONAL = "proportional"  # ahead / displayed of them
    OPTIMISTIC = "optimistic"  # all

    def in_front(self, cancelled: int, ahead: int, displayed: int) -> int:
        """Shares of `cancelled` that stood ahead; `displayed` is the size just before they went."""
        if self is QueueModel.CONSERVATIVE or not cancelled:
            return 0
        if self is QueueModel.OPTIMISTIC or ahead >= displayed:
            return min(cancelled, ahead)
        return cancelled * ahead // displayed


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """Side, quantity in shares, closed window [start, end] in ns, and a limit price in nanodollars or none."""

    side: Side
    quantity: int
    start: int
    end: int
    limit_price: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """How the market answers: the same for every strategy. Times in ns; max_quote_age None is no limit."""

    fees: FeeSchedule
    liquidity: Liquidity = Liquidity.CONSUME
    latency: int = 0
    max_quote_age: int | None = None


class Fill(NamedTuple):
    """An execution of a child order. A tuple, because a large order has tens of thousands of them.

    ts, px (nanodollars, oriented: negative for a sell), qty; making: it rested and was hit; forced: completed at the
    deadline; decided, mid2: when the child order was decided and twice the mid at that time; ahead: the queue displayed
    in front of it when it joined (making only); joined: when it joined the queue, or was decided.
    """

    ts: int
    venue: int
    px: int
    qty: int
    making: bool
    forced: bool
    decided: int
    mid2: int | None
    joined: int
    ahead: int
