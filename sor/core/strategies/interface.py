"""The interface between a strategy and the engine: the strategy is shown a View and answers with a Plan.

A strategy never touches the book or the clock. It says what to do now and when it wants to be asked again; the
engine carries the plan out snapshot by snapshot, under the same rules for everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sor.core.feed import Form


@dataclass(frozen=True, slots=True)
class VenueView:
    """One venue at one instant, prices oriented: `available` shares can be taken at `take_px`."""

    venue: int
    take_px: int
    available: int
    rest_px: int
    rest_sz: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resting order: of `rested` shares, `filled` were filled.

    cut: it was cancelled before its time, because its slice was complete, so more might have been filled.
    """

    venue: int
    rested: int
    filled: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """What left the queue at the best rest price of a venue: `sold` by trades there or through it, `fell` otherwise."""

    venue: int
    sold: int
    fell: int


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may know when it decides; nothing later than `ts`.

    done: shares filled; working: shares sent and not yet answered (latency); leaves = quantity - done - working;
    mid2: twice the oriented national mid, None before there was one; venues: those that show a quote now, ascending.
    last: the resting orders of the last plan (of a router: of its last slice), in the order they were given; flow: of
    the venues at which something left the queue since the last decision, ascending; none before the first one;
    traded: shares traded on exchanges after the first decision (last, flow and traded: of plug-ins only);
    form: NBBO where only the national best is shown, so that a venue without a quote is hidden, not absent.
    """

    ts: int
    done: int
    working: int
    leaves: int
    mid2: int | None
    venues: tuple[VenueView, ...]
    last: tuple[Outcome, ...] = ()
    flow: tuple[Flow, ...] = ()
    traded: int = 0
    form: Form = Form.VENUE


@dataclass(frozen=True, slots=True)
class Take:
    """Take up to `qty` shares at `venue` at the price it shows now."""

    venue: int
    qty: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Rest `qty` shares at `venue` at the oriented price `px` until `expires` (ns, trades at that time included)."""

    venue: int
    px: int
    qty: int
    expires: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Wake when at least `quantity` shares are available in all, each venue's rounded down to `step`."""

    quantity: int
    step: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do from now until the next decision; it replaces the plan before it.

    sweep: shares to buy as best_ask does, at this snapshot and the following; takes: child orders sent at once;
    rests: child orders that join the queues, at most one a venue; wake: the time or condition of the next decision,
    None for never; goal: cumulative filled shares of the parent at which the plan is complete: what rests is then
    cancelled, and sweeping never goes beyond it. None is the whole parent order; any_size: this is the last plan, so
    its child orders need be no whole lots. Where something still rests when the next decision is due, its cancel is
    sent then, and the decision comes at the first snapshot at which every cancel has acted.
    """

    sweep: int = 0
    takes: Sequence[Take] = ()
    rests: Sequence[Rest] = ()
    wake: int | Depth | None = None
    goal: int | None = None
    any_size: bool = False


class StrategyProtocol(Protocol):
    """A way to work a parent order. `name` is its key in the report."""

    @property
    def name(self) -> str: ...

    def decide(self, view: View) -> Plan:
        """Called at the first snapshot in the window, and whenever the last plan's `wake` has come."""
