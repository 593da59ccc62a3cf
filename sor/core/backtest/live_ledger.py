"""Running sums over an execution's fills, for the live view: what is new is added, what is known is not read again."""

from __future__ import annotations

from dataclasses import dataclass, field

from sor.core.backtest.live_view import POINTS, MarkLine
from sor.core.execution.engine import Execution
from sor.core.order import Fill, ParentOrder


@dataclass(slots=True)
class LiveLedger:
    """A running sum over one execution's fills, and its value along the window."""

    seen: int = 0
    shares: int = 0
    cash: int = 0
    made: int = 0
    fees: int = 0
    beyond: int = 0
    timing2: int = 0
    unknown: bool = False  # a fill was decided without a mid: the parts of the cost are not known
    path: list[int] = field(default_factory=list)
    shares_path: list[int] = field(default_factory=list)

    def read(self, execution: Execution, now: int, arrival2: int | None) -> list[Fill]:
        """Take in the fills that are new and bring the path up to `now`; returns those fills."""
        new = execution.fills[self.seen :]
        self.seen += len(new)
        for fill in new:
            self._advance(execution, fill.ts - 1)
            self._record_fill(execution, fill, arrival2)
        self._advance(execution, now)
        return new

    def _record_fill(self, execution: Execution, fill: Fill, arrival2: int | None) -> None:
        fees = execution.rules.fees
        fee = -fees.make(fill.venue, fill.px) if fill.is_maker else fees.take(fill.venue, fill.px)
        self.shares += fill.qty
        self.cash += fill.qty * (fill.px + fee)
        self.made += fill.qty if fill.is_maker else 0
        self.fees += fill.qty * fee
        if arrival2 is not None:
            self.beyond += fill.qty * (2 * (fill.px + fee) - arrival2)
            self.unknown |= fill.mid2 is None
            self.timing2 += 0 if fill.mid2 is None else fill.qty * (fill.mid2 - arrival2)

    def _advance(self, execution: Execution, now: int) -> None:
        order = execution.order
        step = max(1, order.end - order.start)
        while len(self.path) <= POINTS and order.start + step * len(self.path) // POINTS <= now:
            self.path.append(self.beyond // 2)
            self.shares_path.append(self.shares)

    def parts(self, arrival2: int | None) -> tuple[int | None, int | None]:
        """Timing and placement: with the fees they make up the cost."""
        if arrival2 is None or self.unknown:
            return None, None
        timing = self.timing2 // 2
        return timing, self.beyond // 2 - timing - self.fees


@dataclass(slots=True)
class Marks:
    """Where one strategy traded: shares and cash by point of the window, makers and takers apart."""

    sums: dict[tuple[int, bool], list[int]] = field(default_factory=dict)

    def on_fill(self, fill: Fill, order: ParentOrder) -> None:
        point = (fill.ts - order.start) * POINTS // max(1, order.end - order.start)
        sums = self.sums.setdefault((min(POINTS, max(0, point)), fill.is_maker), [0, 0])
        sums[0] += fill.qty
        sums[1] += fill.qty * fill.px

    def lines(self, sign: int) -> tuple[MarkLine, ...]:
        return tuple(MarkLine(point, maker, sign * cash // qty) for (point, maker), (qty, cash) in self.sums.items())
