"""What one writes a router or a strategy of one's own with. docs/your-router.md is the tutorial.

A router splits each slice; the engine takes and rests what it says, cancels after 90 % of the slice, and takes what is
missing:

    from sor.strategies import Allocation, Router, View

    class Half(Router):
        def allocate(self, view: View, size: int) -> Allocation:
            best = min(view.venues, key=lambda v: -v.rest_px)
            return Allocation(market=size - size // 2, limits={best.venue: size // 2})

A strategy has full control: `decide(view) -> Plan`, called at the first snapshot of the window and whenever `wake` has
come. Either may have `begin(setting)`, called once before the first decision with the order, its schedule and the fees.

Prices are integer nanodollars, oriented: multiplied by -1 for a sell, so that a lower price to take at is always the
better one and a higher price to rest at is nearer to the market. Sizes are whole shares, times nanoseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sor.core.fees import FeeSchedule
from sor.core.market.oriented import FAR
from sor.core.order import Side
from sor.core.strategies.allocation import Allocation, resting_places
from sor.core.strategies.interface import Depth, Flow, Outcome, Plan, Rest, Take, VenueView, View
from sor.core.strategies.plug_in import Setting

__all__ = [
    "FAR",
    "Allocation",
    "Depth",
    "FeeSchedule",
    "Flow",
    "Outcome",
    "Plan",
    "Rest",
    "Router",
    "Setting",
    "Side",
    "Strategy",
    "Take",
    "VenueView",
    "View",
    "resting_places",
]


class Router(ABC):
    """Splits a slice between taking and resting. Any class with `allocate` is one; this is for types and docs."""

    def begin(self, setting: Setting) -> None:  # noqa: B027  # optional
        """Called once, before the first slice."""

    @abstractmethod
    def allocate(self, view: View, size: int) -> Allocation:
        """`size` shares are to be done in the slice that begins now; `view` is all that may be known.

        Slices are equal, unless there is a method `target(view, index) -> int`: the shares of the parent order that are
        to be done by the end of slice `index`, asked at each of its decisions.
        """


class Strategy(ABC):
    """Works the whole parent order. Any class with `decide` is one; this is for types and docs."""

    def begin(self, setting: Setting) -> None:  # noqa: B027  # optional
        """Called once, before the first decision."""

    @abstractmethod
    def decide(self, view: View) -> Plan:
        """What to do from now until the next decision."""
