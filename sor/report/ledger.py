"""The fills as people read them, made only when somebody wants to see them: a long order has tens of thousands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sor.core.fees import FeeSchedule
from sor.core.order import Fill, Side
from sor.core.units import dollars


@dataclass(frozen=True, slots=True)
class FillRecord:
    """One fill: money in exact dollars, times in ns, `mid` the national mid at the decision."""

    strategy: str
    ts: int
    publisher_id: int
    px: Decimal
    qty: int
    kind: str  # "take", "make" or "forced"
    decided: int
    mid: Decimal | None
    joined: int
    queue_ahead: int
    fee: Decimal  # paid; negative is received


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every strategy's fills as the engine keeps them, with what it takes to read them."""

    side: Side
    fees: FeeSchedule
    fills: Mapping[str, Sequence[Fill]]

    def records(self) -> tuple[FillRecord, ...]:
        return tuple(self._record(name, fill) for name, fills in self.fills.items() for fill in fills)

    def _record(self, strategy: str, fill: Fill) -> FillRecord:
        sign, fees = self.side.sign, self.fees
        fee = -fees.make(fill.venue) if fill.making else fees.take(fill.venue)
        return FillRecord(
            strategy=strategy,
            ts=fill.ts,
            publisher_id=fill.venue,
            px=dollars(fill.px * sign),
            qty=fill.qty,
            kind="make" if fill.making else "forced" if fill.forced else "take",
            decided=fill.decided,
            mid=None if fill.mid2 is None else dollars(Fraction(fill.mid2 * sign, 2)),
            joined=fill.joined,
            queue_ahead=fill.ahead,
            fee=dollars(fee * fill.qty),
        )
