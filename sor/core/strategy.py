"""The interface between a strategy and the engine: the strategy is shown a View and answers with a Plan.

A strategy never touches the book or the clock. It says what to do now and when it wants to be asked again; the
engine carries the plan out snapshot by snapshot, under the same rules for everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class VenueView:
    """One venue at one instant, prices oriented (see sor.core.book): `available` shares can be taken at `take_px`."""

    venue: int
    take_px: int
    available: int
    rest_px: int
    rest_sz: int


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may know when it decides; nothing later than `ts`.

    done: shares filled; working: shares sent and not yet answered (latency); leaves = quantity - done - working;
    mid2: twice the oriented national mid, None before there was one; venues: those that show a quote now, ascending.
    """

    ts: int
    done: int
    working: int
    leaves: int
    mid2: int | None
    venues: tuple[VenueView, ...]


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
    None for never.
    """

    sweep: int = 0
    takes: Sequence[Take] = ()
    rests: Sequence[Rest] = ()
    wake: int | Depth | None = None


class Strategy(Protocol):
    """A way to work a parent order. `name` is its key in the report."""

    @property
    def name(self) -> str: ...

    def decide(self, view: View) -> Plan:
        """Called at the first snapshot in the window, and whenever the last plan's `wake` has come."""
