"""What the fills cost, exactly: integer cash, and the split of every cost into timing, placement and fees.

Costs are oriented: what we pay is positive. For a sell, proceeds are negative costs; `total_cash` turns the sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution.child_orders import ChildOrder, child_orders
from sor.core.execution.engine import Execution
from sor.core.feed import ROUND_LOT
from sor.core.fees import FeeSchedule
from sor.core.order import Fill, Side
from sor.core.schedule import Schedule

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


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """One strategy's run in numbers. Money in nanodollars, oriented; Fractions are exact.

    cost: sum(price x quantity) + take fees - make rebates, forced shares included; None where cash does not exist
    (no opposite quote ever). left_px: the last best opposite quote plus its take fee, the price of a share that was
    left; comparable: cost a share of the whole parent, leaves at left_px, for savings and shortfall. timing, placement:
    parts of the cost against arrival, fees excluded; None without mids. stopped: the run was ended before the deadline,
    so nothing was forced, and comparable is of the shares that were worked. schedule: of the slices it worked, if any.
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
    fills: tuple[Fill, ...]
    ended: tuple[ChildOrder, ...] = ()
    stopped: bool = False
    schedule: Schedule | None = None

    @property
    def orders(self) -> tuple[ChildOrder, ...]:
        """Every child order and what became of it, in the order in which they were sent."""
        return child_orders(self.ended, self.fills)

    @property
    def order_count(self) -> int:
        """How many child orders were sent."""
        recorded = {child.number for child in self.ended}
        return len(recorded) + len({fill.child for fill in self.fills} - recorded)

    def odd_lots(self, round_lot: int = ROUND_LOT) -> int:
        """Fills of fewer shares than a round lot has."""
        return sum(fill.qty < round_lot for fill in self.fills)

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
        fills=tuple(fills),
        ended=tuple(execution.ended),
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
    by_venue: dict[int, list[Fill]] = {}
    for fill in fills:
        by_venue.setdefault(fill.venue, []).append(fill)
    return tuple(_at_venue(venue, mine, fees) for venue, mine in sorted(by_venue.items()))


def _at_venue(venue: int, fills: Sequence[Fill], fees: FeeSchedule) -> VenueShare:
    made = taken = forced = cost = paid = received = 0
    for f in fills:
        cost += f.px * f.qty
        if f.is_maker:
            made += f.qty
            received += f.qty * fees.make(venue, f.px)
            continue
        paid += f.qty * fees.take(venue, f.px)
        if f.forced:
            forced += f.qty
        else:
            taken += f.qty
    return VenueShare(venue, made, taken, forced, cost, paid, received)


def split(fills: Sequence[Fill], arrival2: int | None) -> tuple[Fraction | None, Fraction | None]:
    """Sum over fills of q (mid at decision - arrival mid) and of q (price - mid at decision)."""
    if arrival2 is None or any(f.mid2 is None for f in fills):
        return None, None
    timing = placement = 0
    for f in fills:
        assert f.mid2 is not None
        timing += f.qty * (f.mid2 - arrival2)
        placement += f.qty * (2 * f.px - f.mid2)
    return Fraction(timing, 2), Fraction(placement, 2)
