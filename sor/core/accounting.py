"""What the fills cost, exactly: integer cash, and the split of every cost into timing, placement and fees.

Costs are oriented: what we pay is positive. For a sell, proceeds are negative costs; `total_cash` turns the sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution import Execution
from sor.core.fees import FeeSchedule
from sor.core.order import Fill, Side

STRATEGY, BENCHMARK = "strategy", "benchmark"


@dataclass(frozen=True, slots=True)
class VenueShare:
    """What was done at one venue: shares made, taken and forced, cost of the shares, fees paid and rebates received."""

    venue: int
    made: int
    taken: int
    forced: int
    cost: int
    fees: int
    rebates: int


@dataclass(frozen=True, slots=True)
class Result:
    """One strategy's run in numbers. Money in nanodollars, oriented; Fractions are exact.

    cost: sum(price x quantity) + take fees - make rebates, forced shares included; None where cash does not exist
    (no opposite quote ever). comparable: cost a share of the whole parent, leaves priced at the last best opposite
    quote, for savings and shortfall. timing, placement: parts of the cost against arrival, fees excluded; None
    without mids.
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
    comparable: Fraction | None
    timing: Fraction | None
    placement: Fraction | None
    made: int
    venues: tuple[VenueShare, ...]
    fills: tuple[Fill, ...]

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


def settle(execution: Execution, name: str, arrival2: int | None) -> Result:
    """The result of a closed execution; arrival2 is twice the oriented arrival mid, None where there never was one."""
    order, fees = execution.order, execution.rules.fees
    fills = execution.fills
    venues = tuple(_at_venue(venue, fills, fees) for venue in sorted({f.venue for f in fills}))
    leaves = order.quantity - execution.done - execution.forced
    gross, paid, received = (sum(getattr(v, part) for v in venues) for part in ("cost", "fees", "rebates"))
    cost = gross + paid - received if execution.last_take_px is not None else None
    timing, placement = _split(fills, arrival2)
    return Result(
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
        comparable=_comparable(cost, leaves, execution.last_take_px, order.quantity),
        timing=timing,
        placement=placement,
        made=sum(v.made for v in venues),
        venues=venues,
        fills=tuple(fills),
    )


def benchmark(name: str, side: Side, quantity: int, price: Fraction | None) -> Result:
    """`quantity` shares at an oriented average price that no one can trade: cash is rounded, comparisons are exact."""
    cost = None if price is None else round(price * quantity)
    filled = quantity if cost is not None else 0
    return Result(
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
        price,
        None,
        None,
        0,
        (),
        (),
    )


def savings(result: Result, baseline: Result) -> Fraction | None:
    """(b - x) / |b| of the comparable costs a share: positive where `result` was cheaper, for both sides."""
    if result.comparable is None or baseline.comparable is None or baseline.comparable == 0:
        return None
    return (baseline.comparable - result.comparable) / abs(baseline.comparable)


def _comparable(cost: int | None, leaves: int, last_px: int | None, quantity: int) -> Fraction | None:
    if cost is None or last_px is None:
        return None
    return Fraction(cost + leaves * last_px, quantity)


def _at_venue(venue: int, fills: Sequence[Fill], fees: FeeSchedule) -> VenueShare:
    mine = [f for f in fills if f.venue == venue]
    made = sum(f.qty for f in mine if f.making)
    forced = sum(f.qty for f in mine if f.forced)
    taken = sum(f.qty for f in mine) - made - forced
    return VenueShare(
        venue=venue,
        made=made,
        taken=taken,
        forced=forced,
        cost=sum(f.px * f.qty for f in mine),
        fees=(taken + forced) * fees.take(venue),
        rebates=made * fees.make(venue),
    )


def _split(fills: Sequence[Fill], arrival2: int | None) -> tuple[Fraction | None, Fraction | None]:
    """Sum over fills of q (mid at decision - arrival mid) and of q (price - mid at decision)."""
    if arrival2 is None or any(f.mid2 is None for f in fills):
        return None, None
    timing = placement = 0
    for f in fills:
        assert f.mid2 is not None
        timing += f.qty * (f.mid2 - arrival2)
        placement += f.qty * (2 * f.px - f.mid2)
    return Fraction(timing, 2), Fraction(placement, 2)
