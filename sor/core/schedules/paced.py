"""What every schedule is made of: the slices' clock, and the router that works a slice."""

from __future__ import annotations

from sor.core.order import ParentOrder
from sor.core.router.allocators import Allocator, all_market
from sor.core.schedule import Schedule
from sor.core.strategies.allocation import Allocation
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import PlugIn, Setting


class Paced:
    """A router with targets of its own: `router` splits its slices, None takes all of a slice at once (X_M)."""

    def __init__(self, router: PlugIn | None = None) -> None:
        self.router = router
        self.inner: Allocator = all_market

    def begin(self, setting: Setting) -> None:
        order = ParentOrder(setting.side, setting.quantity, setting.start, setting.end)
        self.slices = Schedule.for_order(order, setting.interval)
        if self.router is not None:
            self.inner = self.router.router(setting)

    def allocate(self, view: View, size: int) -> Allocation:
        return self.inner(view, size)
