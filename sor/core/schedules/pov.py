"""A share of the volume that was traded until now: never ahead of it, as nobody knows what will be traded."""

from __future__ import annotations

from fractions import Fraction

from sor.core.schedules.paced import Paced
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import PlugIn
from sor.errors import StrategyError


class PercentageOfVolume(Paced):
    """rate: shares of ours for each that was traded on exchanges since the order's first snapshot. A slice catches up
    with what was traded until it began; what is missing at the deadline is completed as for every strategy."""

    def __init__(self, rate: float = 0.1, router: PlugIn | None = None) -> None:
        if not 0 < rate <= 1:
            raise StrategyError("pov: rate must be above 0 and at most 1")
        super().__init__(router)
        self.rate = Fraction(str(rate))  # 0.1 means a tenth
        self.slice, self.goal = -1, 0

    def target(self, view: View, index: int) -> int:
        if index != self.slice:
            self.slice, self.goal = index, min(self.slices.quantity, int(self.rate * view.traded))
        return self.goal
