"""How far an execution has come: what was filled, and the child orders that ended in another way."""

from __future__ import annotations

from dataclasses import dataclass, field

from sor.core.execution.child_orders import ChildOrder
from sor.core.execution.fills import Fills, SweptFills
from sor.core.order import Fill


@dataclass(slots=True)
class Progress:
    """Of a parent order of so many shares. done: shares filled, but for those forced at the end; ended: child orders
    that were not simply filled whole as soon as they acted."""

    quantity: int
    done: int = 0
    fills: Fills = field(default_factory=Fills)
    ended: list[ChildOrder] = field(default_factory=list)
    _numbered: int = 0

    @property
    def leaves(self) -> int:
        return self.quantity - self.done

    def number(self, children: int = 1) -> int:
        """The number of a new child order; of several the first."""
        first = self._numbered
        self._numbered += children
        return first

    def on_fill(self, fill: Fill) -> None:
        self.done += fill.qty
        self.fills.append(fill)

    def on_sweep(self, swept: SweptFills, shares: int) -> None:
        """Fills of so many shares together."""
        self.done += shares
        self.fills.extend(swept)
