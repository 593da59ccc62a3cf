"""The parent order, its child orders' fills, and the execution rules that all strategies share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from sor.core.feed import BY_VENUE, Feed
from sor.core.fees import FeeSchedule
from sor.core.units import FAR


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
    """How many of the cancellations at our price were in front of us: with `ahead` of `displayed` shares in front,
    the share (ahead / displayed) ** n of them, which is hftbacktest's power_prob_queue_model3. n is `power`."""

    CONSERVATIVE = "conservative"  # none
    PROPORTIONAL = "proportional"  # n = 1
    OPTIMISTIC = "optimistic"  # all, n = 0
    POWER_2 = "power:2"
    POWER_3 = "power:3"
    POWER_4 = "power:4"
    POWER_5 = "power:5"
    POWER_6 = "power:6"
    POWER_7 = "power:7"
    POWER_8 = "power:8"

    @property
    def power(self) -> int | None:
        """The exponent n; None for CONSERVATIVE, which is its limit."""
        return _POWERS[self]

    def in_front(self, cancelled: int, ahead: int, displayed: int) -> int:
        """What of `cancelled` stood ahead, in their unit, rounded down; `displayed`: the size just before it went."""
        power = _POWERS[self]
        if power is None or not cancelled:
            return 0
        if not power or ahead >= displayed:
            return min(cancelled, ahead)
        return int(cancelled * ahead**power // displayed**power)


_POWERS = {
    QueueModel.CONSERVATIVE: None,
    QueueModel.OPTIMISTIC: 0,
    QueueModel.PROPORTIONAL: 1,
} | {model: int(model.value[-1]) for model in QueueModel if model.value.startswith("power:")}

# The models that every router is judged under: filled shares under the first and the last are a bracket.
BRACKET = (QueueModel.CONSERVATIVE, QueueModel.PROPORTIONAL, QueueModel.OPTIMISTIC)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a message takes to each venue, in ns: `default`, but for the venues that are named."""

    default: int = 0
    venues: Mapping[int, int] = field(default_factory=dict)

    def to(self, venue: int) -> int:
        return self.venues.get(venue, self.default)

    @property
    def longest(self) -> int:
        return max(self.default, *self.venues.values()) if self.venues else self.default

    def __bool__(self) -> bool:
        """Whether anything takes time at all."""
        return self.longest > 0


@dataclass(frozen=True, slots=True)
class Lots:
    """Sizes of child orders in shares: whole multiples of `lot`, and none below `minimum`."""

    minimum: int = 1
    lot: int = 1

    def floor(self, shares: int) -> int:
        """The largest child order of at most `shares`; 0 if there is none."""
        whole = shares // self.lot * self.lot
        return whole if whole >= self.minimum else 0

    def __bool__(self) -> bool:
        """Whether the sizes are restricted at all."""
        return self.minimum > 1 or self.lot > 1


AT_ONCE, ANY_SIZE, ALL_THERE = Latency(), Lots(), Fraction(1)


@dataclass(frozen=True, slots=True)
class ParentOrder:
    """Side, quantity in shares, closed window [start, end] in ns, and a limit price in nanodollars or none."""

    side: Side
    quantity: int
    start: int
    end: int
    limit_price: int | None = None

    @property
    def limit(self) -> int:
        """The limit price, oriented; above every price where there is none."""
        return FAR - 1 if self.limit_price is None else self.limit_price * self.side.sign


@dataclass(frozen=True, slots=True)
class Rules:
    """How the market answers: the same for every strategy. Times in ns; max_quote_age None is no limit.

    latency: from a decision to its effect; cancel_latency: likewise for a cancel, None: as long as any order; feed: how
    the source shows the market; there: the part of a displayed size that a take finds, from 0 to 1.
    """

    fees: FeeSchedule
    liquidity: Liquidity = Liquidity.CONSUME
    latency: Latency = AT_ONCE
    max_quote_age: int | None = None
    cancel_latency: Latency | None = None
    lots: Lots = ANY_SIZE
    feed: Feed = BY_VENUE
    there: Fraction = ALL_THERE

    @property
    def plain_takes(self) -> bool:
        """Whether a take arrives at once, has any size and finds all that is displayed."""
        return not self.latency and not self.lots and self.there == ALL_THERE

    @property
    def at_once(self) -> bool:
        """Whether cancels act at once as well, and no quote disappears between two snapshots."""
        return self.plain_takes and not self.cancels and self.max_quote_age is None

    def found(self, displayed: int) -> int:
        """What takes find of a displayed size, whole shares."""
        return displayed if self.there == ALL_THERE else int(self.there * displayed)

    @property
    def cancels(self) -> Latency:
        """From sending a cancel to its effect."""
        return self.latency if self.cancel_latency is None else self.cancel_latency


class FillReason(StrEnum):
    """What filled a child order."""

    TAKEN = "taken"  # it took what was displayed
    TRADED = "traded"  # a trade got through the queue to it
    QUOTED = "quoted through"  # the venue's opposite quote came to its price
    FORCED = "forced"  # what was left at the deadline


class Fill(NamedTuple):
    """An execution of a child order. A tuple, because a large order has tens of thousands of them.

    ts, px (nanodollars, oriented: negative for a sell), qty; is_maker: it rested and was hit; forced: completed at the
    deadline; decided, mid2: when the child order was decided and twice the mid at that time; ahead: the queue in front
    of it when it joined (makers only; None: it was not known); joined: when it joined the queue, or was decided.
    child: number of the child order; volume, in_front (makers only): shares of the trade or quote that filled it, and
    what of them stood in front of it just before, rounded up. touch: the national best price on the side that the order
    takes from when the child order was decided; None: there was none.
    """

    ts: int
    venue: int
    px: int
    qty: int
    is_maker: bool
    forced: bool
    decided: int
    mid2: int | None
    joined: int
    ahead: int | None
    child: int = -1
    reason: FillReason = FillReason.TAKEN
    volume: int = 0
    in_front: int = 0
    touch: int | None = None
