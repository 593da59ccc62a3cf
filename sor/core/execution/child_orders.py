"""The life of every child order, for tables: what was sent, what became of it, and why it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from sor.core.order import Fill


class ChildKind(StrEnum):
    TAKE = "take"
    REST = "rest"
    FORCED = "forced"  # completes the parent order at the deadline


class EndReason(StrEnum):
    FILLED = "filled"
    MISSED = "missed"  # a take that found less than it was sent for
    UNKNOWN = "venue not shown"  # a take that arrived while an NBBO tape did not show what its venue had
    REFUSED = "refused"  # post-only: it would have taken on arrival
    EXPIRED = "passive phase over"  # its plan had it cancelled at this time
    COMPLETED = "slice complete"  # the plan's goal was filled by others
    PARENT_DONE = "parent done"
    DEADLINE = "deadline"


class ChildOrder(NamedTuple):
    """One child order. A tuple, because a large order has tens of thousands of them.

    px: oriented limit in nanodollars; times in ns. arrived: when it acted or joined its queue, None if it never did;
    ahead: shares in front of it then (rests only; None: not known, as the level was not shown); ended: when it was
    filled, or its end took effect; mid2, touch: twice the mid and the national best on the side to take from, when it
    was decided.
    """

    number: int
    kind: ChildKind
    venue: int
    px: int
    qty: int
    decided: int
    arrived: int | None
    ahead: int | None
    filled: int
    first_fill: int | None
    last_fill: int | None
    ended: int
    reason: EndReason
    mid2: int | None = None
    touch: int | None = None

    @property
    def spread(self) -> int | None:
        """The national spread at the decision, in nanodollars: twice from the mid to the touch."""
        return None if self.mid2 is None or self.touch is None else 2 * self.touch - self.mid2


def child_orders(recorded: Sequence[ChildOrder], fills: Iterable[Fill]) -> tuple[ChildOrder, ...]:
    """All child orders by number: those recorded, and those that were filled whole by one fill as soon as they acted,
    of which a large order has tens of thousands."""
    known = {child.number for child in recorded}
    whole = (_filled_at_once(fill) for fill in fills if fill.child not in known)
    return tuple(sorted((*recorded, *whole), key=lambda child: child.number))


def _filled_at_once(fill: Fill) -> ChildOrder:
    kind = ChildKind.FORCED if fill.forced else ChildKind.TAKE
    return ChildOrder(
        fill.child, kind, fill.venue, fill.px, fill.qty, fill.decided, fill.ts, None, fill.qty, fill.ts, fill.ts,
        fill.ts, EndReason.FILLED, fill.mid2, fill.touch,
    )  # fmt: skip
