"""What the fills cost, exactly: integer cash, and the split of every cost into timing, placement and fees.

Costs are oriented: what we pay is positive. For a sell, proceeds are negative costs; `total_cash` turns the sign.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from sor.core.execution.child_orders import ChildOrder, child_orders
from sor.core.execution.engine import Execution
from sor.core.execution.fills import parts_of
from sor.core.feed import ROUND_LOT
from sor.core.fees import FeeSchedule
from sor.core.market.averages import value_of
from sor.core.market.batch import Ints, differs, distinct
from sor.core.order import Fill, Side
from sor.core.schedule import Schedule
from sor.core.units import NO_PRICE

STRATEGY, BENCHMARK = "strategy", "benchmark"


@dataclass(frozen=True, slots=True)
class VenueShare:
    """What was done at one venue: shares made, taken and forced, cost of the shares, fees paid and rebates received."""

    venue: int
    maker_shares: int
    taker_shares: int
    forced: int
    cost: int
    fees: int
    rebates: int


@dataclass(frozen=True)
class StrategyResult:
    """One strategy's run in numbers. Money in nanodollars, oriented; Fractions are exact.

    cost: sum(price x quantity) + take fees - make rebates, forced shares included; None where cash does not exist
    (no opposite quote ever). left_px: the last best opposite quote plus its take fee, the price of a share that was
    left; comparable: cost a share of the whole parent, leaves at left_px, for savings and shortfall. timing, placement:
    parts of the cost against arrival, fees excluded; None without mids. stopped: the run was ended before the deadline,
    so nothing was forced, and comparable is of the shares that were worked. schedule: of the slices it worked, if any.
    executed: as the engine keeps them, some as columns; `fills` are the same one by one.
    """

    name: str
    kind: str
    side: Side
    quantity: int
    filled: int
    forced: int
    leaves: int
    forced_beyond_displayed: int
    cost: int | None
    fees: int
    rebates: int
    left_px: int | None
    comparable: Fraction | None
    timing: Fraction | None
    placement: Fraction | None
    maker_shares: int
    venues: tuple[VenueShare, ...]
    executed: Sequence[Fill]
    ended: tuple[ChildOrder, ...] = ()
    stopped: bool = False
    schedule: Schedule | None = None

    @cached_property
    def fills(self) -> tuple[Fill, ...]:
        return tuple(self.executed)

    @property
    def orders(self) -> tuple[ChildOrder, ...]:
        """Every child order and what became of it, in the order in which they were sent."""
        return child_orders(self.ended, self.executed)

    @property
    def order_count(self) -> int:
        """How many child orders were sent."""
        recorded = {child.number for child in self.ended}
        return len(recorded) + len({fill.child for fill in self.executed} - recorded)

    def odd_lots(self, round_lot: int = ROUND_LOT) -> int:
        """Fills of fewer shares than a round lot has."""
        return sum(fill.qty < round_lot for fill in self.executed)

    @property
    def shares(self) -> int:
        return self.filled + self.forced

    @property
    def total_cash(self) -> int | None:
        """Paid for a buy, received for a sell."""
        return None if self.cost is None else self.cost * self.side.sign

    @property
    def average(self) -> Fraction | None:
        """Cash a share over what was bought or sold, exact; None without shares."""
        if self.kind == BENCHMARK:
            # Its cash is rounded already: rounding the average of that again would round twice.
            return None if self.comparable is None else self.comparable * self.side.sign
        return Fraction(self.total_cash, self.shares) if self.total_cash is not None and self.shares else None


def settle(execution: Execution, name: str, arrival2: int | None) -> StrategyResult:
    """The result of a closed execution; arrival2 is twice the oriented arrival mid, None where there never was one."""
    order, fees = execution.order, execution.rules.fees
    fills = execution.fills
    venues = at_venues(fills, fees)
    leaves = order.quantity - execution.done - execution.forced
    gross, paid, received = (sum(getattr(v, part) for v in venues) for part in ("cost", "fees", "rebates"))
    cost = gross + paid - received if execution.left_px is not None else None
    timing, placement = split(fills, arrival2)
    schedule = getattr(execution.strategy, "schedule", None)
    return StrategyResult(
        name=name,
        kind=STRATEGY,
        side=order.side,
        quantity=order.quantity,
        filled=execution.done,
        forced=execution.forced,
        leaves=leaves,
        forced_beyond_displayed=execution.forced_beyond,
        cost=cost,
        fees=paid,
        rebates=received,
        left_px=execution.left_px,
        comparable=_comparable(cost, leaves, execution),
        timing=timing,
        placement=placement,
        maker_shares=sum(v.maker_shares for v in venues),
        venues=venues,
        executed=fills,
        ended=tuple(execution.progress.ended),
        stopped=execution.stopped,
        schedule=schedule if isinstance(schedule, Schedule) else None,
    )


def benchmark(name: str, side: Side, quantity: int, price: Fraction | None) -> StrategyResult:
    """`quantity` shares at an oriented average price that no one can trade: cash is rounded, comparisons are exact."""
    cost = None if price is None else round(price * quantity)
    filled = quantity if cost is not None else 0
    return StrategyResult(
        name,
        BENCHMARK,
        side,
        quantity,
        filled,
        0,
        quantity - filled,
        0,
        cost,
        0,
        0,
        None,
        price,
        None,
        None,
        0,
        (),
        (),
    )


def savings(result: StrategyResult, baseline: StrategyResult) -> Fraction | None:
    """(b - x) / |b| of the comparable costs a share: positive where `result` was cheaper, for both sides."""
    if result.comparable is None or baseline.comparable is None or baseline.comparable == 0:
        return None
    return (baseline.comparable - result.comparable) / abs(baseline.comparable)


def _comparable(cost: int | None, leaves: int, execution: Execution) -> Fraction | None:
    if cost is None or execution.left_px is None:
        return None
    if execution.stopped:
        return Fraction(cost, execution.done) if execution.done else None
    return Fraction(cost + leaves * execution.left_px, execution.order.quantity)


def at_venues(fills: Sequence[Fill], fees: FeeSchedule) -> tuple[VenueShare, ...]:
    """What was done at each venue, by id."""
    sums: dict[int, _VenueSums] = defaultdict(_VenueSums)
    single, swept = parts_of(fills)
    for fill in single:
        sums[fill.venue].on_fill(fill, fees)
    if swept is not None:
        for venue in distinct(swept.venue):
            here = swept.venue == venue
            for px, shares in _shares_by_price(swept.px[here], swept.qty[here]):
                sums[venue].add_taken(px, shares, fees.take(venue, px))
    return tuple(one.at(venue) for venue, one in sorted(sums.items()))


def _shares_by_price(px: Ints, qty: Ints) -> Iterator[tuple[int, int]]:
    order = np.argsort(px)
    px = px[order]
    starts = np.flatnonzero(differs(px))
    return zip(px[starts].tolist(), np.add.reduceat(qty[order], starts).tolist(), strict=True)


@dataclass(slots=True)
class _VenueSums:
    """Of a VenueShare."""

    made: int = 0
    taken: int = 0
    forced: int = 0
    cost: int = 0
    paid: int = 0
    received: int = 0

    def on_fill(self, fill: Fill, fees: FeeSchedule) -> None:
        if fill.is_maker:
            self.cost += fill.px * fill.qty
            self.made += fill.qty
            self.received += fill.qty * fees.make(fill.venue, fill.px)
            return
        self.add_taken(fill.px, fill.qty, fees.take(fill.venue, fill.px), forced=fill.forced)

    def add_taken(self, px: int, qty: int, fee: int, *, forced: bool = False) -> None:
        self.cost += px * qty
        self.paid += qty * fee
        if forced:
            self.forced += qty
        else:
            self.taken += qty

    def at(self, venue: int) -> VenueShare:
        return VenueShare(venue, self.made, self.taken, self.forced, self.cost, self.paid, self.received)


def split(fills: Sequence[Fill], arrival2: int | None) -> tuple[Fraction | None, Fraction | None]:
    """Sum over fills of q (mid at decision - arrival mid) and of q (price - mid at decision)."""
    single, swept = parts_of(fills)
    unknown = any(fill.mid2 is None for fill in single) or (swept is not None and (swept.mid2 == NO_PRICE).any())
    if arrival2 is None or unknown:
        return None, None
    timing = placement = 0
    for f in single:
        assert f.mid2 is not None
        timing += f.qty * (f.mid2 - arrival2)
        placement += f.qty * (2 * f.px - f.mid2)
    if swept is not None:
        mids2 = value_of(swept.mid2, swept.qty)
        timing += mids2 - arrival2 * int(swept.qty.sum())
        placement += 2 * value_of(swept.px, swept.qty) - mids2
    return Fraction(timing, 2), Fraction(placement, 2)
