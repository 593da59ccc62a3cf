"""Almgren and Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3 (2001), section 2.3.

With x_j shares left after j of N slices of tau seconds, the expected cost plus `risk` times its variance is

    sum_j eta (x_{j-1} - x_j)^2 / tau + risk sigma^2 tau x_j^2        (no permanent impact)

and is least at x_j = X sinh(kappa (T - t_j)) / sinh(kappa T), 2 (cosh(kappa tau) - 1) / tau^2 = risk sigma^2 / eta.
"""

from __future__ import annotations

from sor.core.schedules.paced import Paced
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import PlugIn, Setting
from sor.core.units import NANO
from sor.errors import StrategyError

DAY = 23_400  # seconds of a trading day


def left(slices: int, bend: float) -> list[float]:
    """x_j / X for j = 0..N, where bend = 2 cosh(kappa tau): the solution of x_{j-1} + x_{j+1} = bend x_j, x_N = 0.

    By the ratios of neighbours, in sums, products and quotients alone, so that every machine has the same digits.
    """
    ratios = [0.0]  # x_j / x_{j-1}, from the last slice back
    for _ in range(slices - 1):
        ratios.append(1 / (bend - ratios[-1]))
    found = [1.0]
    for ratio in reversed(ratios):
        found.append(found[-1] * ratio)
    return found


class ImplementationShortfall(Paced):
    """risk: of a dollar of variance, 1/dollars; sigma: dollars a share and root day; eta: dollars a share for a share
    a day. Days of 6.5 hours. The defaults are the paper's, but for a risk of 1e-6: an order of minutes needs more."""

    def __init__(
        self, risk: float = 1e-4, sigma: float = 0.95, eta: float = 2.5e-6, router: PlugIn | None = None
    ) -> None:
        if not (0 <= risk < float("inf") and 0 <= sigma < float("inf") and 0 < eta < float("inf")):
            raise StrategyError("is: risk and sigma must be 0 or more, eta above 0")
        super().__init__(router)
        self.pull = risk * sigma**2 / eta

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        slices, days = self.slices.slices, setting.interval / NANO / DAY
        self.left = left(slices, 2 + self.pull * days * days)

    def target(self, view: View, index: int) -> int:
        if not self.pull:  # exactly twap's whole shares: x_j is on the line, but for its last digits
            return self.slices.target(index)
        total = self.slices.quantity
        return total - int(total * self.left[index + 1] + 0.5)
