"""How often resting orders are filled, and how long that takes: by venue, by the queue ahead and by the spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sor.core.execution.child_orders import ChildKind, ChildOrder, EndReason

THIRDS = ("low", "middle", "high")


@dataclass(frozen=True, slots=True)
class FillRate:
    """Resting orders that joined a queue. touched: with any fill, complete: filled whole; waits: ns from joining to the
    first fill, exact. refused: did not join, as they would have taken."""

    orders: int
    shares: int
    touched: int
    complete: int
    filled: int
    refused: int
    mean_wait: Fraction | None
    median_wait: Fraction | None


@dataclass(frozen=True, slots=True)
class SizeThird:
    """Orders by a quantity's terciles: from `least` to `most` of it."""

    name: str
    least: int
    most: int
    rate: FillRate


@dataclass(frozen=True, slots=True)
class FillRates:
    """ahead: by shares in front at joining, where known; spread: by the national spread at the decision."""

    all: FillRate
    venues: dict[int, FillRate]
    ahead: tuple[SizeThird, ...]
    spread: tuple[SizeThird, ...]


def fill_rates(orders: Iterable[ChildOrder]) -> FillRates | None:
    """None where nothing was sent to rest. Orders that ended on their way count nowhere."""
    rests = [o for o in orders if o.kind is ChildKind.REST and o.arrived is not None]
    if not rests:
        return None
    venues = {venue: _rate([o for o in rests if o.venue == venue]) for venue in sorted({o.venue for o in rests})}
    return FillRates(_rate(rests), venues, _thirds(rests, lambda o: o.ahead), _thirds(rests, lambda o: o.spread))


def joined(order: ChildOrder) -> bool:
    """Whether it rested in a queue at all."""
    return order.kind is ChildKind.REST and order.arrived is not None and order.reason is not EndReason.REFUSED


def _rate(orders: Sequence[ChildOrder]) -> FillRate:
    rested = [order for order in orders if joined(order)]
    waits = sorted(o.first_fill - (o.arrived or 0) for o in rested if o.first_fill is not None)
    middle = len(waits) // 2
    return FillRate(
        len(rested),
        sum(order.qty for order in rested),
        len(waits),
        sum(order.filled == order.qty for order in rested),
        sum(order.filled for order in rested),
        len(orders) - len(rested),
        Fraction(sum(waits), len(waits)) if waits else None,
        Fraction(waits[middle] + waits[~middle], 2) if waits else None,
    )


def _thirds(orders: Sequence[ChildOrder], of: Callable[[ChildOrder], int | None]) -> tuple[SizeThird, ...]:
    """Orders of one value are in one third, so that a third may be empty, and is then left out."""
    known = sorted((value, at) for at, o in enumerate(orders) if joined(o) and (value := of(o)) is not None)
    if not known:
        return ()
    values = [value for value, _ in known]
    cuts = values[(len(values) - 1) // 3], values[(2 * len(values) - 1) // 3]
    found = []
    for at, name in enumerate(THIRDS):
        mine = [(value, i) for value, i in known if (value > cuts[0]) + (value > cuts[1]) == at]
        if mine:
            found.append(SizeThird(name, mine[0][0], mine[-1][0], _rate([orders[i] for _, i in mine])))
    return tuple(found)
