"""The order follows the volume of an earlier day: what share of a day's volume was traded by each time of the day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from sor.core.schedules.paced import Paced
from sor.core.strategies.interface import View
from sor.core.strategies.plug_in import PlugIn, Setting
from sor.errors import StrategyError


@dataclass(frozen=True, slots=True)
class VolumeCurve:
    """Shares by time of day. edges: n + 1 times in ns after midnight, ascending; totals: shares traded by each of them,
    from 0. midnight: of an instant's day, where the curve's clocks are; until: the last instant that it was measured
    at, None where nothing says it."""

    edges: tuple[int, ...]
    totals: tuple[int, ...]
    midnight: Callable[[int], int]
    until: int | None = None

    def traded(self, of_day: int) -> Fraction:
        """Shares until a time of day, evenly within two edges."""
        at = bisect_right(self.edges, of_day)
        if at in (0, len(self.edges)):
            return Fraction(self.totals[0 if at == 0 else -1])
        first, last = self.edges[at - 1], self.edges[at]
        return self.totals[at - 1] + Fraction((self.totals[at] - self.totals[at - 1]) * (of_day - first), last - first)


class VwapSchedule(Paced):
    """curve: volume by time of day, of an earlier day or of a file."""

    def __init__(self, curve: VolumeCurve, router: PlugIn | None = None) -> None:
        super().__init__(router)
        self.curve = curve

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        if self.curve.until is not None and self.curve.until >= setting.start:
            raise StrategyError("vwap_schedule: the curve's volume is not from before the order: name an earlier day")
        midnight, slices = self.curve.midnight(setting.start), self.slices
        edges = [slices.start, *(slices.ends(index) for index in range(slices.slices))]
        totals = [self.curve.traded(edge - midnight) for edge in edges]
        volume = totals[-1] - totals[0]
        if not volume:
            raise StrategyError("vwap_schedule: the curve has no volume in the order's window")
        self.targets = [int(slices.quantity * (total - totals[0]) / volume) for total in totals[1:]]

    def target(self, view: View, index: int) -> int:
        return self.targets[index]
