"""Fills and child orders as people read them, made only when somebody asks for them: a long order has tens of
thousands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sor.core.execution.accounting import StrategyResult
from sor.core.execution.child_orders import ChildKind, ChildOrder, EndReason
from sor.core.fees import FeeSchedule
from sor.core.order import Fill, FillReason, Side
from sor.core.units import dollars
from sor.report.sections.venues import venue_name


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One fill: money in exact dollars, times in ns, `mid` the national mid at the decision."""

    strategy: str
    ts: int
    publisher_id: int
    venue: str | None  # its name, where it is known
    px: Decimal
    qty: int
    kind: str  # "take", "make" or "forced"
    decided: int
    mid: Decimal | None
    joined: int
    queue_ahead: int | None
    fee: Decimal  # paid; negative is received
    child: int  # number of the child order within its strategy
    why: str


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One child order: money in exact dollars, times in ns.

    slice: of the strategy's schedule, None where it works none; px: its limit; mid, spread: the national mid and the
    spread at the decision; arrived: when it acted or joined its queue, None if it never did; queue_ahead: shares in
    front of it then, None for a take and where the level was not shown.
    """

    strategy: str
    child: int
    slice: int | None
    publisher_id: int
    venue: str | None
    mic: str | None
    kind: str  # "take", "rest" or "forced"
    px: Decimal
    qty: int
    decided: int
    mid: Decimal | None
    spread: Decimal | None
    arrived: int | None
    queue_ahead: int | None
    filled: int
    first_fill: int | None
    last_fill: int | None
    ended: int
    why: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """What every strategy did, as the engine keeps it, with what it takes to read it."""

    side: Side
    fees: FeeSchedule
    results: Mapping[str, StrategyResult]

    def records(self) -> tuple[FillRecord, ...]:
        """Every fill, strategies in the report's order, times ascending within each."""
        return tuple(self._fill(name, fill) for name, result in self.results.items() for fill in result.fills)

    def orders(self) -> Iterator[OrderRecord]:
        """Every child order, strategies in the report's order, in the order in which they were sent."""
        for name, result in self.results.items():
            for child in result.orders:
                yield self._order(name, result, child)

    def _fill(self, strategy: str, fill: Fill) -> FillRecord:
        sign, fees = self.side.sign, self.fees
        fee = -fees.make(fill.venue, fill.px) if fill.is_maker else fees.take(fill.venue, fill.px)
        return FillRecord(
            strategy=strategy,
            ts=fill.ts,
            publisher_id=fill.venue,
            venue=venue_name(fill.venue)["name"],
            px=dollars(fill.px * sign),
            qty=fill.qty,
            kind="make" if fill.is_maker else "forced" if fill.forced else "take",
            decided=fill.decided,
            mid=_mid(fill.mid2, sign),
            joined=fill.joined,
            queue_ahead=fill.ahead,
            fee=dollars(fee * fill.qty),
            child=fill.child,
            why=why_filled(fill, self.side),
        )

    def _order(self, strategy: str, result: StrategyResult, child: ChildOrder) -> OrderRecord:
        sign, venue, schedule = self.side.sign, venue_name(child.venue), result.schedule
        return OrderRecord(
            strategy=strategy,
            child=child.number,
            slice=None if schedule is None else schedule.index(child.decided),
            publisher_id=child.venue,
            venue=venue["name"],
            mic=venue["mic"],
            kind=child.kind.value,
            px=dollars(child.px * sign),
            qty=child.qty,
            decided=child.decided,
            mid=_mid(child.mid2, sign),
            spread=None if child.spread is None else dollars(child.spread),
            arrived=child.arrived,
            queue_ahead=child.ahead,
            filled=child.filled,
            first_fill=child.first_fill,
            last_fill=child.last_fill,
            ended=child.ended,
            why=why_ended(child),
        )


def why_filled(fill: Fill, side: Side) -> str:
    """What filled the child order, in words."""
    if fill.reason is FillReason.TRADED:
        traded = "sold" if side is Side.BUY else "bought"
        return f"{fill.volume:,} {traded} behind {fill.in_front:,} ahead"
    if fill.reason is FillReason.QUOTED:
        return f"quote of {fill.volume:,} at or through our price"
    return "forced at the deadline" if fill.forced else "took"


def why_ended(child: ChildOrder) -> str:
    """What ended the child order, in words."""
    if child.reason is EndReason.REFUSED:
        return "refused: post-only, it would have taken on arrival"
    if child.reason is EndReason.MISSED:
        return f"missed: {child.qty - child.filled:,} of {child.qty:,} were gone on arrival"
    return "forced at the deadline" if child.kind is ChildKind.FORCED else child.reason.value


def _mid(mid2: int | None, sign: int) -> Decimal | None:
    return None if mid2 is None else dollars(Fraction(mid2 * sign, 2))
